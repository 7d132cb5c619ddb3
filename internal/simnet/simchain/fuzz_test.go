package simchain

import (
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
)

// FuzzTake: whatever is handed over as a transaction, or inside a signed one as a call, ends in a block or a refusal, and
// the state stays sound.
func FuzzTake(f *testing.F) {
	r := newRig(f, RoleHub)
	r.build(1)
	key, err := keys.FromURI("//n2", keys.Ed25519)
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"Staking.chill", "Proxy.remove_proxies"} {
		c := toName(name)
		call, err := r.Call(c.pallet, c.name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(call.Bytes())
	}
	inner, err := r.Call("Staking", "nominate", []Account{{1}})
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"batch", "batch_all", "force_batch"} {
		call, err := r.Call("Utility", name, []any{inner, inner})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(call.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := take(r.rt, b); err == nil && len(b) == 0 {
			t.Error("nothing was taken for a transaction")
		}
		c, err := extrinsic.ParseCall(r.rt.md, b)
		if err != nil {
			return
		}
		r.look(func(w *work) {
			w.tree = w.tree.Copy()
			v, err := codec.Decode(r.rt.md.Types, r.rt.md.Extrinsic.Call, c.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			_ = w.dispatch(key.AccountID(), toCall(v)) // failing is an answer
			if err := w.auditIssuance(); err != nil || w.err != nil {
				t.Errorf("%s: %v, %v", c, err, w.err)
			}
		})
	})
}

// toName splits the name of a call.
func toName(name string) call {
	for i := range name {
		if name[i] == '.' {
			return call{pallet: name[:i], name: name[i+1:]}
		}
	}
	return call{}
}
