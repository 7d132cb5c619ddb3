package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

func (g *Gateway) mountService() {
	get[noParams, LegacyBlockIndex](g, old("getBlockIndex", "/blockindex", "Blocks that were searched for rewards", memory.SubjectBlocks),
		func(ctx context.Context, _ *noParams) (any, error) {
			b, err := g.Data.BlockIndex(ctx)
			if errors.Is(err, ErrNone) {
				return LegacyBlockIndex{}, nil
			}
			return LegacyBlockIndex{Latest: &b.Latest, Earliest: &b.Earliest, BlocksIndexed: int64(b.Latest) - int64(b.Earliest) + 1}, err
		})
	get[noParams, LegacyRelease](g, old("getRelease", "/release", "Newest release of the client", memory.SubjectReleases).orEmpty(),
		func(ctx context.Context, _ *noParams) (any, error) {
			r, ok, err := g.Data.Release(ctx, g.Network)
			if err != nil || !ok {
				return nil, err
			}
			return LegacyRelease{ID: id("release", r.Name), Name: r.Name, PublishedAt: int64(r.Published)}, nil
		})
	count := old("countRequests", "/stats/totalRequests", "Requests since the start of this process")
	get[noParams, int64](g, count, func(context.Context, *noParams) (any, error) { return g.counters.total.Load(), nil })
	counts := old("countRequestsByRoute", "/stats/endpointCounts", "Requests by route since the start of this process")
	get[noParams, map[string]int64](g, counts, func(context.Context, *noParams) (any, error) { return g.counters.counts(), nil })
	jobs := old("listJobs", "/scorekeeper/jobs", "How the jobs are doing, by name")
	jobs.group = groupOperations
	get[noParams, map[string]LegacyJob](g, jobs, func(ctx context.Context, _ *noParams) (any, error) {
		l, err := g.jobs(ctx)
		out := map[string]LegacyJob{}
		for i := range l {
			out[l[i].Name] = legacyJob(&l[i])
		}
		return out, err
	})
	g.mountHandler("healthcheck", "/healthcheck", "Whether the chain is connected", g.Health)
	g.mountHandler("metrics", "/metrics", "Metrics for Prometheus, to programs of the same machine or network only", private(g.Metrics, g.elsewhere))
	for _, pattern := range []string{"/status", "/status/*", "/assets", "/assets/*"} {
		if g.Pages != nil {
			g.router.Handle(pattern, g.Pages)
		}
	}
}

// jobs are the states of all jobs, none where the process cannot know them.
func (g *Gateway) jobs(ctx context.Context) ([]memory.Job, error) {
	if g.Jobs == nil {
		return nil, nil
	}
	return g.Jobs(ctx)
}

func legacyJob(j *memory.Job) LegacyJob {
	out := LegacyJob{
		Name: j.Name, Status: string(j.Status), Updated: int64(j.Updated), Enabled: j.Enabled, Frequency: j.Schedule,
		ExecutedAt: int64(j.Started), Iteration: j.Iteration, Error: j.Error,
	}
	if j.Enabled {
		out.RunCount, out.Progress = &j.Runs, &j.Progress
	}
	return out
}

// private lets only peers on the same machine or in a private network through, and nobody by way of a proxy: it speaks
// for others.
func private(h http.Handler, otherwise http.HandlerFunc) http.Handler {
	if h == nil {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		near := err == nil && (peer.Addr().Unmap().IsLoopback() || peer.Addr().Unmap().IsPrivate())
		if !near || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
			otherwise(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// openPlans are those that are not finished, oldest first.
func (g *Gateway) openPlans(ctx context.Context) ([]plan.Plan, error) {
	plans, err := g.Data.Plans(ctx, plan.Filter{Open: true})
	slices.Reverse(plans)
	return plans, err
}

// identityName is the name of the identity of a candidate, empty without one.
func (m *member) identityName() string {
	i := m.identity()
	if i == nil {
		return ""
	}
	name, _, _ := strings.Cut(i.Display, " / ")
	return name
}

// target is a candidate as the status of a nominator shows it.
func (p *population) target(stash programme.Address) LegacyStatusTarget {
	out := LegacyStatusTarget{Stash: string(stash)}
	if m := p.of(stash); m != nil {
		out.Name, out.KYC, out.Score = m.identityName(), m.KYC, m.total()
	}
	return out
}
