package fetchtest

import (
	"context"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

// Memory keeps what sources tell in memory. It stands in for the database in tests of the sources, which do not use it
// from several goroutines.
type Memory struct {
	Healths   map[string]outside.Health
	Releases  map[string]outside.Release
	Answers   map[string]outside.Remote
	All       map[[3]string]outside.Price
	Lookups   map[[2]string]outside.Lookup
	Spent     map[[2]string]int64
	Places    map[int]outside.Located
	Past      []outside.Located
	Confirmed int // times a location was written
	// Err, unless nil, is what everything fails with.
	Err error
}

// NewMemory makes an empty one.
func NewMemory() *Memory {
	return &Memory{
		Healths: map[string]outside.Health{}, Releases: map[string]outside.Release{}, Answers: map[string]outside.Remote{},
		All: map[[3]string]outside.Price{}, Lookups: map[[2]string]outside.Lookup{}, Spent: map[[2]string]int64{}, Places: map[int]outside.Located{},
	}
}

// SourceHealth implements the interface of the sources, as do the methods below.
func (m *Memory) SourceHealth(_ context.Context, network, name string) (outside.Health, bool, error) {
	h, ok := m.Healths[network+" "+name]
	return h, ok, m.Err
}

func (m *Memory) SaveSourceHealth(_ context.Context, h outside.Health) error {
	m.Healths[h.Network+" "+h.Name] = h
	return m.Err
}

func (m *Memory) Release(_ context.Context, network string) (outside.Release, bool, error) {
	r, ok := m.Releases[network]
	return r, ok, m.Err
}

func (m *Memory) SaveRelease(_ context.Context, r outside.Release) error {
	m.Releases[r.Network] = r
	return m.Err
}

func (m *Memory) Remotes(context.Context, string) (out []outside.Remote, err error) {
	for _, r := range m.Answers {
		out = append(out, r)
	}
	return out, m.Err
}

func (m *Memory) SaveRemote(_ context.Context, r outside.Remote) error {
	m.Answers[r.Stash] = r
	return m.Err
}

func (m *Memory) Prices(_ context.Context, asset string, days []string) (out []outside.Price, err error) {
	for k, p := range m.All {
		if k[0] == asset && slices.Contains(days, k[1]) {
			out = append(out, p)
		}
	}
	return out, m.Err
}

func (m *Memory) SavePrices(_ context.Context, prices []outside.Price) error {
	for _, p := range prices {
		m.All[[3]string{p.Asset, p.Day, p.Currency}] = p
	}
	return m.Err
}

func (m *Memory) Lookup(_ context.Context, source, key string) (outside.Lookup, bool, error) {
	l, ok := m.Lookups[[2]string{source, key}]
	return l, ok, m.Err
}

func (m *Memory) SaveLookup(_ context.Context, l outside.Lookup) error {
	m.Lookups[[2]string{l.Source, l.Key}] = l
	return m.Err
}

func (m *Memory) ForgetLookups(_ context.Context, before programme.Millis) (n int64, err error) {
	for k, l := range m.Lookups {
		if l.Retry < before {
			delete(m.Lookups, k)
			n++
		}
	}
	return n, m.Err
}

func (m *Memory) SpendRequest(_ context.Context, source, month string, limit int64) (bool, error) {
	k := [2]string{source, month}
	if limit > 0 && m.Spent[k] >= limit {
		return false, m.Err
	}
	m.Spent[k]++
	return true, m.Err
}

func (m *Memory) Locations(context.Context, string) (out []outside.Located, err error) {
	for _, l := range m.Places {
		out = append(out, l)
	}
	return out, m.Err
}

func (m *Memory) SaveLocation(_ context.Context, l outside.Located) error {
	if before, ok := m.Places[l.Slot]; ok && (!before.Place.Same(l.Place) || before.Stash != l.Stash) {
		m.Past = append(m.Past, before)
	}
	m.Places[l.Slot] = l
	m.Confirmed++
	return m.Err
}
