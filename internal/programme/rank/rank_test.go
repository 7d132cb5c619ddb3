package rank

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/programme"
)

// story makes events out of words: a number seeds, "+" is a good period, a type of fault is one, "lift" lifts, and
// "-N" takes the event with that number back. The moments are 1, 2, 3 ...
func story(words ...string) []Event {
	var out []Event
	for i, w := range words {
		e := Event{ID: fmt.Sprint(i), When: programme.Millis(i + 1)}
		var n int
		switch {
		case w == "+":
			e.Kind = Good
		case w == "lift":
			e.Kind = Lift
		case strings.HasPrefix(w, "-"):
			e.Kind, e.Revokes = Revocation, w[1:]
		default:
			if _, err := fmt.Sscan(w, &n); err == nil {
				e.Kind, e.Rank = Seed, n
				break
			}
			e.Kind, e.Type = Fault, Type(w)
			if name, once, ok := strings.Cut(w, "@"); ok {
				e.Type, e.Once = Type(name), once
			}
		}
		out = append(out, e)
	}
	return out
}

func TestFold(t *testing.T) {
	tests := []struct {
		name  string
		words []string
		ranks []int
		want  State
	}{
		{"nothing", nil, nil, State{}},
		{"five faults suspend", []string{"9", "COMMISION", "SELF_STAKE", "CLIENT_UPGRADE", "OFFLINE_EVENT", "COMMISION"}, []int{9, 4, 2, 1, 0, 0},
			State{Faults: 5, Halvings: 5, Suspend: &programme.Suspension{Since: 6, Reason: "5 faults"}}},
		{"a fault is taken back", []string{"7", "COMMISION", "+", "+", "-1"}, []int{7, 7, 8, 9, 9}, State{Rank: 9}},
		{"the same without taking it back", []string{"7", "COMMISION", "+", "+"}, []int{7, 3, 4, 5}, State{Rank: 5, Faults: 1, Halvings: 1}},
		{"a slash suspends at once", []string{"8", "SLASH", "+", "COMMISION"}, []int{8, 4, 4, 4},
			State{Rank: 4, Faults: 1, Halvings: 1, Suspend: &programme.Suspension{Since: 2, Reason: "slashed"}}},
		{"a slash is cancelled", []string{"8", "SLASH", "+", "-1"}, []int{8, 8, 9, 9}, State{Rank: 9}},
		{"lifted", []string{"8", "SLASH", "lift", "+", "COMMISION"}, []int{8, 4, 0, 1, 0}, State{Faults: 2, Halvings: 1}},
		{"lifting nothing does nothing", []string{"8", "COMMISION", "lift"}, []int{8, 4, 4}, State{Rank: 4, Faults: 1, Halvings: 1}},
		{"once per occasion", []string{"8", "OFFLINE_EVENT@s1", "OFFLINE_EVENT@s1", "COMMISION@s1", "OFFLINE_EVENT@s2"}, []int{8, 4, 4, 2, 1}, State{Rank: 1, Faults: 3, Halvings: 3}},
		{"a forgiven occasion stays forgiven", []string{"8", "SLASH@e1", "SLASH@e1", "-1"}, []int{8, 8, 8, 8}, State{Rank: 8}},
		{"admitted anew", []string{"8", "COMMISION@p1", "3", "COMMISION@p1"}, []int{8, 4, 3, 1}, State{Rank: 1, Faults: 1, Halvings: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, steps, err := Fold(story(tt.words...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			var ranks []int
			for _, s := range steps {
				ranks = append(ranks, s.After)
			}
			if diff := cmp.Diff(tt.ranks, ranks); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFoldRefuses(t *testing.T) {
	for want, events := range map[string][]Event{
		"empty or repeated":      {{ID: "a", Kind: Good}, {ID: "a", Kind: Good}},
		`id ""`:                  {{Kind: Good}},
		"unknown kind":           {{ID: "a", Kind: "dance"}},
		"unknown type":           {{ID: "a", Kind: Fault, Type: "IDENTITY"}},
		"negative rank":          {{ID: "a", Kind: Seed, Rank: -1}},
		"which is no earlier":    {{ID: "a", Kind: Revocation, Revokes: "b"}},
		`"b", which is no earli`: {{ID: "b", When: 2, Kind: Fault, Type: Slash}, {ID: "a", When: 1, Kind: Revocation, Revokes: "b"}},
	} {
		if _, _, err := Fold(events); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error with %q", err, want)
		}
	}
}

// Whatever happens, the rank is never negative, a suspension stops everything but a lift, and taking a fault back is
// the same as if it had never been.
func TestFoldProperties(t *testing.T) {
	words := []string{"+", "+", "+", "lift", "COMMISION", "SELF_STAKE", "OFFLINE_EVENT@a", "OFFLINE_EVENT@b", "SLASH"}
	rapid.Check(t, func(t *rapid.T) {
		list := append([]string{fmt.Sprint(rapid.IntRange(0, 100).Draw(t, "seed"))}, rapid.SliceOfN(rapid.SampledFrom(words), 1, 30).Draw(t, "events")...)
		events := story(list...)
		state, steps, err := Fold(events)
		if err != nil {
			t.Fatal(err)
		}
		suspended := false
		for i, s := range steps {
			if s.After < 0 || (suspended && s.Kind != Lift && s.After != s.Before) || (!s.Counts && s.After != s.Before) {
				t.Fatalf("%+v", s)
			}
			part, _, err := Fold(events[:i+1])
			if err != nil {
				t.Fatal(err)
			}
			suspended = part.Suspend != nil
		}
		if state.Halvings > maxHalvings || (state.Halvings == maxHalvings) && state.Suspend == nil {
			t.Fatalf("%+v", state)
		}
		k := rapid.IntRange(0, len(events)-1).Draw(t, "taken back")
		if events[k].Kind != Fault || events[k].Once != "" {
			return
		}
		with := append(append([]Event{}, events...), Event{ID: "back", When: 1000, Kind: Revocation, Revokes: events[k].ID})
		without := append(append([]Event{}, events[:k]...), events[k+1:]...)
		a, _, errA := Fold(with)
		b, _, errB := Fold(without)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if diff := cmp.Diff(b, a); diff != "" {
			t.Fatalf("taking back %s: %s", list[k], diff)
		}
	})
}

func TestPeriods(t *testing.T) {
	set := map[programme.Era]bool{10: false, 11: true, 12: false}
	member := func(e programme.Era) (bool, bool) { in, known := set[e]; return in, known }
	for p, want := range map[Period]programme.State{
		{10, 13}: programme.Pass, {10, 11}: programme.Fail, {12, 13}: programme.Fail, {9, 12}: programme.Pass,
		{12, 14}: programme.Unknown, {9, 11}: programme.Unknown, {10, 10}: programme.Fail,
	} {
		if got := p.Active(member); got != want {
			t.Errorf("%v: %s, want %s", p, got, want)
		}
	}
	if !(Period{10, 10}).Empty() || (Period{10, 11}).Empty() {
		t.Error("a period is empty when the next one opens in the same era")
	}
}

func TestClosing(t *testing.T) {
	const yes, no, maybe = programme.Pass, programme.Fail, programme.Unknown
	const valid, invalid, undecided = programme.Valid, programme.Invalid, programme.Undecided
	tests := []struct {
		name string
		in   Closing
		want Effect
	}{
		{"active and valid", Closing{Active: yes, Verdict: valid}, Raise},
		{"active and invalid", Closing{Active: yes, Verdict: invalid}, None},
		{"not active", Closing{Active: no, Verdict: valid}, None},
		{"faulted", Closing{Active: yes, Faulted: true, Verdict: valid}, None},
		{"set unknown", Closing{Active: maybe, Verdict: valid}, Defer},
		{"set unknown for long", Closing{Active: maybe, Verdict: valid, Waited: 10 * programme.Day}, Defer},
		{"verdict unknown", Closing{Active: yes, Verdict: undecided, Definite: valid}, Defer},
		{"verdict unknown for almost a day", Closing{Active: yes, Verdict: undecided, Definite: valid, Waited: programme.Day - 1}, Defer},
		{"verdict unknown for a day, valid before", Closing{Active: yes, Verdict: undecided, Definite: valid, Waited: programme.Day}, Raise},
		{"verdict unknown for a day, invalid before", Closing{Active: yes, Verdict: undecided, Definite: invalid, Waited: programme.Day}, None},
		{"verdict never known", Closing{Active: yes, Verdict: undecided, Waited: 10 * programme.Day}, Defer},
		{"nothing known, but faulted", Closing{Active: maybe, Faulted: true, Verdict: undecided}, None},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.in.Effect(); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

func TestConfirmation(t *testing.T) {
	if Confirmed(0, 10*programme.Minute-1) || !Confirmed(0, 10*programme.Minute) {
		t.Error("two looks must be ten minutes apart")
	}
	for _, f := range Types() {
		if want := f != Slash && f != OfflineEvent; f.NeedsNomination() != want {
			t.Errorf("%s: %v", f, !want)
		}
	}
}
