package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/rpc"
)

func newChainInfoCommand(env *Env) *cobra.Command {
	var o chainOptions
	cmd := &cobra.Command{
		Use:   "info --uri URI",
		Short: "Show what chain it is, its runtime and heads, and how its nodes are",
		Long: `Show name, genesis, runtime, units and heads of a chain, what its pallets say about its part in the network, and the
state of every node given with --uri. Nodes of another chain are refused and named.

Exit code 0: shown, even if some of the nodes are not usable. 4: none is.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, env, func(ctx context.Context, v *chainView) error {
				info, err := v.info(ctx)
				if err != nil {
					return err
				}
				if o.asJSON {
					return writeJSON(env.Stdout, info)
				}
				info.print(env)
				return nil
			})
		},
	}
	o.register(cmd)
	return cmd
}

// chainInfo is what the command shows.
type chainInfo struct {
	Chain              string          `json:"chain"`
	Genesis            substrate.Hash  `json:"genesis"`
	SpecName           string          `json:"specName"`
	SpecVersion        uint32          `json:"specVersion"`
	TransactionVersion uint32          `json:"transactionVersion"`
	MetadataVersion    int             `json:"metadataVersion"`
	SS58Prefix         uint16          `json:"ss58Prefix"`
	Decimals           int             `json:"decimals"`
	Symbol             string          `json:"symbol"`
	At                 chainHead       `json:"at"` // the block of --at
	Best               chainHead       `json:"best"`
	Finalised          chainHead       `json:"finalised"`
	Role               string          `json:"role"`
	Pallets            []string        `json:"pallets"` // those that tell the role
	Endpoints          []chainEndpoint `json:"endpoints"`
}

type chainHead struct {
	Number uint32         `json:"number"`
	Hash   substrate.Hash `json:"hash"`
	Time   *time.Time     `json:"time"` // null when the chain keeps none
}

type chainEndpoint struct {
	Endpoint  string `json:"endpoint"`
	State     string `json:"state"` // connected, failing, refused
	LatencyMS int64  `json:"latencyMs"`
	Error     string `json:"error,omitempty"`
}

func (v *chainView) info(ctx context.Context) (*chainInfo, error) {
	best, err := v.client.Best(ctx)
	if err != nil {
		return nil, err
	}
	final, err := v.client.Finalised(ctx)
	if err != nil {
		return nil, err
	}
	chain, rt := v.client.Chain(), v.block.Runtime()
	info := &chainInfo{
		Chain: chain.Name, Genesis: chain.Genesis, SpecName: rt.SpecName, SpecVersion: rt.SpecVersion,
		TransactionVersion: rt.TransactionVersion, MetadataVersion: rt.Metadata.Version,
		SS58Prefix: chain.SS58Prefix, Decimals: chain.Decimals, Symbol: chain.Symbol,
		Role: chainRole(v.block), Pallets: []string{},
	}
	for _, name := range telling {
		if _, ok := rt.Metadata.Pallet(name); ok {
			info.Pallets = append(info.Pallets, name)
		}
	}
	for at, b := range map[*chainHead]*substrate.Block{&info.At: v.block, &info.Best: best, &info.Finalised: final} {
		if *at, err = describeHead(ctx, b); err != nil {
			return nil, err
		}
	}
	for _, h := range v.client.Probe(ctx) {
		info.Endpoints = append(info.Endpoints, describeEndpoint(h))
	}
	return info, nil
}

func describeHead(ctx context.Context, b *substrate.Block) (chainHead, error) {
	h := chainHead{Number: b.Number, Hash: b.Hash}
	if !b.Has("Timestamp", "Now") {
		return h, nil
	}
	var ms uint64
	found, err := b.Get(ctx, "Timestamp", "Now", &ms)
	if err != nil || !found || ms > 1<<53 {
		return h, err // the first block has no time
	}
	at := time.UnixMilli(int64(ms)).UTC()
	h.Time = &at
	return h, nil
}

func describeEndpoint(h rpc.Health) chainEndpoint {
	e := chainEndpoint{Endpoint: h.Endpoint, State: "connected", LatencyMS: h.Latency.Milliseconds()}
	switch {
	case h.Refused != nil:
		e.State, e.Error = "refused", h.Refused.Error()
	case !h.Connected:
		e.State = "failing"
		if h.LastError != nil {
			e.Error = h.LastError.Error()
		}
	}
	return e
}

// telling are the pallets that tell what part a chain plays.
var telling = []string{"Babe", "ParachainSystem", "Session", "Staking", "StakingAhClient", "StakingRcClient", "Identity", "Proxy", "ImOnline"}

// chainRole says in words what the pallets suggest. Whether staking on a relay chain is still in use is not in the metadata
// but in StakingAhClient.Mode.
func chainRole(b *substrate.Block) string {
	has := func(pallet string) bool {
		_, ok := b.Runtime().Metadata.Pallet(pallet)
		return ok
	}
	var parts []string
	switch {
	case has("ParachainSystem") && (has("StakingRcClient") || has("Staking")):
		return "parachain with staking for its relay chain (Asset Hub)"
	case has("ParachainSystem") && has("Identity"):
		return "parachain with identities (People)"
	case has("ParachainSystem"):
		return "parachain without staking and identities"
	case has("Babe") && has("StakingAhClient"):
		parts = append(parts, "relay chain", "staking moves or has moved to Asset Hub")
	case has("Babe") && b.Has("Staking", "ErasStakersPaged"):
		parts = append(parts, "relay (or only) chain", "staking with paged exposures")
	case has("Babe") && has("Staking"):
		parts = append(parts, "relay (or only) chain", "staking with unpaged exposures")
	case has("Staking"):
		parts = append(parts, "chain with staking")
	default:
		return "no relay chain, no staking"
	}
	if has("Identity") {
		parts = append(parts, "identities")
	} else {
		parts = append(parts, "no identities")
	}
	return strings.Join(parts, ", ")
}

func (i *chainInfo) print(env *Env) {
	t := newTable(env, "chain", i.Chain)
	t.row("genesis", i.Genesis)
	t.row("runtime", fmt.Sprintf("%s %d, transactions %d, metadata %d", i.SpecName, i.SpecVersion, i.TransactionVersion, i.MetadataVersion))
	t.row("token", fmt.Sprintf("%s, %s", orNone(i.Symbol), plural(i.Decimals, "decimal")))
	t.row("addresses", fmt.Sprintf("network %d", i.SS58Prefix))
	t.row("best", i.Best)
	t.row("finalised", i.Finalised)
	if i.At.Hash != i.Finalised.Hash {
		t.row("at", i.At)
	}
	t.row("role", i.Role)
	t.row("pallets", strings.Join(i.Pallets, ", "))
	t.print(env.Stdout)
	fmt.Fprintln(env.Stdout)
	t = newTable(env, "endpoint", "state", "latency", "last error").numbers(2)
	for _, e := range i.Endpoints {
		state := cell{e.State, green}
		if e.State != "connected" {
			state.sgr = red
		}
		latency := ""
		if e.State == "connected" {
			latency = fmt.Sprintf("%d ms", e.LatencyMS)
		}
		t.row(e.Endpoint, state, latency, e.Error)
	}
	t.print(env.Stdout)
}

// String is the head in a table.
func (h chainHead) String() string {
	text := fmt.Sprintf("%d  %s", h.Number, h.Hash)
	if h.Time != nil {
		text += "  " + h.Time.Format(time.RFC3339)
	}
	return text
}

func orNone(s string) string {
	if s == "" {
		return "no symbol"
	}
	return s
}
