package jsontree

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseRemembersLines(t *testing.T) {
	v, err := Parse([]byte("{\n \"a\": [1,\n  \"x\\ny\"],\n\n \"b\":\n   {\"c\": null, \"c\": true}\n}"))
	if err != nil {
		t.Fatal(err)
	}
	want := &Value{Kind: Object, Line: 1, Members: []Member{
		{"a", 2, &Value{Kind: Array, Line: 2, Items: []*Value{
			{Kind: Number, Line: 2, Text: "1"}, {Kind: String, Line: 3, Text: "x\ny"},
		}}},
		{"b", 5, &Value{Kind: Object, Line: 6, Members: []Member{
			{"c", 6, &Value{Kind: Null, Line: 6}}, {"c", 6, &Value{Kind: Bool, Line: 6, True: true}},
		}}},
	}}
	if d := cmp.Diff(want, v); d != "" {
		t.Error(d)
	}
	b, _ := v.Get("b")
	if c, ok := b.Get("c"); !ok || !c.True {
		t.Error("of a repeated name the last value counts")
	}
	if again := b.Repeated(); len(again) != 1 || again[0].Name != "c" {
		t.Errorf("repeated names: %v", again)
	}
	if _, ok := b.Get("d"); ok {
		t.Error("a member that is not there was found")
	}
}

func TestParseKeepsNumbersAsWritten(t *testing.T) {
	v, err := Parse([]byte(`[10000000000000000001, 1e3, -0.50]`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range v.Items {
		got = append(got, n.Text)
	}
	if d := cmp.Diff([]string{"10000000000000000001", "1e3", "-0.50"}, got); d != "" {
		t.Error(d)
	}
}

func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", "line 1, column 1: it is empty"},
		{" \n ", "line 1, column 1: it is empty"},
		{"'{}'", "line 1, column 1: it starts with a single quote; remove the quotes around the JSON text"},
		{"\n '{}'", "line 2, column 2: it starts with a single quote; remove the quotes around the JSON text"},
		{"\xef\xbb\xbf{}", "line 1, column 1: it starts with a byte order mark; save it as UTF-8 without one"},
		{"{\n\"é\": \"\xff\"}", "line 2, column 7: a byte is not valid UTF-8"},
		{"{\n \"a\": 1,\n}", "line 3, column 1: the comma before this } is one too many"},
		{"[1, 2, ]", "line 1, column 8: the comma before this ] is one too many"},
		{"{\n \"a\": [1\n", "line 3, column 1: it ends too early; a bracket or a quote is not closed"},
		{"{\"a\" 1}", "line 1, column 6: invalid character '1' after object key"},
		{"{} {}", "line 1, column 4: invalid character '{' after top-level value"},
		{"<html>", "line 1, column 1: invalid character '<' looking for beginning of value"},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), "line 1, column 65: it is nested deeper than 64 levels"},
	} {
		v, err := Parse([]byte(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("%.20q: %v %v, want %q", c.in, v, err, c.want)
		}
	}
	if _, err := Parse([]byte(strings.Repeat("[", 64) + strings.Repeat("]", 64))); err != nil {
		t.Errorf("64 levels: %v", err)
	}
}

func TestString(t *testing.T) {
	v, err := Parse([]byte(`[null, true, 12.50, "a\tb", [], {}, "` + strings.Repeat("é", 61) + `"]`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range v.Items {
		got = append(got, i.String())
	}
	want := []string{"null", "true", "12.50", `"a\tb"`, "a list", "an object", `"` + strings.Repeat("é", 60) + `…"`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// plain turns a tree back into what encoding/json makes of a document.
func plain(v *Value) any {
	switch v.Kind {
	case Bool:
		return v.True
	case Number:
		return json.Number(v.Text)
	case String:
		return v.Text
	case Array:
		list := []any{}
		for _, i := range v.Items {
			list = append(list, plain(i))
		}
		return list
	case Object:
		m := map[string]any{}
		for _, e := range v.Members {
			m[e.Name] = plain(e.Value)
		}
		return m
	}
	return nil
}

// FuzzParse compares with encoding/json: the same documents are accepted (but for depth, encoding and marks), with
// the same content.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"x",null,true,{"b":-1.5e3}]}`, `[]`, `"é😀"`, `{"a":1,"a":2}`, "\xff", `'{}'`, `{"a":}`, "[[[\n1]]]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data)
		if err != nil {
			if v != nil {
				t.Fatal("value and error")
			}
			return
		}
		dec := json.NewDecoder(strings.NewReader(string(data)))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("accepted %q, encoding/json does not: %v", data, err)
		}
		if d := cmp.Diff(want, plain(v)); d != "" {
			t.Fatal(d)
		}
		if v.Line < 1 || v.Line > strings.Count(string(data), "\n")+1 {
			t.Fatalf("line %d", v.Line)
		}
	})
}

func TestNearest(t *testing.T) {
	known := []string{"kusamaStash", "kyc", "name", "slotId"}
	for _, c := range []struct{ name, want string }{
		{"kusamsStash", "kusamaStash"}, {"KusamaStash", "kusamaStash"}, {"slotID", "slotId"}, {"kcy", ""},
		{"nam", "name"}, {"seed", ""}, {"", ""}, {strings.Repeat("name", 20), ""},
	} {
		if got, ok := Nearest(c.name, known); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
