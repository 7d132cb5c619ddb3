// Package gatewaytest fills a database as a running programme does, for tests and measurements of the gateway.
package gatewaytest

import (
	"context"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/jobs/work"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/rank"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
	"github.com/thousand-validators/otv/internal/store"
)

// Asset is the token that the prices are of.
const Asset = "kusama"

// Network is the name under which it is kept what sources told.
const Network = "Kusama"

// Programme is a programme in a small world, with its database.
type Programme struct {
	*rounds.Service
	World  *roundstest.World
	Store  *store.Store
	Record *decision.Record // of the newest round
	bodies map[string]jobs.Body
}

type proposer struct{ p *Programme }

// Propose makes plans as the nominator does, without any transaction.
func (o proposer) Propose(ctx context.Context, record []byte) ([]rounds.Proposal, error) {
	rec, err := decision.Verify(record)
	if err != nil {
		return nil, err
	}
	var out []rounds.Proposal
	for i, n := range rec.Decision.Nominators {
		if len(n.Targets) == 0 {
			continue
		}
		mode := plan.Direct
		if i > 0 {
			mode = plan.Delayed
		}
		_, created, err := o.p.Store.CreatePlan(ctx, plan.Plan{
			Key: plan.Key{Round: rec.Digest, Nominator: n.Address}, Network: roundstest.Genesis, Stash: n.Address, Signer: n.Address,
			Mode: mode, Era: rec.Inputs.Snapshot.Eras.Active, Targets: n.Targets, State: plan.Planned,
			Call: []byte{6, 5}, CallHash: "0x" + rec.Digest[7:], Created: rec.Inputs.Now, Updated: rec.Inputs.Now, Version: 1,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, rounds.Proposal{Nominator: n.Address, Created: created})
	}
	return out, nil
}

type monitor struct{}

func (monitor) Refresh(context.Context) (string, error) { return "v1.7.0", nil }

// New fills an empty database: the candidate list, what sources told, a round that was held, what the jobs between rounds
// keep, nominations, and rewards. Some candidates are not in order: slot 2 takes too much commission, and slot 3 has left.
func New(ctx context.Context, s *store.Store, candidates, nominators int) (*Programme, error) {
	p := &Programme{World: roundstest.NewWorld(candidates, nominators), Store: s}
	var err error
	p.Service, err = rounds.New(rounds.Settings{
		Memory: s, Chain: p.World, Sources: p.World, Proposer: proposer{p}, Rules: p.World.Rules(), Nominators: p.World.Nominators,
		Act: config.ActPropose, RankMode: config.RankPeriods, Telemetry: true, Now: p.World.Now,
	})
	if err != nil {
		return nil, err
	}
	bench := work.Bench{
		Rounds: p.Service, Memory: s, Archive: func(context.Context) (work.Archive, error) { return roundstest.Archive{W: p.World}, nil },
		Monitor: monitor{}, Now: p.World.Now,
	}
	if p.bodies, _, err = bench.Bodies(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{
		p.list, p.overrides, p.sources, p.presence, func(ctx context.Context) error { return p.Round(ctx) }, p.nominate, p.Jobs, p.ranks, p.rewards,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("fill the database: %w", err)
		}
	}
	return p, nil
}

// list stores the candidate list, with all that an entry can say and one that has left.
func (p *Programme) list(ctx context.Context) error {
	var all []memory.Candidate
	for _, c := range p.World.List {
		if c.Slot == 2 {
			c.KusamaStash, c.Matrix = "HcaVTXkFcZEJyM2JVRdJxHtmZkzrd6GqRpFCaWqN5yQGfFz", []string{"@one:example.org"}
		}
		m := memory.Candidate{Candidate: c, Added: p.World.Millis() - programme.Week, Updated: p.World.Millis()}
		if c.Slot == 3 {
			m.Delisted = p.World.Millis() - programme.Hour
		}
		all = append(all, m)
	}
	p.World.Candidate(2).Intention.Commission = 200_000_000
	for i := range p.World.State.Candidates[:2] {
		id := p.World.State.Candidates[i].Identity
		id.Super, id.Display = roundstest.Address("parent"), fmt.Sprintf("Parent / Sub %d", i)
	}
	return p.Store.SaveCandidates(ctx, all)
}

// overrides stores an operator's word: slot 5 takes too much commission as well, and may for a while.
func (p *Programme) overrides(ctx context.Context) error {
	if len(p.World.List) < 5 {
		return nil
	}
	c, now := p.World.List[4], p.World.Millis()
	p.World.Candidate(c.Slot).Intention.Commission = 200_000_000
	return p.Store.SaveCheckOverride(ctx, memory.Override{Slot: c.Slot, Stash: c.Stash, Override: programme.Override{
		Code: programme.CodeCommission, State: programme.Pass, Author: "operator", Reason: "a new owner, until the end of the month",
		At: now - programme.Hour, Expires: now + 30*programme.Day,
	}})
}

// sources stores what sources told: places, the release, prices and how they are.
func (p *Programme) sources(ctx context.Context) error {
	now := p.World.Millis()
	for _, c := range p.World.List {
		l := p.World.Known[c.Slot].Location
		err := p.Store.SaveLocation(ctx, outside.Located{
			Network: Network, Slot: c.Slot, Stash: c.Stash, Name: c.Name, Source: "ipinfo", Confidence: outside.Medium, Since: now - programme.Day, At: now,
			Place: outside.Place{City: l.City, Region: l.Region, Country: l.Country, Provider: l.Provider, ASN: uint32(c.Slot)},
		})
		if err != nil {
			return err
		}
	}
	if err := p.Store.SaveRelease(ctx, outside.Release{
		Network: Network, Tag: "polkadot-v1.7.0", Name: "v1.7.0", Published: now - programme.Week, FirstSeen: now - programme.Week, At: now, Source: "github",
	}); err != nil {
		return err
	}
	day := p.World.Now().Format(time.DateOnly)
	if err := p.Store.SavePrices(ctx, []outside.Price{
		{Asset: Asset, Currency: "usd", Day: day, Value: 20_500_000_000, Source: "coingecko", At: now},
		{Asset: Asset, Currency: "eur", Day: day, Value: 19_000_000_000, Source: "coingecko", At: now},
	}); err != nil {
		return err
	}
	return p.Store.SaveSourceHealth(ctx, outside.Health{Network: Network, Name: "location", State: programme.SourceOK, Good: now, Tried: now})
}

// presence stores what the telemetry watcher saw. One node is away.
func (p *Programme) presence(ctx context.Context) error {
	now, vm := p.World.Millis(), false
	b := memory.PresenceBatch{Observer: memory.Observer{Seen: now, Feeds: []memory.Feed{{Key: "telemetry.example " + roundstest.Genesis, Nodes: len(p.World.List), At: now}}}}
	for _, c := range p.World.List {
		k := p.World.Known[c.Slot].Presence
		s := memory.Presence{
			Slot: c.Slot, Name: c.Name, Listed: true, FirstSeen: k.FirstSeen, LastSeen: now, Live: 1, Home: []string{b.Observer.Feeds[0].Key},
			Implementation: k.Implementation, Version: k.Version, NetworkID: "12D3KooWsecretpeer",
			Hardware: memory.Hardware{CPU: "EPYC 7443P", Memory: 67_446_890_496, Cores: 8, VM: &vm},
		}
		if c.Slot == 4 {
			s.Live, s.Gone, s.LastSeen = 0, now-2*programme.Hour, now-2*programme.Hour
			b.Outages = append(b.Outages, memory.Outage{Slot: 4, Interval: programme.Interval{From: s.Gone}})
		}
		b.Slots = append(b.Slots, s)
	}
	return p.Store.SavePresence(ctx, b)
}

// Round holds a round, whether a nominator is due or not.
func (p *Programme) Round(ctx context.Context) error {
	if _, err := p.Hold(ctx, true, nil); err != nil {
		return err
	}
	r, _, err := p.Store.NewestRound(ctx, roundstest.Genesis)
	if err != nil {
		return err
	}
	d, err := p.Store.Document(ctx, r.Digest)
	if err != nil {
		return err
	}
	p.Record, err = decision.Verify(d.Bytes)
	return err
}

// Jobs does what the jobs between rounds do.
func (p *Programme) Jobs(ctx context.Context) error {
	for _, name := range []string{
		jobs.ActiveValidator, jobs.Validity, jobs.Score, jobs.EraStats, jobs.EraPoints, jobs.Inclusion, jobs.SessionKey, jobs.UnclaimedEras,
		jobs.ValidatorPref, jobs.LocationStats, jobs.NominatorStake,
	} {
		if _, err := p.bodies[name](ctx, &jobs.Run{Job: name}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	var all []memory.Nominator
	for i, n := range p.World.Own {
		all = append(all, memory.Nominator{
			Nominator: n, Chain: p.World.State.Nominators[i], Order: i, Created: p.World.Millis(), Updated: p.World.Millis(), Last: p.World.Millis(),
		})
	}
	if err := p.Store.SaveNominators(ctx, all); err != nil {
		return err
	}
	return p.Store.SaveChain(ctx, memory.Chain{
		Network: p.World.State.Network, Eras: p.World.State.Eras, Limits: p.World.State.Limits, Blocks: p.World.State.Blocks, Updated: p.World.Millis(),
	})
}

// nominate stores what the round's first nominator did, and lets the second wait for the end of a delay.
func (p *Programme) nominate(ctx context.Context) error {
	b := p.World.Block()
	for i := range p.Record.Decision.Nominators {
		n := &p.Record.Decision.Nominators[i]
		if len(n.Targets) == 0 {
			continue
		}
		if i > 0 {
			have, err := p.Store.Plan(ctx, plan.Key{Round: p.Record.Digest, Nominator: n.Address})
			if err != nil {
				return err
			}
			have.State, have.Delay, have.Note = plan.Announced, 600, "executable from block 603"
			have.Announcement = &plan.Announcement{Height: b.Number, Clock: plan.ClockOwn, Number: b.Number, Hash: b.Hash}
			if _, err := p.Store.Advance(ctx, plan.Change{Plan: have, Events: []plan.Event{
				{Key: have.Key, At: b.Time, From: plan.Planned, To: plan.Announced, Text: "announced"},
			}, At: b.Time}); err != nil {
				return err
			}
			continue
		}
		err := p.Store.SaveNomination(ctx, memory.Nomination{
			Nominator: n.Address, Era: p.World.State.Eras.Active, At: b.Time, Block: b.Number, BlockHash: b.Hash, Targets: n.Targets,
			Bonded: p.World.State.Nominators[i].Bond.Active, Round: p.Record.Digest,
		})
		if err != nil {
			return err
		}
		p.World.State.Nominators[i].Targets, p.World.State.Nominators[i].SubmittedIn = n.Targets, p.World.State.Eras.Active
	}
	return nil
}

// ranks stores some events.
func (p *Programme) ranks(ctx context.Context) error {
	now := p.World.Millis()
	events := []memory.RankEvent{
		{Slot: 1, Event: rank.Event{ID: "seed", When: now - programme.Week, Kind: rank.Seed, Rank: 12}, Author: "operator", Era: p.World.State.Eras.Active},
		{Slot: 1, Event: rank.Event{ID: "fault", When: now - programme.Day, Kind: rank.Fault, Type: rank.OfflineTime, Once: "7", Reason: "offline for too long"}, Era: p.World.State.Eras.Active},
	}
	if err := p.Store.AddRankEvents(ctx, events); err != nil {
		return err
	}
	state, _, err := rank.Fold([]rank.Event{events[0].Event, events[1].Event})
	if err != nil {
		return err
	}
	return p.Store.SaveRankings(ctx, []memory.Ranking{{Slot: 1, State: state, ActiveEras: 40, Updated: now}})
}

// rewards stores payouts of two eras for some validators.
func (p *Programme) rewards(ctx context.Context) error {
	var all []memory.Reward
	now := p.World.Millis()
	for era := programme.Era(996); era < 998; era++ {
		for i := 0; i < min(len(p.World.List), 40); i += 2 {
			v := p.World.List[i].Stash
			payout := memory.Payout{
				Validator: v, Era: era, Block: 7000 + uint32(era), BlockHash: fmt.Sprintf("0x%064x", era), At: now, Commission: 50_000_000,
				Stake: roundstest.Tokens(6000), LeastStake: roundstest.Tokens(1500),
			}
			all = append(all,
				memory.Reward{Payout: payout, Account: v, Role: memory.RoleValidator, Amount: programme.NewPlanck(2_500_000_000_000), Exposure: roundstest.Tokens(5000), Destination: "Staked"},
				memory.Reward{Payout: payout, Account: roundstest.Address("backer %d", i), Role: memory.RoleNominator, Amount: programme.NewPlanck(500_000_000_000), Exposure: roundstest.Tokens(1000), Destination: "Stash"})
		}
	}
	if err := p.Store.SavePayouts(ctx, all); err != nil {
		return err
	}
	return p.Store.SaveBlockIndex(ctx, memory.BlockIndex{Earliest: 7000, Latest: 7999})
}
