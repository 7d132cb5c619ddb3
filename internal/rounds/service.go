package rounds

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Chain reads the chains. Package chain has it.
type Chain interface {
	Snapshot(ctx context.Context, req chain.Request) (*programme.Snapshot, error)
	// ClockAt tells where the chains stood at a block of the staking chain; empty for the newest.
	ClockAt(ctx context.Context, at string) (chain.Clock, error)
}

// Sources tell what others than the chains know, for the given candidates at the given moment of the staking chain.
type Sources interface {
	Facts(ctx context.Context, now programme.Millis, candidates []programme.Candidate) (*Facts, error)
}

// Proposer makes plans of a record. The nominator's service has it.
type Proposer interface {
	Propose(ctx context.Context, record []byte) ([]Proposal, error)
}

// Proposal is what became of one nominator's share of a record.
type Proposal struct {
	Nominator programme.Address
	Created   bool   // a plan was made; false also when there was one already
	Refused   string // why there is none; empty when there is
}

// Settings are what a service works with. All but Now, Logger and Event are required; Proposer only unless Act is off.
type Settings struct {
	Memory   Memory
	Chain    Chain
	Sources  Sources
	Proposer Proposer

	Rules programme.Rules
	// Nominators gives the configured ones as addresses of a network.
	Nominators func(prefix uint16) []programme.Nominator
	Act        config.ActMode
	RankMode   config.RankMode
	Telemetry  bool               // presence is watched
	Release    *programme.Release // forced by the configuration, nil when none is

	Now    func() time.Time
	Logger *slog.Logger
	// Event, unless nil, is told what may interest people.
	Event func(Event)
}

// Event is something that may interest people.
type Event struct {
	Kind EventKind
	// Subject is what it is about: a digest, a stash, a slot, or a place. An event of the same kind, subject and era is the
	// same.
	Subject string
	Era     programme.Era
	Text    string // one sentence
}

// EventKind names a kind of event.
type EventKind string

// The kinds of events.
const (
	EventRound     EventKind = "round"     // a round was held
	EventBraked    EventKind = "braked"    // it must not be acted on
	EventFault     EventKind = "fault"     // a candidate has a fault
	EventSuspended EventKind = "suspended" // a candidate was suspended
	EventRevoked   EventKind = "revoked"   // a fault was taken back
	EventList      EventKind = "list"      // the candidate list changed
	EventListBad   EventKind = "list-bad"  // its source does not deliver a good one
)

// Service holds rounds and shows how candidates stand between them. It may be used by many goroutines.
type Service struct {
	Settings

	mu   sync.Mutex // guards view, and that one snapshot is read at a time
	view *View

	before atomic.Pointer[Before] // of the record read last
}

// New makes a service.
func New(s Settings) (*Service, error) {
	switch {
	case s.Memory == nil || s.Chain == nil || s.Sources == nil || s.Nominators == nil:
		return nil, errors.New("rounds: memory, chain, sources and nominators are needed")
	case s.Act != config.ActOff && s.Proposer == nil:
		return nil, errors.New("rounds: without somebody who makes plans, act.mode must be off")
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.Event == nil {
		s.Event = func(Event) {}
	}
	return &Service{Settings: s}, nil
}

func (s *Service) millis() programme.Millis { return programme.Millis(s.Now().UnixMilli()) }

// Codes of alerts of this package.
const (
	AlertBraked   = "round-braked"
	AlertNobody   = "nobody-eligible"
	AlertList     = "candidate-list"
	AlertContrary = "rank-events"
)

// alert stores an alert, and tells people when it is new in its era.
func (s *Service) alert(ctx context.Context, kind EventKind, w plan.Warning) error {
	w.At = s.millis()
	fresh, err := s.Memory.RaiseAlert(ctx, w)
	if err == nil && fresh {
		s.Logger.Warn(w.Text, "alert", w.Code, "subject", w.Subject, "era", w.Era)
		s.Event(Event{kind, w.Subject, w.Era, w.Text})
	}
	return err
}
