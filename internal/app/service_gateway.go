package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/store"
)

// runAPI serves the API. It reads the database through a handle of its own that cannot write.
func (p *process) runAPI(ctx context.Context, ready func()) (err error) {
	db, err := store.OpenReadOnly(ctx, p.cfg.DatabaseTarget())
	if err != nil {
		return lasting(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	g, err := p.newGateway(db)
	if err != nil {
		return err
	}
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	followed := make(chan error, 1)
	go func() { followed <- g.Run(own) }()
	err = p.listener("api", "server.port", p.cfg.ServerAddress(), g).Run(ctx, ready)
	cancel()
	return errors.Join(err, <-followed)
}

// newGateway makes the API as the configuration wants it.
func (p *process) newGateway(db *store.Store) (*gateway.Gateway, error) {
	c := &p.cfg.Server
	rules, err := p.cfg.Rules("")
	if err != nil {
		return nil, input(err)
	}
	limit := gateway.Limit{PerSecond: float64(c.RateLimit), Burst: c.RateBurst}
	for _, text := range c.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, input(fmt.Errorf("server.trustedProxies: %w", err))
		}
		limit.Trusted = append(limit.Trusted, prefix)
	}
	return gateway.New(gateway.Options{
		Data: db, Logger: p.log.With("component", "gateway"), Now: p.Now, Version: Version(), Network: p.cfg.Network.Label, Rules: rules,
		RankIsActiveEras: p.cfg.RankMode == config.RankActiveEras, PriceAsset: p.cfg.Prices.Asset, DryRun: p.cfg.Act != config.ActAct,
		Swagger: c.ServeSwagger, Origins: c.Origins, Limit: limit, Crowd: c.MaxRequests,
		Jobs:   func(ctx context.Context) ([]memory.Job, error) { return jobStates(ctx, db) },
		Health: http.HandlerFunc(p.health.Healthcheck), Metrics: p.metrics.Handler(), Count: p.metrics.Route,
	})
}

// jobStates are the states of all jobs as the API shows them.
func jobStates(ctx context.Context, db *store.Store) ([]memory.Job, error) {
	all, err := jobs.States(ctx, db)
	if err != nil {
		return nil, err
	}
	out := make([]memory.Job, len(all))
	for i, s := range all {
		out[i] = memory.Job{
			Name: s.Name, Status: memory.JobStatus(s.Status), Enabled: s.Status != jobs.NotRunning, Schedule: s.Frequency, Runs: s.RunCount,
			Started: s.ExecutedAt, Ended: s.FinishedAt, Updated: s.Updated, Progress: s.Progress, Iteration: s.Iteration, Result: s.Result, Error: s.Error,
		}
	}
	return out, nil
}
