package eval

import (
	"os"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// Every file that cannot be used ends in one sentence with the line and the place.
func TestUnusableFiles(t *testing.T) {
	tests := []struct {
		name string
		kind Kind
		data string
		want string
	}{
		{"empty", KindStats, ``, "line 1, column 1: it is empty"},
		{"not JSON", KindStats, `{"schema": }`, "not usable JSON: line 1"},
		{"cut off", KindStats, `{"schema":"stats/1",`, "ends too early"},
		{"not an object", KindStats, `[1]`, "line 1: is a list, expected an object"},
		{"other schema", KindScore, `{"schema":"stats/1","populations":[]}`, `schema: is "stats/1", expected "population/1"`},
		{"no schema", KindStats, `{"cases":[]}`, `schema: is "", expected "stats/1"`},
		{"no list", KindStats, `{"schema":"stats/1"}`, `the list "cases" is missing`},
		{"unknown member", KindStats, "{\"schema\":\"stats/1\",\n\"case\":[]}", `unknown member "case"; did you mean "cases"?`},
		{"member twice", KindStats, `{"schema":"stats/1","cases":[],"cases":[]}`, `"cases" is given twice`},
		{"case twice", KindStats, `{"schema":"stats/1","cases":[{"id":"a","input":[]},{"id":"a","input":[]}]}`, `cases[1].id: "a" is the id of an earlier case`},
		{"list of texts", KindStats, "{\"schema\":\"stats/1\",\"cases\":[{\"id\":\"a\",\n\"input\":[\"x\"]}]}", `line 2: cases[0].input[0]: is "x", expected a number`},
		{"no list of numbers", KindStats, `{"schema":"stats/1","cases":[{"id":"a"}]}`, "cases[0].input: is missing"},
		{"too large a number", KindStats, `{"schema":"stats/1","cases":[{"id":"a","input":[1e999]}]}`, "1e999 is too large"},
		{"quantile out of range", KindStats, `{"schema":"stats/1","cases":[{"id":"a","input":[1],"probes":[{"value":1,"scaledDefined":[{"low":-1,"high":2}]}]}]}`, "quantiles lie between 0 and 1"},
		{"no check", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"magic"}]}`, `check: "magic" is no check`},
		{"no candidate", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"online","clockMs":1}]}`, "candidate: is missing"},
		{"candidate is null", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"online","clockMs":1,"candidate":null}]}`, "candidate: is null, expected a value"},
		{"half a millisecond", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"online","clockMs":1.5,"candidate":{}}]}`, "clockMs: 1.5 is not a whole number"},
		{"misspelt field", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"online","clockMs":1,"candidate":{"onlineSinse":1}}]}`, `unknown member "onlineSinse"; did you mean "onlineSince"?`},
		{"name is a number", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"online","clockMs":1,"candidate":{"name":7}}]}`, "candidate.name: is 7, expected a text"},
		{"unreachable what", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"online","clockMs":1,"candidate":{},"stored":{"unreachable":["moon"]}}]}`, `"moon" is none of`},
		{"pair of one", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"commission","clockMs":1,"candidate":{"stash":"s"},"chain":{"commission":{"returns":[1]}}}]}`, "expected a list of a value and an error text"},
		{"negative commission", KindValidity, `{"schema":"validity/1","cases":[{"id":"a","check":"commission","clockMs":1,"candidate":{"stash":"s"},"chain":{"commission":{"returns":[-1,null]}}}]}`, "-1 is not a whole number between 0"},
		{"amount in words", KindNumNominations, `{"schema":"num-nominations/1","cases":[{"id":"a","free":"lots"}]}`, `free: "lots" is not a whole number of planck`},
		{"amount as a number", KindNumNominations, `{"schema":"num-nominations/1","cases":[{"id":"a","free":5}]}`, "free: is 5, expected a text"},
		{"decimals", KindNumNominations, `{"schema":"num-nominations/1","cases":[{"id":"a","denom":12}]}`, "denom: 12 is not a power of ten"},
		{"draw of one", KindScore, `{"schema":"population/1","populations":[{"id":"a","clockMs":1,"runs":[{"id":"r","random":{"mode":"constant","value":1}}]}]}`, "random.value: 1 is not in [0, 1)"},
		{"sequence of nothing", KindScore, `{"schema":"population/1","populations":[{"id":"a","clockMs":1,"runs":[{"id":"r","random":{"mode":"sequence"}}]}]}`, "needs the scores"},
		{"odd mode", KindScore, `{"schema":"population/1","populations":[{"id":"a","clockMs":1,"runs":[{"id":"r","random":{"mode":"dice"}}]}]}`, `"dice" is neither`},
		{"run twice", KindScore, `{"schema":"population/1","populations":[{"id":"a","clockMs":1,"runs":[{"id":"r"},{"id":"r"}]}]}`, `"r" is the id of an earlier run`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, err := Run(tt.kind, []byte(tt.data), programme.ProfileReference)
			if err == nil {
				t.Fatalf("accepted: %+v", report)
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q, want one sentence with %q", err, tt.want)
			}
		})
	}
}

func TestUnknownKindAndProfile(t *testing.T) {
	if _, err := ParseKind("scores"); err == nil || !strings.Contains(err.Error(), "num-nominations") {
		t.Errorf("ParseKind: %v", err)
	}
	if _, err := Run(KindStats, []byte(`{}`), "best"); err == nil || !strings.Contains(err.Error(), `"best" is no profile`) {
		t.Errorf("Run: %v", err)
	}
}

// A file without expected results is computed all the same.
func TestFilesWithoutExpectations(t *testing.T) {
	for kind, data := range map[Kind]string{
		KindStats:          `{"schema":"stats/1","cases":[{"id":"a","input":[1,2]}]}`,
		KindScore:          `{"schema":"population/1","populations":[{"id":"a","clockMs":1,"session":1,"candidates":[{"slotId":1,"stash":"s","valid":true}],"runs":[{"id":"r","scoreConfig":{"client":0}}]}]}`,
		KindValidity:       `{"schema":"validity/1","cases":[{"id":"a","check":"online","clockMs":1,"candidate":{"slotId":1,"name":"n","stash":"s"}}]}`,
		KindCandidateCheck: `{"schema":"candidate-check/1","cases":[{"id":"a","clockMs":1,"candidate":{"slotId":1,"name":"n","stash":"s"}}]}`,
		KindNumNominations: `{"schema":"num-nominations/1","cases":[{"id":"a","denom":1e10,"stash":"s","free":"1","reserved":"0","electedTotals":[]}]}`,
	} {
		for _, profile := range []programme.Profile{programme.ProfileReference, programme.ProfileProgramme} {
			report, err := Run(kind, []byte(data), profile)
			if err != nil {
				t.Errorf("%s: %v", kind, err)
				continue
			}
			if len(report.Cases) == 0 || report.Unchecked != len(report.Cases) || len(report.Mismatches) != 0 {
				t.Errorf("%s: %+v", kind, report)
			}
		}
	}
}

// FuzzRun feeds the readers of all kinds: no file may end the process.
func FuzzRun(f *testing.F) {
	for i, s := range own {
		b, err := os.ReadFile(s.file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, b)
	}
	f.Add(0, []byte(`{"schema":"stats/1","cases":[{"id":"a","input":["Infinity","NaN"],"probes":[{"value":null}]}]}`))
	f.Add(1, []byte(`{"schema":"population/1","populations":[{"id":"a","clockMs":1,"candidates":[{"slotId":1,"valid":true}],"runs":[{}]}]}`))
	f.Fuzz(func(t *testing.T, i int, data []byte) {
		kinds := Kinds()
		kind := kinds[uint(i)%uint(len(kinds))]
		for _, profile := range []programme.Profile{programme.ProfileReference, programme.ProfileProgramme} {
			report, err := Run(kind, data, profile)
			if err != nil {
				if strings.TrimSpace(err.Error()) == "" {
					t.Error("refused without a reason")
				}
				continue
			}
			for _, m := range report.Mismatches {
				if m.String() == "" {
					t.Error("a mismatch says nothing")
				}
			}
		}
	})
}
