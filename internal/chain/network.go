package chain

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
)

// network identifies the network. The name is the relay chain's spec name, the units are the staking chain's. Where
// sources contradict each other, the runtime's constant counts more than the node's properties, and both more than the
// configuration; the contradiction is reported.
func (c *Chains) network(ctx context.Context, l *location, p *places) (programme.Network, []string, error) {
	staking, relay := l.staking.Chain(), l.relay.Chain()
	n := programme.Network{
		Name:  strings.ToLower(p.session.Runtime().SpecName),
		Chain: staking.Name, Genesis: relay.Genesis.String(),
		SS58Prefix: staking.SS58Prefix, Decimals: staking.Decimals, Symbol: staking.Symbol,
	}
	// The prefix is the block's: an upgrade may change it after the client has connected.
	if p.staking.HasConstant("System", "SS58Prefix") {
		if err := p.staking.Constant("System", "SS58Prefix", &n.SS58Prefix); err != nil {
			return n, nil, failed(ctx, "read the staking chain", err)
		}
	}
	if err := c.checkPrefix(p.staking, n.SS58Prefix); err != nil {
		return n, nil, err
	}
	var odd []string
	if prefix, ok, err := prefixProperty(ctx, l.staking); err != nil {
		return n, nil, failed(ctx, "read the staking chain", err)
	} else if ok && prefix != n.SS58Prefix {
		odd = append(odd, fmt.Sprintf("the runtime of %s has address prefix %d, its node says %d: the runtime's counts",
			staking.Name, n.SS58Prefix, prefix))
	}
	if n.Decimals == 0 {
		n.Decimals = relay.Decimals
	}
	if n.Symbol == "" {
		n.Symbol = relay.Symbol
	}
	switch {
	case n.Decimals == 0 && c.cfg.Decimals == 0:
		return n, nil, unsuitable("the node of %s does not state the decimals of its token: add tokenDecimals to the properties of its chain specification", staking.Name)
	case n.Decimals == 0:
		n.Decimals = c.cfg.Decimals
		odd = append(odd, fmt.Sprintf("the node of %s does not state the decimals of its token: taking %d from the configuration", staking.Name, n.Decimals))
	case c.cfg.Decimals != 0 && c.cfg.Decimals != n.Decimals:
		odd = append(odd, fmt.Sprintf("the token of %s has %d decimals, the configuration says %d: amounts written in tokens there are wrong",
			staking.Name, n.Decimals, c.cfg.Decimals))
	}
	if relay.Decimals != 0 && relay.Decimals != n.Decimals {
		odd = append(odd, fmt.Sprintf("the token has %d decimals on %s and %d on %s: the former counts", n.Decimals, staking.Name, relay.Decimals, relay.Name))
	}
	if n.Symbol == "" {
		n.Symbol = c.cfg.Symbol
	}
	return n, odd, nil
}

// prefixProperty is the address prefix that the node tells wallets; ok is false when it tells none.
func prefixProperty(ctx context.Context, client *substrate.Client) (prefix uint16, ok bool, err error) {
	var properties struct {
		Format json.RawMessage `json:"ss58Format"`
	}
	if err := client.Pool().Call(ctx, &properties, "system_properties"); err != nil {
		return 0, false, err
	}
	text := bytes.Trim(properties.Format, `[]" `)
	n, err := strconv.ParseUint(string(text), 10, 16)
	return uint16(n), err == nil, nil
}

// chainBlocks lists the blocks of a snapshot by role.
func chainBlocks(p *places) []programme.ChainBlock {
	var list []programme.ChainBlock
	add := func(role string, b *substrate.Block, when programme.Millis) {
		info, rt := b.Client().Chain(), b.Runtime()
		list = append(list, programme.ChainBlock{
			Role: role, Chain: info.Name, Genesis: info.Genesis.String(), SpecName: rt.SpecName, SpecVersion: rt.SpecVersion,
			Number: b.Number, Hash: b.Hash.String(), Time: when,
		})
	}
	add(programme.RoleStaking, p.staking, p.stakingTime)
	add(programme.RoleSession, p.session, p.sessionTime)
	if p.identity != nil {
		add(programme.RoleIdentity, p.identity, p.identityTime)
	}
	return list
}

// topology says how the chains share the work.
func topology(p *places) programme.Topology {
	t := programme.Topology{Kind: "single", Generation: generation(p.staking)}
	if p.session != p.staking || p.identity != nil && p.identity != p.staking {
		t.Kind = "multi"
	}
	return t
}
