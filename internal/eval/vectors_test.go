package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// sample is a file of cases with expected results of the old backend.
type sample struct {
	kind  Kind
	file  string
	cases int // with the runs of the populations
}

// own are the files in testdata, whose expected values were worked out by hand.
var own = []sample{
	{KindStats, "testdata/stats.json", 2}, {KindScore, "testdata/score.json", 2}, {KindValidity, "testdata/validity.json", 11},
	{KindCandidateCheck, "testdata/candidate-check.json", 2}, {KindNumNominations, "testdata/num-nominations.json", 8},
}

// shared are files computed with the old backend's formulas, where they are at hand.
var shared = []sample{
	{KindStats, "stats.json", 65}, {KindScore, "population-small.json", 6}, {KindScore, "population-small-2.json", 5},
	{KindScore, "population-large.json", 5}, {KindScore, "population-edge.json", 54}, {KindValidity, "validity.json", 226},
	{KindCandidateCheck, "candidate-check.json", 40}, {KindNumNominations, "num-nominations.json", 58},
}

// samples are all files that are at hand.
func samples(t testing.TB) []sample {
	out := append([]sample{}, own...)
	dir, err := sharedFolder()
	if err != nil {
		t.Log("only the files in testdata are used: ", err)
		return out
	}
	for _, s := range shared {
		s.file = filepath.Join(dir, s.file)
		out = append(out, s)
	}
	return out
}

// sharedFolder finds the folder with the shared files beside the module.
func sharedFolder() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the test")
		}
		dir = parent
	}
	dir = filepath.Join(dir, "..", "shared", "vectors")
	if _, err := os.Stat(dir); err != nil {
		return "", errors.New("there are no shared files")
	}
	return dir, nil
}

func readSample(t testing.TB, s sample) []byte {
	b, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The reference profile reproduces the old backend number by number.
func TestReferenceProfileMatches(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			report, err := Run(s.kind, readSample(t, s), programme.ProfileReference)
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Cases) != s.cases || report.Unchecked != 0 {
				t.Errorf("%d cases, %d unchecked; want %d, all checked", len(report.Cases), report.Unchecked, s.cases)
			}
			for i, m := range report.Mismatches {
				if i == 10 {
					t.Fatalf("and %d more", len(report.Mismatches)-i)
				}
				t.Error(m)
			}
		})
	}
}

// The programme's profile judges the same files, says why, and differs somewhere.
func TestProgrammeProfileRuns(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			report, err := Run(s.kind, readSample(t, s), programme.ProfileProgramme)
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Cases) != s.cases {
				t.Errorf("%d cases, want %d", len(report.Cases), s.cases)
			}
			for _, c := range report.Cases {
				switch s.kind {
				case KindValidity, KindCandidateCheck:
					if len(c.Verdicts) == 0 {
						t.Errorf("%s has no verdict", c.ID)
					}
				case KindNumNominations:
					if c.Why == "" {
						t.Errorf("%s does not say why", c.ID)
					}
				}
			}
			if _, err := json.Marshal(report); err != nil {
				t.Error(err)
			}
		})
	}
}

// Any expected value that is altered, whatever it is, is noticed.
func TestAlteredExpectationsAreNoticed(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.file, func(t *testing.T) {
			b := readSample(t, s)
			var doc any
			dec := json.NewDecoder(bytes.NewReader(b))
			dec.UseNumber()
			if err := dec.Decode(&doc); err != nil {
				t.Fatal(err)
			}
			var places []place
			collect(s.kind, "", doc, &places)
			if len(places) < 10 {
				t.Fatalf("only %d expected values found", len(places))
			}
			r := rand.New(rand.NewPCG(1, uint64(len(b))))
			tries := 15
			if len(b) > 1<<17 {
				tries = 2
			}
			for range tries {
				p := places[r.IntN(len(places))]
				was := p.get()
				p.set(altered(was))
				changed, err := json.Marshal(doc)
				p.set(was)
				if err != nil {
					t.Fatal(err)
				}
				report, err := Run(s.kind, changed, programme.ProfileReference)
				if err != nil {
					// A value of another type can make the file unusable; that is noticed too.
					continue
				}
				if len(report.Mismatches) == 0 {
					t.Errorf("%s: %v was altered to %v, and nobody noticed", p.path, was, altered(was))
				}
			}
		})
	}
}

// place is where a value stands in a document.
type place struct {
	path string
	get  func() any
	set  func(any)
}

// collect lists the expected values of a document.
func collect(kind Kind, path string, v any, out *[]place) {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			child(kind, path+"."+k, v[k], func() any { return v[k] }, func(x any) { v[k] = x }, out)
		}
	case []any:
		for i := range v {
			child(kind, path+"[]", v[i], func() any { return v[i] }, func(x any) { v[i] = x }, out)
		}
	}
}

func child(kind Kind, path string, v any, get func() any, set func(any), out *[]place) {
	switch v.(type) {
	case map[string]any, []any:
		collect(kind, path, v, out)
	default:
		if expected(kind, path) {
			*out = append(*out, place{path, get, set})
		}
	}
}

// expected says whether the value at a path is an expectation and not an input.
func expected(kind Kind, path string) bool {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.HasPrefix(path, p) {
				return true
			}
		}
		return false
	}
	switch kind {
	case KindStats:
		return has(".cases[].stats.", ".cases[].variance", ".cases[].mean", ".cases[].standardDeviation", ".cases[].direct.",
			".cases[].probes[].scaled", ".cases[].size") && !strings.HasSuffix(path, ".low") && !strings.HasSuffix(path, ".high")
	case KindScore:
		earlier := has(".populations[].earlierMetadata[].stats.") && !strings.Contains(path, ".values")
		return earlier || has(".populations[].metadata.", ".populations[].runs[].") &&
			!has(".populations[].runs[].id", ".populations[].runs[].random.", ".populations[].runs[].scoreConfig") &&
			!strings.HasSuffix(path, ".draw")
	}
	return has(".cases[].expect.")
}

// altered is another value of the same type, or of another where there is none.
func altered(v any) any {
	switch v := v.(type) {
	case json.Number:
		f, _ := v.Float64()
		if f == 0 {
			return json.Number("1e-3")
		}
		return json.Number(fmt.Sprint(f * 1.000001))
	case string:
		return v + "x"
	case bool:
		return !v
	}
	return json.Number("1")
}

func BenchmarkRun(b *testing.B) {
	for _, s := range samples(b) {
		data, err := os.ReadFile(s.file)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(filepath.Base(s.file), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Run(s.kind, data, programme.ProfileReference); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
