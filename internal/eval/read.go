package eval

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
)

// reader remembers the first thing that is wrong with a file; everything read after that is empty.
type reader struct{ err error }

// node is a place in a file: a value, or the knowledge that there is none.
type node struct {
	r    *reader
	v    *jsontree.Value // nil when absent
	line int             // of the value, or of what should hold it
	path string
}

// open parses a file and checks its schema and its outermost members.
func open(data []byte, schema, list string) (node, *reader, error) {
	v, err := jsontree.Parse(data)
	if err != nil {
		return node{}, nil, fmt.Errorf("not usable JSON: %w", err)
	}
	r := &reader{}
	root := node{r: r, v: v, line: v.Line}
	root.object("schema", "seed", "bounds", list)
	if got := root.get("schema").text(); r.err == nil && got != schema {
		root.get("schema").fail("is %q, expected %q", got, schema)
	}
	if r.err == nil && !root.get(list).present() {
		root.fail("the list %q is missing", list)
	}
	return root, r, r.err
}

// fail reports what is wrong with the value.
func (n node) fail(format string, args ...any) {
	if n.r.err != nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	if n.path != "" {
		text = n.path + ": " + text
	}
	n.r.err = fmt.Errorf("line %d: %s", n.line, text)
}

func (n node) present() bool { return n.v != nil }

// given is present and not null.
func (n node) given() bool { return n.v != nil && n.v.Kind != jsontree.Null }

// is checks the kind of a given value.
func (n node) is(k jsontree.Kind) bool {
	if !n.given() || n.r.err != nil {
		return false
	}
	if n.v.Kind != k {
		n.fail("is %s, expected %s", n.v, k.Name())
		return false
	}
	return true
}

// object checks that a given value is an object with no other members than the known ones.
func (n node) object(known ...string) node {
	if !n.is(jsontree.Object) {
		return n
	}
	if again := n.v.Repeated(); len(again) > 0 {
		n.fail("%q is given twice", again[0].Name)
	}
	for _, m := range n.v.Members {
		if slices.Contains(known, m.Name) {
			continue
		}
		hint := ""
		if near, ok := jsontree.Nearest(m.Name, known); ok {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		n.fail("unknown member %q%s", m.Name, hint)
	}
	return n
}

// get is a member of an object, absent when the object or the member is.
func (n node) get(name string) node {
	out := node{r: n.r, line: n.line, path: name}
	if n.path != "" {
		out.path = n.path + "." + name
	}
	if n.v == nil || n.v.Kind != jsontree.Object {
		return out
	}
	if v, ok := n.v.Get(name); ok {
		out.v, out.line = v, v.Line
	}
	return out
}

// items are the elements of a list; nothing given is an empty list.
func (n node) items() []node {
	if !n.is(jsontree.Array) {
		return nil
	}
	out := make([]node, len(n.v.Items))
	for i, v := range n.v.Items {
		out[i] = node{r: n.r, v: v, line: v.Line, path: n.path + "[" + strconv.Itoa(i) + "]"}
	}
	return out
}

// text is a text, empty when nothing is given.
func (n node) text() string {
	if !n.is(jsontree.String) {
		return ""
	}
	return n.v.Text
}

// boolean is a boolean, false when nothing is given.
func (n node) boolean() bool { return n.is(jsontree.Bool) && n.v.True }

// number is a number or one of the texts for numbers that JSON lacks; not-a-number when nothing is given.
func (n node) number() float64 {
	if !n.given() || n.r.err != nil {
		return math.NaN()
	}
	if n.v.Kind == jsontree.String {
		switch n.v.Text {
		case "NaN", "undefined":
			return math.NaN()
		case "Infinity":
			return math.Inf(1)
		case "-Infinity":
			return math.Inf(-1)
		}
	}
	if !n.is(jsontree.Number) {
		return math.NaN()
	}
	return n.parse()
}

func (n node) parse() float64 {
	f, err := strconv.ParseFloat(n.v.Text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		n.fail("%s is not a number", n.v)
	}
	if math.IsInf(f, 0) {
		n.fail("%s is too large for a 64-bit float", n.v)
		return 0
	}
	return f
}

// whole is a whole number between two bounds, 0 when nothing is given.
func (n node) whole(low, high int64) int64 {
	if !n.is(jsontree.Number) {
		return 0
	}
	f := n.parse()
	if f != math.Trunc(f) || f < float64(low) || f > float64(high) {
		n.fail("%s is not a whole number between %d and %d", n.v, low, high)
		return 0
	}
	return int64(f)
}

// maxMillis bounds moments and durations: beyond it a float no longer holds every millisecond.
const maxMillis = 1 << 53

// millis is a moment or duration in whole milliseconds, 0 when nothing is given.
func (n node) millis() int64 { return n.whole(-maxMillis, maxMillis) }

// texts is a list of texts.
func (n node) texts() []string {
	var out []string
	for _, item := range n.items() {
		if !item.given() {
			item.fail("is %s, expected a text", describe(item))
		}
		out = append(out, item.text())
	}
	return out
}

func describe(n node) string {
	if n.v == nil {
		return "missing"
	}
	return n.v.String()
}

// needed reports that a value must be given.
func (n node) needed() node {
	if !n.given() {
		n.fail("is %s", strings.Replace(describe(n), "null", "null, expected a value", 1))
	}
	return n
}

// tree is a JSON object as results are built of.
type tree = map[string]any

// plain is the value as Go's generic JSON values: float64, string, bool, nil, []any and tree.
func (n node) plain() any {
	if n.v == nil || n.r.err != nil {
		return nil
	}
	switch n.v.Kind {
	case jsontree.Bool:
		return n.v.True
	case jsontree.Number:
		return n.parse()
	case jsontree.String:
		return n.v.Text
	case jsontree.Array:
		items := n.items()
		out := make([]any, len(items))
		for i := range items {
			out[i] = items[i].plain()
		}
		return out
	case jsontree.Object:
		out := make(tree, len(n.v.Members))
		for _, m := range n.v.Members {
			out[m.Name] = n.get(m.Name).plain()
		}
		return out
	}
	return nil
}

// without is a copy of a plain object that lacks some members.
func without(v any, names ...string) any {
	t, ok := v.(tree)
	if !ok {
		return v
	}
	out := make(tree, len(t))
	for k, x := range t {
		if !slices.Contains(names, k) {
			out[k] = x
		}
	}
	return out
}
