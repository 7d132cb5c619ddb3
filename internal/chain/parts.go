package chain

import (
	"context"
	"errors"

	"github.com/thousand-validators/otv/internal/programme"
)

// The parts of a snapshot. The first ones are those without which no candidate could be judged; a failure of the others
// leaves a gap if only their own form is the reason.

func (r *reader) readIntentions(ctx context.Context) (err error) {
	if r.intentions, err = readIntentions(ctx, r.staking, r.wanted); err != nil {
		return failed(ctx, "read intentions", err)
	}
	r.report("intentions", r.intentions.count, true)
	return nil
}

func (r *reader) readBonds(ctx context.Context) (err error) {
	if r.bonds, err = readBonds(ctx, r.staking, r.candidates); err != nil {
		return failed(ctx, "read bonds", err)
	}
	if r.payees, err = readPayees(ctx, r.staking, r.book, r.candidates, r.bonds); err != nil {
		return failed(ctx, "read reward destinations", err)
	}
	r.report("bonds", len(r.bonds), true)
	return nil
}

func (r *reader) readNominators(ctx context.Context) (err error) {
	if r.out.Nominators, err = readNominators(ctx, r.staking, r.book, r.nominators); err != nil {
		return failed(ctx, "read nominators", err)
	}
	var holdings []programme.Planck
	for _, n := range r.out.Nominators {
		if n.Bond.Bonded {
			holdings = append(holdings, n.Bond.Total)
		}
	}
	if r.out.Limits, err = readLimits(ctx, r.staking, r.session, holdings); err != nil {
		return failed(ctx, "read limits", err)
	}
	r.report("nominators", len(r.nominators), true)
	return nil
}

func (r *reader) readPoints(ctx context.Context) error {
	points, err := readPoints(ctx, r.staking, r.from, r.to, r.wanted)
	if err == nil {
		r.points = points
		r.report("points", len(points.totals), true)
	}
	return r.gap(ctx, programme.PartPoints, err)
}

func (r *reader) readExposures(ctx context.Context) error {
	x, err := readExposures(ctx, r.staking, r.book, r.out.Eras.Active, r.wanted)
	if err == nil {
		r.exposures = x
		r.report("exposures", len(x.elected), true)
	}
	return r.gap(ctx, programme.PartExposures, err)
}

func (r *reader) readKeys(ctx context.Context) error {
	keys, err := readKeys(ctx, r.session, r.candidates)
	if err == nil {
		r.keys = keys
		r.report("keys", len(keys), true)
	}
	return r.gap(ctx, programme.PartKeys, err)
}

func (r *reader) readSlashes(ctx context.Context) error {
	slashes, err := readSlashes(ctx, r.staking, r.from, r.out.Eras.Active, r.wanted)
	if err == nil {
		r.slashes = slashes
		r.report("slashes", len(slashes), true)
	}
	return r.gap(ctx, programme.PartSlashes, err)
}

var errNoPoints = errors.New("without reward points it is not known in which eras there was something to claim")

func (r *reader) readClaims(ctx context.Context) error {
	if r.points == nil {
		return r.gap(ctx, programme.PartClaims, errNoPoints)
	}
	claims, err := readClaims(ctx, r.staking, r.from, r.to, r.candidates, r.points, r.bonds)
	if err == nil {
		r.claims = claims
		r.report("claims", len(claims), true)
	}
	return r.gap(ctx, programme.PartClaims, err)
}

func (r *reader) readBackers(ctx context.Context) error {
	backers, err := readBackers(ctx, r.staking, r.book, r.wanted, func(n int) { r.report("nominations", n, false) })
	if err == nil {
		r.out.Backers = backers
		r.report("backers", len(backers), true)
	}
	return r.gap(ctx, programme.PartBackers, err)
}

// readIdentities reads identities. When they have a chain of their own, nothing that chain does fails the snapshot.
func (r *reader) readIdentities(ctx context.Context) error {
	if r.identity == nil {
		r.addGap(programme.PartIdentity, r.places.gap)
		return nil
	}
	found, err := identities(ctx, r.identity, r.book, r.candidates)
	if err == nil {
		r.identities = found
		r.report("identities", len(found), true)
		return nil
	}
	if r.identity != r.session && ctx.Err() == nil {
		r.addGap(programme.PartIdentity, err.Error())
		return nil
	}
	return r.gap(ctx, programme.PartIdentity, err)
}
