package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/lease"
)

// leadPart is the name on the health board of the right to act. One core of several has it; the others stand by.
const leadPart = "lead"

// leadership is whether this process is the core that acts.
type leadership struct {
	mu      sync.Mutex
	lease   context.Context // ends with the lease; nil while another process leads
	under   *sync.WaitGroup // what is done under the lease
	decided bool
	changed chan struct{} // closed and replaced with every change
}

func (l *leadership) init() { l.changed = make(chan struct{}) }

func (l *leadership) change(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
	close(l.changed)
	l.changed = make(chan struct{})
}

// begin says that the process leads until ctx ends.
func (l *leadership) begin(ctx context.Context) {
	l.change(func() { l.lease, l.under, l.decided = ctx, &sync.WaitGroup{}, true })
}

// standBy says that another process leads.
func (l *leadership) standBy() {
	l.mu.Lock()
	known := l.decided
	l.mu.Unlock()
	if !known {
		l.change(func() { l.decided = true })
	}
}

// end says that the process does not lead any more, and waits for what is done under the lease.
func (l *leadership) end() {
	var under *sync.WaitGroup
	l.change(func() { under, l.lease, l.under = l.under, nil, nil })
	under.Wait()
}

// state tells whether the process leads, whether that is known yet, and when it changes.
func (l *leadership) state() (leads, decided bool, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lease != nil, l.decided, l.changed
}

// hold runs fn whenever the process leads, until fn ends by itself or ctx does. Its context ends with the lease.
func (l *leadership) hold(ctx context.Context, fn func(ctx context.Context) error) error {
	for {
		l.mu.Lock()
		lead, under, changed := l.lease, l.under, l.changed
		if lead != nil && lead.Err() != nil {
			lead = nil // it is over, though nobody has said so yet
		}
		if lead != nil {
			under.Add(1)
		}
		l.mu.Unlock()
		if lead == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-changed:
			}
			continue
		}
		err := func() error {
			defer under.Done()
			own, cancel := context.WithCancelCause(ctx)
			defer cancel(nil)
			defer context.AfterFunc(lead, func() { cancel(context.Cause(lead)) })()
			return fn(own)
		}()
		if lead.Err() == nil || ctx.Err() != nil {
			return err
		}
	}
}

// name makes up a name that no other process has.
func (s *Service) name() (string, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	var b [6]byte
	if _, err := io.ReadFull(s.Random, b[:]); err != nil {
		return "", fmt.Errorf("draw a name for the process: %w", err)
	}
	return fmt.Sprintf("%.40s/%d/%x", host, os.Getpid(), b), nil
}

// runCore holds the lease of the core: of several cores on one database, one leads.
func (p *process) runCore(ctx context.Context, ready func()) error {
	p.board.Add(leadPart, false)
	l := &lease.Lease{
		DB: p.database.get(), Name: "core", Owner: p.id, Silence: p.Pace.Lease, Logger: p.log.With("component", "core"),
		Waiting: func(other string) {
			p.board.Set(leadPart, health.OK, "stands by: "+other+" leads")
			p.lead.standBy()
		},
	}
	ready()
	return l.Hold(ctx, func(ctx context.Context) error {
		p.log.Info("this process leads: it holds rounds and acts for the nominators", "process", p.id)
		p.board.Set(leadPart, health.OK, "this process leads")
		p.lead.begin(ctx)
		<-ctx.Done()
		p.lead.end()
		return ctx.Err()
	})
}
