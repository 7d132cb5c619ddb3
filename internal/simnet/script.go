package simnet

import (
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/simnet/simchain"
	"github.com/thousand-validators/otv/internal/simnet/simsources"
	"github.com/thousand-validators/otv/substrate/extrinsic"
)

// tell reports what happens.
func (n *Network) tell(format string, args ...any) {
	n.o.Tell(time.UnixMilli(n.time), fmt.Sprintf(format, args...))
}

// script lets everybody do what is due. It runs after every block, and most of it once a session.
func (n *Network) script() error {
	if err := n.payOut(); err != nil {
		return err
	}
	session := n.slot / n.o.SessionBlocks
	if session == n.session {
		return nil
	}
	n.session = session
	if session == releaseSession {
		n.Sources.AddRelease(simsources.Release{Tag: "polkadot-v" + newVersion, Title: "Simulated client " + newVersion, Published: n.time})
		n.tell("client %s is released", newVersion)
	}
	var all []error
	for _, c := range n.people.candidates {
		all = append(all, n.behave(c, session))
	}
	return errors.Join(all...)
}

// Sessions, counted from the start, at which things happen. Candidates act a few sessions later, by their slots.
const (
	releaseSession = 3
	firstSession   = 4
	flakyEvery     = 5
	lateSessions   = 18 // more than an era and a half
	rotateEvery    = 7
)

// behave lets a candidate do what is due in a session.
func (n *Network) behave(c *Candidate, session uint64) error {
	begin := firstSession + uint64(c.Slot%4)
	upgrade := uint64(releaseSession + 1 + c.Slot%2)
	if c.Behaviour == UpgradesLate {
		upgrade = releaseSession + lateSessions
	}
	if session == upgrade && c.Version == oldVersion {
		c.Version = newVersion
		n.restart(c)
	}
	staking := n.Staking()
	switch {
	case c.Behaviour == Flaky && (session+uint64(c.Slot))%flakyEvery == 0:
		n.leave(c)
	case c.Behaviour == Flaky && c.node < 0:
		n.join(c)
	case session != begin && c.Behaviour != RotatesKeys:
	case c.Behaviour == Leaves:
		n.leave(c)
	case c.Behaviour == RaisesCommission:
		n.tell("%s raises its commission to 25 %%", c.Name)
		return n.act(c, staking, "Staking", "validate", map[string]any{"commission": uint32(250_000_000), "blocked": false})
	case c.Behaviour == Chills:
		n.tell("%s chills", c.Name)
		return n.act(c, staking, "Staking", "chill")
	case c.Behaviour == IsSlashed:
		n.tell("%s misbehaves and is slashed 5 %%", c.Name)
		n.Relay.Offend(simchain.Offence{Stash: c.Stash, Fraction: 50_000_000})
	case c.Behaviour == Unbonds:
		n.tell("%s unbonds nine tenths of its bond", c.Name)
		return n.act(c, staking, "Staking", "unbond", c.bond/10*9)
	case c.Behaviour == LosesIdentity:
		n.tell("%s clears its identity", c.Name)
		return n.act(c, n.identities(), "Identity", "clear_identity")
	case c.Behaviour == Renames:
		n.tell("the node of %s is renamed", c.Name)
		c.renamed = c.Name + "-renamed"
		n.restart(c)
	case c.Behaviour == RotatesKeys && session%rotateEvery == uint64(c.Slot)%rotateEvery:
		c.keysSet++
		return n.act(c, n.Relay, "Session", "set_keys", simchain.SessionKeys(c.Stash, c.keysSet), []byte{})
	}
	return nil
}

// act submits a transaction of a candidate. Refusals are part of life: an account may have nothing left.
func (n *Network) act(c *Candidate, on *simchain.Chain, pallet, name string, args ...any) error {
	err := on.Act(c.key, pallet, name, args...)
	if err != nil {
		n.tell("%s could not send %s.%s: %v", c.Name, pallet, name, err)
	}
	return nil
}

// Act has a candidate, named by its slot, submit a transaction to the chain with staking.
func (n *Network) Act(slot int, pallet, name string, args ...any) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.people.candidates {
		if c.Slot == slot {
			return n.Staking().Act(c.key, pallet, name, args...)
		}
	}
	return fmt.Errorf("there is no candidate in slot %d", slot)
}

// leave takes a candidate's node offline: it is gone from telemetry and produces nothing.
func (n *Network) leave(c *Candidate) {
	if c.node < 0 {
		return
	}
	n.tell("%s goes offline", c.Name)
	n.Feed.Leave(c.node)
	c.node, n.down[c.Stash] = -1, true
}

func (n *Network) join(c *Candidate) {
	n.tell("%s is online again", c.Name)
	c.node = n.Feed.Join(c.feedNode(n.time))
	delete(n.down, c.Stash)
}

// restart takes the node away and brings it back at once.
func (n *Network) restart(c *Candidate) {
	if c.node < 0 {
		return
	}
	n.Feed.Leave(c.node)
	c.node = n.Feed.Join(c.feedNode(n.time))
}

// payoutBatch is how many pages are paid in one transaction.
const payoutBatch = 8

// payOut pays the rewards of the era that has ended to all but those for whom nobody does.
func (n *Network) payOut() error {
	staking := n.Staking()
	active, _ := staking.Era()
	if active == 0 || n.paid >= active-1 {
		return nil
	}
	n.paid = active - 1
	n.tell("era %d begins", active)
	unpaid := map[simchain.Account]bool{}
	for _, c := range n.people.candidates {
		unpaid[c.Stash] = c.Behaviour == NeverClaims
	}
	var calls []extrinsic.RuntimeCall
	flush := func() error {
		if len(calls) == 0 {
			return nil
		}
		err := staking.ActBatch(n.people.payer, calls)
		calls = nil
		return err
	}
	for _, stash := range staking.Elected(n.paid) {
		if unpaid[stash] {
			continue
		}
		for page := range staking.Pages(n.paid, stash) {
			c, err := staking.Call("Staking", "payout_stakers_by_page", stash, n.paid, page)
			if err != nil {
				return err
			}
			if calls = append(calls, c); len(calls) == payoutBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}
