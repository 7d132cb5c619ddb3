package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// The API under /api/v1: amounts are planck as decimal text, shares are percent as decimal text, times RFC 3339, and what
// is not known is null or absent. Lists come in pages: {"items": [...], "next": cursor}.

// mountV1 mounts the API that explains decisions.
func (g *Gateway) mountV1() {
	g.mountNetworks()
	g.mountV1Candidates()
	g.mountHistory()
	g.mountRounds()
	g.mountExplain()
	g.mountV1Nominators()
	g.mountV1Rewards()
	g.mountEras()
	g.mountV1Service()
	g.mountEvents()
}

// v1 describes a route of it.
func v1(id, path, summary string, subjects ...memory.Subject) route {
	return route{id: "v1" + id, path: V1 + path, summary: summary, group: groupV1, subjects: subjects}
}

// moment is a time for JSON, nil when it never was.
func moment(at programme.Millis) *time.Time {
	if at == 0 {
		return nil
	}
	t := at.Time()
	return &t
}

// absent says that a thing is not there.
func absent(format string, args ...any) error {
	return problem(http.StatusNotFound, fmt.Sprintf(format, args...))
}

// CandidateParam names a candidate by its stash, in any form of address, or by its slot.
type CandidateParam struct {
	Candidate string `path:"candidate" maxLength:"100" doc:"a stash, in any SS58 form, or the slot in the candidate list"`
}

// member finds a candidate by its stash or slot. Slots that have left the list are found by their slot.
func (p *population) member(text string) (*member, error) {
	if slot, err := strconv.ParseUint(text, 10, 31); err == nil {
		if i, ok := p.slot[int(slot)]; ok {
			return &p.slots[i], nil
		}
		return nil, absent("there is no candidate in slot %d", slot)
	}
	if m := p.of(p.address(text)); m != nil {
		return m, nil
	}
	return nil, absent("there is no candidate with the stash %s", shown(text))
}

// listing mounts a route with a list that is made as a whole, and handed out in pages.
func listing[In any, T any](g *Gateway, rt route, paging func(*In) *Paging, key func(*T) string, build func(ctx context.Context, in *In) ([]T, error)) {
	rt.kinds = append(rt.kinds, csvKind)
	get[In, Page[T]](g, rt, func(ctx context.Context, in *In) (any, error) {
		all, err := build(ctx, in)
		if err != nil {
			return nil, err
		}
		return pageOf(all, key, paging(in))
	})
}
