package config

import (
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Network is what the product knows of a network before it asks a chain.
type Network struct {
	Name       string // as in global.network
	Label      string // for people
	SS58Prefix uint16
	// ListPrefixes are the address prefixes a candidate list of the network may carry; nil means any.
	ListPrefixes []uint16
	// Genesis is the hash of the relay (or only) chain's first block; empty when it can be any.
	Genesis  string
	Decimals int
	Symbol   string
	// EraBuffer is the number of eras between two nominations of one nominator.
	EraBuffer programme.Era
	// MaxTargets is the programme's own cap on the targets of one nominator.
	MaxTargets uint32
	// RemoteRank is the least rank demanded of a candidate on Kusama. The programme there counts active eras.
	RemoteRank int
	// Default limits of the programme profile.
	MaxCommission programme.Perbill
	MinSelfStake  programme.Planck
	UnclaimedEras uint32
	// Endpoints are public nodes, used when the configuration names none at all.
	Endpoints Endpoints
	// Moved says that staking lives on the network's Asset Hub.
	Moved bool
}

// Endpoints are the WebSocket addresses of the chains of a network.
type Endpoints struct {
	Relay    []string // relay chain, or the only chain
	AssetHub []string // chain with staking, balances and proxies; empty: the relay chain has them
	People   []string // chain with identities; empty: the relay chain has them
}

// Names of networks that have no preset of facts: every value but the rules comes from the configuration or the chain.
const (
	networkLocal  = "local"
	networkCustom = "custom"
)

// Networks lists the presets. Sources of the figures: the programme's own settings for Kusama and Polkadot; prefix,
// decimals, symbol and genesis from the chains. Test networks take Kusama's rhythm and rules, with bonds of one token.
func Networks() []Network {
	return []Network{
		{
			Name: "kusama", Label: "Kusama", SS58Prefix: 2, ListPrefixes: []uint16{2},
			Genesis:  "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe",
			Decimals: 12, Symbol: "KSM", EraBuffer: 4, MaxTargets: 24, RemoteRank: 100,
			MaxCommission: 150_000_000, MinSelfStake: programme.NewPlanck(10_000_000_000_000), UnclaimedEras: 4,
			Endpoints: Endpoints{
				Relay: []string{
					"wss://kusama-rpc-tn.dwellir.com", "wss://kusama-rpc.dwellir.com",
					"wss://kusama.public.curie.radiumblock.co/ws", "wss://rpc.ibp.network/kusama",
					"wss://rpc.dotters.network/kusama", "wss://ksm-rpc.stakeworld.io",
				},
				AssetHub: []string{"wss://kusama-asset-hub-rpc.polkadot.io", "wss://sys.ibp.network/asset-hub-kusama", "wss://ksm-rpc.stakeworld.io/assethub"},
				People:   []string{"wss://kusama-people-rpc.polkadot.io", "wss://sys.ibp.network/people-kusama"},
			},
			Moved: true,
		},
		{
			Name: "polkadot", Label: "Polkadot", SS58Prefix: 0, ListPrefixes: []uint16{0},
			Genesis:  "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3",
			Decimals: 10, Symbol: "DOT", EraBuffer: 1, MaxTargets: 16, RemoteRank: 100,
			MaxCommission: 50_000_000, MinSelfStake: programme.NewPlanck(50_000_000_000_000), UnclaimedEras: 1,
			Endpoints: Endpoints{
				Relay: []string{
					"wss://rpc.dotters.network/polkadot", "wss://dot-rpc.stakeworld.io",
					"wss://polkadot.public.curie.radiumblock.co/ws", "wss://rpc.ibp.network/polkadot",
					"wss://polkadot-rpc-tn.dwellir.com",
				},
				AssetHub: []string{"wss://polkadot-asset-hub-rpc.polkadot.io", "wss://sys.ibp.network/asset-hub-polkadot", "wss://dot-rpc.stakeworld.io/assethub"},
				People:   []string{"wss://polkadot-people-rpc.polkadot.io", "wss://sys.ibp.network/people-polkadot"},
			},
			Moved: true,
		},
		{
			Name: "westend", Label: "Westend", SS58Prefix: 42, ListPrefixes: []uint16{42},
			Genesis:  "0xe143f23803ac50e8f6f8e62695d1ce9e4e1d68aa36c1cd2cfd15340213f3423e",
			Decimals: 12, Symbol: "WND", EraBuffer: 4, MaxTargets: 16, RemoteRank: 100,
			MaxCommission: 150_000_000, MinSelfStake: programme.NewPlanck(1_000_000_000_000), UnclaimedEras: 4,
			Endpoints: Endpoints{
				Relay:    []string{"wss://westend-rpc.polkadot.io", "wss://westend-rpc.dwellir.com"},
				AssetHub: []string{"wss://westend-asset-hub-rpc.polkadot.io", "wss://asset-hub-westend-rpc.dwellir.com"},
				People:   []string{"wss://westend-people-rpc.polkadot.io", "wss://people-westend-rpc.dwellir.com"},
			},
			Moved: true,
		},
		{
			// Paseo's runtimes gave addresses the generic prefix 42 at first and Polkadot's 0 later, so lists carry either.
			Name: "paseo", Label: "Paseo", SS58Prefix: 0, ListPrefixes: []uint16{0, 42},
			Genesis:  "0x77afd6190f1554ad45fd0d31aee62aacc33c6db0ea801129acb813f913e0764f",
			Decimals: 10, Symbol: "PAS", EraBuffer: 4, MaxTargets: 16, RemoteRank: 100,
			MaxCommission: 150_000_000, MinSelfStake: programme.NewPlanck(10_000_000_000), UnclaimedEras: 4,
			Endpoints: Endpoints{
				Relay:    []string{"wss://paseo.rpc.amforc.com", "wss://paseo-rpc.dwellir.com"},
				AssetHub: []string{"wss://asset-hub-paseo-rpc.dwellir.com", "wss://sys.ibp.network/asset-hub-paseo"},
				People:   []string{"wss://people-paseo.rpc.amforc.com", "wss://sys.ibp.network/people-paseo"},
			},
			Moved: true,
		},
		{
			Name: networkLocal, Label: "a local network", SS58Prefix: 42,
			Decimals: 12, Symbol: "UNIT", EraBuffer: 4, MaxTargets: 16, RemoteRank: 100,
			MaxCommission: 150_000_000, MinSelfStake: programme.NewPlanck(100_000), UnclaimedEras: 4,
		},
		{
			Name: networkCustom, Label: "a custom network", SS58Prefix: 42,
			Decimals: 12, Symbol: "UNIT", EraBuffer: 4, MaxTargets: 16, RemoteRank: 100,
			MaxCommission: 150_000_000, UnclaimedEras: 4,
		},
	}
}

// NetworkByName finds a preset.
func NetworkByName(name string) (Network, bool) {
	all := Networks()
	i := slices.IndexFunc(all, func(n Network) bool { return n.Name == name })
	if i < 0 {
		return Network{}, false
	}
	return all[i], true
}

// NetworkNames lists the names of all presets.
func NetworkNames() []string {
	var names []string
	for _, n := range Networks() {
		names = append(names, n.Name)
	}
	return names
}

// prefixNetwork is the network that a value of global.networkPrefix selects.
func prefixNetwork(prefix int) (string, bool) {
	switch prefix {
	case 0:
		return "polkadot", true
	case 2:
		return "kusama", true
	case 3:
		return networkLocal, true
	}
	return "", false
}

// tokens is a whole number of tokens in planck, for the network's decimals.
func (n Network) tokens(whole uint64) programme.Planck {
	p, err := parseAmount(fmt.Sprintf("%d %s", whole, n.Symbol), n)
	if err != nil {
		return programme.Planck{}
	}
	return p
}
