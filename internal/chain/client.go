package chain

import (
	"context"

	"github.com/thousand-validators/otv/substrate"
)

// Staking is the client of the chain that hosts staking, for reading and writing it directly. It is closed with the
// Chains. Whoever acts by it stays with it; so the chain must have an active era. Where staking is follows from what a node
// says, and one that answers that values do not exist would otherwise be believed for as long as the process runs.
func (c *Chains) Staking(ctx context.Context) (*substrate.Client, error) {
	l, err := c.locate(ctx)
	if err != nil {
		return nil, err
	}
	head, err := l.staking.Finalised(ctx)
	if err != nil {
		return nil, failed(ctx, "find the chain with staking", err)
	}
	var era any
	switch found, err := head.Get(ctx, "Staking", "ActiveEra", &era); {
	case err != nil:
		return nil, failed(ctx, "find the chain with staking", err)
	case !found:
		return nil, unavailable("staking should be on %s, but has not begun there", describe(head))
	}
	return l.staking, nil
}
