package simnet_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/simnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var topologies = []simnet.Topology{simnet.One, simnet.Three}

// start starts a network that is closed with the test.
func start(t testing.TB, o simnet.Options) *simnet.Network {
	t.Helper()
	n, err := simnet.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

func steps(t testing.TB, n *simnet.Network, count int) {
	t.Helper()
	if err := n.Steps(count); err != nil {
		t.Fatal(err)
	}
}

// heads are the hashes of the newest blocks of all chains.
func heads(n *simnet.Network) string {
	var list []string
	for _, c := range n.Chains() {
		number, hash := c.Head()
		list = append(list, fmt.Sprintf("%d %x", number, hash))
	}
	return strings.Join(list, ", ")
}

// TestSameSeedSameHistory: equal options give equal blocks, another seed gives others.
func TestSameSeedSameHistory(t *testing.T) {
	for _, topology := range topologies {
		t.Run(string(topology), func(t *testing.T) {
			history := func(seed uint64) string {
				n := start(t, simnet.Options{Seed: seed, Topology: topology, Candidates: 16})
				steps(t, n, 130)
				return heads(n)
			}
			first := history(1)
			if again := history(1); again != first {
				t.Errorf("the same seed gave %s and %s", first, again)
			}
			if other := history(2); other == first {
				t.Error("another seed gave the same history")
			}
		})
	}
}

// open connects the programme's view of the chains.
func open(t testing.TB, n *simnet.Network) *chain.Chains {
	t.Helper()
	e := n.Endpoints()
	cfg := chain.Config{Relay: []string{e.Relay}, Network: "simnet", Genesis: e.Genesis, Decimals: 10, Symbol: "SIM", Prefixes: []uint16{42}}
	if e.AssetHub != "" {
		cfg.AssetHub, cfg.People = []string{e.AssetHub}, []string{e.People}
	}
	c, err := chain.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func request(n *simnet.Network) chain.Request {
	var r chain.Request
	for _, c := range n.Candidates() {
		r.Candidates = append(r.Candidates, programme.Address(c.Address()))
	}
	for _, x := range n.Nominators() {
		r.Nominators = append(r.Nominators, programme.Address(x.Address()))
	}
	return r
}

// TestSnapshot: the programme reads everything, and finds nothing odd about it.
func TestSnapshot(t *testing.T) {
	for _, topology := range topologies {
		t.Run(string(topology), func(t *testing.T) {
			n := start(t, simnet.Options{Seed: 3, Topology: topology})
			steps(t, n, 75)
			s, err := open(t, n).Snapshot(t.Context(), request(n))
			if err != nil {
				t.Fatal(err)
			}
			if len(s.Warnings) > 0 || len(s.Gaps) > 0 {
				t.Errorf("warnings %q, gaps %v", s.Warnings, s.Gaps)
			}
			want := programme.Topology{Kind: "multi", Generation: "C"}
			if topology == simnet.One {
				want = programme.Topology{Kind: "single", Generation: "B"}
			}
			if s.Topology != want || s.Network.Name != "simnet" || s.Network.Decimals != 10 {
				t.Errorf("topology %+v, network %+v", s.Topology, s.Network)
			}
			if s.Eras.Active != 21 || len(s.PointEras) < 20 || len(s.Elected) == 0 || len(s.ValidatorSet) != len(s.Elected) || s.Limits.MaxNominations != 16 {
				t.Errorf("eras %+v, %d with points, %d elected, %d at work, %d targets at most", s.Eras, len(s.PointEras), len(s.Elected), len(s.ValidatorSet), s.Limits.MaxNominations)
			}
			for _, c := range s.Candidates {
				if !c.Bond.Bonded || len(c.Keys) != 6 || c.Payee != "Staked" {
					t.Errorf("candidate %+v", c)
				}
			}
			for _, x := range s.Nominators {
				if !x.Bond.Bonded || len(x.Targets) != 1 {
					t.Errorf("nominator %+v", x)
				}
			}
		})
	}
}

// TestBehaviours: what the candidates do shows on the chains.
func TestBehaviours(t *testing.T) {
	for _, topology := range topologies {
		t.Run(string(topology), func(t *testing.T) {
			n := start(t, simnet.Options{Seed: 5, Topology: topology})
			before, err := open(t, n).Snapshot(t.Context(), request(n))
			if err != nil {
				t.Fatal(err)
			}
			steps(t, n, 250) // until the slash is applied
			audit(t, n)
			after, err := open(t, n).Snapshot(t.Context(), request(n))
			if err != nil {
				t.Fatal(err)
			}
			of := func(s *programme.Snapshot, c simnet.Candidate) programme.ChainCandidate {
				i := slices.IndexFunc(s.Candidates, func(x programme.ChainCandidate) bool { return string(x.Stash) == c.Address() })
				return s.Candidates[i]
			}
			seen := map[simnet.Behaviour]bool{}
			for _, c := range n.Candidates() {
				was, is := of(before, c), of(after, c)
				ok := true
				switch c.Behaviour {
				case simnet.RaisesCommission:
					ok = is.Intention.Commission == 250_000_000
				case simnet.Chills:
					ok = was.Intention.Present && !is.Intention.Present
				case simnet.IsSlashed:
					ok = len(is.Slashes) == 1 && is.Slashes[0].Fraction == 50_000_000 && is.Slashes[0].Applied
				case simnet.Unbonds:
					ok = is.Bond.Active.Cmp(was.Bond.Active) < 0 && is.Bond.Total.Cmp(is.Bond.Active) > 0
				case simnet.LosesIdentity:
					ok = was.Identity != nil && is.Identity == nil
				case simnet.NeverClaims:
					ok = len(is.Unclaimed) > 0
				case simnet.RotatesKeys:
					ok = was.Keys[0].Key != is.Keys[0].Key
				case simnet.Renames:
					_, here := n.Feed.Find(c.Name + "-renamed")
					ok = here
				case simnet.Leaves:
					_, here := n.Feed.Find(c.Name)
					ok = !here
				}
				if seen[c.Behaviour] = true; !ok {
					t.Errorf("%s (%s):\nwas %+v\nis  %+v", c.Name, c.Behaviour, was, is)
				}
			}
			if len(seen) != len(simnet.Behaviours())+1 {
				t.Errorf("%d behaviours among the candidates: %v", len(seen), seen)
			}
		})
	}
}

// TestRound: a round is planned with the files that the network writes.
func TestRound(t *testing.T) {
	for _, topology := range topologies {
		t.Run(string(topology), func(t *testing.T) {
			n := start(t, simnet.Options{Seed: 8, Topology: topology})
			steps(t, n, 70)
			dir := t.TempDir()
			if err := n.WriteFiles(dir); err != nil {
				t.Fatal(err)
			}
			var warnings []string
			r, err := app.Plan{ConfigDir: dir, Now: n.Now, Warn: func(w string) { warnings = append(warnings, w) }}.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(warnings) > 0 {
				t.Errorf("warnings: %q", warnings)
			}
			count := map[programme.Validity]int{}
			for _, c := range r.Decision.Candidates {
				count[c.Validity]++
			}
			if len(r.Decision.Candidates) != 40 || count[programme.Invalid] == 0 {
				t.Errorf("validity of %d: %v", len(r.Decision.Candidates), count)
			}
		})
	}
}
