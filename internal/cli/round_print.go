package cli

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
)

// printRound shows a whole record to people: what it was decided from, what is wrong with the world if anything,
// who nominates whom, and what became of every candidate.
func printRound(env *Env, w io.Writer, r *decision.Record) {
	in, d := &r.Inputs, &r.Decision
	printHead(w, r)
	fmt.Fprintln(w)
	for _, b := range d.Brakes {
		state := "ok"
		if b.Tripped {
			state = "TRIPPED"
		}
		fmt.Fprintf(w, "brake %-9s %-8s %s\n", b.Name, state, b.Detail)
	}
	if d.Difference != nil {
		fmt.Fprintln(w)
		printDifference(w, d.Difference)
	}
	fmt.Fprintln(w)
	names := candidateNames(d)
	printNominators(env, w, in, d, names)
	fmt.Fprintln(w)
	printCandidates(env, w, d)
}

func printHead(w io.Writer, r *decision.Record) {
	in, c := &r.Inputs, &r.Decision.Counts
	s := &in.Snapshot
	fmt.Fprintf(w, "%s, active era %d, session %d, rules %s\n", printable(s.Network.Name), s.Eras.Active, s.Eras.Session, in.Rules.Profile)
	for _, b := range s.Blocks {
		fmt.Fprintf(w, "  %-9s %s block %d (%s), %s %d, %s\n", b.Role, printable(b.Chain), b.Number, short(b.Hash), printable(b.SpecName), b.SpecVersion, b.Time)
	}
	parts := make([]string, 0, len(s.Gaps))
	for p, why := range s.Gaps {
		parts = append(parts, fmt.Sprintf("  not read: %s: %s", p, printable(why)))
	}
	slices.Sort(parts)
	for _, p := range parts {
		fmt.Fprintln(w, p)
	}
	for _, src := range in.Sources {
		if src.State != programme.SourceOK {
			fmt.Fprintf(w, "  source %s is %s: %s\n", src.Name, src.State, printable(src.Detail))
		}
	}
	fmt.Fprintf(w, "%d listed: %d valid, %d invalid, %d unknown; %d nominators due with %d seats, %d assigned\n",
		c.Listed, c.Valid, c.Invalid, c.Unknown, c.Nominators, c.Seats, c.Assigned)
	fmt.Fprintf(w, "digest %s\n", r.Digest)
}

func printDifference(w io.Writer, diff *programme.Difference) {
	fmt.Fprintf(w, "since the record %s:\n", short(diff.Digest))
	for _, line := range []struct {
		what  string
		slots []int
	}{
		{"listed", diff.Listed}, {"delisted", diff.Delisted}, {"now valid", diff.NowValid},
		{"now invalid", diff.NowInvalid}, {"now unknown", diff.NowUnknown},
	} {
		if len(line.slots) > 0 {
			fmt.Fprintf(w, "  %-11s %d: slots %s\n", line.what, len(line.slots), joinInts(line.slots))
		}
	}
	for _, f := range diff.Checks {
		fmt.Fprintf(w, "  %s: %d now fail, %d no longer, %d now unknown\n", f.Code, f.ToFail, f.ToPass, f.Unknown)
	}
	for _, n := range diff.Nominations {
		fmt.Fprintf(w, "  nominator %s: %d targets added, %d removed\n", n.Address, len(n.Added), len(n.Removed))
	}
}

func joinInts(list []int) string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, " ")
}

func candidateNames(d *programme.Decision) map[programme.Address]string {
	names := make(map[programme.Address]string, len(d.Candidates))
	for i := range d.Candidates {
		names[d.Candidates[i].Stash] = d.Candidates[i].Name
	}
	return names
}

func printNominators(env *Env, w io.Writer, in *programme.Inputs, d *programme.Decision, names map[programme.Address]string) {
	if len(d.Nominators) == 0 {
		fmt.Fprintln(w, "no nominators are configured: nothing can be assigned")
		return
	}
	t := newTable(env, "NOMINATOR", "DUE", "SEATS", "GIVEN", "NEW", "LEAVE", "WHY").numbers(2, 3, 4, 5)
	for i := range d.Nominators {
		n := &d.Nominators[i]
		due := cell{"no", dim}
		if n.Due {
			due = cell{"yes", green}
		}
		t.row(string(n.Address), due, n.Number, len(n.Targets), len(n.Added), len(n.Removed), n.Reason)
	}
	t.print(w)
	for i := range d.Nominators {
		n := &d.Nominators[i]
		if len(n.Targets) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s nominates:\n", n.Address)
		for k, target := range n.Targets {
			fmt.Fprintf(w, "  %2d. %s  %s\n", k+1, target, printable(names[target]))
		}
	}
}

// printCandidates lists all candidates, ranked ones first, each with what became of it.
func printCandidates(env *Env, w io.Writer, d *programme.Decision) {
	order := make([]*programme.CandidateDecision, len(d.Candidates))
	for i := range d.Candidates {
		order[i] = &d.Candidates[i]
	}
	group := map[programme.Validity]int{programme.Valid: 0, programme.Undecided: 1, programme.Invalid: 2}
	slices.SortStableFunc(order, func(a, b *programme.CandidateDecision) int {
		return cmp.Or(cmp.Compare(group[a.Validity], group[b.Validity]), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Slot, b.Slot))
	})
	t := newTable(env, "POS", "SLOT", "NAME", "VALIDITY", "SCORE", "WHAT BECAME OF IT").numbers(0, 1, 4)
	for _, c := range order {
		pos, score := "", ""
		if c.Score != nil {
			pos, score = strconv.Itoa(c.Position), strconv.FormatFloat(c.Score.Total, 'f', 2, 64)
		}
		what := cell{c.Reason, ""}
		if c.Nominator != "" {
			what = cell{"nominated by " + string(c.Nominator), green}
		}
		t.row(pos, c.Slot, c.Name, validityCell(c.Validity), score, what)
	}
	t.print(w)
}

func validityCell(v programme.Validity) cell {
	switch v {
	case programme.Valid:
		return cell{string(v), green}
	case programme.Invalid:
		return cell{string(v), red}
	default:
		return cell{string(v), yellow}
	}
}

// printCandidate explains one candidate: every check, every part of the score, and the binding reason.
func printCandidate(env *Env, w io.Writer, n *programme.Network, c *programme.CandidateDecision) {
	fmt.Fprintf(w, "slot %d, %s\nstash %s\n%s: %s\n\n", c.Slot, printable(c.Name), c.Stash, c.Validity, printable(c.Reason))
	t := newTable(env, "CHECK", "ANSWER", "OBSERVED", "DEMANDED", "SOURCE", "AS OF", "REMARK")
	for _, v := range c.Verdicts {
		answer := cell{string(v.State), map[programme.State]string{programme.Pass: green, programme.Fail: red, programme.Unknown: yellow}[v.State]}
		remark := v.Detail
		if v.Held != "" {
			remark = strings.TrimSpace(fmt.Sprintf("%s (holds %s of %s)", remark, v.Held, v.HeldAt))
		}
		if v.Changes != 0 {
			remark = strings.TrimSpace(fmt.Sprintf("%s (changes %s)", remark, v.Changes))
		}
		at := ""
		if v.At != 0 {
			at = v.At.String()
		}
		t.row(string(v.Code), answer, v.Value, v.Limit, string(v.Source), at, remark)
	}
	t.print(w)
	if c.Score == nil {
		return
	}
	fmt.Fprintln(w)
	t = newTable(env, "FACTOR", "VALUE", "SCALED", "WEIGHT", "POINTS", "REMARK").numbers(1, 2, 3, 4)
	for _, p := range c.Score.Parts {
		t.row(string(p.Factor), figure(n, &p), number(p.Scaled), number(p.Weight), number(p.Points), p.Note)
	}
	t.print(w)
	fmt.Fprintf(w, "sum %s, times %s for chance, makes %s points: position %d\n",
		number(c.Score.Aggregate), strconv.FormatFloat(c.Score.Randomness, 'f', 4, 64), number(c.Score.Total), c.Position)
}

// figure is a candidate's own number of a factor in the unit people think in.
func figure(n *programme.Network, p *programme.Contribution) string {
	switch {
	case p.Factor == programme.FactorDiscovered && p.Value > 0:
		return programme.Millis(p.Value).String()
	case p.Factor == programme.FactorBonded:
		return number(p.Value/math.Pow10(n.Decimals)) + " " + n.Symbol
	case p.Factor == programme.FactorOffline:
		return number(p.Value/float64(programme.Minute)) + " min"
	}
	return number(p.Value)
}

func number(f float64) string {
	if f == float64(int64(f)) {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'f', 3, 64)
}

// short is the beginning of a hash or digest.
func short(hash string) string {
	if i := strings.IndexByte(hash, ':'); i >= 0 && len(hash) > i+13 {
		return hash[:i+13]
	}
	if len(hash) > 14 {
		return hash[:14]
	}
	return hash
}
