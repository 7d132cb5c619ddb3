package rounds_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
)

// rig is a service in a small world.
type rig struct {
	*rounds.Service
	t        testing.TB
	w        *roundstest.World
	m        *roundstest.Memory
	events   []rounds.Event
	proposed []string                     // digests
	refuse   map[programme.Address]string // why no plan is made for a nominator
}

func newRig(t testing.TB, candidates, nominators int, change ...func(*rounds.Settings)) *rig {
	t.Helper()
	r := &rig{t: t, w: roundstest.NewWorld(candidates, nominators), m: roundstest.NewMemory()}
	s := rounds.Settings{
		Memory: r.m, Chain: r.w, Sources: r.w, Proposer: r, Rules: r.w.Rules(), Nominators: r.w.Nominators,
		Act: config.ActPropose, RankMode: config.RankPeriods, Telemetry: true, Now: r.w.Now,
		Event: func(e rounds.Event) { r.events = append(r.events, e) },
	}
	for _, c := range change {
		c(&s)
	}
	var err error
	if r.Service, err = rounds.New(s); err != nil {
		t.Fatal(err)
	}
	r.list(r.w.List...)
	return r
}

// list makes the stored candidates those given.
func (r *rig) list(list ...programme.Candidate) {
	var out []memory.Candidate
	for _, c := range list {
		out = append(out, memory.Candidate{Candidate: c, Added: r.w.Millis(), Updated: r.w.Millis()})
	}
	if err := r.m.SaveCandidates(r.t.Context(), out); err != nil {
		r.t.Fatal(err)
	}
}

// Propose makes plans as the nominator does, without any transaction.
func (r *rig) Propose(_ context.Context, record []byte) ([]rounds.Proposal, error) {
	rec, err := decision.Verify(record)
	if err != nil {
		return nil, err
	}
	r.proposed = append(r.proposed, rec.Digest)
	var out []rounds.Proposal
	for _, n := range rec.Decision.Nominators {
		if len(n.Targets) == 0 {
			continue
		}
		if why := r.refuse[n.Address]; why != "" {
			out = append(out, rounds.Proposal{Nominator: n.Address, Refused: why})
			continue
		}
		key := plan.Key{Round: rec.Digest, Nominator: n.Address}
		plans, _ := r.m.Plans(context.Background(), plan.Filter{})
		if slices.ContainsFunc(plans, func(p plan.Plan) bool { return p.Key == key }) {
			out = append(out, rounds.Proposal{Nominator: n.Address})
			continue
		}
		r.m.SetPlan(plan.Plan{Key: key, Era: rec.Inputs.Snapshot.Eras.Active, Targets: n.Targets, State: plan.Planned, Mode: plan.Direct})
		out = append(out, rounds.Proposal{Nominator: n.Address, Created: true})
	}
	return out, nil
}

// succeed lets all open plans take effect in the newest block.
func (r *rig) succeed() {
	b := r.w.Block()
	plans, _ := r.m.Plans(context.Background(), plan.Filter{Open: true})
	for _, p := range plans {
		p.State, p.Effect = plan.Succeeded, &plan.Effect{Number: b.Number, Hash: b.Hash}
		r.m.SetPlan(p)
		for i := range r.w.State.Nominators {
			if n := &r.w.State.Nominators[i]; n.Address == p.Nominator {
				n.Targets, n.SubmittedIn = p.Targets, r.w.State.Eras.Planned
			}
		}
	}
}

func (r *rig) hold(force bool) *rounds.Held {
	r.t.Helper()
	h, err := r.Hold(r.t.Context(), force, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return h
}

// record is a stored record, verified.
func (r *rig) record(digest string) *decision.Record {
	r.t.Helper()
	doc, err := r.m.Document(r.t.Context(), digest)
	if err != nil {
		r.t.Fatal(err)
	}
	rec, err := decision.Verify(doc.Bytes)
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

// look does what the jobs between rounds do.
func (r *rig) look() *rounds.View {
	r.t.Helper()
	ctx := r.t.Context()
	v, err := r.View(ctx, 0, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, step := range []func(context.Context, *rounds.View) (int, error){r.Show, r.Judge, r.Score, r.Track} {
		if _, err := step(ctx, v); err != nil {
			r.t.Fatal(err)
		}
	}
	return v
}

func (r *rig) standing(slot int) memory.Standing {
	r.t.Helper()
	list, _ := r.m.Standings(r.t.Context())
	for _, s := range list {
		if s.Slot == slot {
			return s
		}
	}
	r.t.Fatalf("slot %d does not stand at all", slot)
	return memory.Standing{}
}

func (r *rig) ranking(slot int) memory.Ranking {
	r.t.Helper()
	list, _ := r.m.Rankings(r.t.Context())
	for _, x := range list {
		if x.Slot == slot {
			return x
		}
	}
	return memory.Ranking{}
}

func TestARoundFromMemoryToRecord(t *testing.T) {
	r := newRig(t, 40, 2)
	h := r.hold(false)
	if !h.New || len(h.Braked) > 0 || len(h.Proposals) != 2 || !h.Proposals[0].Created {
		t.Fatalf("%+v", h)
	}
	rec := r.record(h.Digest)
	if n := rec.Decision.Counts.Valid; n != 40 {
		for _, v := range rec.Decision.Candidates[0].Verdicts {
			t.Logf("%+v", v)
		}
		t.Errorf("%d valid", n)
	}
	rounds := r.m.Rounds()
	if len(rounds) != 1 || rounds[0].Digest != h.Digest || rounds[0].Era != 1000 || rounds[0].Previous != "" || rounds[0].Counts != rec.Decision.Counts {
		t.Errorf("%+v", rounds)
	}
	scores, stats := r.m.Scores()
	if len(scores) != 40 || len(stats.Values[programme.FactorBonded]) != 40 || stats.Weights[programme.FactorFaults] != 5 || stats.Session != 6000 {
		t.Errorf("%d scores, %+v", len(scores), stats.Weights)
	}
	st := r.standing(1)
	if st.Validity != programme.Valid || !st.Active || st.Position == 0 || st.Chain == nil || st.Chain.Points != nil || st.Inclusion <= 0.6 || st.LastValid != st.At {
		t.Errorf("%+v", st)
	}
	if len(r.events) == 0 || r.events[0].Kind != "round" {
		t.Errorf("%+v", r.events)
	}
}

func TestOneRoundAnEra(t *testing.T) {
	r := newRig(t, 20, 1)
	first := r.hold(false)
	r.w.Next(5 * time.Minute)
	if h := r.hold(false); h.New || !strings.Contains(h.Reason, "not finished") {
		t.Fatalf("with an open plan: %+v", h)
	}
	// The process ended before the plan was made.
	plans, _ := r.m.Plans(t.Context(), plan.Filter{})
	p := plans[0]
	p.State = plan.Failed
	r.m.SetPlan(p)
	h := r.hold(false)
	if h.New || h.Digest != first.Digest || len(r.proposed) != 2 || r.proposed[1] != first.Digest {
		t.Fatalf("with its plan failed: %+v", h)
	}
	// A plan that asks for it brings another round.
	p.Replan = true
	r.m.SetPlan(p)
	r.w.Next(5 * time.Minute)
	second := r.hold(false)
	if !second.New || second.Digest == first.Digest {
		t.Fatalf("%+v", second)
	}
	if got := r.m.Rounds()[1].Previous; got != first.Digest {
		t.Errorf("the second round follows %q", got)
	}
	r.succeed()
	r.w.NextEra()
	if h := r.hold(false); h.New || !strings.Contains(h.Reason, "not due before active era 1004") {
		t.Fatalf("%+v", h)
	}
	if h := r.hold(true); !h.New {
		t.Fatalf("forced: %+v", h)
	}
}

// When something is in the way of a plan, the round is not lost: its plans are made good at the next look, and if they
// still cannot be made ten minutes later, another round takes its place.
func TestARefusedPlanBringsAnotherRound(t *testing.T) {
	r := newRig(t, 20, 2)
	r.refuse = map[programme.Address]string{r.w.Own[1].Address: "a target has withdrawn"}
	first := r.hold(false)
	if !first.New || len(first.Proposals) != 2 || first.Proposals[1].Refused != "a target has withdrawn" || !strings.Contains(first.Reason, "none for 1 nominators") {
		t.Fatalf("%+v", first)
	}
	r.w.Next(5 * time.Minute)
	if h := r.hold(false); h.New || h.Digest != first.Digest || len(r.proposed) != 2 {
		t.Fatalf("after five minutes: %+v, proposed %q", h, r.proposed)
	}
	r.w.Next(5 * time.Minute)
	second := r.hold(false)
	if !second.New || second.Digest == first.Digest {
		t.Fatalf("after ten minutes: %+v", second)
	}
	// Nothing is in the way any more: its plan is made of the round that holds, and no third one is held.
	r.refuse = nil
	r.w.Next(5 * time.Minute)
	if h := r.hold(false); h.New || h.Digest != second.Digest || !slices.ContainsFunc(h.Proposals, func(p rounds.Proposal) bool {
		return p.Nominator == r.w.Own[1].Address && p.Created
	}) {
		t.Fatalf("%+v", h)
	}
	r.w.Next(time.Hour)
	if h := r.hold(false); h.New || len(r.m.Rounds()) != 2 {
		t.Fatalf("%+v, %d rounds", h, len(r.m.Rounds()))
	}
}

func TestModeOffMakesNoPlans(t *testing.T) {
	r := newRig(t, 10, 1, func(s *rounds.Settings) { s.Act, s.Proposer = config.ActOff, nil })
	h := r.hold(false)
	if !h.New || len(h.Proposals) != 0 || !strings.Contains(h.Reason, "act.mode is off") {
		t.Fatalf("%+v", h)
	}
	r.w.Next(time.Hour)
	if h := r.hold(false); h.New {
		t.Errorf("another round in the same era: %+v", h)
	}
}

func TestChainsAreReadOnceForEverybody(t *testing.T) {
	r := newRig(t, 10, 1)
	for range 5 {
		if _, err := r.View(t.Context(), time.Minute, nil); err != nil {
			t.Fatal(err)
		}
	}
	if r.w.Reads != 1 {
		t.Errorf("%d reads", r.w.Reads)
	}
	r.w.Next(2 * time.Minute)
	if _, err := r.View(t.Context(), time.Minute, nil); err != nil || r.w.Reads != 2 {
		t.Errorf("%d reads, %v", r.w.Reads, err)
	}
	more := r.w.List[0]
	more.Slot, more.Name, more.Stash = 99, "new", roundstest.Address("somebody new")
	r.list(more) // nothing is known of it in the snapshot at hand
	if _, err := r.View(t.Context(), time.Minute, nil); err != nil || r.w.Reads != 3 {
		t.Errorf("%d reads, %v", r.w.Reads, err)
	}
	r.w.Fail = errors.New("no node answers")
	r.w.Next(time.Hour)
	if _, err := r.View(t.Context(), time.Minute, nil); !errors.Is(err, r.w.Fail) {
		t.Error(err)
	}
}

func TestStandingsTellSinceWhen(t *testing.T) {
	r := newRig(t, 10, 1)
	r.look()
	begin := r.w.Millis()
	r.w.Candidate(3).Intention.Commission = 500_000_000
	r.w.Next(10 * time.Minute)
	broken := r.w.Millis()
	r.look()
	r.w.Next(10 * time.Minute)
	r.look()
	st := r.standing(3)
	for _, v := range st.Verdicts {
		want := begin
		if v.Code == programme.CodeCommission {
			want = broken
		}
		if v.Since != want {
			t.Errorf("%s since %s, want %s", v.Code, v.Since, want)
		}
	}
	if st.Validity != programme.Invalid || st.LastValid != begin || st.Position != 0 {
		t.Errorf("%+v", st)
	}
	// Somebody with an older view changes nothing.
	old, err := r.View(t.Context(), time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.w.Next(time.Minute)
	r.look()
	if n, err := r.Show(t.Context(), old); err != nil || n != 0 {
		t.Errorf("%d standings went back in time, %v", n, err)
	}
	// Who leaves the list is not valid any more.
	c := memory.Candidate{Candidate: r.w.List[0], Delisted: r.w.Millis()}
	if err := r.m.SaveCandidates(t.Context(), []memory.Candidate{c}); err != nil {
		t.Fatal(err)
	}
	r.w.Next(time.Minute)
	r.look()
	if st := r.standing(1); st.Validity != programme.Invalid || st.Active || st.Position != 0 {
		t.Errorf("%+v", st)
	}
}

// A blind feed right before a round: what was known between rounds stands in.
func TestAnswersBetweenRoundsStandIn(t *testing.T) {
	r := newRig(t, 10, 1)
	r.hold(false)
	r.succeed()
	for range 4 {
		r.w.NextEra()
	}
	r.look()
	r.w.Next(10 * time.Minute)
	r.w.State.Gaps = map[programme.Part]string{programme.PartIdentity: "no node of the People chain answers"}
	h := r.hold(false)
	rec := r.record(h.Digest)
	for _, v := range rec.Decision.Candidates[0].Verdicts {
		if v.Code == programme.CodeIdentity && (v.State != programme.Unknown || v.Held != programme.Pass || v.HeldAt != r.w.Millis()-10*programme.Minute) {
			t.Errorf("%+v", v)
		}
	}
	if rec.Decision.Counts.Valid != 10 {
		t.Errorf("%+v", rec.Decision.Counts)
	}
}

func BenchmarkRoundFromMemoryToRecord(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := newRig(b, 1126, 20)
		b.StartTimer()
		if h := r.hold(false); !h.New {
			b.Fatal(h.Reason)
		}
	}
}
