//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	chains "github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/simnet"
)

// TestSimnetPolkadotJS: the reference client reads the simulated network, follows it and nominates on it, and our reader
// sees the nomination.
func TestSimnetPolkadotJS(t *testing.T) {
	for _, topology := range []simnet.Topology{simnet.One, simnet.Three} {
		t.Run(string(topology), func(t *testing.T) {
			n, err := simnet.Start(t.Context(), simnet.Options{Seed: 21, Topology: topology, Candidates: 12, Speed: 60})
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			e, x := n.Endpoints(), n.Nominators()[0]
			targets := []string{n.Candidates()[0].Address(), n.Candidates()[3].Address()}
			args := []string{"--relay", e.Relay, "--seed", x.Seed, "--targets", strings.Join(targets, ",")}
			if e.AssetHub != "" {
				args = append(args, "--hub", e.AssetHub, "--people", e.People)
			}
			var got struct {
				Items      map[string]int
				Missing    []string
				Constants  map[string]string
				Heads      map[string]struct{ New, Final int }
				Complaints []string
				Nomination struct {
					Address, Fee, Block string
					Error               *string
					Events, Targets     []string
				}
			}
			if err := json.Unmarshal(runNode(t, "simnet.mjs", args...), &got); err != nil {
				t.Fatal(err)
			}
			if len(got.Missing) > 0 || len(got.Complaints) > 0 {
				t.Errorf("missing %q, complaints %q", got.Missing, got.Complaints)
			}
			staking, want := "hub", 3
			if topology == simnet.One {
				staking, want = "one", 1
			}
			if len(got.Heads) != want {
				t.Errorf("heads %v", got.Heads)
			}
			for _, item := range []string{"Validators", "Nominators", "Ledger", "ErasStakersOverview", "ErasStakersPaged", "ErasRewardPoints", "ClaimedRewards"} {
				if got.Items[staking+" Staking."+item] == 0 {
					t.Errorf("%s: nothing was read", item)
				}
			}
			if got.Constants[staking+" Staking.HistoryDepth"] != "84" {
				t.Errorf("constants %v", got.Constants)
			}
			if m := got.Nomination; m.Error != nil || !slices.Contains(m.Events, "system.ExtrinsicSuccess") || !slices.Equal(m.Targets, targets) {
				t.Errorf("nomination %+v", m)
			}
			cfg := chains.Config{Relay: []string{e.Relay}}
			if e.AssetHub != "" {
				cfg.AssetHub, cfg.People = []string{e.AssetHub}, []string{e.People}
			}
			c, err := chains.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			s, err := c.Snapshot(t.Context(), chains.Request{Nominators: []programme.Address{programme.Address(x.Address())}})
			if err != nil {
				t.Fatal(err)
			}
			var seen []string
			for _, a := range s.Nominators[0].Targets {
				seen = append(seen, string(a))
			}
			slices.Sort(targets)
			if !slices.Equal(seen, targets) {
				t.Errorf("our reader sees the targets %v, want %v", seen, targets)
			}
			if err := n.Err(); err != nil {
				t.Error(err)
			}
		})
	}
}
