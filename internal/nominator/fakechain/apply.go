package fakechain

import (
	"slices"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
)

// failure is a dispatch error by names.
type failure struct{ pallet, name string }

// run executes a call. Nothing is changed when it fails. Events are appended to out.
func (c *Chain) run(s *State, origin ID, call codec.Struct, name string, number uint32, out *[]event) *failure {
	switch name {
	case "Staking.nominate":
		return c.nominate(s, origin, call, number)
	case "Proxy.proxy":
		return c.proxy(s, origin, call, number, out)
	case "Proxy.announce":
		return c.announce(s, origin, call, number, out)
	case "Proxy.proxy_announced":
		return c.proxyAnnounced(s, origin, call, number, out)
	case "Proxy.remove_announcement":
		return c.remove(s, origin, account(call, "real"), digest(call, "call_hash"))
	case "Proxy.reject_announcement":
		return c.remove(s, account(call, "delegate"), origin, digest(call, "call_hash"))
	}
	return &failure{"System", "CallFiltered"}
}

func (c *Chain) nominate(s *State, origin ID, call codec.Struct, number uint32) *failure {
	ledger, ok := s.Ledgers[origin]
	if !ok {
		return &failure{"Staking", "NotController"}
	}
	if ledger.Active < s.MinBond {
		return &failure{"Staking", "InsufficientBond"}
	}
	v, _ := call.Get("targets")
	items, _ := v.([]any)
	if len(items) == 0 {
		return &failure{"Staking", "EmptyTargets"}
	}
	if len(items) > c.maxNominations {
		return &failure{"Staking", "TooManyTargets"}
	}
	var targets []ID
	for _, item := range items {
		id := idOf(item)
		if s.Validators[id].Blocked && !slices.Contains(s.Nominations[ledger.Stash].Targets, id) {
			return &failure{"Staking", "BadTarget"}
		}
		targets = append(targets, id)
	}
	s.Nominations[ledger.Stash] = Nomination{Targets: targets, SubmittedIn: s.Planned}
	c.effects = append(c.effects, Effect{Stash: ledger.Stash, Targets: targets, Era: s.Era, Number: number})
	return nil
}

// relation finds the first proxy entry of a delegate, of the given type unless empty.
func relation(s *State, real, delegate ID, kind string) (Proxy, bool) {
	for _, p := range s.Proxies[real] {
		if p.Delegate == delegate && (kind == "" || p.Type == kind) {
			return p, true
		}
	}
	return Proxy{}, false
}

func (c *Chain) proxy(s *State, origin ID, call codec.Struct, number uint32, out *[]event) *failure {
	real := account(call, "real")
	p, ok := relation(s, real, origin, proxyType(call))
	if !ok {
		return &failure{"Proxy", "NotProxy"}
	}
	if p.Delay > 0 {
		return &failure{"Proxy", "Unannounced"}
	}
	c.inner(s, real, p, call, number, out)
	return nil
}

// inner executes the call inside a proxy call; whether it fails is told by an event only.
func (c *Chain) inner(s *State, real ID, p Proxy, call codec.Struct, number uint32, out *[]event) {
	v, _ := call.Get("call")
	name, args := callOf(v)
	failed := &failure{"System", "CallFiltered"}
	if p.Type == "Any" || p.Type == "NonTransfer" || (p.Type == "Staking" && name == "Staking.nominate") {
		failed = c.run(s, real, args, name, number, out)
	}
	*out = append(*out, event{"Proxy", "ProxyExecuted", map[string]any{"result": c.result(failed)}})
}

func (c *Chain) announce(s *State, origin ID, call codec.Struct, number uint32, out *[]event) *failure {
	real, h := account(call, "real"), digest(call, "call_hash")
	if _, ok := relation(s, real, origin, ""); !ok {
		return &failure{"Proxy", "NotProxy"}
	}
	have := s.Announcements[origin]
	if len(have) >= 32 {
		return &failure{"Proxy", "TooMany"}
	}
	a := s.Accounts[origin]
	need := c.deposit(len(have)+1) - c.deposit(len(have))
	if a.Free < need {
		return &failure{"Balances", "InsufficientBalance"}
	}
	a.Free, a.Reserved = a.Free-need, a.Reserved+need
	s.Accounts[origin] = a
	s.Announcements[origin] = append(slices.Clone(have), Announcement{Real: real, Hash: h, Height: c.clock(s, number)})
	*out = append(*out, event{"Proxy", "Announced", map[string]any{"real": real, "proxy": origin, "call_hash": codec.Bytes(h[:])}})
	return nil
}

// clock is the block number by which delays are counted.
func (c *Chain) clock(s *State, number uint32) uint32 {
	if c.relayClock {
		return s.Relay
	}
	return number
}

// take removes announcements and frees their deposits; it reports whether there were any.
func (c *Chain) take(s *State, delegate ID, which func(Announcement) bool) bool {
	have := s.Announcements[delegate]
	kept := slices.DeleteFunc(slices.Clone(have), which)
	if len(kept) == len(have) {
		return false
	}
	back := c.deposit(len(have)) - c.deposit(len(kept))
	a := s.Accounts[delegate]
	a.Free, a.Reserved = a.Free+back, a.Reserved-back
	s.Accounts[delegate], s.Announcements[delegate] = a, kept
	return true
}

func (c *Chain) remove(s *State, delegate, real ID, h [32]byte) *failure {
	if !c.take(s, delegate, func(a Announcement) bool { return a.Real == real && a.Hash == h }) {
		return &failure{"Proxy", "NotFound"}
	}
	return nil
}

func (c *Chain) proxyAnnounced(s *State, _ ID, call codec.Struct, number uint32, out *[]event) *failure {
	delegate, real := account(call, "delegate"), account(call, "real")
	p, ok := relation(s, real, delegate, proxyType(call))
	if !ok {
		return &failure{"Proxy", "NotProxy"}
	}
	v, _ := call.Get("call")
	h := hash.Blake2b256(c.encodeCall(v))
	now := c.clock(s, number)
	if !c.take(s, delegate, func(a Announcement) bool { return a.Real == real && a.Hash == h && now-a.Height >= p.Delay }) {
		return &failure{"Proxy", "Unannounced"}
	}
	c.inner(s, real, p, call, number, out)
	return nil
}

func (c *Chain) encodeCall(v any) []byte {
	b, err := codec.Encode(c.md.Types, c.md.Extrinsic.Call, v)
	if err != nil {
		return nil
	}
	return b
}

// callOf names a call in dynamic form.
func callOf(v any) (string, codec.Struct) {
	outer, _ := v.(codec.Variant)
	if len(outer.Fields) != 1 {
		return "", nil
	}
	inner, _ := outer.Fields[0].Value.(codec.Variant)
	return outer.Name + "." + inner.Name, codec.Struct(inner.Fields)
}

func account(call codec.Struct, field string) ID {
	v, _ := call.Get(field)
	return idOf(v)
}

// idOf reads an account id, bare or as a MultiAddress.
func idOf(v any) ID {
	switch v := v.(type) {
	case codec.AccountID:
		return ID(v)
	case codec.Variant:
		if len(v.Fields) == 1 {
			return idOf(v.Fields[0].Value)
		}
	}
	return ID{}
}

func digest(call codec.Struct, field string) [32]byte {
	v, _ := call.Get(field)
	if b, ok := v.(codec.Bytes); ok && len(b) == 32 {
		return [32]byte(b)
	}
	return [32]byte{}
}

func proxyType(call codec.Struct) string {
	v, _ := call.Get("force_proxy_type")
	if t, ok := v.(codec.Variant); ok {
		return t.Name
	}
	return ""
}
