package config

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
)

// kind is a type of values: how it is called, read and written.
type kind[T any] struct {
	name string
	// read turns a JSON value into a T, or reports why it cannot. It returns whatever after a report.
	read func(s *scope, in input) T
	// show writes a value so that read understands it: text, bool, json.Number or a list of them.
	show func(n Network, v T) any
	// schema describes what read accepts in a file, for editors. It may accept more than read does.
	schema schema
}

// input is a value to be read.
type input struct {
	*jsontree.Value
	// loose says that the value came as bare text from the environment or the command line, so that "true" may be
	// a boolean and "a,b" a list.
	loose bool
}

// scope is what readers may need to know, and where they report what is wrong.
type scope struct {
	network  Network
	problems []Problem // place, key and severity are filled in by whoever called the reader
	path     string    // where inside the value the reader is: "[0].seed"
}

func (s *scope) report(severity Severity, line int, format string, args ...any) {
	s.problems = append(s.problems, Problem{Severity: severity, Line: line, Key: s.path, Reason: fmt.Sprintf(format, args...)})
}

// fail reports why a value is refused.
func (s *scope) fail(in input, format string, args ...any) {
	s.report(Error, in.Line, format, args...)
}

// within runs read for a part of a value.
func (s *scope) within(part string, read func()) {
	outer := s.path
	s.path += part
	read()
	s.path = outer
}

// text returns the characters of a string, or of a number as it is written.
func (in input) text() (string, bool) {
	if in.Kind == jsontree.String || in.Kind == jsontree.Number {
		return in.Text, true
	}
	return "", false
}

// number returns the digits of a number, which may be given as text.
func (in input) number() (string, bool) {
	t, ok := in.text()
	return strings.TrimSpace(t), ok
}

func same[T any](_ Network, v T) any { return v }

var boolean = kind[bool]{name: "true or false", read: func(s *scope, in input) bool {
	if in.Kind == jsontree.Bool {
		return in.True
	}
	if b, err := strconv.ParseBool(in.Text); in.loose && err == nil && len(in.Text) > 1 {
		return b
	}
	s.fail(in, "%s is neither true nor false%s", in, hint(in.Text == "true" || in.Text == "false", "; remove the quotes"))
	return false
}, show: same[bool], schema: schema{"type": "boolean"}}

func hint(when bool, text string) string {
	if when {
		return text
	}
	return ""
}

// plain is text without line breaks and blanks around it; it may be empty.
var plain = kind[string]{name: "text", read: func(s *scope, in input) string {
	if in.Kind != jsontree.String {
		s.fail(in, "%s is not a text", in)
		return ""
	}
	if strings.TrimSpace(in.Text) != in.Text || strings.ContainsAny(in.Text, "\r\n\x00") {
		s.fail(in, "%s has blanks around it or line breaks in it", in)
	}
	return in.Text
}, show: same[string], schema: schema{"type": "string"}}

// whole is a whole number between least and most.
func whole[T ~int | ~uint16 | ~uint32](least, most int64) kind[T] {
	name := fmt.Sprintf("whole number from %d", least)
	if most < math.MaxInt32 {
		name += fmt.Sprintf(" to %d", most)
	}
	return kind[T]{name: name, read: func(s *scope, in input) T {
		t, ok := in.number()
		n, err := strconv.ParseInt(t, 10, 64)
		switch {
		case !ok || err != nil || strings.HasPrefix(t, "+"):
			s.fail(in, "%s is not a whole number", in)
		case n < least:
			s.fail(in, "%d is less than %d", n, least)
		case n > most:
			s.fail(in, "%d is more than %d", n, most)
		}
		return T(n)
	}, show: func(_ Network, v T) any { return json.Number(strconv.FormatInt(int64(v), 10)) },
		schema: numeric("integer", least, most, `^\s*[0-9]+\s*$`)}
}

// points is a weight of the score.
var points = kind[float64]{name: "number from 0", read: func(s *scope, in input) float64 {
	t, ok := in.number()
	if !ok || !isNumber(t) {
		s.fail(in, "%s is not a number", in)
		return 0
	}
	f, err := strconv.ParseFloat(t, 64)
	switch {
	case err != nil || f > 1e9:
		s.fail(in, "%s is more than 1000000000", in)
	case f < 0:
		s.fail(in, "%s is less than 0", in)
	}
	return f + 0 // -0 becomes 0
}, show: func(_ Network, v float64) any { return json.Number(strconv.FormatFloat(v, 'f', -1, 64)) },
	schema: numeric("number", 0, 1e9, `^\s*[0-9][0-9.eE+-]*\s*$`)}

// isNumber says whether a text is a number by JSON's grammar, which knows neither hexadecimal nor infinity.
func isNumber(t string) bool {
	if t == "" || strings.Trim(t, "0123456789+-.eE") != "" {
		return false
	}
	var n json.Number
	return json.Unmarshal([]byte(t), &n) == nil
}

// choice is one of a few words.
func choice[T ~string](words ...T) kind[T] {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = string(w)
	}
	return kind[T]{name: strings.Join(names, ", "), read: func(s *scope, in input) T {
		w := T(in.Text)
		if in.Kind != jsontree.String || !slices.Contains(words, w) {
			s.fail(in, "%s is not one of %s", in, strings.Join(names, ", "))
		}
		return w
	}, show: func(_ Network, v T) any { return string(v) }, schema: schema{"enum": names}}
}

// list is a list of values of another kind. As bare text it is a JSON list or values with commas between them.
func list[T any](of kind[T]) kind[[]T] {
	return kind[[]T]{name: "list of: " + of.name, read: func(s *scope, in input) []T {
		items, ok := in.list()
		if !ok {
			s.fail(in, "%s is not a list", in)
			return nil
		}
		out := make([]T, 0, len(items))
		for i, item := range items {
			s.within(fmt.Sprintf("[%d]", i), func() {
				before := len(s.problems)
				v := of.read(s, item)
				if any(v) == any("") && len(s.problems) == before {
					s.fail(item, "it is empty")
				}
				out = append(out, v)
			})
		}
		return out
	}, show: func(n Network, v []T) any {
		out := make([]any, 0, len(v))
		for _, e := range v {
			out = append(out, of.show(n, e))
		}
		return out
	}, schema: schema{"type": "array", "items": of.schema}}
}

// list returns the elements of a list.
func (in input) list() ([]input, bool) {
	v := in.Value
	if in.loose && v.Kind == jsontree.String {
		if text := strings.TrimSpace(v.Text); strings.HasPrefix(text, "[") {
			parsed, err := jsontree.Parse([]byte(text))
			if err != nil {
				return nil, false
			}
			v = parsed
		} else {
			var out []input
			for part := range strings.SplitSeq(text, ",") {
				if part = strings.TrimSpace(part); part != "" {
					out = append(out, input{&jsontree.Value{Kind: jsontree.String, Text: part}, true})
				}
			}
			return out, true
		}
	}
	if v.Kind != jsontree.Array {
		return nil, false
	}
	out := make([]input, len(v.Items))
	for i, item := range v.Items {
		out[i] = input{item, false}
	}
	return out, true
}
