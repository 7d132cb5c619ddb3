package rounds

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/sources/candidates"
)

// ListSource delivers the candidate list, or the last good one with the reason why that has to do. Package candidates
// has it.
type ListSource interface {
	Load(ctx context.Context) (candidates.Result, error)
}

// Roster keeps the stored candidates as the list has them.
type Roster struct {
	Source ListSource
	Memory Memory
	// Prefix is the address prefix of the network, and Genesis names it in alerts.
	Prefix  uint16
	Genesis string
	Now     func() time.Time
	// Event, unless nil, is told of changes and of a source that delivers no good list.
	Event func(Event)
	bad   string // what people were told last
}

// Change is how a list differs from what was stored.
type Change struct {
	Added, Changed, Removed []string // names
	// Stale says why the last good list had to do; empty when the source is in order.
	Stale string
}

// Empty reports whether nothing changed.
func (c *Change) Empty() bool { return len(c.Added)+len(c.Changed)+len(c.Removed) == 0 }

// Sync loads the list and stores what is different. A slot is a candidate's identity: another name or stash keeps its
// history, and an entry that has left the list stays, marked as such. When the source delivers no good list, the last
// good one counts and an alert is raised; without any, the stored candidates stay as they are and that is an error.
func (r *Roster) Sync(ctx context.Context) (*Change, error) {
	result, err := r.Source.Load(ctx)
	if err != nil {
		if ctx.Err() == nil {
			if bad := r.complain(ctx, err); bad != nil {
				return nil, bad
			}
		}
		return nil, fmt.Errorf("reload the candidate list: %w", err)
	}
	out := &Change{}
	if result.Stale != nil {
		out.Stale = result.Stale.Error()
		if err := r.complain(ctx, result.Stale); err != nil {
			return nil, err
		}
	} else {
		r.bad = ""
	}
	now := programme.Millis(r.Now().UnixMilli())
	err = r.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		have, err := r.Memory.Candidates(ctx)
		if err != nil {
			return err
		}
		changed := compare(have, result.List.Candidates(r.Prefix), now, out)
		if len(changed) == 0 {
			return nil
		}
		return r.Memory.SaveCandidates(ctx, changed)
	})
	if err != nil {
		return nil, fmt.Errorf("store the candidate list: %w", err)
	}
	if !out.Empty() && r.Event != nil {
		r.Event(Event{Kind: EventList, Subject: result.Location, Text: out.String()})
	}
	return out, nil
}

// complain raises an alert about the source, once for each reason.
func (r *Roster) complain(ctx context.Context, cause error) error {
	text := cause.Error()
	if text == r.bad {
		return nil
	}
	r.bad = text
	now := programme.Millis(r.Now().UnixMilli())
	fresh, err := r.Memory.RaiseAlert(ctx, plan.Warning{Network: r.Genesis, Code: AlertList, Subject: text, Text: text, At: now})
	if err == nil && fresh && r.Event != nil {
		r.Event(Event{Kind: EventListBad, Subject: text, Text: text})
	}
	return err
}

// compare finds the slots that are not stored as the list has them.
func compare(have []memory.Candidate, list []programme.Candidate, now programme.Millis, out *Change) []memory.Candidate {
	old := map[int]memory.Candidate{}
	for _, c := range have {
		old[c.Slot] = c
	}
	var changed []memory.Candidate
	for _, c := range list {
		o, known := old[c.Slot]
		delete(old, c.Slot)
		switch {
		case !known:
			out.Added = append(out.Added, c.Name)
			changed = append(changed, memory.Candidate{Candidate: c, Added: now, Updated: now})
		case !o.Listed():
			out.Added = append(out.Added, c.Name)
			changed = append(changed, memory.Candidate{Candidate: c, Added: o.Added, Updated: now})
		case !equal(o.Candidate, c):
			out.Changed = append(out.Changed, c.Name)
			changed = append(changed, memory.Candidate{Candidate: c, Added: o.Added, Updated: now})
		}
	}
	for _, c := range have { // in their order
		if _, left := old[c.Slot]; left && c.Listed() {
			out.Removed = append(out.Removed, c.Name)
			c.Updated, c.Delisted = now, now
			changed = append(changed, c)
		}
	}
	return changed
}

func equal(a, b programme.Candidate) bool {
	if len(a.Matrix) == 0 && len(b.Matrix) == 0 {
		a.Matrix, b.Matrix = nil, nil
	}
	return reflect.DeepEqual(a, b)
}

// String tells people what changed.
func (c *Change) String() string {
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{{"added", c.Added}, {"changed", c.Changed}, {"removed", c.Removed}} {
		switch n := len(p.names); {
		case n == 0:
		case n > 5:
			parts = append(parts, fmt.Sprintf("%s: %s and %d more", p.what, strings.Join(p.names[:5], ", "), n-5))
		default:
			parts = append(parts, p.what+": "+strings.Join(p.names, ", "))
		}
	}
	if len(parts) == 0 {
		return "the candidate list is unchanged"
	}
	return "the candidate list changed; " + strings.Join(parts, "; ")
}

// Run syncs at once and then in an interval until ctx ends. Changed, unless nil, is told of a list that changed.
func (r *Roster) Run(ctx context.Context, every time.Duration, logger *slog.Logger, changed func(ctx context.Context) error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		c, err := r.Sync(ctx)
		if err == nil && !c.Empty() {
			logger.Info(c.String())
			if changed != nil {
				err = changed(ctx)
			}
		}
		if err != nil && ctx.Err() == nil {
			logger.Error("the candidate list could not be taken over; it is tried again", "error", err, "in", every)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticker.C:
		}
	}
}
