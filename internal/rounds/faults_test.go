package rounds_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/rank"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
)

func TestAFaultNeedsTwoLooksAndANomination(t *testing.T) {
	r := newRig(t, 10, 1)
	r.hold(false)
	r.succeed()
	r.look()
	nominated := r.w.State.Nominators[0].Targets
	slot := func(a programme.Address) int {
		return 1 + slices.IndexFunc(r.w.List, func(c programme.Candidate) bool { return c.Stash == a })
	}
	bad := slot(nominated[0])
	if bad == 0 {
		t.Fatal("nobody was nominated")
	}
	r.w.Candidate(bad).Intention.Commission = 900_000_000
	r.w.Next(time.Minute)
	r.look()
	r.w.Next(9 * time.Minute)
	r.look()
	if n := r.ranking(bad).Faults; n != 0 {
		t.Errorf("%d faults after 9 minutes", n)
	}
	r.w.Next(time.Minute)
	r.look()
	r.w.Next(time.Hour)
	r.look()
	x := r.ranking(bad)
	if x.Faults != 1 || x.Halvings != 1 || x.Suspend != nil {
		t.Errorf("%+v", x)
	}
	if n := len(r.events); r.events[n-1].Kind != rounds.EventFault {
		t.Errorf("%+v", r.events)
	}
	err := r.Forgive(t.Context(), rounds.Order{Slot: bad, Revoke: "COMMISION@p1", Author: "ada", Reason: "a mistake of the node", Era: 1000})
	if err != nil || r.ranking(bad).Faults != 0 {
		t.Errorf("%+v %v", r.ranking(bad), err)
	}
	for what, o := range map[string]rounds.Order{
		"a fault that is none": {Slot: bad, Revoke: "SELF_STAKE@p1"}, "a fault once more": {Slot: bad, Revoke: "COMMISION@p1"}, "no suspension": {Slot: bad},
	} {
		if err := r.Forgive(t.Context(), o); !errors.Is(err, rounds.ErrNothingToForgive) {
			t.Errorf("%s was forgiven: %v", what, err)
		}
	}
}

func TestASlashSuspendsAndIsTakenBack(t *testing.T) {
	r := newRig(t, 10, 1)
	r.look()
	r.w.Candidate(2).Slashes = []programme.Slash{{Era: 1000, Fraction: 5, Own: roundstest.Tokens(1)}}
	r.w.Candidate(3).Slashes = []programme.Slash{{Era: 900, Fraction: 5, Own: roundstest.Tokens(1), Applied: true}} // before it was listed
	r.w.Next(time.Minute)
	r.look()
	if x := r.ranking(2); x.Suspend == nil || x.Faults != 1 {
		t.Fatalf("%+v", x)
	}
	if x := r.ranking(3); x.Suspend != nil {
		t.Errorf("%+v", x)
	}
	if got, err := r.Suspended(t.Context()); err != nil || got[r.w.List[1].Stash] == "" || got[r.w.List[2].Stash] != "" || len(got) != 10 {
		t.Errorf("%v %v", got, err)
	}
	r.w.Next(time.Minute)
	r.look()
	st := r.standing(2)
	if i := slices.IndexFunc(st.Verdicts, func(v memory.Verdict) bool { return v.Code == programme.CodeSuspended }); st.Validity != programme.Invalid || st.Verdicts[i].State != programme.Fail {
		t.Errorf("%+v", st)
	}
	r.w.State.Gaps = map[programme.Part]string{programme.PartSlashes: "unreadable"}
	r.w.Candidate(2).Slashes = nil
	r.w.Next(time.Minute)
	r.look()
	if r.ranking(2).Suspend == nil {
		t.Error("slashes that cannot be read are no cancelled ones")
	}
	r.w.State.Gaps = nil
	r.w.Next(time.Minute)
	r.look()
	if x := r.ranking(2); x.Suspend != nil || x.Faults != 0 {
		t.Errorf("%+v", x)
	}
}

func TestOfflineEvents(t *testing.T) {
	r := newRig(t, 3, 1)
	r.look()
	for range 2 {
		err := r.Offline(t.Context(), roundstest.Genesis, 77, 1000, r.w.Millis()+1, []programme.Address{r.w.List[0].Stash, roundstest.Address("a stranger")})
		if err != nil {
			t.Fatal(err)
		}
	}
	if x := r.ranking(1); x.Faults != 1 {
		t.Errorf("%+v", x)
	}
	r.w.Next(time.Minute)
	r.look()
	if x := r.ranking(1); x.Faults != 1 {
		t.Errorf("after the next look: %+v", x)
	}
}

// Rankings are what all events come to, whatever of them is read: they are computed anew from everything and compared, over
// many eras with slashes, some of them taken back, orders and settled periods.
func TestRankingsAreWhatTheEventsComeTo(t *testing.T) {
	r := newRig(t, 8, 1)
	seen := map[rank.Kind]int{}
	for era := range 24 {
		switch c := r.w.Candidate(era%8 + 1); era % 5 {
		case 1:
			c.Slashes = append(c.Slashes, programme.Slash{Era: r.w.State.Eras.Active, Fraction: 1})
		case 2:
			c.Intention.Commission = 1_000_000_000
		case 3:
			for slot := 1; slot <= 8; slot++ {
				r.w.Candidate(slot).Slashes, r.w.Candidate(slot).Intention.Commission = nil, 50_000_000
			}
		}
		for slot := 1; slot <= 8 && era%6 == 5; slot++ {
			if r.ranking(slot).Suspend == nil {
				continue
			}
			if err := r.Forgive(t.Context(), rounds.Order{Slot: slot, Author: "ada", Reason: "settled", Network: roundstest.Genesis, Era: r.w.State.Eras.Active}); err != nil {
				t.Fatal(err)
			}
			break
		}
		r.look()
		r.w.Next(time.Hour)
		r.look()
		if r.hold(false).New {
			r.succeed()
		}
		r.w.NextEra()
		events, _ := r.m.RankEvents(t.Context())
		all := map[int][]rank.Event{}
		seen = map[rank.Kind]int{}
		for _, e := range events {
			all[e.Slot] = append(all[e.Slot], e.Event)
			seen[e.Kind]++
		}
		for slot, mine := range all {
			want, _, err := rank.Fold(mine)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, r.ranking(slot).State); diff != "" {
				t.Fatalf("era %d, slot %d: %s", era, slot, diff)
			}
		}
	}
	for _, k := range []rank.Kind{rank.Seed, rank.Good, rank.Fault, rank.Revocation, rank.Lift} {
		if seen[k] == 0 {
			t.Errorf("there was no event of the kind %s: %v", k, seen)
		}
	}
}

func TestPeriods(t *testing.T) {
	r := newRig(t, 8, 2)
	set := func(era programme.Era, slots ...int) {
		var list []programme.Address
		for _, s := range slots {
			list = append(list, r.w.List[s-1].Stash)
		}
		if err := r.m.SaveValidatorSet(t.Context(), memory.ValidatorSet{Era: era, Validators: list}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range r.w.State.Candidates { // activity is told by the sets alone
		r.w.State.Candidates[i].Points = map[programme.Era]uint32{}
		r.w.State.Candidates[i].Exposure = nil
	}
	round := func() {
		t.Helper()
		if h := r.hold(false); !h.New {
			t.Fatalf("%+v", h)
		}
		r.w.Next(time.Minute)
		r.succeed()
		r.look()
	}
	r.look()
	round()
	periods, _ := r.m.Periods(t.Context())
	if len(periods) != 1 || periods[0].Opened != 1000 || periods[0].Number != 1 || len(periods[0].Slots) != 8 {
		t.Fatalf("%+v", periods)
	}
	if n, _ := r.m.Nominations(t.Context()); len(n) != 2 || n[0].Era != 1000 || n[0].At != r.w.Millis() || n[0].Bonded.IsZero() {
		t.Fatalf("%+v", n)
	}
	set(1000, 1, 2)
	set(1001, 2)
	set(1002)
	for range 3 {
		r.w.NextEra()
	}
	// Slot 3 breaks a rule without being at fault; slot 4 has an unknown check.
	r.w.Candidate(2).Identity = nil
	r.w.NextEra()
	round()
	// The set of era 1003 is unknown: nobody but slot 1, who was active in another era, can be settled.
	if got := r.ranks(8); fmt.Sprint(got) != "[1 0 0 0 0 0 0 0]" {
		t.Errorf("ranks %v", got)
	}
	periods, _ = r.m.Periods(t.Context())
	if len(periods) != 2 || periods[0].Closed != 1004 || periods[0].Settled != 0 || periods[1].Opened != 1004 {
		t.Fatalf("%+v", periods)
	}
	set(1003, 5)
	r.w.Next(time.Minute)
	r.look()
	if got := r.ranks(8); fmt.Sprint(got) != "[1 0 0 0 1 0 0 0]" {
		t.Errorf("ranks %v", got)
	}
	periods, _ = r.m.Periods(t.Context())
	if periods[0].Settled == 0 || len(periods[0].Slots) != 0 {
		t.Errorf("%+v", periods[0])
	}
	events, _ := r.m.RankEvents(t.Context())
	good := 0
	for _, e := range events {
		if e.Kind == rank.Good {
			good++
		}
	}
	if good != 2 {
		t.Errorf("%d good periods", good)
	}
	// The rank goes into the next round.
	h := r.hold(true)
	doc, _ := r.m.Document(t.Context(), h.Digest)
	rec, err := decision.Read(doc.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	want := &programme.History{Rank: 1, NominatedEra: 1004}
	if got := rec.Inputs.Candidates[0].History; cmp.Diff(want, got) != "" && got.Rank != 1 {
		t.Errorf("%+v", got)
	}
}

func (r *rig) ranks(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = r.ranking(i + 1).Rank
	}
	return out
}
