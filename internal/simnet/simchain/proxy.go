package simchain

import (
	"slices"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
)

func proxyError(name string) *Failure { return &Failure{"Proxy", name} }

// clock is the block number in which delays are counted: the relay chain's on Asset Hub.
func (w *work) clock() uint32 {
	if w.role.parachain() {
		return w.relay
	}
	return w.number
}

func (w *work) proxies(real Account) proxies {
	p, _ := read[proxies](w.view, "Proxy", "Proxies", real)
	return p
}

// setProxies changes the definitions and what is reserved for them.
func (w *work) setProxies(real Account, old proxies, list []proxyDefinition) *Failure {
	now := proxies{List: list}
	if len(list) > 0 {
		now.Deposit = w.params.ProxyBase + w.params.ProxyFactor*uint64(len(list))
	}
	if f := w.deposit(real, old.Deposit, now.Deposit); f != nil {
		return f
	}
	if len(list) == 0 {
		w.remove("Proxy", "Proxies", real)
	} else {
		w.write(now, "Proxy", "Proxies", real)
	}
	return nil
}

// relation finds the first definition of a delegate, of a type unless that is empty.
func (w *work) relation(real, delegate Account, kind string) (proxyDefinition, *Failure) {
	for _, d := range w.proxies(real).List {
		if d.Delegate == delegate && (kind == "" || d.ProxyType == kind) {
			return d, nil
		}
	}
	return proxyDefinition{}, proxyError("NotProxy")
}

func (w *work) addProxy(origin Account, a args) *Failure {
	d := proxyDefinition{a.account("delegate"), a.variant("proxy_type"), a.number("delay")}
	old := w.proxies(origin)
	switch {
	case d.Delegate == origin:
		return proxyError("NoSelfProxy")
	case slices.Contains(old.List, d):
		return proxyError("Duplicate")
	case len(old.List) >= maxProxies:
		return proxyError("TooMany")
	}
	list := append(slices.Clone(old.List), d)
	slices.SortFunc(list, w.compareProxies)
	if f := w.setProxies(origin, old, list); f != nil {
		return f
	}
	w.emit("Proxy", "ProxyAdded", changedProxy(origin, d))
	return nil
}

// compareProxies is the order in which definitions are stored: by delegate, by the index of the type, by delay.
func (w *work) compareProxies(a, b proxyDefinition) int {
	if c := slices.Compare(a.Delegate[:], b.Delegate[:]); c != 0 {
		return c
	}
	if c := int(w.proxyIndex(a.ProxyType)) - int(w.proxyIndex(b.ProxyType)); c != 0 {
		return c
	}
	return int(a.Delay) - int(b.Delay)
}

func (w *work) proxyIndex(kind string) uint8 {
	_, add, err := w.rt.md.Call("Proxy", "add_proxy")
	if err != nil {
		w.fail(err)
		return 0
	}
	if t, ok := w.rt.md.Types.Type(add.Fields[1].Type); ok {
		if v, ok := t.VariantByName(kind); ok {
			return v.Index
		}
	}
	return 0
}

func changedProxy(real Account, d proxyDefinition) map[string]any {
	return map[string]any{"delegator": real, "delegatee": d.Delegate, "proxy_type": d.ProxyType, "delay": d.Delay}
}

func (w *work) removeProxy(origin Account, a args) *Failure {
	d := proxyDefinition{a.account("delegate"), a.variant("proxy_type"), a.number("delay")}
	old := w.proxies(origin)
	i := slices.Index(old.List, d)
	if i < 0 {
		return proxyError("NotFound")
	}
	if f := w.setProxies(origin, old, slices.Delete(slices.Clone(old.List), i, i+1)); f != nil {
		return f
	}
	w.emit("Proxy", "ProxyRemoved", changedProxy(origin, d))
	return nil
}

func (w *work) removeProxies(origin Account, _ args) *Failure {
	return w.setProxies(origin, w.proxies(origin), nil)
}

func (w *work) proxy(origin Account, a args) *Failure {
	real := a.account("real")
	d, f := w.relation(real, origin, a.variant("force_proxy_type"))
	if f != nil {
		return f
	}
	if d.Delay > 0 {
		return proxyError("Unannounced")
	}
	w.executeProxied(real, d, a.call("call"))
	return nil
}

// executeProxied runs the call inside a proxy call. Only an event tells whether it failed.
func (w *work) executeProxied(real Account, d proxyDefinition, c call) {
	failed := &Failure{"System", "CallFiltered"}
	if w.permits(d.ProxyType, c) {
		failed = w.dispatch(real, c)
	}
	w.emit("Proxy", "ProxyExecuted", map[string]any{"result": w.result(failed)})
}

// permits tells whether a type of proxy may make a call. Batches are permitted by what is in them.
func (w *work) permits(kind string, c call) bool {
	if c.pallet == "Utility" && kind != "Any" {
		return !slices.ContainsFunc(c.args.calls("calls"), func(inner call) bool { return !w.permits(kind, inner) })
	}
	switch kind {
	case "Any":
		return true
	case "NonTransfer":
		return c.pallet != "Balances"
	case "Staking":
		return c.pallet == "Staking" || c.pallet == "Session"
	case "StakingOperator":
		return c.String() == "Staking.validate" || c.String() == "Staking.chill" || c.pallet == "Session"
	case "CancelProxy":
		return c.String() == "Proxy.reject_announcement"
	}
	return false
}

// setAnnouncements changes a delegate's announcements and what is reserved for them.
func (w *work) setAnnouncements(delegate Account, old announcements, list []announcement) *Failure {
	now := announcements{List: list}
	if len(list) > 0 {
		now.Deposit = w.params.AnnouncementBase + w.params.AnnouncementFactor*uint64(len(list))
	}
	if f := w.deposit(delegate, old.Deposit, now.Deposit); f != nil {
		return f
	}
	if len(list) == 0 {
		w.remove("Proxy", "Announcements", delegate)
	} else {
		w.write(now, "Proxy", "Announcements", delegate)
	}
	return nil
}

func (w *work) announcements(delegate Account) announcements {
	a, _ := read[announcements](w.view, "Proxy", "Announcements", delegate)
	return a
}

func (w *work) announce(origin Account, a args) *Failure {
	real, sum := a.account("real"), a.hash("call_hash")
	if _, f := w.relation(real, origin, ""); f != nil {
		return f
	}
	old := w.announcements(origin)
	if len(old.List) >= maxPending {
		return proxyError("TooMany")
	}
	if f := w.setAnnouncements(origin, old, append(slices.Clone(old.List), announcement{real, sum, w.clock()})); f != nil {
		return f
	}
	w.emit("Proxy", "Announced", map[string]any{"real": real, "proxy": origin, "call_hash": sum})
	return nil
}

// takeAnnouncements removes announcements; false when none is as wanted.
func (w *work) takeAnnouncements(delegate Account, wanted func(announcement) bool) (bool, *Failure) {
	old := w.announcements(delegate)
	kept := slices.DeleteFunc(slices.Clone(old.List), wanted)
	if len(kept) == len(old.List) {
		return false, nil
	}
	return true, w.setAnnouncements(delegate, old, kept)
}

func (w *work) dropAnnouncement(delegate, real Account, sum [32]byte) *Failure {
	found, f := w.takeAnnouncements(delegate, func(x announcement) bool { return x.Real == real && x.CallHash == sum })
	if !found {
		return proxyError("NotFound")
	}
	return f
}

func (w *work) removeAnnouncement(origin Account, a args) *Failure {
	return w.dropAnnouncement(origin, a.account("real"), a.hash("call_hash"))
}

func (w *work) rejectAnnouncement(origin Account, a args) *Failure {
	return w.dropAnnouncement(a.account("delegate"), origin, a.hash("call_hash"))
}

func (w *work) proxyAnnounced(_ Account, a args) *Failure {
	delegate, real := a.account("delegate"), a.account("real")
	d, f := w.relation(real, delegate, a.variant("force_proxy_type"))
	if f != nil {
		return f
	}
	c := a.call("call")
	encoded, err := codec.Encode(w.rt.md.Types, w.rt.md.Extrinsic.Call, c.raw)
	if err != nil {
		w.fail(err)
		return proxyError("Unannounced")
	}
	sum, now := hash.Blake2b256(encoded), w.clock()
	found, f := w.takeAnnouncements(delegate, func(x announcement) bool {
		return x.Real == real && x.CallHash == sum && now >= x.Height && now-x.Height >= d.Delay
	})
	if !found {
		return proxyError("Unannounced")
	}
	if f != nil {
		return f
	}
	w.executeProxied(real, d, c)
	return nil
}
