package chain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
)

// Request says what a snapshot is wanted of.
type Request struct {
	// At is a block of the staking chain, which must be final: a number, a hash in hexadecimal with 0x, or empty for the
	// newest.
	At string
	// Candidates and Nominators are stashes and accounts as addresses of any prefix. The snapshot has one entry for every
	// candidate, sorted, and one for every nominator, in the given order.
	Candidates, Nominators []programme.Address
	// Progress, unless nil, is told what has been read. It is called from one goroutine at a time.
	Progress func(Progress)
}

// Progress is how far the reading of one part has come.
type Progress struct {
	Part string // in a word, for people
	Read int    // entries read so far
	Done bool
}

// partsAtOnce is how many parts are read at the same time; more would cost memory, not save time.
const partsAtOnce = 3

// Snapshot reads all chain facts for the candidates and nominators at one block. Errors have a kind, see
// [ErrUnavailable]; what may be missing without one is listed in the snapshot's gaps.
func (c *Chains) Snapshot(ctx context.Context, req Request) (*programme.Snapshot, error) {
	candidates, err := accounts("candidate", req.Candidates)
	if err != nil {
		return nil, err
	}
	nominators, err := accounts("nominator", req.Nominators)
	if err != nil {
		return nil, err
	}
	l, err := c.locate(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.choose(ctx, l, req.At)
	if err != nil {
		return nil, err
	}
	s := &programme.Snapshot{Topology: topology(p)}
	network, odd, err := c.network(ctx, l, p)
	if err != nil {
		return nil, err
	}
	s.Network, s.Warnings = network, slices.Concat(p.warnings, odd)
	s.Blocks = chainBlocks(p)
	s.Warnings = append(s.Warnings, unknownTypes(p)...)
	r := newReader(p, s, unique(candidates), nominators, req.Progress)
	if err := r.read(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// unknownTypes lists the items whose form was not known when this program was written. They are read all the same, by
// the names of their fields.
func unknownTypes(p *places) []string {
	var list []string
	var seen []*substrate.Runtime
	for _, b := range []*substrate.Block{p.staking, p.session, p.identity} {
		if b == nil || slices.Contains(seen, b.Runtime()) {
			continue
		}
		seen = append(seen, b.Runtime())
		for _, m := range b.Runtime().Mismatches {
			list = append(list, fmt.Sprintf("%s: %s", describe(b), m))
		}
	}
	return list
}

// reader reads one snapshot. Parts fill fields of their own, so that they can be read at the same time.
type reader struct {
	*places
	out        *programme.Snapshot
	book       *book
	candidates []account // sorted, each once
	wanted     map[account]bool
	nominators []account
	from, to   programme.Era // complete eras looked at

	intentions *intentions
	bonds      map[account]bonded
	payees     map[account]string
	keys       map[account][]programme.SessionKey
	identities map[account]*programme.Identity
	exposures  *exposures
	points     *eraPoints
	claims     map[account][]programme.UnclaimedEra
	slashes    map[account][]programme.Slash

	mu       sync.Mutex
	progress func(Progress)
}

func newReader(p *places, out *programme.Snapshot, candidates, nominators []account, progress func(Progress)) *reader {
	r := &reader{
		places: p, out: out, book: newBook(out.Network.SS58Prefix), candidates: candidates, nominators: nominators,
		wanted: make(map[account]bool, len(candidates)), progress: progress,
	}
	for _, id := range candidates {
		r.wanted[id] = true
	}
	return r
}

func (r *reader) read(ctx context.Context) error {
	var err error
	if r.out.Eras, err = readEras(ctx, r.staking, r.session); err != nil {
		return failed(ctx, "read the staking chain", err)
	}
	if r.out.Eras.Session, r.out.ValidatorSet, err = readSession(ctx, r.session, r.book); err != nil {
		return failed(ctx, "read the session chain", err)
	}
	r.from, r.to = historyWindow(r.out.Eras, windowEras)
	// Claims need the points and, in some generations, the ledgers.
	first := []func(context.Context) error{
		r.readIntentions, r.readBonds, r.readPoints, r.readExposures, r.readKeys, r.readIdentities, r.readSlashes, r.readNominators,
	}
	for _, parts := range [][]func(context.Context) error{first, {r.readBackers, r.readClaims}} {
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(partsAtOnce)
		for _, part := range parts {
			group.Go(func() error { return part(groupCtx) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	r.assemble()
	return nil
}

// assemble puts what was read about each candidate together.
func (r *reader) assemble() {
	list := make([]programme.ChainCandidate, len(r.candidates))
	for i, id := range r.candidates {
		list[i] = programme.ChainCandidate{
			Stash: r.book.address(id), Intention: r.intentions.of[id], Payee: r.payees[id], Keys: r.keys[id],
			Identity: r.identities[id], Unclaimed: r.claims[id], Slashes: r.slashes[id],
		}
		if b, ok := r.bonds[id]; ok {
			list[i].Bond = toBond(r.book.address(b.controller), b.ledger)
		}
		if r.exposures != nil {
			list[i].Exposure = r.exposures.of[id]
		}
		if r.points != nil {
			list[i].Points = r.points.of[id]
		}
	}
	slices.SortFunc(list, func(a, b programme.ChainCandidate) int { return cmp.Compare(a.Stash, b.Stash) })
	r.out.Candidates = list
	r.out.IntentionCount = r.intentions.count
	if r.exposures != nil {
		r.out.Elected = r.exposures.elected
	}
	if r.points != nil {
		r.out.PointEras = r.points.totals
	}
}

// gap notes that a part is missing when its items are not there or have a form that cannot be read. All other failures
// remain failures.
func (r *reader) gap(ctx context.Context, part programme.Part, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil || !unreadable(err) {
		return failed(ctx, "read "+string(part), err)
	}
	r.addGap(part, err.Error())
	return nil
}

func (r *reader) addGap(part programme.Part, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.out.Gaps == nil {
		r.out.Gaps = map[programme.Part]string{}
	}
	r.out.Gaps[part] = reason
}

func (r *reader) report(part string, read int, done bool) {
	if r.progress == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress(Progress{part, read, done})
}
