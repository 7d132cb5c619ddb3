package nominator

import (
	"context"
	"log/slog"
	"sync"
)

// Run looks at once, at every finalised block, and whenever a node has news of a transaction, until ctx ends or done says
// that it is enough. What goes wrong in one look is logged and tried again in the next.
func (s *Service) Run(ctx context.Context, done func(ctx context.Context) (bool, error)) error {
	ctx, stop := context.WithCancelCause(ctx)
	var following sync.WaitGroup
	defer following.Wait()
	defer stop(nil)
	following.Go(func() {
		err := s.Chain.Follow(ctx, func() error {
			s.nudge()
			return nil
		})
		if err != nil && ctx.Err() == nil {
			stop(err)
		}
	})
	failing := ""
	for {
		err := s.Look(ctx)
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		failing = s.tell(ctx, failing, err)
		if done != nil {
			enough, err := done(ctx)
			if err != nil || enough {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.wake:
		}
	}
}

// tell logs how a look went, given what the one before it failed with: the same failure is said once, not with every block.
// It returns what this one failed with.
func (s *Service) tell(ctx context.Context, before string, err error) string {
	if err == nil {
		if before != "" {
			s.Logger.Info("looks at the chain succeed again")
		}
		return ""
	}
	level := slog.LevelError
	if err.Error() == before {
		level = slog.LevelDebug
	}
	s.Logger.Log(ctx, level, "a look at the chain failed; the next block brings another", "error", err)
	return err.Error()
}
