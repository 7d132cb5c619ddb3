package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
)

// Heads tells where the chains stand whenever a block becomes final. Package chain has it.
type Heads interface {
	Follow(ctx context.Context, fn func(context.Context, chain.Clock) error) error
}

// Watch turns what happens on chain into causes.
type Watch struct {
	Heads   Heads
	Trigger func(ctx context.Context, cause Cause) error
	Logger  *slog.Logger
	// Pause is how long nothing is tried after the connection was lost; 5 seconds when 0.
	Pause time.Duration
}

// Run watches until ctx ends. The jobs that run at start make up for whatever happened before. Two processes may watch
// at once: a job that is wanted twice runs once.
func (w *Watch) Run(ctx context.Context) error {
	pause := w.Pause
	if pause == 0 {
		pause = 5 * time.Second
	}
	var last *programme.Eras
	for {
		err := w.Heads.Follow(ctx, func(ctx context.Context, c chain.Clock) error {
			for _, cause := range causes(last, c.Eras) {
				if err := w.Trigger(ctx, cause); err != nil {
					return err // and the same again after the pause
				}
			}
			last = &c.Eras
			return nil
		})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.Logger.Warn("final blocks are not followed; it is tried again", "error", err, "in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-timer.C:
		}
	}
}

// causes are what happened between two blocks. The era comes first, because its jobs are those of the session and more.
func causes(last *programme.Eras, now programme.Eras) []Cause {
	if last == nil {
		return nil
	}
	out := []Cause{OnBlock}
	if now.Session != last.Session {
		out = append([]Cause{OnSession}, out...)
	}
	if now.Active != last.Active {
		out = append([]Cause{OnEra}, out...)
	}
	return out
}

// Nudge has something done after it was told so, at most once in a time: what is told meanwhile is done together.
type Nudge struct {
	Every time.Duration
	Do    func(ctx context.Context)
	told  chan struct{}
}

// NewNudge makes a nudge; see [Nudge.Run].
func NewNudge(every time.Duration, do func(ctx context.Context)) *Nudge {
	return &Nudge{Every: every, Do: do, told: make(chan struct{}, 1)}
}

// Tell asks for it to be done. It never waits.
func (n *Nudge) Tell() {
	select {
	case n.told <- struct{}{}:
	default:
	}
}

// Run does what was asked for until ctx ends.
func (n *Nudge) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.told:
		}
		n.Do(ctx)
		timer := time.NewTimer(n.Every)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}
