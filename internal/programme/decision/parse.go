package decision

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// ParseCanonical reads canonical bytes into dst, a pointer to a struct of nouns. It is strict: a member that the
// type does not have, a missing member, a number token or any other spelling than the canonical one is an error
// that names the place. It accepts exactly the bytes that [Canonical] writes.
func ParseCanonical(b []byte, dst any) error {
	p := &parser{in: b, texts: map[string]string{}}
	if err := p.value(reflect.ValueOf(dst).Elem(), 0); err != nil {
		return err
	}
	if p.at < len(b) {
		return fmt.Errorf("more text after the JSON value, at byte %d", p.at)
	}
	again, err := Canonical(dst)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, b) {
		at := mismatch(again, b)
		return fmt.Errorf("not in canonical form at byte %d: %s", at, excerpt(b, at))
	}
	return nil
}

// maxDepth bounds the nesting of a record; the nouns need nine levels.
const maxDepth = 64

// parser reads the subset of JSON that canonical bytes are written in: no white space and no number tokens. What
// it lets pass in spelling (order of members, needless escapes) the comparison at the end of ParseCanonical finds.
type parser struct {
	in []byte
	at int
	// texts holds every text once. The same addresses stand in many places of a record; sharing them saves most of the
	// memory, and looking one up in a map finds equal text by its place.
	texts map[string]string
}

var errEnd = errors.New("the JSON ends in the middle")

// placed puts the place in front of an error on its way up.
type placed struct {
	path string
	err  error
}

func (e *placed) Error() string {
	if e.path == "" {
		return e.err.Error()
	}
	return e.path + ": " + e.err.Error()
}
func (e *placed) Unwrap() error { return e.err }

func within(part string, err error) error {
	if p := (*placed)(nil); errors.As(err, &p) {
		return &placed{part + p.path, p.err}
	}
	return &placed{part, err}
}

func (p *parser) next() (byte, error) {
	if p.at >= len(p.in) {
		return 0, errEnd
	}
	return p.in[p.at], nil
}

// expect takes one byte of punctuation.
func (p *parser) expect(c byte, what string) error {
	got, err := p.next()
	if err != nil {
		return err
	}
	if got != c {
		return p.unexpected(what)
	}
	p.at++
	return nil
}

func (p *parser) unexpected(what string) error {
	c := p.in[p.at]
	if c == '-' || (c >= '0' && c <= '9') {
		return fmt.Errorf("a number token at byte %d; numbers are written as strings here", p.at)
	}
	return fmt.Errorf("expected %s at byte %d, not in canonical form: %s", what, p.at, excerpt(p.in, p.at))
}

// literal takes a word if it comes next.
func (p *parser) literal(word string) bool {
	if !bytes.HasPrefix(p.in[p.at:], []byte(word)) {
		return false
	}
	p.at += len(word)
	return true
}

// text takes a string.
func (p *parser) text() (string, error) {
	if err := p.expect('"', "a string"); err != nil {
		return "", err
	}
	start := p.at
	var buf []byte // only when there are escapes
	for p.at < len(p.in) {
		switch c := p.in[p.at]; {
		case c == '"':
			raw := p.in[start:p.at]
			if buf != nil {
				raw = buf
			}
			p.at++
			if !utf8.Valid(raw) {
				return "", errors.New("text that is not UTF-8")
			}
			if shared, ok := p.texts[string(raw)]; ok {
				return shared, nil
			}
			text := string(raw)
			p.texts[text] = text
			return text, nil
		case c < 0x20:
			return "", fmt.Errorf("a control character at byte %d", p.at)
		case c == '\\':
			if buf == nil {
				buf = append(make([]byte, 0, 2*(p.at-start)+16), p.in[start:p.at]...)
			}
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			buf = append(buf, r)
		default:
			if buf != nil {
				buf = append(buf, c)
			}
			p.at++
		}
	}
	return "", errEnd
}

// escape takes one of the escapes that canonical text may hold; each stands for one byte.
func (p *parser) escape() (byte, error) {
	rest := p.in[p.at+1:]
	if len(rest) == 0 {
		return 0, errEnd
	}
	if i := bytes.IndexByte([]byte(`"\bfnrt`), rest[0]); i >= 0 {
		p.at += 2
		return "\"\\\b\f\n\r\t"[i], nil
	}
	if rest[0] == 'u' && len(rest) >= 5 {
		if n, err := strconv.ParseUint(string(rest[1:5]), 16, 8); err == nil && n < utf8.RuneSelf {
			p.at += 6
			return byte(n), nil
		}
	}
	return 0, fmt.Errorf("an escape that canonical form does not use, at byte %d", p.at)
}

// list takes a bracketed sequence, calling item for each element.
func (p *parser) list(open, shut byte, what string, item func(i int) error) error {
	if err := p.expect(open, what); err != nil {
		return err
	}
	for i := 0; ; i++ {
		c, err := p.next()
		if err != nil {
			return err
		}
		if c == shut && i == 0 {
			p.at++
			return nil
		}
		if i > 0 {
			if c == shut {
				p.at++
				return nil
			}
			if err := p.expect(',', "a comma"); err != nil {
				return err
			}
		}
		if err := item(i); err != nil {
			return err
		}
	}
}

// member takes the name of an object's member.
func (p *parser) member() (string, error) {
	name, err := p.text()
	if err != nil {
		return "", err
	}
	return name, p.expect(':', "a colon")
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// value takes one value into v.
func (p *parser) value(v reflect.Value, depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deeply")
	}
	t := v.Type()
	if t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textUnmarshaler) {
		s, err := p.text()
		if err != nil {
			return err
		}
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(s))
	}
	switch t.Kind() {
	case reflect.Interface:
		return p.tree(v, depth)
	case reflect.Pointer:
		if p.literal("null") {
			v.SetZero()
			return nil
		}
		v.Set(reflect.New(t.Elem()))
		return p.value(v.Elem(), depth)
	case reflect.Bool:
		if p.literal("true") {
			v.SetBool(true)
		} else if p.literal("false") {
			v.SetBool(false)
		} else if _, err := p.next(); err != nil {
			return err
		} else {
			return p.unexpected("true or false")
		}
		return nil
	case reflect.Slice:
		return p.slice(v, depth)
	case reflect.Map:
		return p.mapping(v, depth)
	case reflect.Struct:
		return p.structure(v, depth)
	}
	s, err := p.text()
	if err != nil {
		return err
	}
	return assignText(s, v)
}

// tree takes a value of any form, as maps, slices, strings, booleans and nil.
func (p *parser) tree(v reflect.Value, depth int) error {
	c, err := p.next()
	if err != nil {
		return err
	}
	var out reflect.Value
	switch c {
	case '{':
		out = reflect.New(reflect.TypeFor[map[string]any]()).Elem()
	case '[':
		out = reflect.New(reflect.TypeFor[[]any]()).Elem()
	case 't', 'f':
		out = reflect.New(reflect.TypeFor[bool]()).Elem()
	case 'n':
		if !p.literal("null") {
			return p.unexpected("a value")
		}
		v.SetZero()
		return nil
	default:
		out = reflect.New(reflect.TypeFor[string]()).Elem()
	}
	if err := p.value(out, depth); err != nil {
		return err
	}
	v.Set(out)
	return nil
}

func (p *parser) slice(v reflect.Value, depth int) error {
	t := v.Type()
	v.Set(reflect.MakeSlice(t, 0, 0))
	return p.list('[', ']', "a list", func(i int) error {
		if i >= v.Cap() {
			v.Grow(1)
		}
		v.SetLen(i + 1)
		item := v.Index(i)
		item.SetZero()
		if err := p.value(item, depth+1); err != nil {
			return within("["+strconv.Itoa(i)+"]", err)
		}
		return nil
	})
}

func (p *parser) mapping(v reflect.Value, depth int) error {
	t := v.Type()
	v.Set(reflect.MakeMap(t))
	return p.list('{', '}', "an object", func(int) error {
		name, err := p.member()
		if err != nil {
			return err
		}
		key, item := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := assignText(name, key); err != nil {
			return fmt.Errorf("key %w", err)
		}
		if err := p.value(item, depth+1); err != nil {
			return within("."+name, err)
		}
		v.SetMapIndex(key, item)
		return nil
	})
}

func (p *parser) structure(v reflect.Value, depth int) error {
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	next := 0 // members come in the order of their names
	err = p.list('{', '}', "an object", func(int) error {
		name, err := p.member()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			return fmt.Errorf("unknown member %q", name)
		}
		for ; next < len(fields) && fields[next].name < name; next++ {
			if !fields[next].omitEmpty {
				return fmt.Errorf("member %q is missing or out of order", fields[next].name)
			}
		}
		if next == len(fields) || fields[next].name != name {
			return fmt.Errorf("member %q is out of order", name)
		}
		f := fields[next]
		next++
		if err := p.value(v.FieldByIndex(f.index), depth+1); err != nil {
			return within("."+name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for ; next < len(fields); next++ {
		if !fields[next].omitEmpty {
			return fmt.Errorf("member %q is missing", fields[next].name)
		}
	}
	return nil
}

func assignText(s string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a whole number in range", s)
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(s, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not a whole number in range", s)
		}
		v.SetUint(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return fmt.Errorf("%q is not a number", s)
		}
		v.SetFloat(f)
	default:
		return fmt.Errorf("%s has no canonical form", v.Type())
	}
	return nil
}

// mismatch is the first position at which two byte strings differ, or the length of the shorter.
func mismatch(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// excerpt shows the surroundings of a position, quoted.
func excerpt(b []byte, at int) string {
	from, to := max(0, at-20), min(len(b), at+20)
	return strconv.Quote(string(b[from:to]))
}
