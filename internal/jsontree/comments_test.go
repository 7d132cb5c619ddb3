package jsontree

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestComments(t *testing.T) {
	got, err := ParseCommented([]byte(`// a file
{
  "url": "wss://host/*no*/", // äöü "quoted"
  /* two
     lines */ "list": [1, 2, /* three */],
  "text": "a\"// b",
  "deep": {"x": {},}, // end
}
`))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Parse([]byte("\n{\n\"url\": \"wss://host/*no*/\",\n\n\"list\": [1, 2],\n\"text\": \"a\\\"// b\",\n\"deep\": {\"x\": {}}\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, c := range []struct{ text, want string }{
		{"{}\n /* x", "line 2, column 2: the comment that begins here with /* has no end */"},
		{"[,]", "line 1, column 2: invalid character ',' looking for beginning of value"},
		{"[1,,]", "line 1, column 4: invalid character ',' looking for beginning of value"},
		{"{\"a\":,}", "line 1, column 6: invalid character ',' looking for beginning of value"},
		{"{} /", "line 1, column 4: invalid character '/' after top-level value"},
		{"// only", "line 1, column 1: it is empty"},
		{"{/*ä*/\"a\" 1}", "line 1, column 11: invalid character '1' after object key"},
		{"// \xff\n{}", "line 1, column 4: a byte is not valid UTF-8"},
		{"{\"a\": \"x // y\n\"}", "line 1, column 14: invalid character '\\n' in string literal"},
		{"[1 # 2\n]", "line 1, column 4: invalid character '#' after array element"},
	} {
		_, err := ParseCommented([]byte(c.text))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

// FuzzCommented: what is JSON reads the same with and without comments allowed, and nothing else crashes.
func FuzzCommented(f *testing.F) {
	for _, s := range []string{`{"a": [1, 2,], // x
	"b": "//"}`, `/* */ [ /* , */ ]`, `{"a":1,/*`, `["\"", "/*", '*/']`, "//\n1", `[1,/**/,]`, `{,}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ParseCommented(data)
		if json.Valid(data) {
			want, plain := Parse(data)
			if plain == nil && (err != nil || cmp.Diff(want, got) != "") {
				t.Fatalf("%v %s", err, cmp.Diff(want, got))
			}
		}
		if bare, err := uncomment(data); err == nil && strings.Count(string(bare), "\n") != strings.Count(string(data), "\n") {
			t.Fatal("lines are lost")
		}
	})
}
