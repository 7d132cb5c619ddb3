package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// story says what has happened between two looks at the database, in a sentence each.
func story(before, now *facts, nominators []programme.Address) []string {
	t := &tale{before: before, now: now, nominators: nominators, names: map[int]string{}, stashes: map[programme.Address]string{}}
	for _, c := range now.candidates {
		t.names[c.Slot] = c.Name
		t.stashes[c.Stash] = c.Name
	}
	t.candidates()
	t.eras()
	t.validity()
	t.scores()
	t.plans()
	t.active()
	t.ranks()
	return t.lines
}

// shown is how many names a sentence has at most.
const shown = 6

type tale struct {
	before, now *facts
	nominators  []programme.Address // in their order
	names       map[int]string
	stashes     map[programme.Address]string
	lines       []string
}

func (t *tale) say(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

// some lists names, and how many more there are.
func some(names []string) string {
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

func (t *tale) candidates() {
	known := map[int]bool{}
	for _, c := range t.before.candidates {
		known[c.Slot] = true
	}
	var fresh []string
	for _, c := range t.now.candidates {
		if !known[c.Slot] {
			fresh = append(fresh, c.Name)
		}
	}
	if len(fresh) > 0 {
		t.say("%d candidates appear in the list: %s", len(fresh), some(fresh))
	}
}

func (t *tale) eras() {
	if t.now.chain == nil {
		return
	}
	e := t.now.chain.Eras
	if t.before.chain == nil || t.before.chain.Eras.Active != e.Active {
		t.say("sees era %d, session %d", e.Active, e.Session)
	}
}

// validity tells who has begun or ceased to be valid, and why. Of the first look it tells the sum.
func (t *tale) validity() {
	was := map[int]*memory.Standing{}
	for i := range t.before.standings {
		if s := &t.before.standings[i]; s.Block != 0 && len(s.Verdicts) > 0 {
			was[s.Slot] = s
		}
	}
	first := map[programme.Validity]int{}
	for i := range t.now.standings {
		s := &t.now.standings[i]
		if s.Block == 0 || len(s.Verdicts) == 0 {
			continue
		}
		old := was[s.Slot]
		switch {
		case old == nil:
			first[s.Validity]++
		case old.Validity == s.Validity:
		case s.Validity == programme.Valid:
			t.say("%s passes all checks now", t.names[s.Slot])
		case s.Validity == programme.Invalid:
			t.say("%s fails: %s", t.names[s.Slot], failures(s))
		default:
			t.say("%s: not everything about it is known at the moment; what was known last holds", t.names[s.Slot])
		}
	}
	if n := first[programme.Valid] + first[programme.Invalid] + first[programme.Undecided]; n > 0 {
		text := fmt.Sprintf("checks %d candidates: %d valid, %d not", n, first[programme.Valid], first[programme.Invalid])
		if u := first[programme.Undecided]; u > 0 {
			text += fmt.Sprintf(", not everything is known yet of %d", u)
		}
		t.say("%s", text)
	}
}

// failures are the checks that failed, with what they say.
func failures(s *memory.Standing) string {
	var out []string
	for _, v := range s.Verdicts {
		if v.State == programme.Fail {
			out = append(out, fmt.Sprintf("%s (%s)", v.Code, gist(v.Detail)))
		}
	}
	return strings.Join(out, "; ")
}

// gist is the first part of a sentence that goes on.
func gist(s string) string {
	for _, end := range []string{"; ", ". ", ", which ", " ("} {
		s, _, _ = strings.Cut(s, end)
	}
	return strings.TrimSuffix(s, ".")
}

// scores tells the best ones of a session when its first scores are there.
func (t *tale) scores() {
	newest := func(list []memory.Score) (s programme.Session) {
		for i := range list {
			s = max(s, list[i].Session)
		}
		return s
	}
	session := newest(t.now.scores)
	if len(t.now.scores) == 0 || len(t.before.scores) > 0 && newest(t.before.scores) == session {
		return
	}
	var list []memory.Score
	for _, s := range t.now.scores {
		if s.Session == session {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b memory.Score) int { return cmp.Or(cmp.Compare(b.Total, a.Total), a.Slot-b.Slot) })
	var best []string
	for _, s := range list[:min(3, len(list))] {
		best = append(best, fmt.Sprintf("%s %.0f", t.names[s.Slot], s.Total))
	}
	t.say("scores %d candidates in session %d; best: %s", len(list), session, strings.Join(best, ", "))
}

// plans tells how plans move on, the oldest first.
func (t *tale) plans() {
	was := map[plan.Key]plan.State{}
	for _, p := range t.before.plans {
		was[p.Key] = p.State
	}
	for i := len(t.now.plans) - 1; i >= 0; i-- {
		p := &t.now.plans[i]
		if was[p.Key] == p.State {
			continue
		}
		who := fmt.Sprintf("nominator %d (%s)", slices.Index(t.nominators, p.Nominator)+1, p.Mode)
		switch p.State {
		case plan.Planned:
			t.say("%s is to nominate %d candidates: %s", who, len(p.Targets), t.targets(p))
		case plan.Announced:
			t.say("%s has announced its nomination: %s; executable from block %d on%s", who, p.Reason,
				plan.ExecutableAt(p.Announcement.Height, p.Delay), t.wait(p))
		case plan.Succeeded:
			t.say("%s has nominated: %s", who, p.Reason)
		case plan.Failed, plan.Cancelled:
			t.say("%s: %s, %s", who, p.State, p.Reason)
		default:
			t.say("%s: %s", who, cmp.Or(p.Reason, string(p.State)))
		}
	}
}

func (t *tale) targets(p *plan.Plan) string {
	var names []string
	for _, a := range p.Targets {
		names = append(names, cmp.Or(t.stashes[a], string(a)))
	}
	return some(names)
}

// wait says how many blocks an announcement has to wait, as far as that is known.
func (t *tale) wait(p *plan.Plan) string {
	role := programme.RoleStaking
	if p.Announcement.Clock == plan.ClockRelay {
		role = programme.RoleSession
	}
	if t.now.chain == nil {
		return ""
	}
	for _, b := range t.now.chain.Blocks {
		if left := int64(plan.ExecutableAt(p.Announcement.Height, p.Delay)) - int64(max(b.Number, p.Announcement.Height)); b.Role == role && left > 0 {
			return fmt.Sprintf(", %d blocks to wait", left)
		}
	}
	return ""
}

// active tells who has come into the validator set, and who has left it.
func (t *tale) active() {
	was := map[int]bool{}
	for _, s := range t.before.standings {
		was[s.Slot] = s.Active
	}
	var in, out []string
	for _, s := range t.now.standings {
		switch {
		case s.Active && !was[s.Slot]:
			in = append(in, t.names[s.Slot])
		case !s.Active && was[s.Slot]:
			out = append(out, t.names[s.Slot])
		}
	}
	if len(in) > 0 {
		t.say("active validators now: %s", some(in))
	}
	if len(out) > 0 {
		t.say("not active any more: %s", some(out))
	}
}

// ranks tells how ranks have changed.
func (t *tale) ranks() {
	was := map[int]memory.Ranking{}
	for _, r := range t.before.rankings {
		was[r.Slot] = r
	}
	var up, down []string
	for _, r := range t.now.rankings {
		old := was[r.Slot].Rank
		text := fmt.Sprintf("%s %d to %d", t.names[r.Slot], old, r.Rank)
		switch {
		case r.Rank > old:
			up = append(up, text)
		case r.Rank < old:
			down = append(down, text)
		}
	}
	if len(up) > 0 {
		t.say("rank goes up: %s", some(up))
	}
	if len(down) > 0 {
		t.say("rank goes down: %s", some(down))
	}
}
