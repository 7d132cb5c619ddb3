package nominator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
)

// judge demands the right end of everything. After a disturbed round more than one end may be right, but only the one that
// the chain bears out.
func (l *life) judge(t *testing.T, disturbed bool) {
	t.Helper()
	s, err := store.Open(t.Context(), l.db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if broken := l.broken(s, l.start, 0); broken != "" {
		t.Fatal(broken)
	}
	if broken := l.unexplained(s, l.start); broken != "" {
		t.Fatal(broken)
	}
	plans, err := s.Plans(t.Context(), plan.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	state, _ := l.chain.State()
	present := 0
	for _, p := range plans {
		if uint32(p.Era) != state.Era {
			continue // judged in its time
		}
		wrong := l.wrong(t, s, &p, disturbed)
		if wrong != "" {
			history, _ := s.History(t.Context(), p.Key)
			t.Fatalf("the %s plan of %s is %s (%s), which is wrong: %s; its history is %+v", p.Mode, p.Nominator, p.State, p.Reason, wrong, history)
		}
		if p.Mode == plan.Removal {
			continue
		}
		present++
		if disturbed && (l.kind != "breach" || p.Mode != plan.Delayed) {
			l.plans++
			if p.State == plan.Succeeded {
				l.succeeded++
			}
		}
	}
	if present != 3 {
		t.Fatalf("%d plans of three nominators in era %d", present, state.Era)
	}
	for _, a := range state.Announcements[l.delegate.AccountID()] {
		if a.Real == l.delayed.AccountID() {
			t.Fatalf("the announcement %x is still there", a.Hash)
		}
	}
	if l.kind == "blacklist" && len(state.Announcements[l.delegate.AccountID()]) != 1 {
		t.Fatal("the announcement for somebody else was touched")
	}
}

// wrong says why the end of a plan is not the right one; empty when it is.
func (l *life) wrong(t *testing.T, s *store.Store, p *plan.Plan, disturbed bool) string {
	t.Helper()
	breach := l.kind == "breach" && p.Mode == plan.Delayed
	switch {
	case !p.State.Closed():
		return "it is still open"
	case p.Mode == plan.Removal:
		return unless(p.State == plan.Cancelled, "removals end as cancelled")
	case p.State == plan.Succeeded:
		return unless(!breach, "its targets broke a rule before it could be executed")
	case breach && p.State == plan.Cancelled && strings.Contains(p.Reason, "raised its commission"):
		return unless(p.Replan, "the nominator needs a new round")
	case !disturbed:
		return "nothing disturbed it"
	}
	intents, err := s.Intents(t.Context(), plan.IntentFilter{Round: p.Round, Nominator: p.Nominator})
	if err != nil {
		t.Fatal(err)
	}
	expired := 0
	for _, i := range intents {
		if i.Status == plan.Expired {
			expired++
		}
	}
	switch {
	case p.State == plan.Cancelled && strings.Contains(p.Reason, "too old"):
		useful := plan.OldestUseful(p.Announcement.Height, crashDelay)
		removal := slices.IndexFunc(intents, func(i plan.Intent) bool { return i.Kind == plan.KindRemove && uint64(i.Birth) <= useful })
		return unless(removal < 0, fmt.Sprintf("it was of use up to block %d, and removed before", useful))
	case strings.Contains(p.Reason, fmt.Sprintf("for the %d. time", plan.MaxAttempts)):
		return unless(expired >= plan.MaxAttempts, fmt.Sprintf("only %d transactions expired", expired))
	}
	return "nothing on the chain bears it out"
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}
