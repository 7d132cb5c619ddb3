//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// record is what the test reads of a round's record. Records write every number as text.
type record struct {
	Digest string `json:"digest"`
	Inputs struct {
		Now  number `json:"now"`
		Seed string `json:"seed"`
		// What the program could not read, or did not know the form of.
		Snapshot struct {
			Gaps     map[string]string `json:"gaps"`
			Warnings []string          `json:"warnings"`
		} `json:"snapshot"`
	} `json:"inputs"`
	Decision struct {
		Counts     map[string]number `json:"counts"`
		Candidates []struct {
			Slot     number `json:"slot"`
			Validity string `json:"validity"`
			Verdicts []struct {
				Code, State, Detail string
			} `json:"verdicts"`
			Score *struct {
				Parts []struct {
					Factor string `json:"factor"`
					Points number `json:"points"`
				} `json:"parts"`
				Aggregate number `json:"aggregate"`
				Total     number `json:"total"`
			} `json:"score"`
			Position  number `json:"position"`
			Nominator string `json:"nominator"`
			Reason    string `json:"reason"`
		} `json:"candidates"`
		Nominators []struct {
			Address string   `json:"address"`
			Due     bool     `json:"due"`
			Reason  string   `json:"reason"`
			Number  number   `json:"number"`
			Targets []string `json:"targets"`
		} `json:"nominators"`
		Brakes []struct {
			Name    string `json:"name"`
			Tripped bool   `json:"tripped"`
		} `json:"brakes"`
	} `json:"decision"`
}

// number is a JSON number, given as such or as text.
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = number(f)
	return err
}

// outcome is what the model says.
type outcome struct {
	Candidates []struct {
		Slot      int                `json:"slot"`
		Validity  string             `json:"validity"`
		Verdicts  map[string]string  `json:"verdicts"`
		Parts     map[string]float64 `json:"parts"`
		Aggregate float64            `json:"aggregate"`
		Total     float64            `json:"total"`
		Position  int                `json:"position"`
		Nominator string             `json:"nominator"`
	} `json:"candidates"`
	Nominators []struct {
		Address string   `json:"address"`
		Due     bool     `json:"due"`
		Number  int      `json:"number"`
		Targets []string `json:"targets"`
	} `json:"nominators"`
}

// expected is what population.mjs wrote about the chain it filled.
type expected struct {
	Block int    `json:"block"`
	Hash  string `json:"hash"`
	Cases []struct {
		Slot   int               `json:"slot"`
		Label  string            `json:"label"`
		Expect map[string]string `json:"expect"`
	} `json:"cases"`
	Nominators []struct {
		Label   string `json:"label"`
		Address string `json:"address"`
	} `json:"nominators"`
}

// differences collects what differs between the program and the model, in words.
type differences struct {
	labels map[string]string
	lines  []string
}

func (d *differences) add(what, aspect string, otv, model any) {
	if label := d.labels[what]; label != "" {
		what += " (" + label + ")"
	}
	d.lines = append(d.lines, fmt.Sprintf("%s: %s: otv says %v, the model %v", what, aspect, otv, model))
}

func (d *differences) exact(what, aspect string, otv, model any) {
	if fmt.Sprint(otv) != fmt.Sprint(model) {
		d.add(what, aspect, otv, model)
	}
}

// tolerance of scores, relative: both sides add floats, perhaps in another order.
const tolerance = 1e-9

func (d *differences) close(what, aspect string, otv, model float64) {
	if math.Abs(otv-model) > tolerance*math.Max(1, math.Abs(model)) || math.IsNaN(otv) != math.IsNaN(model) {
		d.add(what, aspect, otv, model)
	}
}

func slotName(slot int) string { return "slot " + strconv.Itoa(slot) }

// compare demands that a record says what the model says.
func compare(t *testing.T, r *record, m *outcome, e *expected) {
	t.Helper()
	d := &differences{labels: map[string]string{}}
	for _, c := range e.Cases {
		d.labels[slotName(c.Slot)] = c.Label
	}
	for _, n := range e.Nominators {
		d.labels[n.Address] = n.Label
	}
	d.exact("round", "seed", r.Inputs.Seed, e.Hash)
	d.exact("round", "gaps", r.Inputs.Snapshot.Gaps, map[string]string{})
	d.exact("round", "warnings", r.Inputs.Snapshot.Warnings, []string{})
	d.candidates(r, m)
	d.nominators(r, m)
	report(t, "the program and the model differ", d.lines)
}

func (d *differences) candidates(r *record, m *outcome) {
	d.exact("round", "number of candidates", len(r.Decision.Candidates), len(m.Candidates))
	for i := range min(len(r.Decision.Candidates), len(m.Candidates)) {
		c, want := &r.Decision.Candidates[i], &m.Candidates[i]
		what := slotName(want.Slot)
		d.exact("candidate "+strconv.Itoa(i), "slot", int(c.Slot), want.Slot)
		got := map[string]string{}
		for _, v := range c.Verdicts {
			got[v.Code] = v.State
		}
		for _, code := range slices.Sorted(maps.Keys(want.Verdicts)) {
			d.exact(what, code, got[code], want.Verdicts[code])
		}
		d.exact(what, "number of checks", len(c.Verdicts), len(want.Verdicts))
		d.exact(what, "validity", c.Validity, want.Validity)
		d.exact(what, "position", int(c.Position), want.Position)
		d.exact(what, "nominator", c.Nominator, want.Nominator)
		if c.Reason == "" {
			d.add(what, "reason", "nothing", "that every candidate must be explained")
		}
		if (c.Score == nil) != (want.Parts == nil) {
			d.add(what, "scored", c.Score != nil, want.Parts != nil)
		}
		if c.Score == nil || want.Parts == nil {
			continue
		}
		for _, p := range c.Score.Parts {
			points, ok := want.Parts[p.Factor]
			if !ok {
				d.add(what, p.Factor, float64(p.Points), "no such factor")
				continue
			}
			d.close(what, p.Factor, float64(p.Points), points)
		}
		d.exact(what, "number of factors", len(c.Score.Parts), len(want.Parts))
		d.close(what, "aggregate", float64(c.Score.Aggregate), want.Aggregate)
		d.close(what, "total", float64(c.Score.Total), want.Total)
	}
}

func (d *differences) nominators(r *record, m *outcome) {
	d.exact("round", "number of nominators", len(r.Decision.Nominators), len(m.Nominators))
	for i := range min(len(r.Decision.Nominators), len(m.Nominators)) {
		n, want := &r.Decision.Nominators[i], &m.Nominators[i]
		d.exact("nominator "+strconv.Itoa(i), "address", n.Address, want.Address)
		d.exact(want.Address, "due ("+n.Reason+")", n.Due, want.Due)
		d.exact(want.Address, "number ("+n.Reason+")", int(n.Number), want.Number)
		d.exact(want.Address, "targets", strings.Join(n.Targets, " "), strings.Join(want.Targets, " "))
	}
}

// corners demands the hand-written answers of the corner cases: the named ones as they are, all others no objection.
func corners(t *testing.T, r *record, e *expected) {
	t.Helper()
	bySlot := map[int]map[string]string{}
	details := map[string]string{}
	for _, c := range r.Decision.Candidates {
		states := map[string]string{}
		for _, v := range c.Verdicts {
			states[v.Code] = v.State
			details[slotName(int(c.Slot))+v.Code] = v.Detail
		}
		bySlot[int(c.Slot)] = states
	}
	var lines []string
	for _, c := range e.Cases {
		for code, state := range bySlot[c.Slot] {
			want := c.Expect[code]
			if state != want && (want != "" || state != "pass" && state != "n/a") {
				lines = append(lines, fmt.Sprintf("%s (%s): %s is %s (%s), the rules demand %q", slotName(c.Slot), c.Label, code, state, details[slotName(c.Slot)+code], want))
			}
		}
		if len(bySlot[c.Slot]) == 0 {
			lines = append(lines, slotName(c.Slot)+" ("+c.Label+") is missing")
		}
	}
	slices.Sort(lines)
	report(t, "corner cases are judged wrongly", lines)
}

// report fails with the first lines of a list that should be empty.
func report(t *testing.T, what string, lines []string) {
	t.Helper()
	if len(lines) == 0 {
		return
	}
	const most = 40
	text := strings.Join(lines[:min(most, len(lines))], "\n  ")
	if len(lines) > most {
		text += fmt.Sprintf("\n  and %d more", len(lines)-most)
	}
	t.Errorf("%s:\n  %s", what, text)
}

var _ json.Unmarshaler = (*number)(nil)
