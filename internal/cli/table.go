package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
)

// table prints aligned columns. Widths are those a terminal gives to the text, because candidate names hold emoji.
type table struct {
	head   []string
	rows   [][]cell
	right  map[int]bool // columns of numbers
	colour bool
}

// cell is a text with an optional colour.
type cell struct {
	text string
	sgr  string
}

// The colours used, as SGR parameters.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
	dim    = "2"
)

func newTable(env *Env, head ...string) *table {
	return &table{head: head, right: map[int]bool{}, colour: env.Terminal}
}

// numbers aligns the given columns to the right.
func (t *table) numbers(columns ...int) *table {
	for _, c := range columns {
		t.right[c] = true
	}
	return t
}

// row adds a line; values are strings, cells or anything fmt can print.
func (t *table) row(values ...any) {
	cells := make([]cell, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case cell:
			cells[i] = cell{printable(v.text), v.sgr}
		default:
			cells[i] = cell{text: printable(fmt.Sprint(v))}
		}
	}
	t.rows = append(t.rows, cells)
}

// printable replaces control characters, which names from outside may hold and a terminal would obey.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return '\uFFFD'
		}
		return r
	}, s)
}

func (t *table) print(w io.Writer) {
	widths := make([]int, len(t.head))
	for i, h := range t.head {
		widths[i] = runewidth.StringWidth(h)
	}
	for _, r := range t.rows {
		for i, c := range r {
			if i < len(widths) {
				widths[i] = max(widths[i], runewidth.StringWidth(c.text))
			}
		}
	}
	head := make([]cell, len(t.head))
	for i, h := range t.head {
		head[i] = cell{text: h, sgr: dim}
	}
	t.line(w, widths, head)
	for _, r := range t.rows {
		t.line(w, widths, r)
	}
}

func (t *table) line(w io.Writer, widths []int, cells []cell) {
	var b strings.Builder
	for i, c := range cells {
		if i > 0 {
			b.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(0, widths[i]-runewidth.StringWidth(c.text)))
		text := c.text
		if t.colour && c.sgr != "" && text != "" {
			text = "\x1b[" + c.sgr + "m" + text + "\x1b[0m"
		}
		if t.right[i] {
			b.WriteString(pad + text)
		} else {
			b.WriteString(text + pad)
		}
	}
	fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
}
