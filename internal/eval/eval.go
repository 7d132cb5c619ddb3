// Package eval computes files of cases by the programme's rules and compares the results with the expected values in
// the files. Operators who come from the old backend use it to see, case by case, what stays the same and what
// changes, and to try other weights offline.
//
// There are five kinds of files: number lists (stats), populations to be scored (score), single checks (validity),
// complete passes of all checks over a candidate (candidate-check) and numbers of nominations (num-nominations).
//
// The rules themselves are those of the packages validity, scoring and selection. What lives here is the old
// backend's shell around them: its values (numbers given as text, absent or null fields, not-a-number) and its
// bookkeeping (which reasons are written, which errors end a pass, which ranges are used). With the programme's
// profile that shell falls away and the files are judged by the recommended rules.
package eval

import (
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// Kind names a kind of files.
type Kind string

// The kinds.
const (
	KindStats          Kind = "stats"
	KindScore          Kind = "score"
	KindValidity       Kind = "validity"
	KindCandidateCheck Kind = "candidate-check"
	KindNumNominations Kind = "num-nominations"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{KindStats, KindScore, KindValidity, KindCandidateCheck, KindNumNominations}
}

// ParseKind finds a kind by its name.
func ParseKind(name string) (Kind, error) {
	var names []string
	for _, k := range Kinds() {
		if string(k) == name {
			return k, nil
		}
		names = append(names, string(k))
	}
	return "", fmt.Errorf("%q is no kind of file; there are %s", name, strings.Join(names, ", "))
}

// schema is the schema a file of the kind states.
func (k Kind) schema() string {
	if k == KindScore {
		return "population/1"
	}
	return string(k) + "/1"
}

// Report is what came out of a file.
type Report struct {
	Kind    Kind              `json:"kind"`
	Profile programme.Profile `json:"profile"`
	Cases   []Case            `json:"cases"`
	// Unchecked counts the cases for which the file states no expected result.
	Unchecked  int        `json:"unchecked"`
	Mismatches []Mismatch `json:"mismatches,omitzero"` // nil when nothing was compared
}

// Case is the result for one case of a file.
type Case struct {
	ID string `json:"id"`
	// Result has the form of the file's expected result. Numbers that are not finite are the texts "NaN",
	// "Infinity" and "-Infinity".
	Result any `json:"result"`
	// Verdicts are the answers of the rules behind the result, where it comes from checks.
	Verdicts []programme.Verdict `json:"verdicts,omitempty"`
	// Why explains a number of nominations.
	Why string `json:"why,omitempty"`
}

// Mismatch is a value that differs from the expected one. A nil side is absent.
type Mismatch struct {
	Case string `json:"case"`
	Path string `json:"path"`
	Want any    `json:"want"`
	Got  any    `json:"got"`
}

// String is one line for people.
func (m Mismatch) String() string {
	return fmt.Sprintf("%s: %s: expected %s, computed %s", m.Case, m.Path, shown(m.Want), shown(m.Got))
}

// Run computes a file of the given kind by the rules of a profile and compares the results with the expected ones
// in the file. An error means that the file cannot be used.
func Run(kind Kind, data []byte, profile programme.Profile) (*Report, error) {
	if profile != programme.ProfileProgramme && profile != programme.ProfileReference {
		return nil, fmt.Errorf("%q is no profile; there are %s and %s", profile, programme.ProfileProgramme, programme.ProfileReference)
	}
	list := "cases"
	if kind == KindScore {
		list = "populations"
	}
	root, r, err := open(data, kind.schema(), list)
	if err != nil {
		return nil, err
	}
	report := &Report{Kind: kind, Profile: profile, Mismatches: []Mismatch{}, Cases: []Case{}}
	seen := map[string]bool{}
	for _, n := range root.get(list).items() {
		id := n.get("id").text()
		if seen[id] && r.err == nil {
			n.get("id").fail("%q is the id of an earlier case", id)
		}
		seen[id] = true
		switch kind {
		case KindStats:
			runStats(report, id, n)
		case KindScore:
			runPopulation(report, id, n)
		case KindValidity:
			runCheck(report, id, n)
		case KindCandidateCheck:
			runPass(report, id, n)
		case KindNumNominations:
			runNumber(report, id, n)
		}
		if r.err != nil {
			return nil, r.err
		}
	}
	return report, r.err
}

// add files a result and compares it with what the file expects; an absent expectation is counted. Magnitude is
// the largest absolute value behind sums in the result, 0 where it does not matter.
func (r *Report) add(c Case, want node, magnitude float64) {
	r.Cases = append(r.Cases, c)
	if !want.present() {
		r.Unchecked++
		return
	}
	r.compare(c.ID, want.plain(), c.Result, magnitude)
}

func (r *Report) compare(id string, want, got any, magnitude float64) {
	c := comparer{id: id, magnitude: magnitude}
	c.value("", want, got, nil)
	r.Mismatches = append(r.Mismatches, c.found...)
}
