package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// StatusStore is what the status of a candidate is read from.
type StatusStore interface {
	NewestDocument(ctx context.Context, kind plan.DocumentKind) (plan.Document, error)
	LocationHistory(ctx context.Context, network string, slot, limit int) ([]outside.Located, error)
	SourceHealths(ctx context.Context, network string) ([]outside.Health, error)
}

// CandidateStatus is everything the database knows about how a candidate stands.
type CandidateStatus struct {
	Round     string                       `json:"round"` // digest of the record
	RoundAt   programme.Millis             `json:"roundAt"`
	Era       programme.Era                `json:"era"`
	Candidate *programme.CandidateDecision `json:"candidate"`
	// Network has the units in which the round's amounts are counted.
	Network programme.Network `json:"network"`
	// Ranked is how many candidates have a position.
	Ranked   int               `json:"ranked"`
	Advice   []decision.Advice `json:"advice"`
	Presence PresenceStatus    `json:"presence"`
	// Places is where the node was found, the newest first.
	Places  []outside.Located `json:"locations"`
	Sources []outside.Health  `json:"sources"`
}

// PresenceStatus is a node's presence over the window in which offline time counts.
type PresenceStatus struct {
	// At is the moment for which it speaks: now, or the last one at which the feed was seen, if that is longer ago than the
	// window. Live says that it is what was stored of the feed; else it is what the round
	// was decided from.
	At     programme.Millis     `json:"at"`
	Live   bool                 `json:"live"`
	Source programme.Source     `json:"source"`
	Window programme.Millis     `json:"window"`
	Seen   *programme.Presence  `json:"seen"` // nil: never seen, or unknown when the source does not deliver
	Out    []programme.Interval `json:"charged"`
	Blind  programme.Millis     `json:"blind"`   // time in the window in which the observer saw nothing
	Total  programme.Millis     `json:"offline"` // time in the window that counts as offline
	Limit  programme.Millis     `json:"allowed"`
	// Notices are what is odd about the node and its name; no decision depends on it.
	Notices []memory.Notice `json:"notices"`
}

// ErrNoRound says that the database holds no round yet.
var ErrNoRound = errors.New("the database holds no round yet; `otv round act` stores one")

// ErrNoCandidate says that the newest round has no such candidate.
var ErrNoCandidate = errors.New("no such candidate")

// placesShown bounds the places of a status.
const placesShown = 5

// Status explains one candidate, named by slot, name or stash in any address form. Presence is read from the store
// unless it is nil, else the round's own is told.
func Status(ctx context.Context, s StatusStore, feed presence.Reader, network, who string, now programme.Millis) (*CandidateStatus, error) {
	doc, err := s.NewestDocument(ctx, plan.DocumentRound)
	if errors.Is(err, plan.ErrNotFound) {
		return nil, ErrNoRound
	}
	if err != nil {
		return nil, err
	}
	r, err := decision.Read(doc.Bytes)
	if err != nil {
		return nil, fmt.Errorf("newest round %s: %w", doc.Digest, err)
	}
	i := findSlot(r.Decision.Candidates, who)
	if i < 0 {
		return nil, fmt.Errorf("%w: the newest round, of %s, has none with the slot, name or stash %q", ErrNoCandidate, r.Inputs.Now, who)
	}
	c := &r.Decision.Candidates[i]
	out := &CandidateStatus{
		Round: r.Digest, RoundAt: r.Inputs.Now, Era: r.Inputs.Snapshot.Eras.Active, Candidate: c,
		Network: r.Inputs.Snapshot.Network, Ranked: r.Decision.Counts.Scored, Advice: decision.Advise(&r.Decision, c.Slot),
	}
	if out.Presence, err = presenceOf(ctx, r, c.Slot, feed, now); err != nil {
		return nil, err
	}
	if out.Places, err = s.LocationHistory(ctx, network, c.Slot, placesShown); err != nil {
		return nil, err
	}
	out.Places = slices.DeleteFunc(out.Places, func(l outside.Located) bool { return l.Stash != c.Stash })
	out.Sources, err = s.SourceHealths(ctx, network)
	return out, err
}

// findSlot finds a candidate by slot, name or stash, -1 when there is none. Names come first: one may look like a slot.
func findSlot(list []programme.CandidateDecision, who string) int {
	_, id, err := ss58.DecodeAccount(strings.TrimSpace(who))
	for _, fits := range []func(c programme.CandidateDecision) bool{
		func(c programme.CandidateDecision) bool { return c.Name == who },
		func(c programme.CandidateDecision) bool {
			_, stash, e := ss58.DecodeAccount(string(c.Stash))
			return err == nil && e == nil && stash == id
		},
		func(c programme.CandidateDecision) bool { return strconv.Itoa(c.Slot) == who },
	} {
		if i := slices.IndexFunc(list, fits); i >= 0 {
			return i
		}
	}
	return -1
}

// presenceOf tells the presence of a slot by the rules of the round.
func presenceOf(ctx context.Context, r *decision.Record, slot int, feed presence.Reader, now programme.Millis) (PresenceStatus, error) {
	limits := &r.Inputs.Rules.Limits
	p := PresenceStatus{At: r.Inputs.Now, Window: limits.OfflineWindow, Limit: limits.OfflineAllowed}
	for i := range r.Inputs.Sources {
		if r.Inputs.Sources[i].Name == programme.SourceTelemetry {
			p.Source = r.Inputs.Sources[i]
		}
	}
	for i := range r.Inputs.Candidates {
		if r.Inputs.Candidates[i].Slot == slot {
			p.Seen = r.Inputs.Candidates[i].Presence
		}
	}
	if feed != nil {
		f, err := presence.Read(ctx, feed, p.Window, now)
		if err != nil {
			return p, err
		}
		if down := f.Source; down.State == programme.SourceDown && down.At < now-p.Window {
			// Nothing of the window was seen, because nobody has watched for long, or because the data are of another clock
			// than this machine's. The last that was seen says more.
			now = down.At
			if f, err = presence.Read(ctx, feed, p.Window, now); err != nil {
				return p, err
			}
			f.Source.State, f.Source.At, f.Source.Detail = down.State, down.At, down.Detail
		}
		if f.Source.State != programme.SourceAbsent {
			p.At, p.Live, p.Source, p.Seen, p.Notices = now, true, f.Source, f.Candidates[slot], f.Notices[slot]
		}
	}
	blind := p.Source.Blindness(p.At)
	from := p.At - p.Window
	for _, iv := range p.Seen.Charged(blind, limits.DisconnectionGrace, p.At) {
		if iv.To > from {
			p.Out = append(p.Out, programme.Interval{From: max(iv.From, from), To: iv.To})
		}
	}
	p.Blind = programme.Overlap(blind, from, p.At)
	p.Total = programme.Overlap(p.Out, from, p.At)
	return p, nil
}
