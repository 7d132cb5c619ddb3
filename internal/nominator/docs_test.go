package nominator_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The page says which test catches what. Every defect of the list has one, and every test that it names is there.
func TestNamedTestsExist(t *testing.T) {
	const root = "../.."
	page, err := os.ReadFile(filepath.Join(root, "docs", "nominating.md"))
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	err = filepath.WalkDir(filepath.Join(root, "internal"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		b, err := os.ReadFile(name)
		source.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	code := source.String()
	names := regexp.MustCompile("`(Test[A-Za-z0-9]+)(?:/([a-z_]+))?`").FindAllStringSubmatch(string(page), -1)
	for _, n := range names {
		if !strings.Contains(code, "\nfunc "+n[1]+"(t *testing.T) {") {
			t.Errorf("there is no test %s", n[1])
		}
		if sub := strings.ReplaceAll(n[2], "_", " "); sub != "" && !strings.Contains(code, `"`+sub+`"`) {
			t.Errorf("%s has no case %q", n[1], sub)
		}
	}
	for k := 1; k <= 25; k++ {
		row := regexp.MustCompile(fmt.Sprintf("(?m)^\\| T%d \\|.*`Test[^|]*\\|$", k))
		if !row.Match(page) {
			t.Errorf("the page names no test for T%d", k)
		}
	}
}
