package simulate_test

import (
	"context"
	"math/rand/v2"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/rounds"
)

// crash ends a process in place.
type crash struct{ at nominator.Point }

// random draws identifiers from the seed.
type random struct{ rng *rand.Rand }

// Read implements io.Reader.
func (x random) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(x.rng.Uint32())
	}
	return len(b), nil
}

// proposer hands rounds to the nominators.
type proposer struct{ s *nominator.Service }

// Propose implements rounds.Proposer.
func (p proposer) Propose(ctx context.Context, record []byte) ([]rounds.Proposal, error) {
	out, err := p.s.Propose(ctx, record, "")
	if err != nil {
		return nil, err
	}
	var list []rounds.Proposal
	for _, x := range out.Proposals {
		list = append(list, rounds.Proposal{Nominator: x.Nominator, Created: x.Created, Refused: x.Refused})
	}
	return list, nil
}

// listed tells the nominators who is listed and suspended.
type listed struct{ r *run }

// Standing implements nominator.Programme.
func (l listed) Standing(ctx context.Context) (map[programme.Address]nominator.Standing, error) {
	all, err := l.r.db.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	rankings, err := l.r.db.Rankings(ctx)
	if err != nil {
		return nil, err
	}
	suspended := map[int]string{}
	for _, x := range rankings {
		if x.Suspend != nil {
			suspended[x.Slot] = x.Suspend.Reason
		}
	}
	out := map[programme.Address]nominator.Standing{}
	for i := range all {
		if all[i].Listed() {
			out[all[i].Stash] = nominator.Standing{Suspended: suspended[all[i].Slot]}
		}
	}
	return out, nil
}
