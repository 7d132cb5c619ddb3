package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

// TestKeyReference compares the tables of docs/configuration.md with the schema; -update rewrites them.
func TestKeyReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "configuration.md")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := replaceBetween(t, string(b), "<!-- keys -->\n", "<!-- end of keys -->", keyTable())
	want = replaceBetween(t, want, "<!-- retired keys -->\n", "<!-- end of retired keys -->", retiredTable())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		b = []byte(want)
	}
	if d := cmp.Diff(want, string(b)); d != "" {
		t.Errorf("docs/configuration.md is out of date; run go test ./internal/config -update (-want +got):\n%s", d)
	}
}

func replaceBetween(t *testing.T, text, from, to, with string) string {
	t.Helper()
	head, rest, ok := strings.Cut(text, from)
	_, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("the marks %q and %q are missing", from, to)
	}
	return head + from + with + to + tail
}

func keyTable() string {
	var b strings.Builder
	b.WriteString("| Key | Type | Default | Meaning |\n|---|---|---|---|\n")
	for _, k := range Keys() {
		typ := k.Type
		if k.Unit != "" {
			typ += " (" + k.Unit + ")"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Path, typ, defaultText(k), k.Meaning)
	}
	return b.String()
}

// defaultText is the default on Kusama, and what other presets have instead.
func defaultText(k Key) string {
	if k.optional {
		return ""
	}
	show := func(n Network) string {
		d := defaults(n, programme.ProfileProgramme)
		d.Chains = n.Endpoints
		v := Value{Value: k.show(n, k.fetch(d))}.Text()
		switch {
		case v == "" || v == "[]":
			return ""
		case k.Path == "global.network":
			return "" // the default of a selector is what was selected
		case len(v) > 60:
			return "the network's"
		}
		return "`" + v + "`"
	}
	kusama, _ := NetworkByName("kusama")
	text := show(kusama)
	if text == "the network's" {
		return text
	}
	var others []string
	for _, n := range Networks() {
		if other := show(n); other != text && n.Name != networkCustom && other != "" && other != "the network's" &&
			strings.ReplaceAll(other, n.Symbol, "KSM") != text {
			others = append(others, n.Name+" "+other)
		}
	}
	if others != nil {
		text += "; " + strings.Join(others, ", ")
	}
	return text
}

func retiredTable() string {
	var b strings.Builder
	b.WriteString("| Key | Note |\n|---|---|\n")
	m := retired()
	for _, path := range slices.Sorted(maps.Keys(m)) {
		name := path
		if strings.HasSuffix(path, ".") {
			name += "*"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, m[path])
	}
	return b.String()
}

// TestSchema checks the schema itself: unique paths and variables, a meaning for each key, and no key that is retired.
func TestSchema(t *testing.T) {
	paths, variables := map[string]bool{}, map[string]string{}
	l := newLoader("")
	for _, k := range Keys() {
		if paths[k.Path] {
			t.Errorf("%s is there twice", k.Path)
		}
		paths[k.Path] = true
		if other := variables[k.Variable()]; other != "" {
			t.Errorf("%s and %s share the variable %s", k.Path, other, k.Variable())
		}
		variables[k.Variable()] = k.Path
		if k.Meaning == "" || k.Type == "" || strings.HasSuffix(k.Meaning, ".") || strings.Contains(k.Meaning+k.Type, "|") {
			t.Errorf("%s: type %q, meaning %q", k.Path, k.Type, k.Meaning)
		}
		if _, old := l.old(k.Path); old {
			t.Errorf("%s is in effect and retired", k.Path)
		}
		if !strings.Contains(k.Variable(), "__") {
			t.Errorf("%s stands in no section", k.Path)
		}
	}
	for path, note := range retired() {
		if i := strings.Index(note, "set "); i >= 0 && !paths[note[i+4:]] {
			t.Errorf("%s: the successor %s does not exist", path, note[i+4:])
		}
	}
}

// TestExamples loads every example folder: no error, no warning.
func TestExamples(t *testing.T) {
	root := filepath.Join("..", "..", "examples")
	dirs, err := os.ReadDir(root)
	if err != nil || len(dirs) == 0 {
		t.Fatal(err, len(dirs))
	}
	for _, d := range dirs {
		c, err := Load(filepath.Join(root, d.Name()), Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if len(c.Warnings) > 0 {
			t.Errorf("%s: %v", d.Name(), c.Warnings)
		}
		if c.Network.Name != d.Name() || len(c.Nominators) == 0 {
			t.Errorf("%s: network %s, %d nominators", d.Name(), c.Network.Name, len(c.Nominators))
		}
	}
}
