package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/sources/candidates"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// newRounds makes the rounds' service on the open database. The chains are waited for when they are needed.
func (p *process) newRounds() (*rounds.Service, error) {
	db := p.database.get()
	rules, err := p.cfg.Rules("")
	if err != nil {
		return nil, input(err)
	}
	known := &rounds.Known{Outside: OutsideFacts(p.cfg, rules.Limits, nil, 0), Store: db}
	if !p.has(config.RoleTelemetry) && known.Outside.Set[programme.SourceLocation].State == programme.SourceAbsent {
		// Another process locates nodes, and only that one knows with what.
		delete(known.Outside.Set, programme.SourceLocation)
	}
	if p.cfg.Telemetry.Enable {
		known.Presence = func(ctx context.Context, now programme.Millis) (programme.Source, map[int]*programme.Presence, error) {
			f, err := presence.Read(ctx, db, rules.Limits.OfflineWindow, now)
			return f.Source, f.Candidates, err
		}
	}
	s, err := rounds.New(rounds.Settings{
		Memory: db, Chain: waitingChain{&p.chains}, Sources: known, Proposer: proposer{&p.nominator}, Rules: rules,
		Nominators: p.nominators(db), Act: p.cfg.Act, RankMode: p.cfg.RankMode, Telemetry: p.cfg.Telemetry.Enable, Release: p.cfg.ForcedRelease(),
		Now: p.Now, Logger: p.log.With("component", "rounds"), Event: p.event,
	})
	return s, input(err)
}

// event passes on what may interest people.
func (p *process) event(e rounds.Event) {
	if p.Event != nil {
		p.Event(e)
	}
}

// nominators gives the configured nominators. A process that knows of none, because their secrets are not for it, takes
// those that the core has written down.
func (p *process) nominators(db *store.Store) func(prefix uint16) []programme.Nominator {
	if p.has(config.RoleCore) || len(p.cfg.Nominators) > 0 {
		return p.cfg.ProgrammeNominators
	}
	var mu sync.Mutex
	var last []programme.Nominator
	return func(prefix uint16) []programme.Nominator {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		list, err := db.Nominators(ctx)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			p.log.Warn("the nominators could not be read; those read last count", "error", err)
			return last
		}
		last = nil
		for _, n := range list {
			if n.Removed != 0 {
				continue
			}
			if a, err := chain.Reencode(n.Address, prefix); err == nil {
				n.Address = a
			}
			last = append(last, n.Nominator)
		}
		return last
	}
}

// waitingChain reads the chains once they are connected.
type waitingChain struct{ chains *chainsHandle }

// Snapshot implements the chain of rounds.
func (w waitingChain) Snapshot(ctx context.Context, req chain.Request) (*programme.Snapshot, error) {
	c, err := w.chains.get(ctx)
	if err != nil {
		return nil, err
	}
	return c.Snapshot(ctx, req)
}

// ClockAt implements the chain of rounds.
func (w waitingChain) ClockAt(ctx context.Context, at string) (chain.Clock, error) {
	c, err := w.chains.get(ctx)
	if err != nil {
		return chain.Clock{}, err
	}
	return c.ClockAt(ctx, at)
}

// Follow implements the heads of the watch.
func (w waitingChain) Follow(ctx context.Context, fn func(context.Context, chain.Clock) error) error {
	c, err := w.chains.get(ctx)
	if err != nil {
		return err
	}
	return c.Follow(ctx, fn)
}

// proposer has plans made by the nominators' service once it works.
type proposer struct{ service *handle[*nominator.Service] }

// Propose implements the proposer of rounds.
func (n proposer) Propose(ctx context.Context, record []byte) ([]rounds.Proposal, error) {
	s, err := n.service.get(ctx)
	if err != nil {
		return nil, err
	}
	out, err := s.Propose(ctx, record, "")
	if err != nil {
		return nil, err
	}
	list := make([]rounds.Proposal, len(out.Proposals))
	for i, x := range out.Proposals {
		list[i] = rounds.Proposal{Nominator: x.Nominator, Created: x.Created, Refused: x.Refused}
	}
	return list, nil
}

// stored is what the database says about stashes.
type stored struct {
	db     *store.Store
	prefix uint16
}

// Standing implements the programme of the nominators' service.
func (s stored) Standing(ctx context.Context) (map[programme.Address]nominator.Standing, error) {
	all, err := s.db.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	rankings, err := s.db.Rankings(ctx)
	if err != nil {
		return nil, err
	}
	suspended := map[int]string{}
	for _, r := range rankings {
		if r.Suspend != nil {
			suspended[r.Slot] = r.Suspend.Reason
		}
	}
	out := map[programme.Address]nominator.Standing{}
	for i := range all {
		if _, id, err := ss58.DecodeAccount(string(all[i].Stash)); err == nil && all[i].Listed() {
			out[programme.Address(ss58.EncodeAccount(s.prefix, id))] = nominator.Standing{Suspended: suspended[all[i].Slot]}
		}
	}
	if len(out) == 0 {
		return nil, errors.New("no candidate list was loaded yet")
	}
	return out, nil
}

// listPart is the name of the candidate list on the health board.
const listPart = "candidate list"

// runList keeps the stored candidates as the list has them, while this process leads.
func (p *process) runList(ctx context.Context, ready func()) error {
	p.board.Add(listPart, false)
	loader := p.loader()
	roster := &rounds.Roster{
		Source: told{loader, p}, Memory: p.database.get(), Prefix: p.cfg.Network.SS58Prefix, Genesis: p.cfg.Network.Genesis, Now: p.Now, Event: p.event,
	}
	ready()
	return p.lead.hold(ctx, func(ctx context.Context) error {
		return roster.Run(ctx, p.Pace.List, p.log.With("component", "candidates"), func(ctx context.Context) error { return p.trigger(ctx, jobs.OnList) })
	})
}

// loader loads the candidate list.
func (p *process) loader() *candidates.Loader {
	return candidates.NewLoader(candidates.Options{
		Location: p.cfg.CandidatesLocation(),
		Network:  candidates.Network{Label: p.cfg.Network.Label, Prefix: p.cfg.Network.SS58Prefix, Accept: p.cfg.Network.ListPrefixes},
		CacheDir: p.cacheDir(), Now: p.Now,
	})
}

// cacheDir is where what need not be asked for again is kept; empty when there is no place.
func (p *process) cacheDir() string {
	user, err := os.UserCacheDir()
	if err != nil {
		user = ""
	}
	return p.cfg.Cache(user)
}

// told is a source of the list that puts on the health board how it does.
type told struct {
	rounds.ListSource
	p *process
}

// Load implements the source of the roster.
func (t told) Load(ctx context.Context) (candidates.Result, error) {
	r, err := t.ListSource.Load(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		t.p.board.Set(listPart, health.Down, err.Error())
	case r.Stale != nil:
		t.p.board.Set(listPart, health.Degraded, r.Stale.Error())
	default:
		t.p.board.Set(listPart, health.OK, fmt.Sprintf("%d candidates, of %s", len(r.List.Candidates(t.p.cfg.Network.SS58Prefix)), r.Fetched.UTC().Format(time.RFC3339)))
	}
	return r, err
}
