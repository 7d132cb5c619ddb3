package chain

import (
	"context"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/substrate"
)

// location says which chain does what at present.
type location struct {
	relay *substrate.Client
	// staking is the relay chain's client or Asset Hub's.
	staking *substrate.Client
	// people is set when a People chain is configured.
	people bool
}

// moved reports whether staking has left the relay chain.
func (l *location) moved() bool { return l.staking != l.relay }

// Modes of the relay chain's staking client: who is in charge of staking.
const (
	modePassive  = "Passive"  // the relay chain
	modeBuffered = "Buffered" // nobody: staking is being moved
	modeActive   = "Active"   // Asset Hub
)

// locate finds out where staking is. It asks again for every snapshot, because staking can move while the process runs.
func (c *Chains) locate(ctx context.Context) (*location, error) {
	relay, err := c.connect(ctx, c.relay)
	if err != nil {
		return nil, err
	}
	head, err := relay.Finalised(ctx)
	if err != nil {
		return nil, failed(ctx, "read the relay chain", err)
	}
	if isParachain(head) {
		return nil, unsuitable("%s leads to %s, which is a parachain: name nodes of the relay chain there, or of a chain that has everything",
			relayKey, describe(head))
	}
	if err := require(head, relayKey, "Session", "Validators"); err != nil {
		return nil, err
	}
	l := &location{relay: relay, staking: relay, people: len(c.people.endpoints) > 0}
	mode, err := stakingMode(ctx, head)
	if err != nil {
		return nil, failed(ctx, "read the relay chain", err)
	}
	switch mode {
	case modePassive:
		return l, checkStaking(head, relayKey)
	case modeBuffered:
		return nil, unavailable("%s is moving its staking to Asset Hub at the moment (StakingAhClient.Mode is %s): try again when that is done",
			relay.Chain().Name, mode)
	case modeActive:
	default:
		return nil, unsuitable("%s says that its staking is in mode %q, which this program does not know: look for a newer version",
			relay.Chain().Name, mode)
	}
	if len(c.assetHub.endpoints) == 0 {
		return nil, unsuitable("staking of %s lives on its Asset Hub: set %s", relay.Chain().Name, assetHubKey)
	}
	if l.staking, err = c.connect(ctx, c.assetHub); err != nil {
		return nil, err
	}
	hub, err := l.staking.Finalised(ctx)
	if err != nil {
		return nil, failed(ctx, "read the Asset Hub", err)
	}
	if !isParachain(hub) {
		return nil, unsuitable("%s leads to %s, which is not a parachain: name nodes of the network's Asset Hub there", assetHubKey, describe(hub))
	}
	if err := checkStaking(hub, assetHubKey); err != nil {
		return nil, err
	}
	return l, sameNetwork(head, hub, assetHubKey)
}

// stakingMode is who is in charge of staking; a relay chain that knows nothing of moving is.
func stakingMode(ctx context.Context, relay *substrate.Block) (string, error) {
	if !relay.Has("StakingAhClient", "Mode") {
		return modePassive, nil
	}
	mode := modePassive
	if _, err := relay.Get(ctx, "StakingAhClient", "Mode", &mode); err != nil {
		return "", err
	}
	return mode, nil
}

func isParachain(b *substrate.Block) bool {
	_, ok := b.Runtime().Metadata.Pallet("ParachainSystem")
	return ok
}

// generation of the staking pallet of a chain, see the package comment.
func generation(staking *substrate.Block) string {
	switch {
	case isParachain(staking):
		return "C"
	case staking.Has("Staking", "ErasStakersPaged"):
		return "B"
	}
	return "A"
}

// checkStaking makes sure that a chain has what no snapshot can do without.
func checkStaking(b *substrate.Block, key string) error {
	for _, item := range []string{"ActiveEra", "CurrentEra", "Validators", "Nominators", "Bonded", "Ledger"} {
		if err := require(b, key, "Staking", item); err != nil {
			return err
		}
	}
	return nil
}

// require makes sure that a chain has a storage item.
func require(b *substrate.Block, key, pallet, item string) error {
	if _, ok := b.Runtime().Metadata.Pallet(pallet); !ok {
		return unsuitable("%s has no pallet %s: check that %s names nodes of the right chain", describe(b), pallet, key)
	}
	if !b.Has(pallet, item) {
		return unsuitable("%s has no storage item %s.%s: this program does not know its form of the pallet, look for a newer version", describe(b), pallet, item)
	}
	return nil
}

// sameNetwork makes sure that a chain belongs to the relay chain: chains of one network share the address prefix.
func sameNetwork(relay, other *substrate.Block, key string) error {
	var want, got uint16
	if err := relay.Constant("System", "SS58Prefix", &want); err != nil {
		return unsuitable("%s does not state its address prefix: %w", describe(relay), err)
	}
	if err := other.Constant("System", "SS58Prefix", &got); err != nil {
		return unsuitable("%s does not state its address prefix: %w", describe(other), err)
	}
	if want != got {
		return unsuitable("%s leads to %s with address prefix %d, but the relay chain %s has %d: they are of different networks",
			key, describe(other), got, relay.Client().Chain().Name, want)
	}
	return nil
}

// checkPrefix compares the prefix of addresses with those the expected network may have.
func (c *Chains) checkPrefix(b *substrate.Block, prefix uint16) error {
	if len(c.cfg.Prefixes) > 0 && !slices.Contains(c.cfg.Prefixes, prefix) {
		return unsuitable("wrong network: %s has address prefix %d, the configuration is for %s with %v",
			describe(b), prefix, c.expected(), c.cfg.Prefixes)
	}
	return nil
}

// describe names a chain with its runtime.
func describe(b *substrate.Block) string {
	rt := b.Runtime()
	return fmt.Sprintf("%s (%s %d)", b.Client().Chain().Name, rt.SpecName, rt.SpecVersion)
}
