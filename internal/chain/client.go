package chain

import (
	"context"

	"github.com/thousand-validators/otv/substrate"
)

// Staking is the client of the chain that hosts staking, for reading and writing it directly. It is closed with the
// Chains.
func (c *Chains) Staking(ctx context.Context) (*substrate.Client, error) {
	l, err := c.locate(ctx)
	if err != nil {
		return nil, err
	}
	return l.staking, nil
}
