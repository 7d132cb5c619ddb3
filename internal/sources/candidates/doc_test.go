package candidates

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRuleReference compares the table of docs/candidates.md with the rules; -update rewrites it.
func TestRuleReference(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "candidates.md")
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const from, to = "<!-- rules -->\n", "<!-- end of rules -->"
	head, rest, ok := strings.Cut(string(have), from)
	_, tail, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("the marks %q and %q are missing", from, to)
	}
	var b strings.Builder
	b.WriteString("| Rule | Severity | Demand |\n|---|---|---|\n")
	for _, r := range Rules() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.Code, r.Severity, r.Text)
	}
	want := head + from + b.String() + to + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		have = []byte(want)
	}
	if d := cmp.Diff(want, string(have)); d != "" {
		t.Errorf("docs/candidates.md is out of date; run go test ./internal/sources/candidates -update (-want +got):\n%s", d)
	}
}
