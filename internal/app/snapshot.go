package app

import (
	"context"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
)

// TakeSnapshot reads what the round would be decided from on the chains, for the configured candidates and nominators.
// Its failures are those of [Plan.Run].
func (p Plan) TakeSnapshot(ctx context.Context) (*programme.Snapshot, error) {
	cfg, err := config.Load(p.ConfigDir, config.Options{Environ: p.Environ, Set: p.Set})
	if err != nil {
		return nil, input(err)
	}
	p.warn(cfg)
	list, err := p.list(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return p.snapshot(ctx, cfg, list)
}
