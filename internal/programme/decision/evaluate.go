// Package decision composes the rules of the programme into one pure function from frozen inputs to a decision,
// and gives both a canonical form, a digest and a verification that anyone can repeat.
//
//	inputs ── Freeze ──> Evaluate ──> decision ──┐
//	   └──────────────── canonical form ─────────┴──> digest, record ──> Verify
//
// Nothing here reads a clock, a file, a chain or a random source: the time is the block's, and the random factor
// comes from the block's hash. docs/record.md describes the form of the record for other programs.
package decision

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/scoring"
	"github.com/thousand-validators/otv/internal/programme/selection"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

// Evaluate decides a round. The inputs must be frozen (see [Freeze]); the same inputs give the same decision on
// every machine. An error means that the inputs contradict themselves.
func Evaluate(in *programme.Inputs) (*programme.Decision, error) {
	if err := check(in); err != nil {
		return nil, fmt.Errorf("decide round: %w", err)
	}
	draw, err := drawOf(in)
	if err != nil {
		return nil, fmt.Errorf("decide round: %w", err)
	}
	d := &programme.Decision{}
	d.Candidates = judge(in)
	ranked, err := rank(in, d, draw)
	if err != nil {
		return nil, fmt.Errorf("decide round: %w", err)
	}
	distribute(in, d, ranked)
	count(d)
	d.Difference = difference(in, d)
	d.Brakes = brakes(in, d)
	return d, nil
}

// drawOf is the random number of each stash. Where the rule set has no seed there is no recorded draw either, and
// every multiplier is 1, which is how the old backend's scores are compared.
func drawOf(in *programme.Inputs) (func(programme.Address) float64, error) {
	if !in.Rules.Switches.SeededDraw {
		return func(programme.Address) float64 { return 0 }, nil
	}
	return Draw(in.Seed)
}

// judge runs every check for every candidate.
func judge(in *programme.Inputs) []programme.CandidateDecision {
	index := validity.NewIndex(in)
	out := make([]programme.CandidateDecision, len(in.Candidates))
	for i := range in.Candidates {
		c := &in.Candidates[i]
		verdicts := validity.Evaluate(in, index, c)
		out[i] = programme.CandidateDecision{
			Slot: c.Slot, Name: c.Name, Stash: c.Stash,
			Verdicts: verdicts, Validity: validity.Overall(verdicts),
		}
	}
	return out
}

// rank scores the valid candidates and returns their indices, best first. Equal totals go by the lower slot.
func rank(in *programme.Inputs, d *programme.Decision, draw func(programme.Address) float64) ([]int, error) {
	var members []*programme.CandidateInput
	var ranked []int
	for i := range d.Candidates {
		if d.Candidates[i].Validity == programme.Valid {
			members = append(members, &in.Candidates[i])
			ranked = append(ranked, i)
		}
	}
	scores, stats, err := scoring.Evaluate(in, members, draw)
	if err != nil {
		return nil, err
	}
	d.Statistics = stats
	for k, i := range ranked {
		d.Candidates[i].Score = &scores[k]
	}
	slices.SortFunc(ranked, func(a, b int) int {
		ca, cb := &d.Candidates[a], &d.Candidates[b]
		return cmp.Or(cmp.Compare(cb.Score.Total, ca.Score.Total), cmp.Compare(ca.Slot, cb.Slot))
	})
	for k, i := range ranked {
		d.Candidates[i].Position = k + 1
	}
	return ranked, nil
}

// distribute gives the best candidates to the nominators that are due, in configuration order, and tells every
// candidate what became of it.
func distribute(in *programme.Inputs, d *programme.Decision, ranked []int) {
	stashes := make([]programme.Address, len(ranked))
	for k, i := range ranked {
		stashes[k] = d.Candidates[i].Stash
	}
	d.Nominators = make([]programme.NominatorDecision, len(in.Nominators))
	seats := make([]selection.Seat, len(in.Nominators))
	facts := make(map[programme.Address]*programme.ChainNominator, len(in.Snapshot.Nominators))
	for i := range in.Snapshot.Nominators {
		facts[in.Snapshot.Nominators[i].Address] = &in.Snapshot.Nominators[i]
	}
	for i := range in.Nominators {
		n, nd := &in.Nominators[i], &d.Nominators[i]
		nd.Address = n.Address
		fact := facts[n.Address]
		if fact == nil {
			nd.Reason = "not due: the snapshot has no facts about this account"
			continue
		}
		due, why := due(in, d, n, fact)
		nd.Due, nd.Reason = due, why
		if !due {
			continue
		}
		number, how := selection.Number(in, n, fact)
		nd.Number, nd.Reason = number, why+"; "+how
		seats[i] = selection.Seat{Nominator: n.Address, Number: number}
	}
	given := map[programme.Address]programme.Address{}
	for i, targets := range selection.Distribute(stashes, seats) {
		nd := &d.Nominators[i]
		nd.Targets = targets
		if fact := facts[nd.Address]; fact != nil && nd.Due {
			nd.Added, nd.Removed = changes(fact.Targets, targets)
		}
		for _, t := range targets {
			given[t] = nd.Address
		}
	}
	explain(d, ranked, given)
}

// due is the rule of the selection, and in addition: a nominator whose target on chain has become unfit by a rule
// that must not wait (suspended, blocked, over the commission limit, no longer listed) is due at once, provided
// it could act at all.
func due(in *programme.Inputs, d *programme.Decision, n *programme.Nominator, fact *programme.ChainNominator) (bool, string) {
	ok, why := selection.Due(in, n, fact)
	if ok || !in.Rules.Switches.DueByThreshold {
		return ok, why
	}
	forced := *in
	forced.Force = true
	if able, _ := selection.Due(&forced, n, fact); !able {
		return false, why
	}
	for _, t := range fact.Targets {
		if unfit := unfitTarget(d, t); unfit != "" {
			return true, fmt.Sprintf("due at once: its target %s %s", t, unfit)
		}
	}
	return false, why
}

// unfitTarget says what is wrong with a present target, or nothing.
func unfitTarget(d *programme.Decision, target programme.Address) string {
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if c.Stash != target {
			continue
		}
		for _, v := range c.Verdicts {
			if v.State != programme.Fail || v.Own() != programme.Fail {
				continue // an operator's word alone waits for the next time the nominator is due
			}
			switch v.Code {
			case programme.CodeSuspended:
				return "is suspended"
			case programme.CodeBlocked:
				return "blocks nominations"
			case programme.CodeCommission:
				return "raised its commission over the limit"
			}
		}
		return ""
	}
	return "is no longer listed"
}

// changes lists what is in after but not in before, and the other way round, in the order of each list.
func changes(before, after []programme.Address) (added, removed []programme.Address) {
	for _, a := range after {
		if !slices.Contains(before, a) {
			added = append(added, a)
		}
	}
	for _, b := range before {
		if !slices.Contains(after, b) {
			removed = append(removed, b)
		}
	}
	return added, removed
}

// count sums up a decision.
func count(d *programme.Decision) {
	c := &d.Counts
	c.Listed = len(d.Candidates)
	for i := range d.Candidates {
		switch d.Candidates[i].Validity {
		case programme.Valid:
			c.Valid++
		case programme.Invalid:
			c.Invalid++
		default:
			c.Unknown++
		}
		if d.Candidates[i].Score != nil {
			c.Scored++
		}
	}
	for i := range d.Nominators {
		if d.Nominators[i].Due {
			c.Nominators++
			c.Seats += d.Nominators[i].Number
			c.Assigned += len(d.Nominators[i].Targets)
		}
	}
}
