package nominator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// scanStep is how many blocks are searched before the progress is stored.
const scanStep = 8

func millisOf(d time.Duration) programme.Millis { return programme.Millis(d.Milliseconds()) }

// settle finds out what became of everything whose fate is not known.
func (s *Service) settle(ctx context.Context, head plan.Head) error {
	open, err := s.Store.Intents(ctx, plan.IntentFilter{Network: s.info.Genesis, Open: true})
	if err != nil {
		return err
	}
	var errs []error
	for i := len(open) - 1; i >= 0; i-- {
		if err := s.settleOne(ctx, head, open[i]); err != nil && !errors.Is(err, plan.ErrStale) {
			errs = append(errs, fmt.Errorf("transaction %s: %w", open[i].ID, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Service) settleOne(ctx context.Context, head plan.Head, i plan.Intent) error {
	if i.Status == plan.Prepared {
		return s.takeOver(ctx, i)
	}
	s.Fault(Watching)
	fate, err := s.Chain.Fate(ctx, head, &i)
	if err != nil {
		return err
	}
	from := i.Status
	i.Updated = s.millis()
	switch fate.Stage {
	case plan.Included:
		i.Status, i.Number, i.Block, i.Index, i.Error, i.Inner, i.Scanned = plan.Done, fate.Number, fate.Block, fate.Index, fate.Error, fate.Inner, fate.Number
		if fate.Error != "" {
			i.Status = plan.Failing
		}
		if !fate.Fee.IsZero() {
			i.Fee = fate.Fee
		}
		s.Fault(BeforeIncluded)
		if err := s.Store.UpdateIntent(ctx, i, from); err != nil {
			return err
		}
		s.Fault(AfterIncluded)
		delete(s.watches, i.ID)
		return nil
	case plan.Lost:
		return s.expire(ctx, head, i, fate)
	}
	if head.Number >= i.Scanned+scanStep {
		i.Scanned = head.Number
		s.Fault(BeforeSearched)
		if err := s.Store.UpdateIntent(ctx, i, from); err != nil {
			return err
		}
		s.Fault(AfterSearched)
	}
	return s.resubmit(ctx, head, i)
}

func (s *Service) expire(ctx context.Context, head plan.Head, i plan.Intent, fate Fate) error {
	from := i.Status
	i.Status, i.Scanned = plan.Expired, head.Number
	if fate.Superseded {
		i.Error = fmt.Sprintf("another transaction of %s used the nonce %d", i.Signer, i.Nonce)
		err := s.raise(ctx, plan.Warning{Code: plan.AlertKeyInUse, Subject: string(i.Signer), Era: head.Era, Nominator: i.Nominator, Text: i.Error + ": somebody else uses its key"})
		if err != nil {
			return err
		}
	}
	s.Fault(BeforeExpired)
	if err := s.Store.UpdateIntent(ctx, i, from); err != nil {
		return err
	}
	s.Fault(AfterExpired)
	delete(s.watches, i.ID)
	return nil
}

// takeOver ends an unsigned intent whose process has gone. A process that is only slow finds out when it stores the
// signature, and drops it; so the lease is a courtesy, and a clock that jumps does no harm.
func (s *Service) takeOver(ctx context.Context, i plan.Intent) error {
	lock, err := s.Store.Lock(ctx, i.Network, i.Signer)
	switch {
	case errors.Is(err, plan.ErrNotFound):
	case err != nil:
		return err
	case lock.Intent == i.ID && lock.Owner != s.Owner:
		left := lock.Until - s.millis()
		if left > 0 && left <= 2*millisOf(s.Lease) {
			return nil
		}
	}
	return s.abandon(ctx, i, "the process that prepared it ended before it was signed")
}

// resubmit sends the same bytes again when no node is known to have them: after a restart, or when a node dropped them.
// That is not another transaction: the chain includes it once at most.
func (s *Service) resubmit(ctx context.Context, head plan.Head, i plan.Intent) error {
	if i.Status != plan.Signed && i.Status != plan.Sent {
		return nil
	}
	if h := s.watches[i.ID]; h != nil && (!h.over || head.Number < h.retry) {
		return nil
	}
	ask := s.permission
	if i.Kind == plan.KindRemove {
		ask = s.removalPermission
	}
	may, err := ask(ctx, i.Nominator)
	if err != nil || !may.OK {
		return err
	}
	return s.submit(ctx, head, &i)
}
