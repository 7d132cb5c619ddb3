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
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/internal/web"
)

// apiWanted reports whether the process listens for everybody: with the API in the gateway role, or with health only
// where the configuration says so.
func (p *process) apiWanted() bool {
	return p.cfg.Server.Enable && (p.cfg.Server.OnlyHealth || p.has(config.RoleGateway))
}

// runAPI serves everybody. It reads the database through a handle of its own that cannot write.
func (p *process) runAPI(ctx context.Context, ready func()) (err error) {
	if p.cfg.Server.OnlyHealth {
		return p.listener("api", "server.port", p.cfg.ServerAddress(), p.healthRoutes()).Run(ctx, ready)
	}
	db, err := store.OpenReadOnly(ctx, p.cfg.DatabaseTarget())
	if err != nil {
		return lasting(err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	g, err := p.newGateway(db)
	if err != nil {
		return lifecycle.Permanent(input(err))
	}
	own, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(own) }()
	defer func() {
		cancel()
		err = errors.Join(err, <-ended)
	}()
	return p.listener("api", "server.port", p.cfg.ServerAddress(), g).Run(ctx, ready)
}

// newGateway makes what the API's listener serves, as the configuration wants it: the API and the pages.
func (p *process) newGateway(db *store.Store) (*gateway.Gateway, error) {
	c := &p.cfg.Server
	rules, err := p.cfg.Rules("")
	if err != nil {
		return nil, err
	}
	limit := gateway.Limit{PerSecond: float64(c.RateLimit), Burst: c.RateBurst}
	for _, text := range c.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("server.trustedProxies: %w", err)
		}
		limit.Trusted = append(limit.Trusted, prefix)
	}
	pages, err := web.New(web.Options{
		Data: pageData{db}, Health: p.health.Report, Now: p.Now, Logger: p.log.With("component", "pages"), Version: p.health.Version,
		Label: p.cfg.Network.Label, Simulation: p.Simulation.Text, Details: p.Simulation.Text != "", Speed: p.Simulation.Speed,
		Links: []web.Link{{Text: "API", URL: "/swagger"}}, Record: func(digest string) string { return gateway.V1 + "/rounds/" + digest + "/record" },
	})
	if err != nil {
		return nil, err
	}
	asset := ""
	if p.cfg.Prices.Source != config.PricesOff {
		asset = p.cfg.Prices.Asset
	}
	return gateway.New(gateway.Options{
		Data: db, Logger: p.log.With("component", "gateway"), Now: p.Now, Version: p.health.Version, Network: p.cfg.Network.Label, Rules: rules,
		RankIsActiveEras: p.cfg.RankMode == config.RankActiveEras, PriceAsset: asset, DryRun: p.cfg.Act != config.ActAct,
		Swagger: c.ServeSwagger, Origins: c.Origins, Limit: limit, Crowd: c.MaxRequests,
		Jobs:   func(ctx context.Context) ([]memory.Job, error) { return jobsOf(ctx, db) },
		Health: http.HandlerFunc(p.health.Healthcheck), Metrics: p.metrics.Handler(), Pages: pages, Count: p.metrics.Route,
	})
}

// pageData is what the pages read.
type pageData struct{ *store.Store }

// Jobs implements web.Data.
func (d pageData) Jobs(ctx context.Context) ([]memory.Job, error) { return jobsOf(ctx, d.Store) }

// jobsOf tells how the jobs stand, in the nouns that pages and API share.
func jobsOf(ctx context.Context, db *store.Store) ([]memory.Job, error) {
	list, err := jobs.States(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("read the states of jobs: %w", err)
	}
	out := make([]memory.Job, len(list))
	for i, s := range list {
		out[i] = memory.Job{
			Name: s.Name, Status: memory.JobStatus(s.Status), Enabled: s.Status != jobs.NotRunning, Schedule: s.Frequency, Runs: s.RunCount,
			Started: s.ExecutedAt, Ended: s.FinishedAt, Updated: s.Updated, Progress: s.Progress, Iteration: s.Iteration,
			Result: s.Result, Error: s.Error,
		}
	}
	return out, nil
}
