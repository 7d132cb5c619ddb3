package nominator_test

import (
	"context"
	"database/sql"
	"errors"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// quiet fails the test when anything was signed: submitted, or shown to a node for a dry run.
func quiet(t *testing.T, r *rig) {
	t.Helper()
	if n := len(r.chain.Submitted()); n != 0 {
		t.Fatalf("%d transactions were submitted", n)
	}
	if n := r.chain.Node().Count("system_dryRun"); n != 0 {
		t.Fatalf("%d transactions were signed for a dry run", n)
	}
}

// Without the mode act and without consent nothing is signed, on whatever path: rounds, announcements that are due, old,
// unknown or blacklisted, operators' orders, and a start amid all that.
func TestProposeSignsNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		mode    nominator.Mode
		consent bool
		says    string
	}{
		{"propose", nominator.ModePropose, true, "act.mode is propose"},
		{"off", nominator.ModeOff, true, "act.mode is off"},
		{"act without consent", nominator.ModeAct, false, "--yes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, fakechain.Config{})
			acting := r.service(nil)
			delayed := r.propose(acting, r.record(r.validators, nil, r.delayed), r.delayed)
			r.until(acting, delayed.Key, plan.Announced)
			acting.Close()
			before, runs := len(r.chain.Submitted()), r.chain.Node().Count("system_dryRun")
			black := [32]byte{5}
			r.edit(func(s *fakechain.State) {
				id := r.delegate.AccountID()
				s.Announcements[id] = append(s.Announcements[id], fakechain.Announcement{Real: r.delayed.AccountID(), Hash: black, Height: 1},
					fakechain.Announcement{Real: r.delayed.AccountID(), Hash: [32]byte{6}, Height: 1})
			})
			s := r.service(func(s *nominator.Settings) {
				s.Mode, s.Consent, s.CancelUnknown, s.Blacklist = c.mode, c.consent, true, []string{hexText(black)}
			})
			record := r.record(r.validators, nil, r.direct, r.proxied)
			out, err := s.Propose(t.Context(), record, "")
			if c.mode == nominator.ModeOff {
				if err == nil {
					t.Error("switched off, it made plans")
				}
			} else if err != nil || out.Proposals[0].Plan == nil || out.Proposals[0].Exhibit == nil || out.Proposals[0].Exhibit.Fee.IsZero() {
				t.Fatalf("%+v, %v", out, err)
			}
			for k := range 60 {
				r.look(s)
				r.blocks(1)
				if k == 40 { // by now the announcement is old
					if _, err := s.Cancel(t.Context(), r.address(r.delayed), "", "me", "enough"); err != nil {
						t.Fatal(err)
					}
				}
			}
			if n := len(r.chain.Submitted()); n != before {
				t.Errorf("%d transactions were submitted", n-before)
			}
			if n := r.chain.Node().Count("system_dryRun"); n != runs {
				t.Errorf("%d transactions were signed for a dry run", n-runs)
			}
			if p := r.plan(s, delayed.Key); p.State != plan.Cancelling || !strings.Contains(p.Note, c.says) {
				t.Errorf("the delayed plan is %s and waits for %q", p.State, p.Note)
			}
		})
	}
}

func TestPausesHoldEverythingButOrderedRemovals(t *testing.T) {
	for _, global := range []bool{true, false} {
		r := newRig(t, fakechain.Config{})
		s := r.service(nil)
		who := r.address(r.delayed)
		if global {
			who = ""
		}
		record := r.record(r.validators, nil, r.direct, r.delayed)
		delayed := r.propose(s, record, r.delayed)
		r.until(s, delayed.Key, plan.Announced)
		if set, err := s.Pause(t.Context(), who, "me", "a storm"); err != nil || !set {
			t.Fatal(set, err)
		}
		direct := r.propose(s, record, r.direct)
		r.blocks(25)
		for range 3 {
			r.look(s)
			r.blocks(1)
		}
		got := r.plan(s, delayed.Key)
		if got.State != plan.Executable || !strings.Contains(got.Note, "by me") || !strings.Contains(got.Note, "a storm") {
			t.Errorf("%s, %q", got.State, got.Note)
		}
		want := plan.Planned
		if !global {
			want = plan.Succeeded
		}
		if got := r.plan(s, direct.Key); got.State != want {
			t.Errorf("the other one is %s, want %s", got.State, want)
		}
		if _, err := s.Cancel(t.Context(), r.address(r.delayed), "", "me", "not this one"); err != nil {
			t.Fatal(err)
		}
		if got := r.until(s, delayed.Key, closed...); got.State != plan.Cancelled || !strings.Contains(got.Reason, "not this one") {
			t.Errorf("%s, %s", got.State, got.Reason)
		}
		if err := s.Resume(t.Context(), who, "me", "it is over"); err != nil {
			t.Fatal(err)
		}
		if got := r.until(s, direct.Key, closed...); got.State != plan.Succeeded {
			t.Errorf("%s, %s", got.State, got.Reason)
		}
	}
}

func TestBrakesStopActing(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	s := r.service(nil)
	record := r.record(r.validators, func(in *programme.Inputs) { in.Rules.Brakes.MinEligible = 1000 }, r.direct)
	out, err := s.Propose(t.Context(), record, "")
	if err != nil || len(out.Braked) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	for range 5 {
		r.look(s)
		r.blocks(1)
	}
	quiet(t, r)
	if p := r.plan(s, out.Proposals[0].Plan.Key); p.State != plan.Planned || !strings.Contains(p.Note, "eligible") {
		t.Errorf("%s, %q", p.State, p.Note)
	}
}

// What is signed must follow from the stored record, even if somebody edits the database.
func TestTamperedPlansAreNotSigned(t *testing.T) {
	for name, edit := range map[string]string{
		"targets":         `UPDATE plans SET targets = '["VALIDATOR"]'`, // one that nothing else speaks against
		"record":          `UPDATE records SET packed = x'00'`,
		"record's digest": `PRAGMA foreign_keys = 0; UPDATE records SET digest = 'sha256:00'`,
		"signer":          `UPDATE plans SET signer = 'STRANGER'`,
		"mode":            `UPDATE plans SET mode = 'removal'`,
		"era":             `UPDATE plans SET era = 101`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, fakechain.Config{})
			s := r.service(func(s *nominator.Settings) { s.Mode = nominator.ModePropose })
			p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
			s.Close()
			other := r.validators[slices.IndexFunc(r.validators, func(v programme.Address) bool { return !slices.Contains(p.Targets, v) })]
			edit := strings.NewReplacer("VALIDATOR", string(other), "STRANGER", string(r.address(r.stranger))).Replace(edit)
			if name == "era" {
				r.edit(func(s *fakechain.State) { s.Era, s.Planned = 101, 101 })
			}
			db, err := sql.Open("sqlite", r.db)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), edit); err != nil {
				t.Fatal(err)
			}
			s = r.service(nil)
			for range 3 {
				_ = s.Look(t.Context()) // it may complain
				r.blocks(1)
			}
			quiet(t, r)
		})
	}
}

// One set for one nominator and era: the guard knows it even if the chain at hand does not; an operator can overrule it,
// with a reason, for exactly one set, once.
func TestSecondSetOfAnEraNeedsAnOverride(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	s := r.service(func(s *nominator.Settings) { s.Chain = forgetful{r.dial()} })
	first := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	r.until(s, first.Key, plan.Succeeded)

	other := r.record(r.without(first.Targets[0]), func(in *programme.Inputs) { in.Snapshot.Nominators[0].SubmittedIn = 0 }, r.direct)
	p := r.propose(s, other, r.direct)
	r.look(s)
	if got := r.plan(s, p.Key); got.State != plan.Planned || !strings.Contains(got.Note, "a different set in era 100 already") {
		t.Fatalf("%s, %q", got.State, got.Note)
	}
	if err := s.Override(t.Context(), r.address(r.direct), 100, p.Targets, "me", ""); err == nil {
		t.Error("an override without a reason")
	}
	if err := s.Override(t.Context(), r.address(r.direct), 100, first.Targets, "me", "for another set"); err != nil {
		t.Fatal(err)
	}
	r.look(s)
	if got := r.plan(s, p.Key); got.State != plan.Planned {
		t.Fatalf("%s with the override of another set", got.State)
	}
	if err := s.Override(t.Context(), r.address(r.direct), 100, p.Targets, "me", "a target was hacked"); err != nil {
		t.Fatal(err)
	}
	if got := r.until(s, p.Key, closed...); got.State != plan.Succeeded || len(r.chain.Effects()) != 2 {
		t.Fatalf("%s, %s", got.State, got.Reason)
	}
	third := r.propose(s, r.record(r.without(p.Targets[0]), func(in *programme.Inputs) { in.Snapshot.Nominators[0].SubmittedIn = 0 }, r.direct), r.direct)
	r.look(s)
	if got := r.plan(s, third.Key); got.State != plan.Planned || got.Note == "" {
		t.Errorf("%s, %q", got.State, got.Note)
	}
}

// forgetful is a chain that never tells in which era targets were set.
type forgetful struct{ *onchain.Chain }

func (f forgetful) Bonded(ctx context.Context, at plan.Head, account programme.Address) (nominator.Bonded, error) {
	b, err := f.Chain.Bonded(ctx, at, account)
	b.SubmittedIn = 0
	return b, err
}

// A node that lags behind shows a past in which nothing was done yet. It is not believed.
func TestLaggingNodesAreNotBelieved(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	r.blocks(5)
	s := r.service(nil)
	p := r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	r.until(s, p.Key, plan.Succeeded)
	s.Close()
	s = r.service(func(s *nominator.Settings) {
		s.Chain = laggard{r.dial(), func() string { return r.chain.HashBehind(2) }}
	})
	if err := s.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "lags behind") {
		t.Errorf("error %v", err)
	}
	if _, err := s.Propose(t.Context(), r.record(r.validators, nil, r.direct), ""); err == nil {
		t.Error("plans were made from an old state")
	}
}

// There is one line that signs.
func TestThereIsOnePlaceThatSigns(t *testing.T) {
	var places []string
	for _, dir := range []string{".", "onchain"} {
		pkgs, err := parser.ParseDir(gotoken.NewFileSet(), dir, func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, pkg := range pkgs {
			for name, file := range pkg.Files {
				ast.Inspect(file, func(n ast.Node) bool {
					if call, ok := n.(*ast.CallExpr); ok {
						if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Sign" {
							places = append(places, dir+"/"+name)
						}
					}
					return true
				})
			}
		}
	}
	if !slices.Equal(places, []string{"./desk.go"}) {
		t.Errorf("signatures are made in %v", places)
	}
}

// Nothing of a service goes on after its end.
func TestCloseEndsEverything(t *testing.T) {
	r := newRig(t, fakechain.Config{})
	before := goleak.IgnoreCurrent()
	s := r.service(nil)
	r.propose(s, r.record(r.validators, nil, r.direct), r.direct)
	ctx, stop := context.WithCancelCause(t.Context())
	looked := make(chan struct{})
	ended := make(chan error)
	go func() {
		first := true
		ended <- s.Run(ctx, func(context.Context) (bool, error) {
			if first {
				first = false
				close(looked)
			}
			return false, nil
		})
	}()
	<-looked
	why := errors.New("enough")
	stop(why)
	if err := <-ended; !errors.Is(err, why) {
		t.Errorf("it ended with %v", err)
	}
	s.Close()
	r.disconnect()
	goleak.VerifyNone(t, before)
}
