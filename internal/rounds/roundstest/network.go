package roundstest

import (
	"context"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// network is what jobs remember of the network.
type network struct {
	totals     map[programme.Era]memory.EraTotal
	points     map[programme.Era][]memory.EraPoints
	statistics map[programme.Era]memory.EraStatistics
	keys       []memory.SessionKeys
	stakes     []memory.Stake
	locations  memory.LocationStatistics
	nominators []memory.Nominator
	chain      memory.Chain
}

// Network is what jobs have written about the network.
type Network struct {
	Totals     []memory.EraTotal // ascending
	Points     map[programme.Era][]memory.EraPoints
	Statistics []memory.EraStatistics
	Keys       []memory.SessionKeys
	Stakes     []memory.Stake
	Locations  memory.LocationStatistics
	Nominators []memory.Nominator
	Chain      memory.Chain
}

// Network tells what jobs have written.
func (m *Memory) Network() Network {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := &m.network
	return Network{
		sorted(n.totals), maps.Clone(n.points), sorted(n.statistics), slices.Clone(n.keys), slices.Clone(n.stakes), n.locations,
		slices.Clone(n.nominators), n.chain,
	}
}

// EraTotals implements work.Memory, as do the methods below.
func (m *Memory) EraTotals(context.Context) ([]memory.EraTotal, error) {
	return m.Network().Totals, nil
}

// SaveEraPoints stores points.
func (m *Memory) SaveEraPoints(_ context.Context, total memory.EraTotal, list []memory.EraPoints) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.network.totals == nil {
		m.network.totals, m.network.points = map[programme.Era]memory.EraTotal{}, map[programme.Era][]memory.EraPoints{}
	}
	m.network.totals[total.Era], m.network.points[total.Era] = total, list
	return nil
}

// SaveEraStatistics stores counts.
func (m *Memory) SaveEraStatistics(_ context.Context, s memory.EraStatistics) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.network.statistics == nil {
		m.network.statistics = map[programme.Era]memory.EraStatistics{}
	}
	m.network.statistics[s.Era] = s
	return nil
}

// SaveSessionKeys stores keys.
func (m *Memory) SaveSessionKeys(_ context.Context, list []memory.SessionKeys) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.network.keys = list
	return nil
}

// SaveStakes stores stakes.
func (m *Memory) SaveStakes(_ context.Context, list []memory.Stake) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.network.stakes = list
	return nil
}

// SaveLocationStatistics stores counts of places.
func (m *Memory) SaveLocationStatistics(_ context.Context, s memory.LocationStatistics) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.network.locations = s
	return nil
}

// SaveNominators stores nominators.
func (m *Memory) SaveNominators(_ context.Context, list []memory.Nominator) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.network.nominators = list
	return nil
}

// SaveChain stores what is known of the network.
func (m *Memory) SaveChain(_ context.Context, c memory.Chain) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.network.chain = c
	return nil
}

// Clean tells what the test has put into Cleaned.
func (m *Memory) Clean(_ context.Context, keep memory.Retention, progress func(done, total int, what string)) ([]memory.Cleaned, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Kept = keep
	progress(0, 1, "records")
	return m.Cleaned, nil
}

// Archive reads what snapshots of the world do not hold.
type Archive struct{ W *World }

// Validators are the elected ones of the active era, and for earlier ones those who got points.
func (a Archive) Validators(_ context.Context, era programme.Era) ([]programme.Address, error) {
	a.W.mu.Lock()
	defer a.W.mu.Unlock()
	if a.W.Fail != nil {
		return nil, a.W.Fail
	}
	var out []programme.Address
	for i := range a.W.State.Candidates {
		if c := &a.W.State.Candidates[i]; c.Points[era] > 0 {
			out = append(out, c.Stash)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Points are those of the candidates; the oldest era of the window has no entry.
func (a Archive) Points(_ context.Context, era programme.Era) (*chain.Points, error) {
	a.W.mu.Lock()
	defer a.W.mu.Unlock()
	if era <= a.W.State.PointEras[0].Era {
		return nil, nil
	}
	p := &chain.Points{Of: map[programme.Address]uint32{}}
	for i := range a.W.State.Candidates {
		if n := a.W.State.Candidates[i].Points[era]; n > 0 {
			p.Of[a.W.State.Candidates[i].Stash] = n
			p.Total += n
		}
	}
	return p, nil
}

// Keys are those of the candidates and of a stranger.
func (a Archive) Keys(context.Context) (map[programme.Address][]programme.SessionKey, error) {
	a.W.mu.Lock()
	defer a.W.mu.Unlock()
	out := map[programme.Address][]programme.SessionKey{Address("a stranger"): {{Name: "babe", Key: "0x01"}}}
	for i := range a.W.State.Candidates {
		out[a.W.State.Candidates[i].Stash] = a.W.State.Candidates[i].Keys
	}
	return out, nil
}

// Subs has one account under every super-identity.
func (a Archive) Subs(_ context.Context, supers []programme.Address) (map[programme.Address][]programme.Address, error) {
	out := map[programme.Address][]programme.Address{}
	for _, s := range supers {
		out[s] = []programme.Address{Address("sub of %s", s)}
	}
	return out, nil
}
