package config

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Nominator is one of the programme's own accounts.
type Nominator struct {
	// Seed signs for the nominator; without one it can be planned for, but not act.
	Seed Secret `json:"seed"`
	// Account is the bonded account: the proxied one, or that of the seed.
	Account [32]byte `json:"-"`
	// IsProxy says that Seed belongs to a proxy of Account. Signer is the account of Seed then, all zero when there
	// is no seed.
	IsProxy bool     `json:"isProxy"`
	Signer  [32]byte `json:"-"`
	// Delay is the announcement delay in blocks, nil when the configuration does not say.
	Delay *uint32 `json:"proxyDelay,omitempty"`
	// MaxTargets caps the targets of this nominator, 0 = as computed.
	MaxTargets int `json:"maxTargets,omitempty"`
}

// ProgrammeNominators are the nominators in configuration order, with addresses of the given network prefix (which
// the chain knows better than any preset).
func (c *Config) ProgrammeNominators(prefix uint16) []programme.Nominator {
	var out []programme.Nominator
	for _, n := range c.Nominators {
		p := programme.Nominator{
			Address: programme.Address(ss58.EncodeAccount(prefix, n.Account)),
			Max:     n.MaxTargets,
		}
		if n.IsProxy {
			p.Delay = c.Proxy.TimeDelayBlocks
			if n.Delay != nil {
				p.Delay = *n.Delay
			}
			if n.Signer != [32]byte{} {
				p.Proxy = programme.Address(ss58.EncodeAccount(prefix, n.Signer))
			}
		}
		out = append(out, p)
	}
	return out
}

// HasSeeds reports whether any nominator can sign.
func (c *Config) HasSeeds() bool {
	return slices.ContainsFunc(c.Nominators, func(n Nominator) bool { return !n.Seed.IsZero() })
}

// decodeAccount reads an address of any network, or an account id of 32 bytes in hexadecimal. The prefix is -1 for the
// latter.
func decodeAccount(t string) (id [32]byte, prefix int, err error) {
	if digits, ok := strings.CutPrefix(t, "0x"); ok {
		b, err := hex.DecodeString(digits)
		if err != nil || len(b) != len(id) {
			return id, 0, fmt.Errorf("%q is not an account id of 64 hexadecimal digits", shorten(t))
		}
		return [32]byte(b), -1, nil
	}
	p, id, err := ss58.DecodeAccount(t)
	return id, int(p), err
}

// nominatorFields are the fields of a nominator; maxNominations is of no effect any more.
var nominatorFields = []string{"seed", "isProxy", "proxyFor", "proxyDelay", "address", "maxTargets", "maxNominations"}

// nominatorList is a list of nominators or of groups of them. Groups have no meaning any more and are flattened. No
// message shows a value, because any of them may be a seed in the wrong place.
var nominatorList = kind[[]Nominator]{name: "list of nominators, or of lists of them", read: func(s *scope, in input) []Nominator {
	items, ok := in.list()
	if !ok || in.loose && in.Kind == jsontree.String && !strings.HasPrefix(strings.TrimSpace(in.Text), "[") {
		s.fail(in, "it is not a list of nominators")
		return nil
	}
	var out []Nominator
	for i, item := range items {
		s.within(fmt.Sprintf("[%d]", i), func() {
			if item.Kind != jsontree.Array {
				out = append(out, readNominator(s, item))
				return
			}
			for j, inner := range item.Items {
				s.within(fmt.Sprintf("[%d]", j), func() { out = append(out, readNominator(s, input{inner, false})) })
			}
		})
	}
	return out
}, show: func(n Network, v []Nominator) any {
	out := make([]any, 0, len(v))
	for _, e := range v {
		type shown struct {
			Address string `json:"address"`
			Proxy   string `json:"signer,omitempty"`
			Nominator
		}
		x := shown{Address: ss58.EncodeAccount(n.SS58Prefix, e.Account), Nominator: e}
		if e.IsProxy && e.Signer != [32]byte{} {
			x.Proxy = ss58.EncodeAccount(n.SS58Prefix, e.Signer)
		}
		out = append(out, x)
	}
	return out
}, schema: nominatorSchema()}

// nominatorReader reads the fields of one nominator.
type nominatorReader struct {
	s    *scope
	in   input
	seen map[string]bool
}

func readNominator(s *scope, in input) Nominator {
	if in.Kind != jsontree.Object {
		s.fail(in, "it is not an object with the fields of a nominator")
		return Nominator{}
	}
	r := nominatorReader{s, in, map[string]bool{}}
	r.names()
	var n Nominator
	r.read("isProxy", func(v input) {
		r.quietly(v, "it is neither true nor false", func() { n.IsProxy = boolean.read(s, v) })
	})
	r.read("proxyDelay", func(v input) {
		r.quietly(v, "it is not a whole number of blocks", func() { n.Delay = new(whole[uint32](0, 1<<31-1).read(s, v)) })
	})
	r.read("maxTargets", func(v input) {
		r.quietly(v, "it is not a whole number from 0 to 1000", func() { n.MaxTargets = whole[int](0, 1000).read(s, v) })
	})
	var signer, proxied, address *[32]byte
	r.read("seed", func(v input) { n.Seed, signer = r.seed(v) })
	r.read("proxyFor", func(v input) { proxied = r.account(v) })
	r.read("address", func(v input) { address = r.account(v) })
	r.accounts(&n, signer, proxied, address)
	return n
}

// names reports unknown and repeated fields.
func (r nominatorReader) names() {
	for _, m := range r.in.Members {
		line := input{&jsontree.Value{Line: m.Line}, false}
		switch {
		case m.Name == "maxNominations":
			r.s.within("."+m.Name, func() { r.s.report(Warning, m.Line, "it has no effect; maxTargets caps the targets of a nominator") })
		case !slices.Contains(nominatorFields, m.Name):
			r.s.within("."+shorten(m.Name), func() { r.s.fail(line, "there is no such field%s", suggest(m.Name, nominatorFields)) })
		case r.seen[m.Name]:
			r.s.within("."+m.Name, func() { r.s.fail(line, "it is given twice") })
		}
		r.seen[m.Name] = true
	}
}

// read runs fn for a field that is there and not null.
func (r nominatorReader) read(name string, fn func(input)) {
	if v, ok := r.in.Get(name); ok && v.Kind != jsontree.Null {
		r.s.within("."+name, func() { fn(input{v, false}) })
	}
}

// quietly replaces the complaints of a reader, which repeat the value, by one that does not.
func (r nominatorReader) quietly(v input, complaint string, read func()) {
	before := len(r.s.problems)
	read()
	if len(r.s.problems) > before {
		r.s.problems = r.s.problems[:before]
		r.s.fail(v, "%s", complaint)
	}
}

func (r nominatorReader) seed(v input) (Secret, *[32]byte) {
	if v.Kind != jsontree.String || strings.TrimSpace(v.Text) == "" {
		r.s.fail(v, "it is not a secret phrase, raw seed or secret URI")
		return Secret{}, nil
	}
	public, err := keys.PublicFromURI(v.Text, keys.Sr25519)
	if err != nil {
		r.s.fail(v, "%v", err)
		return Secret{}, nil
	}
	if r.s.network.Genesis != "" && keys.IsDevelopmentURI(v.Text) {
		r.s.report(Warning, v.Line, "it is the development phrase, which everybody knows")
	}
	id := public.AccountID()
	return NewSecret(v.Text), &id
}

func (r nominatorReader) account(v input) *[32]byte {
	if v.Kind != jsontree.String {
		r.s.fail(v, "it is not an address")
		return nil
	}
	id, prefix, err := decodeAccount(v.Text)
	if err != nil {
		// The text is not repeated: a seed may have been put here by mistake.
		r.s.fail(v, "it is not an address: %s", addressFault(err))
		return nil
	}
	if l := r.s.network.ListPrefixes; l != nil && prefix >= 0 && !slices.Contains(l, uint16(prefix)) {
		r.s.report(Warning, v.Line, "it is an address with prefix %d, not %d of %s", prefix, r.s.network.SS58Prefix, r.s.network.Label)
	}
	return &id
}

// accounts decides which account is bonded and which one signs.
func (r nominatorReader) accounts(n *Nominator, signer, proxied, address *[32]byte) {
	if signer != nil && n.IsProxy {
		n.Signer = *signer
	}
	given := func(name string) bool { v, ok := r.in.Get(name); return ok && v.Kind != jsontree.Null }
	var bonded *[32]byte
	switch {
	case n.IsProxy:
		if !given("proxyFor") && !given("address") {
			r.s.fail(r.in, "isProxy is true, but proxyFor does not name the account to act for")
			return
		}
		if bonded = proxied; bonded == nil {
			bonded = address
		}
	default:
		if given("proxyFor") {
			r.s.report(Warning, r.in.Line, "proxyFor has no effect, because isProxy is not true")
		}
		if !given("seed") && !given("address") {
			r.s.fail(r.in, "it has neither seed nor address; a nominator that is only planned for needs its address")
			return
		}
		if bonded = signer; bonded == nil {
			bonded = address
		}
	}
	if bonded == nil {
		return // reported already
	}
	if address != nil && *address != *bonded {
		r.s.fail(r.in, "address is not the account of %s", pick(n.IsProxy, "proxyFor", "the seed"))
	}
	n.Account = *bonded
}
