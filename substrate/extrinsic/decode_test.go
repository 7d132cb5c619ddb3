package extrinsic

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDecodeGeneral takes apart a general extrinsic of version 5: set 0, immortal, nonce 1, no tip, no asset, mode 0.
func TestDecodeGeneral(t *testing.T) {
	md := runtime(t, "node-268.v16")
	remark := mustCall(t, md, "System", "remark", []byte{1})
	body := append(unhex(t, "4500"+"00"+"04"+"00"+"00"+"00"), remark.Bytes()...)
	b := scale.AppendBytes(nil, body)
	x, err := Decode(md, b)
	if err != nil {
		t.Fatal(err)
	}
	if x.Kind != KindGeneral || x.Version != 5 || x.Sender != nil || x.ExtensionSet != 0 || x.Call.Pallet != "System" || x.Call.Name != "remark" {
		t.Errorf("decoded %+v", x)
	}
	values := map[string]any{}
	for _, e := range x.Extensions {
		values[e.Identifier] = e.Value
	}
	if values["CheckMortality"] != Immortal() || values["CheckNonce"] != uint64(1) {
		t.Errorf("extensions %v", values)
	}
	if data, _ := x.Call.Args.Get("remark"); !bytes.Equal(data.(codec.Bytes), []byte{1}) {
		t.Errorf("arguments %v", x.Call.Args)
	}
	body[1] = 1 // a set of extensions that the runtime does not have
	if _, err := Decode(md, scale.AppendBytes(nil, body)); !errors.Is(err, ErrFormat) {
		t.Errorf("unknown set of extensions: %v", err)
	}
}

// TestDecodeSchemes decodes what each kind of key signs, and verifies it from what was decoded alone.
func TestDecodeSchemes(t *testing.T) {
	md := runtime(t, "polkadot-2000000.v15")
	chain := Chain{Metadata: md, Genesis: fill(1), SpecVersion: 2, TransactionVersion: 3}
	call := mustCall(t, md, "Staking", "chill")
	p, err := NewPayload(chain, call, Options{Nonce: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, scheme := range []keys.Scheme{keys.Sr25519, keys.Ed25519, keys.ECDSA} {
		key := pair(t, "//Alice", scheme)
		b, err := p.Sign(key)
		if err != nil {
			t.Fatal(err)
		}
		x, err := Decode(md, b)
		if err != nil {
			t.Fatal(err)
		}
		if *x.Sender.Account != key.AccountID() || x.Sender.Scheme != scheme || !key.Verify(p.Message(), x.Sender.Signature) {
			t.Errorf("%s: sender %+v", scheme, x.Sender)
		}
		fake, err := p.Assemble(key.Public(), make([]byte, scheme.SignatureSize()))
		if err != nil || len(fake) != len(b) {
			t.Errorf("%s: with a signature of zeros it has %d bytes, signed %d: %v", scheme, len(fake), len(b), err)
		}
		if _, err := p.Assemble(key.Public(), make([]byte, 63)); err == nil {
			t.Errorf("%s: a signature of 63 bytes is accepted", scheme)
		}
	}
	if _, err := p.Assemble(keys.Public{}, nil); err == nil {
		t.Error("no key is accepted as sender")
	}
}

// brokenSigner signs something else.
type brokenSigner struct{ *keys.Pair }

func (b brokenSigner) Sign(message []byte) ([]byte, error) { return b.Pair.Sign(append(message, 0)) }

func TestSignRefuses(t *testing.T) {
	md := runtime(t, "westend-9320.v14")
	key := pair(t, "//Alice", keys.Sr25519)
	payload := func(md *metadata.Metadata) *Payload {
		p, err := NewPayload(Chain{Metadata: md}, mustCall(t, md, "Staking", "chill"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if b, err := payload(md).Sign(brokenSigner{key}); err == nil || !strings.Contains(err.Error(), "does not verify") {
		t.Errorf("a wrong signature makes %x, %v", b, err)
	}
	u32 := typeID(t, md, "u32", primitive(metadata.U32))
	for name, change := range map[string]func(*metadata.Extrinsic){
		"no address type":    func(e *metadata.Extrinsic) { e.Address = metadata.NoType },
		"other address type": func(e *metadata.Extrinsic) { e.Address = u32 },
		"no signature type":  func(e *metadata.Extrinsic) { e.Signature = metadata.NoType },
		"one signature type": func(e *metadata.Extrinsic) { e.Signature = u32 },
		"no such scheme":     func(e *metadata.Extrinsic) { e.Signature = e.Address },
	} {
		other := *md
		change(&other.Extrinsic)
		if b, err := payload(&other).Sign(key); err == nil {
			t.Errorf("%s: %x", name, b)
		}
	}
	wiped := pair(t, "//Bob", keys.Ed25519)
	wiped.Wipe()
	if _, err := payload(md).Sign(wiped); !errors.Is(err, keys.ErrWiped) {
		t.Errorf("with a wiped key: %v", err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	md := runtime(t, "westend-9320.v14")
	p, err := NewPayload(Chain{Metadata: md}, mustCall(t, md, "Staking", "chill"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := p.Sign(pair(t, "//Alice", keys.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(signed) {
		if _, err := Decode(md, signed[:n]); err == nil {
			t.Errorf("%d of %d bytes are accepted", n, len(signed))
		}
		body := signed[2:]
		if n < len(body) {
			if _, err := Decode(md, scale.AppendBytes(nil, body[:n])); err == nil {
				t.Errorf("a body of %d bytes of %d is accepted", n, len(body))
			}
		}
	}
	if _, err := Decode(md, append(bytes.Clone(signed), 0)); !errors.Is(err, scale.ErrTrailing) {
		t.Errorf("a byte behind it: %v", err)
	}
	for name, body := range map[string]string{
		"empty": "", "version 3": "03", "signed version 5": "85", "general version 4": "44", "reserved kind": "c4",
		"general without set": "45", "version 6": "06",
	} {
		if x, err := Decode(md, scale.AppendBytes(nil, unhex(t, body))); err == nil {
			t.Errorf("%s: %+v", name, x)
		}
	}
	if _, err := Decode(md, make([]byte, MaxSize+1)); !errors.Is(err, ErrFormat) {
		t.Errorf("a huge one: %v", err)
	}
	empty := &metadata.Metadata{Extrinsic: metadata.Extrinsic{Address: metadata.NoType, Signature: metadata.NoType, Call: metadata.NoType}}
	if _, err := Decode(empty, signed); err == nil {
		t.Error("decodes without metadata")
	}
	// a call type that is no enum of enums
	other := *md
	other.Extrinsic.Call = typeID(t, md, "u32", primitive(metadata.U32))
	if _, err := DecodeCall(&other, []byte{1, 0, 0, 0}); !errors.Is(err, ErrFormat) {
		t.Errorf("calls that are numbers: %v", err)
	}
}
