package simchain

import (
	"encoding/binary"
	"maps"

	"github.com/thousand-validators/otv/substrate/codec"
)

// work is a block under construction.
type work struct {
	*view
	chain  *Chain
	role   Role
	params Params
	number uint32
	now    uint64 // ms
	relay  uint32 // newest relay chain block known; 0 on a relay chain
	events []event
	phase  codec.Variant
	random uint64
	out    Outbox
	// nominated are the nominations that were made.
	nominated []Nominated
}

// event is a record of System.Events.
type event struct {
	phase        codec.Variant
	pallet, name string
	fields       map[string]any
}

// Failure is a dispatch error: of a pallet, or with an empty Pallet one of the general kinds, such as BadOrigin or
// Token.FundsUnavailable.
type Failure struct{ Pallet, Name string }

// Error names it.
func (f *Failure) Error() string {
	if f.Pallet == "" {
		return f.Name
	}
	return f.Pallet + "." + f.Name
}

var errNoFunds = &Failure{"", "FundsUnavailable"}

func (w *work) emit(pallet, name string, fields map[string]any) {
	w.events = append(w.events, event{w.phase, pallet, name, fields})
}

// atomically undoes everything when fn fails.
func (w *work) atomically(fn func() *Failure) *Failure {
	tree, events, nominated := w.tree.Copy(), len(w.events), len(w.nominated)
	touched := maps.Clone(w.touched)
	f := fn()
	if f != nil {
		// What was touched stays so: the commitment then covers values that have not changed, which does no harm, but the
		// smaller set is the true one.
		*w.tree, w.events, w.touched = *tree, w.events[:events], touched
		w.nominated = w.nominated[:nominated]
	}
	return f
}

// draw is a pseudo-random number below n, from the parent's hash.
func (w *work) draw(n uint64) uint64 {
	w.random += 0x9e3779b97f4a7c15
	z := w.random
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return (z ^ (z >> 31)) % n
}

func seedOf(h [32]byte) uint64 { return binary.LittleEndian.Uint64(h[:]) }

// dispatch executes a call. Nothing is changed when it fails.
func (w *work) dispatch(origin Account, c call) *Failure {
	return w.atomically(func() *Failure {
		if w.role == RoleRelay && c.pallet == "Staking" {
			return &Failure{"System", "CallFiltered"}
		}
		fn := handlerOf(c.String())
		if fn == nil {
			return &Failure{"", "BadOrigin"} // only inherents and root calls have no handler
		}
		return fn(w, origin, c.args)
	})
}

// handler executes a call with its arguments for a signed origin.
type handler func(w *work, origin Account, a args) *Failure

// handlerOf finds the handler of a call that signed transactions may make.
func handlerOf(name string) handler {
	switch name {
	case "System.remark":
		return func(*work, Account, args) *Failure { return nil }
	case "System.remark_with_event":
		return (*work).remarkWithEvent
	case "Balances.transfer_allow_death", "Balances.transfer_keep_alive":
		return func(w *work, origin Account, a args) *Failure {
			return w.transfer(origin, a.account("dest"), a.amount("value"), name == "Balances.transfer_keep_alive")
		}
	case "Balances.transfer_all":
		return (*work).transferAll
	case "Session.set_keys":
		return (*work).setKeys
	case "Session.purge_keys":
		return (*work).purgeKeys
	case "Staking.bond":
		return (*work).bond
	case "Staking.bond_extra":
		return (*work).bondExtra
	case "Staking.unbond":
		return (*work).unbond
	case "Staking.withdraw_unbonded":
		return (*work).withdrawUnbonded
	case "Staking.validate":
		return (*work).validate
	case "Staking.nominate":
		return (*work).nominate
	case "Staking.chill":
		return (*work).chill
	case "Staking.set_payee":
		return (*work).setPayee
	case "Staking.payout_stakers":
		return (*work).payoutStakers
	case "Staking.payout_stakers_by_page":
		return (*work).payoutStakersByPage
	case "Proxy.proxy":
		return (*work).proxy
	case "Proxy.add_proxy":
		return (*work).addProxy
	case "Proxy.remove_proxy":
		return (*work).removeProxy
	case "Proxy.remove_proxies":
		return (*work).removeProxies
	case "Proxy.announce":
		return (*work).announce
	case "Proxy.remove_announcement":
		return (*work).removeAnnouncement
	case "Proxy.reject_announcement":
		return (*work).rejectAnnouncement
	case "Proxy.proxy_announced":
		return (*work).proxyAnnounced
	case "Utility.batch":
		return (*work).batch
	case "Utility.batch_all":
		return (*work).batchAll
	case "Utility.force_batch":
		return (*work).forceBatch
	case "Identity.set_identity":
		return (*work).setIdentity
	case "Identity.set_subs":
		return (*work).setSubs
	case "Identity.clear_identity":
		return (*work).clearIdentity
	case "Identity.provide_judgement":
		return (*work).provideJudgement
	}
	return nil
}

func encodeEvents(w *work) []any {
	records := make([]any, len(w.events))
	for i, e := range w.events {
		var inner any = e.name
		if len(e.fields) > 0 {
			inner = map[string]any{e.name: e.fields}
		}
		records[i] = map[string]any{"phase": e.phase, "event": map[string]any{e.pallet: inner}, "topics": []any{}}
	}
	return records
}

// dispatchError is a failure in its encoded form.
func (w *work) dispatchError(f *Failure) any {
	if f.Pallet == "" {
		if f.Name == errNoFunds.Name {
			return map[string]any{"Token": f.Name}
		}
		return f.Name
	}
	p, ok := w.rt.md.Pallet(f.Pallet)
	if ok {
		if t, ok := w.rt.md.Types.Type(p.Errors); ok {
			if v, ok := t.VariantByName(f.Name); ok {
				return map[string]any{"Module": map[string]any{"index": p.Index, "error": codec.Bytes{v.Index, 0, 0, 0}}}
			}
		}
	}
	w.fail(f)
	return "Other"
}

// result is Result<(), DispatchError>.
func (w *work) result(f *Failure) any {
	if f == nil {
		return codec.Variant{Name: "Ok", Fields: []codec.Field{{Value: []any{}}}}
	}
	return codec.Variant{Name: "Err", Fields: []codec.Field{{Value: w.dispatchError(f)}}}
}

func dispatchInfo(class, pays string) any {
	return map[string]any{"weight": map[string]any{"ref_time": callWeight, "proof_size": 0}, "class": class, "pays_fee": pays}
}

// callWeight is the weight of every call, in picoseconds.
const callWeight = 200_000_000
