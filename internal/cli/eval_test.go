package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const evalData = "../eval/testdata/"

func TestEvalCheck(t *testing.T) {
	for kind, file := range map[string]string{
		"stats": "stats.json", "score": "score.json", "validity": "validity.json",
		"candidate-check": "candidate-check.json", "num-nominations": "num-nominations.json",
	} {
		got := otv(nil, "", "eval", kind, evalData+file, "--check", "--profile", "reference")
		if got.code != ExitOK || !strings.HasSuffix(got.out, " cases, 0 mismatches\n") {
			t.Errorf("%s: exit code %d, %q%s", kind, got.code, got.out, got.errors)
		}
	}
}

func TestEvalReportsMismatches(t *testing.T) {
	b, err := os.ReadFile(evalData + "num-nominations.json")
	if err != nil {
		t.Fatal(err)
	}
	altered := strings.Replace(string(b), `"nominationNum": 10`, `"nominationNum": 11`, 1)
	if altered == string(b) {
		t.Fatal("the test changes nothing")
	}
	got := otv(nil, altered, "eval", "num-nominations", "-", "--check", "--profile", "reference")
	want := "8 cases, 1 mismatches\nnine seats: nominationNum: expected 11, computed 10\n"
	if got.code != ExitFailed || got.out != want || got.errors != "" {
		t.Errorf("exit code %d, %q, %q", got.code, got.out, got.errors)
	}
	got = otv(nil, altered, "eval", "num-nominations", "-", "--check", "--json", "--profile", "reference")
	var report struct {
		Cases      []any
		Mismatches []map[string]any
	}
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	if got.code != ExitFailed || len(report.Cases) != 8 || len(report.Mismatches) != 1 || report.Mismatches[0]["want"] != 11.0 {
		t.Errorf("exit code %d, %+v", got.code, report)
	}
}

// Without --check the results are printed, by the programme's rules, whatever the file expects.
func TestEvalPrintsResults(t *testing.T) {
	got := otv(nil, "", "eval", "num-nominations", evalData+"num-nominations.json")
	if got.code != ExitOK || strings.Contains(got.out, "mismatches") || !strings.Contains(got.out, `"why": "980 tokens after the buffer cover 9 of 100 seats`) ||
		!strings.Contains(got.out, `"profile": "programme"`) {
		t.Errorf("exit code %d, %s%s", got.code, got.out, got.errors)
	}
}

func TestEvalRefuses(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"schema":"stats/1","cases":[{"id":"a","input":["x"]}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"eval", "magic", bad}, ExitUsage, `otv: "magic" is no kind of file; there are stats, score`},
		{[]string{"eval", "stats"}, ExitUsage, "accepts 2 arg(s)"},
		{[]string{"eval", "stats", bad, "--profile", "best"}, ExitUsage, `--profile "best" is neither programme nor reference`},
		{[]string{"eval", "stats", bad}, ExitInput, `bad.json: line 1: cases[0].input[0]: is "x", expected a number`},
		{[]string{"eval", "score", bad}, ExitInput, "bad.json: line 1: unknown member \"cases\""},
		{[]string{"eval", "stats", bad + ".gone"}, ExitInput, "no such file"},
	} {
		got := otv(nil, "", tt.args...)
		if got.code != tt.code || !strings.Contains(got.errors, tt.want) || strings.Count(got.errors, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q; want %d with %q", tt.args, got.code, got.errors, tt.code, tt.want)
		}
	}
}
