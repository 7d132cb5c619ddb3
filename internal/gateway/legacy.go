package gateway

import (
	"context"

	"github.com/thousand-validators/otv/internal/programme/memory"
)

// The parameters of the old routes are all text: what is no number is told in words, and what is no account is nobody's.
type (
	noParams     struct{}
	addressParam struct {
		Address string `path:"address" doc:"an account, in any SS58 form"`
	}
	eraParams struct {
		Address string `path:"address" doc:"an account, in any SS58 form"`
		Era     string `path:"era"`
	}
	limitParams struct {
		Address string `path:"address" doc:"an account, in any SS58 form"`
		Limit   string `path:"limit" doc:"how many, 0 for all"`
	}
	lastParams struct {
		Address string `path:"address" doc:"an account, in any SS58 form"`
		Last    string `path:"last" doc:"how many"`
	}
	sessionParam struct {
		Session string `path:"session"`
	}
	sessionParams struct {
		Address string `path:"address" doc:"an account, in any SS58 form"`
		Session string `path:"session"`
	}
)

// mountLegacy mounts the routes of the old backend.
func (g *Gateway) mountLegacy() {
	g.mountCandidates()
	g.mountStakes()
	g.mountNominators()
	g.mountScores()
	g.mountPoints()
	g.mountValidators()
	g.mountPlaces()
	g.mountRewards()
	g.mountService()
	g.mountOlder()
}

// old describes one of them.
func old(id, path, summary string, subjects ...memory.Subject) route {
	return route{id: id, path: path, summary: summary, group: groupLegacy, subjects: subjects}
}

// orEmpty marks a route that says with an empty answer that a thing does not exist.
func (r route) orEmpty() route {
	r.empty = true
	return r
}

// described adds a longer text.
func (r route) described(text string) route {
	r.text = text
	return r
}

// fromPopulation is a builder that needs nothing but the population.
func fromPopulation[In any](g *Gateway, build func(p *population, in *In) (any, error)) func(context.Context, *In) (any, error) {
	return func(ctx context.Context, in *In) (any, error) {
		p, err := g.population.get(ctx)
		if err != nil {
			return nil, err
		}
		return build(p, in)
	}
}
