package chain

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/storage"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// fields are the values of a struct's fields by name; a name may have alternatives ("a|b"). put completes what is
// missing with zeros, because generations differ in fields that do not matter here.
type fields map[string]any

// node is a test node that can be emptied again.
type node struct {
	*substratetest.TestNode
	t       testing.TB
	written [][]byte // raw keys
}

// put writes a storage item, or fails the test.
func put(n *node, pallet, item string, v any, keys ...any) {
	m := n.Metadata()
	entry, err := m.Storage(pallet, item)
	if err == nil {
		v = complete(m.Types, entry.Value, v)
	}
	n.Put(pallet, item, v, keys...)
	if key, err := storage.Key(m.Types, entry, keys...); err == nil {
		n.written = append(n.written, key)
	}
}

// constant is a number fixed in the runtime.
func (n *node) constant(pallet, name string) (v uint32) {
	m := n.Metadata()
	c, err := m.Constant(pallet, name)
	if err == nil {
		err = codec.Unmarshal(m.Types, c.Type, c.Value, &v)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return v
}

// empty deletes everything that put has written.
func (n *node) empty() {
	for _, key := range n.written {
		n.SetRaw(key, nil)
	}
	n.written = nil
}

// complete fills the fields that are missing.
func complete(reg *metadata.Registry, id metadata.TypeID, v any) any {
	t, ok := reg.Type(id)
	if !ok {
		return v
	}
	if t.Kind == metadata.Composite && len(t.Fields) == 1 && t.Fields[0].Name == "" {
		return complete(reg, t.Fields[0].Type, v)
	}
	switch v := v.(type) {
	case fields:
		out := map[string]any{}
		for _, f := range t.Fields {
			out[f.Name] = zero(reg, f.Type)
			for names, given := range v {
				if slices.Contains(strings.Split(names, "|"), f.Name) {
					out[f.Name] = complete(reg, f.Type, given)
				}
			}
		}
		return out
	case []fields:
		list := make([]any, len(v))
		for i := range v {
			list[i] = complete(reg, t.Elem, v[i])
		}
		return list
	}
	return v
}

// zero is a value of a type with nothing in it.
func zero(reg *metadata.Registry, id metadata.TypeID) any {
	t, ok := reg.Type(id)
	if !ok {
		return nil
	}
	switch t.Kind {
	case metadata.Composite:
		if len(t.Fields) == 1 && t.Fields[0].Name == "" {
			return zero(reg, t.Fields[0].Type)
		}
		return complete(reg, id, fields{})
	case metadata.Enum:
		if t.Name() == "Option" {
			return nil
		}
		v := codec.Variant{Name: t.Variants[0].Name}
		for _, f := range t.Variants[0].Fields {
			v.Fields = append(v.Fields, codec.Field{Name: f.Name, Value: zero(reg, f.Type)})
		}
		return v
	case metadata.Array:
		list := make([]any, t.Len)
		for i := range list {
			list[i] = zero(reg, t.Elem)
		}
		if elem, _ := reg.Type(t.Elem); elem != nil && elem.Kind == metadata.Basic && elem.Primitive == metadata.U8 {
			return make([]byte, t.Len)
		}
		return list
	case metadata.Tuple:
		list := make([]any, len(t.Elems))
		for i, e := range t.Elems {
			list[i] = zero(reg, e)
		}
		return list
	case metadata.Sequence:
		return []any{}
	case metadata.Basic:
		if t.Primitive == metadata.Bool {
			return false
		}
		if t.Primitive == metadata.Str {
			return ""
		}
	}
	return 0
}

// fillStaking writes everything of the staking chain.
func (w *world) fillStaking(n *node) {
	put(n, "Timestamp", "Now", w.now)
	var start any
	if w.start > 0 {
		start = w.start
	}
	put(n, "Staking", "ActiveEra", fields{"index": w.active, "start": start})
	put(n, "Staking", "CurrentEra", w.planned)
	for id, p := range w.intentions {
		put(n, "Staking", "Validators", fields{"commission": p.commission, "blocked": p.blocked}, id)
	}
	for stash, c := range w.controller {
		put(n, "Staking", "Bonded", c, stash)
	}
	for c, l := range w.ledgers {
		put(n, "Staking", "Ledger", fields{
			"stash": l.stash, "total": l.total, "active": l.active, "claimed_rewards|legacy_claimed_rewards": l.claimed,
		}, c)
	}
	for id, p := range w.payees {
		v := codec.Variant{Name: p.kind}
		if p.kind == "Account" {
			v.Fields = []codec.Field{{Value: codec.AccountID(p.to)}}
		}
		put(n, "Staking", "Payee", v, id)
	}
	for id, v := range w.votes {
		put(n, "Staking", "Nominators", fields{"targets": v.targets, "submitted_in": v.submitted}, id)
	}
	for id, b := range w.balances {
		put(n, "System", "Account", fields{"data": fields{"free": b[0], "reserved": b[1]}}, id)
	}
	w.fillEras(n)
	w.fillSlashes(n)
}

func (w *world) fillEras(n *node) {
	for at, e := range w.exposures {
		if w.gen == "A" {
			putUnpaged(n, at, e)
			continue
		}
		put(n, "Staking", "ErasStakersOverview", fields{
			"total": e.total(), "own": e.own, "nominator_count": 2 * len(e.pages), "page_count": len(e.pages),
		}, at.era, at.stash)
		for i, p := range e.pages {
			put(n, "Staking", "ErasStakersPaged", fields{"page_total": exposure{pages: e.pages[i : i+1]}.total(), "others": others(p)},
				at.era, at.stash, uint32(i))
		}
	}
	for at, e := range w.legacy {
		putUnpaged(n, at, e)
	}
	for era, points := range w.points {
		total := uint32(0)
		pairs := map[[32]byte]uint32{}
		for id, p := range points {
			total += p
			pairs[id] = p
		}
		put(n, "Staking", "ErasRewardPoints", fields{"total": total, "individual": sortedPairs(pairs)}, era)
	}
	for era, yes := range w.rewards {
		if yes {
			put(n, "Staking", "ErasValidatorReward", uint64(era)+1, era)
		}
	}
	for at, pages := range w.claimed {
		put(n, "Staking", "ClaimedRewards", pages, at.era, at.stash)
	}
}

func sortedPairs(m map[[32]byte]uint32) []any {
	var ids []account
	for id := range m {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareAccounts)
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = []any{id, m[id]}
	}
	return list
}

func others(page []backing) []fields {
	list := make([]fields, len(page))
	for i, b := range page {
		list[i] = fields{"who": b.who, "value": b.value}
	}
	return list
}

func putUnpaged(n *node, at eraStash, e exposure) {
	put(n, "Staking", "ErasStakers", fields{"total": e.total(), "own": e.own, "others": others(slices.Concat(e.pages...))}, at.era, at.stash)
}

func (w *world) fillSlashes(n *node) {
	for at, s := range w.reported {
		put(n, "Staking", "ValidatorSlashInEra", []any{s.fraction, s.own}, at.era, at.stash)
	}
	deferred := n.constant("Staking", "SlashDeferDuration")
	if w.gen == "C" {
		for _, u := range w.unapplied {
			put(n, "Staking", "UnappliedSlashes", fields{"validator": u.stash, "own": u.own},
				u.era+deferred, []any{u.stash, u.fraction, u.page})
		}
		for at, fraction := range w.queued {
			put(n, "Staking", "OffenceQueue", fields{"slash_fraction": fraction}, at.era, at.stash)
		}
		if p := w.processing; p != nil {
			entry, _ := n.Metadata().Storage("Staking", "ProcessingOffence")
			t, _ := n.Metadata().Types.Type(entry.Value)
			offence := complete(n.Metadata().Types, t.Elems[2], fields{"slash_fraction": 77})
			put(n, "Staking", "ProcessingOffence", []any{p.era, p.stash, offence})
		}
		return
	}
	byEra := map[uint32][]fields{}
	for _, u := range w.unapplied {
		byEra[u.era] = append(byEra[u.era], fields{"validator": u.stash, "own": u.own})
	}
	for era, list := range byEra {
		put(n, "Staking", "UnappliedSlashes", list, era+deferred+1)
	}
}

// fillSession writes what the session chain has.
func (w *world) fillSession(n *node) {
	put(n, "Timestamp", "Now", w.now)
	put(n, "Session", "CurrentIndex", w.session)
	put(n, "Session", "Validators", w.validators)
	for id, b := range w.keys {
		entry, err := n.Metadata().Storage("Session", "NextKeys")
		if err != nil {
			continue
		}
		t, _ := n.Metadata().Types.Type(entry.Value)
		keys := map[string]any{}
		for _, f := range t.Fields {
			keys[f.Name] = slices.Repeat([]byte{b}, keySize(f.Name))
		}
		put(n, "Session", "NextKeys", keys, id)
	}
}

func keySize(name string) int {
	if name == "beefy" {
		return 33
	}
	return 32
}

// fillIdentity writes what the identity chain has.
func (w *world) fillIdentity(n *node) {
	put(n, "Timestamp", "Now", w.now)
	entry, err := n.Metadata().Storage("Identity", "IdentityOf")
	if err != nil {
		return
	}
	t, _ := n.Metadata().Types.Type(entry.Value)
	for id, r := range w.identities {
		var judgements []any
		for i, kind := range r.judgements {
			v := codec.Variant{Name: kind}
			if kind == "FeePaid" {
				v.Fields = []codec.Field{{Value: 5}}
			}
			judgements = append(judgements, []any{i, v})
		}
		given := fields{"judgements": judgements, "deposit": 3, "info": fields{"display": data(r.display, r.hashed)}}
		if t.Kind == metadata.Tuple {
			put(n, "Identity", "IdentityOf", []any{complete(n.Metadata().Types, t.Elems[0], given), []byte("user.name")}, id)
			continue
		}
		put(n, "Identity", "IdentityOf", given, id)
	}
	for id, s := range w.supers {
		put(n, "Identity", "SuperOf", []any{s.parent, data(s.name, false)}, id)
	}
}

// data is a field of an identity.
func data(b []byte, hashed bool) codec.Variant {
	switch {
	case hashed:
		return codec.Variant{Name: "Keccak256", Fields: []codec.Field{{Value: slices.Repeat([]byte{0xab}, 32)}}}
	case b == nil:
		return codec.Variant{Name: "None"}
	}
	return codec.Variant{Name: fmt.Sprintf("Raw%d", len(b)), Fields: []codec.Field{{Value: b}}}
}
