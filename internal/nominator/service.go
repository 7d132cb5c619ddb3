package nominator

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/extrinsic"
)

// Mode says what happens with decisions; the values are those of act.mode in the configuration.
type Mode string

// The modes of acting. Anything that is not ModeAct signs nothing.
const (
	ModeOff     Mode = "off"
	ModePropose Mode = "propose"
	ModeAct     Mode = "act"
)

// Account is one of the programme's nominators.
type Account struct {
	Nominator programme.Address // bonded account
	// Signer is the key's account: Nominator itself, or its proxy. Empty when there is no key.
	Signer programme.Address
	Proxy  bool
	// Delay is the configured delay in blocks, which must be the chain's; nil: whatever the chain has.
	Delay *uint32
	// Key signs; nil when there is none, and then the nominator is only planned for.
	Key extrinsic.Signer
}

// Programme knows what the chain does not about candidates.
type Programme interface {
	// Standing tells about stashes. A stash that is missing in the answer is not listed; an error means that nothing is
	// known, which is not the same.
	Standing(ctx context.Context) (map[programme.Address]Standing, error)
}

// Standing is what the programme thinks of a listed candidate.
type Standing struct {
	// Suspended is the reason of a suspension, empty without one.
	Suspended string
}

// Settings are what a service works with. Chain, Store and Accounts are required.
type Settings struct {
	Chain    Chain
	Store    Store
	Accounts []Account
	Mode     Mode
	// Consent says that an operator wants signatures now: --yes, or a process that was started to act.
	Consent bool
	// Programme and MaxCommission judge targets before an announced nomination is executed.
	Programme     Programme
	MaxCommission programme.Perbill
	// Blacklist holds call hashes, 0x hex, whose announcements are removed. CancelUnknown removes announcements for our
	// nominators that no plan explains.
	Blacklist     []string
	CancelUnknown bool
	// Period is the lifetime of transactions in blocks; 0 = 64, and 256 on parachains, whose blocks are faster.
	Period uint32

	Now    func() time.Time
	Random io.Reader
	Logger *slog.Logger
	// Owner names this process in locks; random when empty. Lease is how long others leave an unsigned intent of it
	// alone; 1 minute when zero.
	Owner string
	Lease time.Duration
	// Show is told what is about to be signed, and what a dry run says of it, before anything is sent.
	Show func(Exhibit)
	// Fault is called at every Point; nil in production.
	Fault func(Point)
}

// Exhibit is what is shown of a transaction.
type Exhibit struct {
	Nominator, Signer programme.Address
	Kind              Kind
	Call              string // by names
	CallHex           string
	Nonce             uint64
	Birth, Period     uint32
	Fee               programme.Planck
	// Hash is known once it is signed. DryRun is "passed", what the node objects to, or why none was possible; empty
	// before.
	Hash, DryRun string
}

// Service acts for a set of nominators on one chain. Its methods may be called from many goroutines; they take turns.
type Service struct {
	Settings
	info     Info
	accounts map[programme.Address]*Account

	mu      sync.Mutex
	watches map[string]*watch   // by intent
	raised  map[warningKey]bool // alerts of this process, so that they are written once an era
	records map[string]*explanation
	// floor is the highest block known to be final. A node that knows less shows a past in which what has happened has
	// not.
	floor uint32

	ctx     context.Context
	stop    context.CancelFunc
	running sync.WaitGroup
	wake    chan struct{} // of capacity 1: something happened that a new look may find
}

type warningKey struct {
	code, subject string
	era           programme.Era
}

// New makes a service. Close it when it is no longer needed.
func New(s Settings) (*Service, error) {
	switch {
	case s.Chain == nil || s.Store == nil:
		return nil, errors.New("nominator: a chain and a database are needed")
	case s.Mode != ModeOff && s.Mode != ModePropose && s.Mode != ModeAct:
		return nil, fmt.Errorf("nominator: mode %q is not one of off, propose, act", s.Mode)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Random == nil {
		s.Random = rand.Reader
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	if s.Lease == 0 {
		s.Lease = time.Minute
	}
	if s.Show == nil {
		s.Show = func(Exhibit) {}
	}
	if s.Fault == nil {
		s.Fault = func(Point) {}
	}
	v := &Service{
		Settings: s, info: s.Chain.Info(), accounts: map[programme.Address]*Account{},
		watches: map[string]*watch{}, raised: map[warningKey]bool{}, records: map[string]*explanation{}, wake: make(chan struct{}, 1),
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		if v.accounts[a.Nominator] != nil {
			return nil, fmt.Errorf("nominator: %s is configured twice", a.Nominator)
		}
		v.accounts[a.Nominator] = a
	}
	if v.Owner == "" {
		id, err := v.random()
		if err != nil {
			return nil, err
		}
		v.Owner = id
	}
	v.ctx, v.stop = context.WithCancel(context.Background())
	return v, nil
}

// Close ends what the service has started. Transactions under way are not affected; the next start finds them.
func (s *Service) Close() {
	s.stop()
	s.running.Wait()
}

func (s *Service) millis() programme.Millis { return programme.Millis(s.Now().UnixMilli()) }

// random is 16 hexadecimal digits.
func (s *Service) random() (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return "", fmt.Errorf("nominator: draw an identifier: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// raise stores an alert and logs it when it is new.
func (s *Service) raise(ctx context.Context, w plan.Warning) error {
	k := warningKey{w.Code, w.Subject, w.Era}
	if s.raised[k] {
		return nil
	}
	w.Network, w.At = s.info.Genesis, s.millis()
	s.Fault(BeforeAlert)
	fresh, err := s.Store.RaiseAlert(ctx, w)
	if err != nil {
		return err
	}
	s.Fault(AfterAlert)
	s.raised[k] = true
	if fresh {
		s.Logger.Warn(w.Text, "alert", w.Code, "nominator", w.Nominator, "subject", w.Subject, "era", w.Era)
	}
	return nil
}

// nudge asks Run for a new look.
func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
