// Package jsontree reads JSON documents into trees that remember on which line everything stands, so that findings
// about a file can point into it. It keeps what encoding/json drops: the order and repetition of object members, and
// numbers as they are written.
package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth is the deepest nesting that is read.
const maxDepth = 64

// Kind is the JSON type of a value.
type Kind uint8

// The JSON types.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// Value is one JSON value.
type Value struct {
	Kind    Kind
	Line    int      // of its beginning, counted from 1
	Text    string   // a number as written, or a string without its quotes
	True    bool     // of a Bool
	Items   []*Value // of an Array
	Members []Member // of an Object: in file order, repeated names included
}

// Member is one name of an object with its value.
type Member struct {
	Name  string
	Line  int
	Value *Value
}

// SyntaxError says where and why a text is not JSON. Line and Column count from 1; a column is a character.
type SyntaxError struct {
	Line, Column int
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// Parse reads one JSON document. An error is always a [*SyntaxError].
func Parse(data []byte) (*Value, error) {
	if err := check(data); err != nil {
		return nil, err
	}
	p := parser{data: data, line: 1, dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	tok, err := p.next()
	if err != nil {
		return nil, err
	}
	return p.value(tok, 0)
}

// check refuses what encoding/json refuses, and text that is not UTF-8, with the exact place and a helpful reason.
func check(data []byte) error {
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return &SyntaxError{1, 1, "it is empty"}
	case trimmed[0] == '\'':
		return at(data, bytes.IndexByte(data, '\''), "it starts with a single quote; remove the quotes around the JSON text")
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return &SyntaxError{1, 1, "it starts with a byte order mark; save it as UTF-8 without one"}
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return at(data, i, "a byte is not valid UTF-8")
		}
		i += n
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	if err == nil {
		return nil
	}
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return &SyntaxError{1, 1, err.Error()}
	}
	offset := int(syntax.Offset) - 1
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		return at(data, len(data), "it ends too early; a bracket or a quote is not closed")
	}
	reason := syntax.Error()
	if offset >= 0 && offset < len(data) && (data[offset] == '}' || data[offset] == ']') &&
		bytes.HasSuffix(bytes.TrimSpace(data[:offset]), []byte(",")) {
		reason = fmt.Sprintf("the comma before this %c is one too many", data[offset])
	}
	return at(data, offset, reason)
}

// at makes an error for a byte offset.
func at(data []byte, offset int, reason string) *SyntaxError {
	before := data[:min(max(offset, 0), len(data))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: utf8.RuneCount(before[start:]) + 1,
		Reason: reason,
	}
}

// parser turns the tokens of a checked document into a tree.
type parser struct {
	data []byte
	dec  *json.Decoder
	line int // of the newest token
	seen int // offset up to which newlines were counted
}

// next returns the next token and moves p.line to it. No token spans lines, so its end tells its line.
func (p *parser) next() (json.Token, error) {
	tok, err := p.dec.Token()
	end := int(p.dec.InputOffset())
	if err != nil {
		return nil, at(p.data, end, err.Error())
	}
	p.line += bytes.Count(p.data[p.seen:end], []byte{'\n'})
	p.seen = end
	return tok, nil
}

func (p *parser) value(tok json.Token, depth int) (*Value, error) {
	v := &Value{Line: p.line}
	switch t := tok.(type) {
	case nil:
		v.Kind = Null
	case bool:
		v.Kind, v.True = Bool, t
	case json.Number:
		v.Kind, v.Text = Number, t.String()
	case string:
		v.Kind, v.Text = String, t
	case json.Delim:
		if depth >= maxDepth {
			return nil, at(p.data, p.seen-1, fmt.Sprintf("it is nested deeper than %d levels", maxDepth))
		}
		v.Kind = Array
		if t == '{' {
			v.Kind = Object
		}
		if err := p.fill(v, depth+1); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// fill reads the content of an array or object up to its closing bracket.
func (p *parser) fill(v *Value, depth int) error {
	for {
		tok, err := p.next()
		if err != nil {
			return err
		}
		if d, ok := tok.(json.Delim); ok && (d == ']' || d == '}') {
			return nil
		}
		if v.Kind == Array {
			item, err := p.value(tok, depth)
			if err != nil {
				return err
			}
			v.Items = append(v.Items, item)
			continue
		}
		name, _ := tok.(string) // the document was checked: only text names a member
		member := Member{Name: name, Line: p.line}
		if tok, err = p.next(); err != nil {
			return err
		}
		if member.Value, err = p.value(tok, depth); err != nil {
			return err
		}
		v.Members = append(v.Members, member)
	}
}

// Get returns the member of an object with the given name, the last one when it is repeated (as JSON readers do).
func (v *Value) Get(name string) (*Value, bool) {
	for i := len(v.Members) - 1; i >= 0; i-- {
		if v.Members[i].Name == name {
			return v.Members[i].Value, true
		}
	}
	return nil, false
}

// Repeated returns the members of an object whose name occurred in it before.
func (v *Value) Repeated() []Member {
	var again []Member
	seen := make(map[string]bool, len(v.Members))
	for _, m := range v.Members {
		if seen[m.Name] {
			again = append(again, m)
		}
		seen[m.Name] = true
	}
	return again
}

// maxShown is the length at which a value in a message is cut.
const maxShown = 60

// String describes the value for a message: short values as they are, lists and objects by their kind.
func (v *Value) String() string {
	switch v.Kind {
	case Bool:
		return fmt.Sprint(v.True)
	case Number:
		return cut(v.Text)
	case String:
		return fmt.Sprintf("%q", cut(v.Text))
	case Array:
		return "a list"
	case Object:
		return "an object"
	default:
		return "null"
	}
}

func cut(s string) string {
	if utf8.RuneCountInString(s) <= maxShown {
		return s
	}
	return string([]rune(s)[:maxShown]) + "…"
}

// Name is how a message calls values of the kind.
func (k Kind) Name() string {
	switch k {
	case Bool:
		return "a boolean"
	case Number:
		return "a number"
	case String:
		return "a text"
	case Array:
		return "a list"
	case Object:
		return "an object"
	default:
		return "null"
	}
}
