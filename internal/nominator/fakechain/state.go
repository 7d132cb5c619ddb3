package fakechain

import (
	"bytes"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/substrate/codec"
)

// ID is an account.
type ID = [32]byte

// State is what the chain knows.
type State struct {
	Accounts      map[ID]Account
	Ledgers       map[ID]Ledger // by controller
	Validators    map[ID]Validator
	Nominations   map[ID]Nomination // by stash
	Proxies       map[ID][]Proxy    // by real account
	Announcements map[ID][]Announcement
	Era, Planned  uint32
	Relay         uint32 // newest relay chain block known; 0 on a chain of its own
	MinBond       uint64
}

// Account is a balance.
type Account struct {
	Nonce          uint32
	Free, Reserved uint64
}

// Ledger is a bond.
type Ledger struct {
	Stash  ID
	Active uint64
}

// Validator is an intention.
type Validator struct {
	Commission uint32
	Blocked    bool
}

// Nomination is what a stash nominates.
type Nomination struct {
	Targets     []ID
	SubmittedIn uint32
}

// Proxy is a relation.
type Proxy struct {
	Delegate ID
	Type     string
	Delay    uint32
}

// Announcement is a pending call.
type Announcement struct {
	Real   ID
	Hash   [32]byte
	Height uint32
}

func newState() *State {
	return &State{
		Accounts: map[ID]Account{}, Ledgers: map[ID]Ledger{}, Validators: map[ID]Validator{}, Nominations: map[ID]Nomination{},
		Proxies: map[ID][]Proxy{}, Announcements: map[ID][]Announcement{},
	}
}

func (s *State) clone() *State {
	c := *s
	c.Accounts, c.Ledgers, c.Validators, c.Nominations = maps.Clone(s.Accounts), maps.Clone(s.Ledgers), maps.Clone(s.Validators), maps.Clone(s.Nominations)
	c.Proxies, c.Announcements = map[ID][]Proxy{}, map[ID][]Announcement{}
	for k, v := range s.Proxies {
		c.Proxies[k] = slices.Clone(v)
	}
	for k, v := range s.Announcements {
		c.Announcements[k] = slices.Clone(v)
	}
	return &c
}

// Fee is what every transaction costs, in planck.
const Fee = 1_000_000_000

// write encodes the state as storage.
func (c *Chain) write(s *State) (map[string][]byte, error) {
	out := map[string][]byte{}
	var failed error
	put := func(pallet, item string, value any, keys ...any) {
		k, v, err := c.node.Encode(pallet, item, value, keys...)
		if err != nil && failed == nil {
			failed = err
		}
		out[string(k)] = v
	}
	for id, a := range s.Accounts {
		put("System", "Account", c.account(a), id)
	}
	for id, l := range s.Ledgers {
		ledger := map[string]any{"stash": l.Stash, "total": l.Active, "active": l.Active, "unlocking": []any{}}
		if !c.parachain {
			ledger["claimed_rewards"] = []any{}
		}
		put("Staking", "Ledger", ledger, id)
		put("Staking", "Bonded", id, l.Stash)
	}
	for id, v := range s.Validators {
		put("Staking", "Validators", map[string]any{"commission": v.Commission, "blocked": v.Blocked}, id)
	}
	for id, n := range s.Nominations {
		put("Staking", "Nominators", map[string]any{"targets": list(n.Targets), "submitted_in": n.SubmittedIn, "suppressed": false}, id)
	}
	for id, p := range s.Proxies {
		var entries []any
		for _, e := range p {
			entries = append(entries, map[string]any{"delegate": e.Delegate, "proxy_type": e.Type, "delay": e.Delay})
		}
		put("Proxy", "Proxies", []any{entries, uint64(1)}, id)
	}
	for id, a := range s.Announcements {
		if len(a) == 0 {
			continue
		}
		var entries []any
		for _, e := range a {
			entries = append(entries, map[string]any{"real": e.Real, "call_hash": codec.Bytes(e.Hash[:]), "height": e.Height})
		}
		put("Proxy", "Announcements", []any{entries, c.deposit(len(a))}, id)
	}
	put("Staking", "ActiveEra", map[string]any{"index": s.Era, "start": nil})
	put("Staking", "CurrentEra", s.Planned)
	put("Staking", "MinNominatorBond", s.MinBond)
	if c.parachain {
		put("ParachainSystem", "LastRelayChainBlockNumber", s.Relay)
	}
	return out, failed
}

func (c *Chain) account(a Account) any {
	data := map[string]any{"free": a.Free, "reserved": a.Reserved}
	if c.parachain {
		data["frozen"], data["flags"] = 0, "170141183460469231731687303715884105728"
	} else {
		data["misc_frozen"], data["fee_frozen"] = 0, 0
	}
	return map[string]any{"nonce": a.Nonce, "consumers": 0, "providers": 1, "sufficients": 0, "data": data}
}

func (c *Chain) deposit(announcements int) uint64 {
	if announcements == 0 {
		return 0
	}
	return c.base + uint64(announcements)*c.factor
}

func list(ids []ID) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}

// changes are what has to be written to come from one storage to another.
func changes(old, now map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for k, v := range now {
		if have, ok := old[k]; !ok || !bytes.Equal(have, v) {
			out[k] = v
		}
	}
	for k := range old {
		if _, ok := now[k]; !ok {
			out[k] = nil
		}
	}
	return out
}
