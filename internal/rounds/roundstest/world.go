package roundstest

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Prefix is the address prefix of the world, and Genesis the hash of its first block.
const Prefix = 2

// Genesis is the hash of the world's first block.
var Genesis = "0x" + strings.Repeat("be", 32)

// World is a network with candidates that are all in order, until a test changes something. Its clock stands still but for
// Next.
type World struct {
	mu    sync.Mutex
	clock time.Time
	// State is what the chains say; tests change it between looks.
	State programme.Snapshot
	// Known is what the sources say, by slot.
	Known   map[int]programme.Facts
	Sources map[programme.SourceName]rounds.SourceFacts
	Release *programme.Release
	List    []programme.Candidate
	Own     []programme.Nominator
	// Fail, unless nil, is what reading the chains ends with.
	Fail error
	// Reads counts snapshots.
	Reads int
	past  map[string]chain.Clock
}

// Address is the address of an account that is always the same for the same name.
func Address(format string, args ...any) programme.Address {
	return programme.Address(ss58.EncodeAccount(Prefix, hash.Blake2b256(fmt.Appendf(nil, format, args...))))
}

// Tokens is an amount.
func Tokens(n int) programme.Planck { return programme.NewPlanck(uint64(n)).Mul(1_000_000_000_000) }

// NewWorld makes a world of so many candidates, half of them active, and nominators.
func NewWorld(candidates, nominators int) *World {
	const active = programme.Era(1000)
	w := &World{
		clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Known: map[int]programme.Facts{}, past: map[string]chain.Clock{},
		Sources: map[programme.SourceName]rounds.SourceFacts{}, Release: &programme.Release{Name: "v1.7.0"},
	}
	now := w.Millis()
	w.Release.PublishedAt = now - programme.Week
	for _, name := range []programme.SourceName{programme.SourceTelemetry, programme.SourceLocation, programme.SourceRelease} {
		w.Sources[name] = rounds.SourceFacts{State: programme.SourceOK}
	}
	w.State = programme.Snapshot{
		Network:  programme.Network{Name: "kusama", Chain: "Kusama", Genesis: Genesis, SS58Prefix: Prefix, Decimals: 12, Symbol: "KSM"},
		Topology: programme.Topology{Kind: "single", Generation: "B"},
		Eras:     programme.Eras{Active: active, Planned: active, Session: 6000, SessionsPerEra: 6, EraLength: 6 * programme.Hour, HistoryDepth: 84},
		Limits:   programme.ChainLimits{MaxNominations: 24}, IntentionCount: candidates,
	}
	for e := active - 84; e < active; e++ {
		w.State.PointEras = append(w.State.PointEras, programme.EraTotal{Era: e, Total: 100_000})
	}
	for i := range candidates {
		w.add(i)
	}
	for i := range nominators {
		a := Address("nominator %d", i)
		w.Own = append(w.Own, programme.Nominator{Address: a})
		w.State.Nominators = append(w.State.Nominators, programme.ChainNominator{
			Address: a, Stash: a, Bond: programme.Bond{Bonded: true, Controller: a, Total: Tokens(20_000), Active: Tokens(20_000)},
			Free: Tokens(20_000), SubmittedIn: active - 10, Targets: []programme.Address{Address("stash 0")},
		})
	}
	w.Next(0)
	return w
}

func (w *World) add(i int) {
	now, active := w.Millis(), w.State.Eras.Active
	stash, slot := Address("stash %d", i), i+1
	w.List = append(w.List, programme.Candidate{Slot: slot, Name: fmt.Sprintf("node-%d", i), Stash: stash, KYC: i%2 == 0})
	w.Known[slot] = programme.Facts{
		Presence: &programme.Presence{FirstSeen: now - 100*programme.Day, LastSeen: now, Live: 1, Implementation: "Parity Polkadot", Version: "1.7.0-abc"},
		Location: &programme.Location{
			City: fmt.Sprintf("City %d", i%30), Region: fmt.Sprintf("Region %d", i%15), Country: fmt.Sprintf("C%d", i%7), Provider: fmt.Sprintf("Provider %d", i%12), At: now,
		},
	}
	c := programme.ChainCandidate{
		Stash: stash, Intention: programme.Intention{Present: true, Commission: 50_000_000},
		Bond:  programme.Bond{Bonded: true, Controller: stash, Total: Tokens(5000 + i), Active: Tokens(5000 + i)},
		Payee: "Staked", Keys: []programme.SessionKey{{Name: "beefy", Key: fmt.Sprintf("0x02%064x", i)}, {Name: "grandpa", Key: fmt.Sprintf("0x%064x", i)}},
		Identity: &programme.Identity{Display: fmt.Sprintf("Operator %d", i), Judgements: []programme.Judgement{{Registrar: 1, Kind: "Reasonable"}}},
		Points:   map[programme.Era]uint32{},
	}
	for e := active - 84; e < active; e++ {
		if (int(e)+i)%3 != 0 {
			c.Points[e] = uint32(100 + i%50)
		}
	}
	if i%2 == 0 {
		c.Exposure = &programme.Exposure{Total: Tokens(6000), Own: c.Bond.Active, Others: []programme.Backing{{Who: Address("backer %d", i), Value: Tokens(1000 - i%100)}}}
		w.State.Elected = append(w.State.Elected, programme.Elected{Stash: stash, Total: c.Exposure.Total})
		w.State.ValidatorSet = append(w.State.ValidatorSet, stash)
	}
	w.State.Backers = append(w.State.Backers,
		programme.Backer{Stash: Address("backer %d", i), Active: Tokens(1500), Targets: []programme.Address{stash}},
		programme.Backer{Stash: Address("idle %d", i), Active: Tokens(10), Targets: []programme.Address{stash}})
	w.State.Candidates = append(w.State.Candidates, c)
	slices.Sort(w.State.ValidatorSet)
}

// Now is the time of the world.
func (w *World) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

// Millis is the same in ms.
func (w *World) Millis() programme.Millis { return programme.Millis(w.Now().UnixMilli()) }

// Next lets time pass and a block be made.
func (w *World) Next(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
	number := uint32(1)
	if len(w.State.Blocks) > 0 {
		number = w.State.Blocks[0].Number + 1
	}
	var seed [8]byte
	binary.LittleEndian.PutUint64(seed[:], uint64(number))
	h := hash.Blake2b256(seed[:])
	now := programme.Millis(w.clock.UnixMilli())
	w.State.Blocks = []programme.ChainBlock{{
		Role: programme.RoleStaking, Chain: "Kusama", Genesis: Genesis, SpecName: "kusama", SpecVersion: 1, Number: number,
		Hash: "0x" + hex.EncodeToString(h[:]), Time: now,
	}}
	for slot, f := range w.Known {
		if f.Presence != nil && f.Presence.Live > 0 {
			p := *f.Presence
			p.LastSeen = now
			f.Presence = &p
			w.Known[slot] = f
		}
	}
	w.past[w.State.Blocks[0].Hash] = chain.Clock{Eras: w.State.Eras, Number: number, Hash: w.State.Blocks[0].Hash, Time: now}
}

// NextEra lets an era pass: the active one gets points and ends.
func (w *World) NextEra() {
	w.mu.Lock()
	over := w.State.Eras.Active
	w.State.Eras.Active++
	w.State.Eras.Planned++
	w.State.Eras.Session += 6
	w.State.PointEras = append(w.State.PointEras[1:], programme.EraTotal{Era: over, Total: 100_000})
	for i := range w.State.Candidates {
		if w.State.Candidates[i].Exposure != nil {
			w.State.Candidates[i].Points[over] = 100
		}
	}
	w.mu.Unlock()
	w.Next(6 * time.Hour)
}

// Candidate is what the chains say of a slot.
func (w *World) Candidate(slot int) *programme.ChainCandidate { return &w.State.Candidates[slot-1] }

// Block is the newest block.
func (w *World) Block() programme.ChainBlock {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.State.Blocks[0]
}

// Snapshot implements rounds.Chain.
func (w *World) Snapshot(_ context.Context, req chain.Request) (*programme.Snapshot, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.Reads++
	if w.Fail != nil {
		return nil, w.Fail
	}
	s := w.State
	s.Blocks = slices.Clone(s.Blocks)
	s.PointEras, s.ValidatorSet, s.Elected, s.Nominators = slices.Clone(s.PointEras), slices.Clone(s.ValidatorSet), slices.Clone(s.Elected), slices.Clone(s.Nominators)
	s.Candidates = nil
	for _, a := range req.Candidates {
		i := slices.IndexFunc(w.State.Candidates, func(c programme.ChainCandidate) bool { return c.Stash == a })
		if i < 0 {
			s.Candidates = append(s.Candidates, programme.ChainCandidate{Stash: a})
			continue
		}
		c := w.State.Candidates[i]
		points := make(map[programme.Era]uint32, len(c.Points))
		for e, n := range c.Points {
			points[e] = n
		}
		c.Points = points
		s.Candidates = append(s.Candidates, c)
	}
	if req.Progress != nil {
		req.Progress(chain.Progress{Part: "bonds", Read: len(s.Candidates), Done: true})
	}
	return &s, nil
}

// ClockAt implements rounds.Chain.
func (w *World) ClockAt(_ context.Context, at string) (chain.Clock, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if at == "" {
		at = w.State.Blocks[0].Hash
	}
	c, ok := w.past[at]
	if !ok {
		return c, errors.New("there is no such block")
	}
	return c, nil
}

// Facts implements rounds.Sources.
func (w *World) Facts(_ context.Context, now programme.Millis, candidates []programme.Candidate) (*rounds.Facts, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &rounds.Facts{Schema: rounds.FactsSchema, Network: "kusama", At: now, Sources: map[programme.SourceName]rounds.SourceFacts{}, Release: w.Release}
	for name, s := range w.Sources {
		f.Sources[name] = s
	}
	for _, c := range candidates {
		f.Candidates = append(f.Candidates, rounds.CandidateFacts{Slot: c.Slot, Facts: w.Known[c.Slot]})
	}
	return f, nil
}

// Nominators are the programme's own.
func (w *World) Nominators(uint16) []programme.Nominator { return slices.Clone(w.Own) }

// Rules are those of the world's programme.
func (w *World) Rules() programme.Rules {
	r := programme.DefaultRules(programme.ProfileProgramme)
	r.Limits.MinSelfStake = Tokens(10)
	return r
}
