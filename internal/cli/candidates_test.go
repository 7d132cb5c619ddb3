package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	stashA = "HNZata7iMYWmk5RvZRTiAsSDhV8366zq2YGb3tLH5Upf74F" // Alice with prefix 2
	stashB = "FoQJpPyadYccjavVdTWxpxU7rUEaYhfLCPwXgkfD6Zat9QP" // Bob with prefix 2
)

func TestCandidatesLint(t *testing.T) {
	entry := func(slot, name, stash, rest string) string {
		return `{"slotId": ` + slot + `, "name": "` + name + `", "stash": "` + stash + `", "riotHandle": "@a:matrix.org"` + rest + `}`
	}
	dir := t.TempDir()
	write := func(name string, lines ...string) string {
		path := filepath.Join(dir, name)
		text := "{\"candidates\": [\n" + strings.Join(lines, ",\n") + "\n]}\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	kyc := `, "kyc": false`
	good := write("good.json", entry("1", "a", stashA, kyc), entry("2", "b", stashB, kyc))
	warned := write("warned.json", entry("1", "a ", stashA, kyc))
	bad := write("bad.json", entry("1", "a", stashA, ""), entry("1", "b\\u001b[31m", stashB, kyc))
	moved := write("moved.json", entry("1", "c", stashB, kyc))
	foreign := write("foreign.json", entry("1", "a", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", kyc), entry("2", "b", "14E5nqKAp3oAJcmzgZhUD2RcptBeUBScxKHgJKU4HPNcKVf3", kyc))
	blanks := "warned.json:2: %s W2: name \"a \" has blanks around it\n"
	for _, c := range []struct {
		name string
		args []string
		want outcome
	}{
		{"good", []string{good, "--network", "kusama"}, outcome{ExitOK, "good.json: 2 usable candidates, 0 errors, 0 warnings\n", ""}},
		{"warned", []string{warned, "--network", "kusama"}, outcome{ExitOK, strings.Replace(blanks, "%s", "warning", 1) + "warned.json: 1 usable candidate, 0 errors, 1 warning\n", ""}},
		{"strict", []string{warned, "--network", "kusama", "--strict"}, outcome{ExitFailed, strings.Replace(blanks, "%s", "error", 1) + "warned.json: 1 usable candidate, 1 error, 0 warnings\n", ""}},
		{"bad", []string{bad, "--network", "kusama"}, outcome{ExitFailed, "bad.json:2: error L7: kyc is missing\nbad.json:3: error L6: slotId 1 is used already in line 2\nbad.json: 0 usable candidates, 2 errors, 0 warnings\n", ""}},
		{"previous", []string{moved, "--network", "kusama", "--previous", good}, outcome{ExitOK, "moved.json:2: warning W7: slotId 1 belonged to \"a\" with another stash before; \"c\" needs a slot of its own\nmoved.json: 1 usable candidate, 0 errors, 1 warning\n", ""}},
		{"wrong network", []string{foreign, "--network", "kusama"}, outcome{ExitFailed, "foreign.json:1: error N1: this is not a list for Kusama (address prefix 2): all 2 stashes carry address prefix 0, that of Polkadot\nforeign.json: 2 usable candidates, 1 error, 0 warnings\n", ""}},
		{"by prefix", []string{foreign, "--network", "0"}, outcome{ExitOK, "foreign.json: 2 usable candidates, 0 errors, 0 warnings\n", ""}},
		{"unknown network", []string{good, "--network", "dotsama"}, outcome{ExitUsage, "", "otv: --network \"dotsama\" is neither one of kusama, polkadot, westend, paseo, local nor an address prefix\n"}},
		{"no network", []string{good}, outcome{ExitUsage, "", "otv: required flag(s) \"network\" not set; see otv candidates lint --help\n"}},
		{"no file", []string{"/does/not/exist", "--network", "kusama"}, outcome{ExitInput, "", "otv: open /does/not/exist: no such file or directory\n"}},
	} {
		got := otv(nil, "", append([]string{"candidates", "lint"}, c.args...)...)
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(outcome{})); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	if got := otv(nil, "{", "candidates", "lint", "-", "--network", "kusama"); got.code != ExitFailed || !strings.HasPrefix(got.out, "-:1: error L1: it is not JSON") {
		t.Errorf("standard input: %+v", got)
	}
	var report struct {
		Entries, Errors, Warnings int
		Findings                  []struct {
			Line                    int
			Severity, Rule, Message string
		}
	}
	got := otv(nil, "", "candidates", "lint", bad, "--network", "kusama", "--json")
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || got.code != ExitFailed {
		t.Fatal(err, got)
	}
	if report.Errors != 2 || len(report.Findings) != 2 || report.Findings[0].Rule != "L7" || report.Findings[0].Line != 2 || report.Findings[1].Severity != "error" {
		t.Errorf("%+v", report)
	}
}

// TestExampleLists: the lists in examples/ have no findings.
func TestExampleLists(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "*", "candidates.json"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, f := range files {
		network := filepath.Base(filepath.Dir(f))
		if got := otv(nil, "", "candidates", "lint", "--strict", "--network", network, f); got.code != ExitOK {
			t.Errorf("%s: %s%s", f, got.out, got.errors)
		}
	}
}
