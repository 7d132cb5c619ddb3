package nominator

import (
	"context"
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
	for {
		if err := s.Look(ctx); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.Logger.Error("a look at the chain failed; the next block brings another", "error", err)
		}
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
