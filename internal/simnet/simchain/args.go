package simchain

import (
	"math/big"

	"github.com/thousand-validators/otv/substrate/codec"
)

// args are the arguments of a call, decoded by the metadata. They have the types that the metadata says, so that what
// cannot be is read as nothing.
type args codec.Struct

func (a args) get(name string) any {
	v, _ := codec.Struct(a).Get(name)
	return v
}

func (a args) account(name string) Account { return toAccount(a.get(name)) }

// toAccount reads an account id, bare or in a MultiAddress. Other addresses are nobody's.
func toAccount(v any) Account {
	switch v := v.(type) {
	case codec.AccountID:
		return Account(v)
	case codec.Variant:
		if v.Name == "Id" && len(v.Fields) == 1 {
			return toAccount(v.Fields[0].Value)
		}
	}
	return Account{}
}

func (a args) accounts(name string) []Account {
	list, _ := a.get(name).([]any)
	out := make([]Account, len(list))
	for i, v := range list {
		out[i] = toAccount(v)
	}
	return out
}

func (a args) amount(name string) uint64 { return toAmount(a.get(name)) }

// toAmount reads an integer; larger ones than fit are the largest that does.
func toAmount(v any) uint64 {
	switch v := v.(type) {
	case uint64:
		return v
	case interface{ Big() *big.Int }:
		if n := v.Big(); n.IsUint64() {
			return n.Uint64()
		}
		return ^uint64(0)
	}
	return 0
}

func (a args) number(name string) uint32 { return uint32(a.amount(name)) }

func (a args) bytes(name string) []byte {
	b, _ := a.get(name).(codec.Bytes)
	return b
}

func (a args) hash(name string) [32]byte {
	if b := a.bytes(name); len(b) == 32 {
		return [32]byte(b)
	}
	return [32]byte{}
}

// variant is the name of an enum's variant, empty for the None of an Option.
func (a args) variant(name string) string {
	v, _ := a.get(name).(codec.Variant)
	return v.Name
}

// payee reads a reward destination.
func (a args) payee(name string) payee {
	v, _ := a.get(name).(codec.Variant)
	p := payee{Kind: v.Name}
	if v.Name == "Account" && len(v.Fields) == 1 {
		id := toAccount(v.Fields[0].Value)
		p.Account = &id
	}
	return p
}

// call is a call in its decoded form.
type call struct {
	pallet, name string
	args         args
	raw          any // as decoded, to encode it again
}

func (c call) String() string { return c.pallet + "." + c.name }

// toCall reads a call inside another.
func toCall(v any) call {
	outer, _ := v.(codec.Variant)
	inner, _ := outer.Value().(codec.Variant)
	return call{outer.Name, inner.Name, args(inner.Fields), v}
}

func (a args) call(name string) call { return toCall(a.get(name)) }

func (a args) calls(name string) []call {
	list, _ := a.get(name).([]any)
	out := make([]call, len(list))
	for i, v := range list {
		out[i] = toCall(v)
	}
	return out
}
