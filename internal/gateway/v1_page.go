package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Paging are the parameters of all lists.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"items of one page"`
	Cursor string `query:"cursor" maxLength:"400" doc:"where the page begins: next of the page before it"`
	Fields string `query:"fields" maxLength:"600" doc:"members to send, separated by commas; without it all"`
	Format string `query:"format" enum:"json,csv" default:"json"`
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"cursor of the next page, absent on the last one"`
	Total *int   `json:"total,omitempty" doc:"items of all pages, where they are known"`
}

const (
	csvKind = "text/csv"
	// separator is what fields are separated by.
	separator = ","
)

// pageOf makes the answer for a part of a list. A cursor names the last item of the page before and where it was: the
// page begins after that item wherever it is by now, or, when it is gone, where it was.
func pageOf[T any](all []T, key func(*T) string, p *Paging) (any, error) {
	start, err := begin(all, key, p.Cursor)
	if err != nil {
		return nil, err
	}
	end := min(start+max(p.Limit, 1), len(all))
	next := ""
	if end < len(all) {
		next = cursor(end-1, key(&all[end-1]))
	}
	total := len(all)
	return pageFrom(all[start:end], next, &total, p)
}

// pageFrom makes the answer of the items of a page.
func pageFrom[T any](part []T, next string, total *int, p *Paging) (any, error) {
	columns, err := columnsOf(reflect.TypeFor[T](), p.Fields)
	if err != nil {
		return nil, err
	}
	if p.Format == "csv" {
		return asCSV(part, columns, next)
	}
	if p.Fields == "" {
		return Page[T]{Items: list(part), Next: next, Total: total}, nil
	}
	items := make([]json.RawMessage, len(part))
	for i := range part {
		if items[i], err = selected(reflect.ValueOf(&part[i]).Elem(), columns); err != nil {
			return nil, err
		}
	}
	return Page[json.RawMessage]{Items: items, Next: next, Total: total}, nil
}

func cursor(at int, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(at) + ":" + key))
}

func begin[T any](all []T, key func(*T) string, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	place, name, ok := strings.Cut(string(b), ":")
	at, err2 := strconv.ParseUint(place, 10, 31)
	if err != nil || err2 != nil || !ok {
		return 0, problem(http.StatusBadRequest, "the cursor is none of ours; leave it out to begin at the first page")
	}
	if int(at) < len(all) && key(&all[at]) == name {
		return int(at) + 1, nil
	}
	for i := range all {
		if key(&all[i]) == name {
			return i + 1, nil
		}
	}
	return min(int(at), len(all)), nil
}

// column is a member of a type of items.
type column struct {
	name  string
	index []int
	empty bool // left out when empty
}

// columnsOf are the selected members of a type, in the order in which they are asked for; all of them when none is named.
func columnsOf(t reflect.Type, fields string) ([]column, error) {
	var all []column
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || name == "-" || name == "" {
			continue
		}
		all = append(all, column{name, f.Index, options == "omitempty"})
	}
	if fields == "" {
		return all, nil
	}
	var out []column
	for name := range strings.SplitSeq(fields, separator) {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(all, func(c column) bool { return c.name == name })
		if i < 0 {
			var names []string
			for _, c := range all {
				names = append(names, c.name)
			}
			return nil, problem(http.StatusBadRequest, fmt.Sprintf("there is no member %s; there are %s", shown(name), strings.Join(names, ", ")))
		}
		if !slices.ContainsFunc(out, func(c column) bool { return c.name == name }) {
			out = append(out, all[i])
		}
	}
	return out, nil
}

// plainJSON is a value as JSON, with HTML characters as they are.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// selected writes some members of an item.
func selected(v reflect.Value, columns []column) (json.RawMessage, error) {
	out := []byte{'{'}
	for _, c := range columns {
		f := v.FieldByIndex(c.index)
		if c.empty && isEmpty(f) {
			continue
		}
		b, err := plainJSON(f.Interface())
		if err != nil {
			return nil, err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, c.name)
		out = append(append(out, ':'), b...)
	}
	return append(out, '}'), nil
}

// isEmpty is what encoding/json understands by omitempty.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// asCSV writes items as a table (RFC 4180). Objects and lists are JSON in their cell.
func asCSV[T any](part []T, columns []column, next string) (*answer, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = c.name
	}
	if err := w.Write(row); err != nil {
		return nil, err
	}
	for i := range part {
		for j, c := range columns {
			var err error
			if row[j], err = cell(reflect.ValueOf(&part[i]).Elem().FieldByIndex(c.index)); err != nil {
				return nil, err
			}
		}
		if err := w.Write(row); err != nil {
			return nil, err
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return nil, err
	}
	a, err := finish(http.StatusOK, csvKind+"; charset=utf-8", b.Bytes())
	if err == nil && next != "" {
		a.next = next
	}
	return a, err
}

// cell is a value as text. What a spreadsheet would take for a formula gets an apostrophe before it: names are the
// operators' own words.
func cell(v reflect.Value) (string, error) {
	b, err := plainJSON(v.Interface())
	if err != nil {
		return "", err
	}
	switch {
	case string(b) == "null":
		return "", nil
	case b[0] != '"':
		return string(b), nil
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return "", err
	}
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		text = "'" + text
	}
	return text, nil
}
