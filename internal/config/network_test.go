package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

func TestNetworkSelection(t *testing.T) {
	custom := `"ss58Prefix": 7, "decimals": 3, "symbol": "XYZ", "name": "Mine"`
	for _, c := range []struct {
		global  string
		network string
		want    []string
	}{
		{`"networkPrefix": 0`, "polkadot", nil},
		{`"networkPrefix": "2"`, "kusama", nil},
		{`"networkPrefix": 3, "apiEndpoints": ["ws://127.0.0.1:9944"]`, "local", nil},
		{`"networkPrefix": 2, "network": "kusama"`, "kusama", nil},
		{`"network": "westend"`, "westend", nil},
		{`"network": "paseo"`, "paseo", nil},
		{`"network": "custom", "customNetwork": {` + custom + `}, "apiEndpoints": ["ws://127.0.0.1:9944"]`, "custom", nil},
		{`"networkPrefix": 42`, "", []string{"*main.json:1: global.networkPrefix: 42 is not one of 0 (polkadot), 2 (kusama), 3 (local); for other networks set global.network"}},
		{`"network": "dotsama"`, "", []string{`*main.json:1: global.network: "dotsama" is not one of kusama, polkadot, westend, paseo, local, custom`}},
		{`"networkPrefix": 2, "network": "polkadot"`, "", []string{"*main.json:1: global.networkPrefix: 2 selects kusama, but global.network (main.json:1) is polkadot; remove one of them"}},
		{`"networkPrefix": 0, "network": "paseo"`, "", []string{"*main.json:1: global.networkPrefix: 0 selects polkadot, but global.network (main.json:1) is paseo; remove one of them"}},
		{`"dryRun": true`, "", []string{"main.json:1: global.dryRun: it has no effect; set act.mode", "*global.network: it is missing; set it to one of kusama, polkadot, westend, paseo, local, custom"}},
		{`"network": "custom"`, "", []string{
			"*global.customNetwork.ss58Prefix: it is missing; a custom network needs it", "*global.customNetwork.decimals: it is missing; a custom network needs it",
			"*global.customNetwork.symbol: it is missing; a custom network needs it", "*global.apiEndpoints: it names no node; at least one is needed"}},
		{`"network": "kusama", "customNetwork": {"decimals": 3}`, "", []string{"*main.json:1: global.customNetwork.decimals: it contradicts global.network kusama, whose facts are built in; set global.network to custom"}},
		{`"network": "local"`, "", []string{"*global.apiEndpoints: it names no node; at least one is needed"}},
		{`"network": "kusama", "apiAssetHubEndpoints": ["wss://a.example"]`, "", []string{"*global.apiEndpoints: it names no node; at least one is needed"}},
		{`"network": "kusama", "apiPeopleEndpoints": ["wss://a.example"]`, "", []string{"*global.apiEndpoints: it names no node; at least one is needed"}},
		{`"network": "kusama", "apiEndpoints": []`, "", []string{"*main.json:1: global.apiEndpoints: it names no node; at least one is needed"}},
		{`"network": "kusama", "apiEndpoints": ["wss://a.example"]`, "kusama", []string{"global.apiAssetHubEndpoints: it is missing; staking on Kusama moved to its Asset Hub, for example wss://kusama-asset-hub-rpc.polkadot.io"}},
		{`"network": "kusama", "apiEndpoints": ["wss://a.example"], "apiAssetHubEndpoints": []`, "kusama", nil},
		{`"network": "kusama", "apiEndpoints": ["kusama"]`, "", []string{`*main.json:1: global.apiEndpoints[0]: "kusama" is not a URL that starts with ws:// or wss://`}},
	} {
		main := `{"global": {"candidatesUrl": "l.json", ` + c.global + `}}`
		if d := cmp.Diff(c.want, problems(t, main, "", Options{})); d != "" {
			t.Errorf("%s: %s", c.global, d)
		}
		if c.network == "" {
			continue
		}
		if got := mustLoad(t, main, "", Options{}); got.Network.Name != c.network {
			t.Errorf("%s: %s", c.global, got.Network.Name)
		}
	}
	c := mustLoad(t, `{"global": {"candidatesUrl": "l.json", "network": "custom", "customNetwork": {`+custom+`}, "apiEndpoints": ["ws://x:1"]}, "constraints": {"minSelfStake": "2 XYZ"}}`, "", Options{})
	if n := c.Network; n.SS58Prefix != 7 || n.Decimals != 3 || n.Symbol != "XYZ" || n.Label != "Mine" || c.rules.Limits.MinSelfStake != programme.NewPlanck(2000) {
		t.Errorf("%+v %v", n, c.rules.Limits.MinSelfStake)
	}
}

func TestCandidatesAreRequired(t *testing.T) {
	for main, want := range map[string]string{
		`{"global": {"network": "kusama"}}`:                                  "*global.candidatesUrl: it is missing; set it to the URL or file of the candidate list",
		`{"global": {"network": "kusama", "candidatesUrl": ""}}`:             "*main.json:1: global.candidatesUrl: it is empty; set it to the URL or file of the candidate list",
		`{"global": {"network": "kusama", "candidatesUrl": "file:///x"}}`:    `*main.json:1: global.candidatesUrl: "file:///x": lists are fetched by http or https, or read from a file path, not by file`,
		`{"global": {"network": "kusama", "candidatesUrl": "http://:80/x"}}`: `*main.json:1: global.candidatesUrl: "http://:80/x" is not a usable URL`,
	} {
		if d := cmp.Diff([]string{want}, problems(t, main, "", Options{})); d != "" {
			t.Errorf("%s: %s", main, d)
		}
	}
}

// TestPublicEndpoints: the preset's nodes are used when the configuration names none, and never mixed with its own.
func TestPublicEndpoints(t *testing.T) {
	c := mustLoad(t, minimal(""), "", Options{})
	if len(c.Chains.Relay) == 0 || len(c.Chains.AssetHub) == 0 || len(c.Chains.People) == 0 {
		t.Errorf("%+v", c.Chains)
	}
	c = mustLoad(t, minimal(""), "", Options{Set: []string{"global.apiEndpoints=ws://127.0.0.1:1"}})
	if d := cmp.Diff(Endpoints{Relay: []string{"ws://127.0.0.1:1"}}, c.Chains); d != "" {
		t.Error(d)
	}
}

// TestPresets checks the presets against the published figures of the networks, and against their own rules.
func TestPresets(t *testing.T) {
	type figures struct {
		Prefix, Decimals, Buffer, Targets int
		Symbol, Bond                      string
		Commission                        programme.Perbill
		Unclaimed                         uint32
	}
	want := map[string]figures{
		"kusama":   {2, 12, 4, 24, "KSM", "10 KSM", 150_000_000, 4},
		"polkadot": {0, 10, 1, 16, "DOT", "5000 DOT", 50_000_000, 1},
		"westend":  {42, 12, 4, 16, "WND", "1 WND", 150_000_000, 4},
		"paseo":    {0, 10, 4, 16, "PAS", "1 PAS", 150_000_000, 4},
		"local":    {42, 12, 4, 16, "UNIT", "0.0000001 UNIT", 150_000_000, 4},
		"custom":   {42, 12, 4, 16, "UNIT", "0 UNIT", 150_000_000, 4},
	}
	seen := map[string]bool{}
	for _, n := range Networks() {
		got := figures{int(n.SS58Prefix), n.Decimals, int(n.EraBuffer), int(n.MaxTargets), n.Symbol,
			n.MinSelfStake.Tokens(n.Decimals) + " " + n.Symbol, n.MaxCommission, n.UnclaimedEras}
		if d := cmp.Diff(want[n.Name], got); d != "" {
			t.Errorf("%s: %s", n.Name, d)
		}
		if n.Genesis != "" && (len(n.Genesis) != 66 || seen[n.Genesis]) {
			t.Errorf("%s: genesis %s", n.Name, n.Genesis)
		}
		seen[n.Genesis] = true
		s := scope{network: n}
		for _, list := range [][]string{n.Endpoints.Relay, n.Endpoints.AssetHub, n.Endpoints.People} {
			for _, e := range list {
				address("wss").read(&s, bare(e))
			}
		}
		if len(s.problems) > 0 || n.Moved != (len(n.Endpoints.AssetHub) > 0) {
			t.Errorf("%s: endpoints %v", n.Name, s.problems)
		}
	}
	if len(Networks()) != len(want) || strings.Join(NetworkNames(), " ") != "kusama polkadot westend paseo local custom" {
		t.Error(NetworkNames())
	}
}
