package extrinsic

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// goldenItem is one transaction as the reference client makes it.
type goldenItem struct {
	Name                            string
	Call, CallHash, Extra, Payload  hexBytes
	Extrinsic, Hash, Bare           hexBytes
	Nonce                           uint64
	Tip                             string
	Period, Current                 uint32
	Metadata                        string
	SpecVersion, TransactionVersion uint32
	Genesis, BirthHash              hexBytes
	Extensions                      []string
	Items                           []goldenItem
}

func (g goldenItem) chain(t testing.TB, label string) Chain {
	return Chain{
		Metadata: runtime(t, label), Genesis: [32]byte(g.Genesis),
		SpecVersion: g.SpecVersion, TransactionVersion: g.TransactionVersion,
	}
}

func (g goldenItem) options(t testing.TB, birthHash hexBytes) Options {
	o := Options{Nonce: g.Nonce, Tip: decimal(t, g.Tip)}
	if g.Period != 0 {
		era, err := Mortal(g.Period, g.Current)
		if err != nil {
			t.Fatal(err)
		}
		o.Era, o.BirthHash = era, [32]byte(birthHash)
	}
	return o
}

// compare builds the transaction and compares every part of it, then takes it apart again.
func (g goldenItem) compare(t *testing.T, chain Chain, call RuntimeCall, opts Options) {
	t.Helper()
	equal := func(what string, want, got []byte) {
		if !bytes.Equal(want, got) {
			t.Errorf("%s\n reference %x\n ours      %x", what, want, got)
		}
	}
	equal("call", g.Call, call.Bytes())
	hash := call.Hash()
	equal("call hash", g.CallHash, hash[:])
	payload, err := NewPayload(chain, call, opts)
	if err != nil {
		t.Fatal(err)
	}
	equal("extra", g.Extra, payload.Extra())
	equal("payload", g.Payload, payload.Bytes())
	equal("parts", payload.Bytes(), append(append(payload.Call(), payload.Extra()...), payload.Additional()...))
	alice := pair(t, "//Alice", keys.Ed25519)
	signed, err := payload.Sign(alice)
	if err != nil {
		t.Fatal(err)
	}
	equal("extrinsic", g.Extrinsic, signed)
	hash = Hash(signed)
	equal("hash", g.Hash, hash[:])

	x, err := Decode(chain.Metadata, signed)
	if err != nil {
		t.Fatal(err)
	}
	if x.Kind != KindSigned || x.Version != 4 || x.Sender.Account == nil || *x.Sender.Account != alice.AccountID() ||
		x.Sender.Scheme != keys.Ed25519 || !alice.Verify(payload.Message(), x.Sender.Signature) || x.Hash != hash {
		t.Errorf("decoded extrinsic %+v, sender %+v", x, x.Sender)
	}
	equal("decoded call", g.Call, x.Call.Bytes)
	if x.Call.Pallet+"."+x.Call.Name != call.Name() || x.Call.Hash() != call.Hash() || len(x.Call.Docs) == 0 {
		t.Errorf("decoded call %s.%s", x.Call.Pallet, x.Call.Name)
	}
	for _, e := range x.Extensions {
		switch e.Identifier {
		case "CheckMortality":
			if e.Value != opts.Era {
				t.Errorf("era %v, want %v", e.Value, opts.Era)
			}
		case "CheckNonce":
			if e.Value != opts.Nonce {
				t.Errorf("nonce %v, want %v", e.Value, opts.Nonce)
			}
		case "ChargeTransactionPayment":
			if fmt.Sprint(e.Value) != g.Tip {
				t.Errorf("tip %v, want %s", e.Value, g.Tip)
			}
		}
	}
	reencode(t, chain.Metadata, x.Call)
}

// reencode makes the same bytes from a decoded call's arguments.
func reencode(t testing.TB, md *metadata.Metadata, c DecodedCall) {
	t.Helper()
	args := make([]any, len(c.Args))
	for i := range c.Args {
		args[i] = c.Args[i].Value
	}
	again, err := Call(md, c.Pallet, c.Name, args...)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), c.Bytes) {
		t.Errorf("%s.%s encodes as %x after decoding, was %x", c.Pallet, c.Name, again.Bytes(), c.Bytes)
	}
}

// TestPayloads compares with the reference client for every kind of transaction a nominator sends, on every runtime.
func TestPayloads(t *testing.T) {
	var chains []goldenItem
	golden(t, "payloads.json", &chains)
	if len(chains) < 10 {
		t.Fatalf("only %d runtimes", len(chains))
	}
	bob, charlie, real, delegate := account(t, "//Bob"), account(t, "//Charlie"), account(t, "//Alice//stash"), account(t, "//Alice")
	for _, g := range chains {
		t.Run(g.Metadata, func(t *testing.T) {
			chain := g.chain(t, g.Metadata)
			md := chain.Metadata
			list, ok := md.Extrinsic.ExtensionsOf(0)
			if !ok {
				t.Fatal("no extensions")
			}
			var names []string
			for _, e := range list {
				names = append(names, e.Identifier)
			}
			if diff := cmp.Diff(g.Extensions, names); diff != "" {
				t.Errorf("extensions (-reference +ours):\n%s", diff)
			}
			nominate := mustCall(t, md, "Staking", "nominate", [][32]byte{bob, charlie})
			announce := mustCall(t, md, "Proxy", "announce", real, nominate.Hash())
			calls := map[string]RuntimeCall{
				"nominate":           nominate,
				"proxy":              mustCall(t, md, "Proxy", "proxy", real, "Staking", nominate),
				"announce":           announce,
				"proxyAnnounced":     mustCall(t, md, "Proxy", "proxy_announced", delegate, real, "Staking", nominate),
				"removeAnnouncement": mustCall(t, md, "Proxy", "remove_announcement", real, nominate.Hash()),
				"batchAll": mustCall(t, md, "Utility", "batch_all", []RuntimeCall{nominate, announce,
					mustCall(t, md, "Proxy", "proxy", real, nil, mustCall(t, md, "Staking", "chill"))}),
			}
			if len(g.Items) != 2*len(calls) {
				t.Fatalf("%d golden items, want %d", len(g.Items), 2*len(calls))
			}
			for _, item := range g.Items {
				t.Run(fmt.Sprintf("%s, period %d", item.Name, item.Period), func(t *testing.T) {
					item.compare(t, chain, calls[item.Name], item.options(t, g.BirthHash))
				})
			}
		})
	}
}

// exampleCalls are the calls of examples.json.
func exampleCalls(t testing.TB, relay, westend, hub *metadata.Metadata) map[string]RuntimeCall {
	bob, charlie, real := account(t, "//Bob"), account(t, "//Charlie"), account(t, "//Alice//stash")
	both := []codec.AccountID{bob, charlie}
	b := mustCall(t, hub, "Staking", "nominate", both)
	sixteen := make([][32]byte, 16)
	for i := range sixteen {
		sixteen[i] = account(t, fmt.Sprintf("//v//%d", i))
	}
	page := func(md *metadata.Metadata, era, page uint32) RuntimeCall {
		return mustCall(t, md, "Staking", "payout_stakers_by_page", bob, era, page)
	}
	return map[string]RuntimeCall{
		"A": mustCall(t, westend, "Staking", "nominate", both),
		"B": b,
		"C": mustCall(t, hub, "Proxy", "proxy", real, "Staking", b),
		"D": mustCall(t, hub, "Proxy", "announce", real, b.Hash()),
		"E": mustCall(t, hub, "Proxy", "proxy_announced", account(t, "//Alice"), real, "Staking", b),
		"F": mustCall(t, hub, "Staking", "nominate", sixteen),
		"G": page(relay, 1500, 0),
		"H": mustCall(t, hub, "Utility", "batch_all", []RuntimeCall{page(hub, 1978, 0), page(hub, 1978, 1)}),
	}
}

// TestExamples are transactions whose every byte was also assembled by hand.
func TestExamples(t *testing.T) {
	var examples []goldenItem
	golden(t, "examples.json", &examples)
	calls := exampleCalls(t, runtime(t, "polkadot-1002005.v14"), runtime(t, "westend-9320.v14"), runtime(t, "asset-hub-polkadot-2000000.v15"))
	if len(examples) != len(calls) {
		t.Fatalf("%d examples, want %d", len(examples), len(calls))
	}
	for _, e := range examples {
		t.Run(e.Name, func(t *testing.T) {
			chain := e.chain(t, e.Metadata)
			opts := e.options(t, e.BirthHash)
			if opts.Tip.Sign() == 0 {
				opts.Tip = nil // means the same
			}
			e.compare(t, chain, calls[e.Name], opts)
			bare, err := BareExtrinsic(calls[e.Name], 4)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(bare, e.Bare) {
				t.Errorf("bare\n reference %x\n ours      %x", []byte(e.Bare), bare)
			}
			x, err := Decode(chain.Metadata, bare)
			if err != nil {
				t.Fatal(err)
			}
			if x.Kind != KindBare || x.Sender != nil || x.Extensions != nil || !bytes.Equal(x.Call.Bytes, e.Call) {
				t.Errorf("decoded bare extrinsic %+v", x)
			}
		})
	}
	message := func(n int) int { // length of what is signed for a remark that makes the payload n bytes long
		md := runtime(t, "westend-9320.v14")
		chain := Chain{Metadata: md, SpecVersion: 9320, TransactionVersion: 14}
		for size := range n {
			p, err := NewPayload(chain, mustCall(t, md, "System", "remark", make([]byte, size)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Bytes()) == n {
				return len(p.Message())
			}
		}
		t.Fatalf("no remark makes %d bytes", n)
		return 0
	}
	for n, want := range map[int]int{255: 255, 256: 256, 257: 32} {
		if got := message(n); got != want {
			t.Errorf("for a payload of %d bytes, %d bytes are signed, want %d", n, got, want)
		}
	}
	if h := hex.EncodeToString(calls["B"].bytes[:2]); h != "5905" {
		t.Errorf("call B begins with %s", h)
	}
}

func BenchmarkPayload(b *testing.B) {
	md := runtime(b, "asset-hub-polkadot-2000000.v15")
	bob := account(b, "//Bob")
	chain := Chain{Metadata: md, SpecVersion: 1, TransactionVersion: 1}
	for b.Loop() {
		call, err := Call(md, "Staking", "nominate", [][32]byte{bob, bob, bob, bob, bob, bob, bob, bob})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := NewPayload(chain, call, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeEvents(b *testing.B) {
	g := allEvents(b)[0]
	md := runtime(b, g.Metadata)
	for b.Loop() {
		if _, err := DecodeEvents(md, g.Events); err != nil {
			b.Fatal(err)
		}
	}
}
