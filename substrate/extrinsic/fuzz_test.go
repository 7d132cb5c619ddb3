package extrinsic

import (
	"bytes"
	"testing"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// FuzzDecode: no bytes make decoding panic, and what is decoded can be encoded again.
func FuzzDecode(f *testing.F) {
	var chains []goldenItem
	golden(f, "payloads.json", &chains)
	labels := []string{"westend-9320.v14", "asset-hub-polkadot-2000000.v15", "node-268.v16"}
	var runtimes []*metadata.Metadata
	for i, label := range labels {
		runtimes = append(runtimes, runtime(f, label))
		for _, c := range chains {
			if c.Metadata != label {
				continue
			}
			for _, item := range c.Items {
				f.Add(uint8(i), []byte(item.Extrinsic))
				f.Add(uint8(i), append([]byte{byte(len(item.Call)+1) << 2, 4}, item.Call...))
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		md := runtimes[int(which)%len(runtimes)]
		x, err := Decode(md, b)
		if err != nil {
			return
		}
		if !bytes.HasSuffix(b, x.Call.Bytes) || x.Hash != Hash(b) {
			t.Fatalf("decoded %+v from %x", x, b)
		}
		reencode(t, md, x.Call)
		if x.Kind == KindBare {
			call, err := ParseCall(md, x.Call.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := BareExtrinsic(call, x.Version); err == nil && !bytes.Equal(again, b) {
				t.Fatalf("encodes as %x, was %x", again, b)
			}
		}
	})
}

// FuzzDecodeEvents: no bytes make decoding panic, and errors are found only where there are events.
func FuzzDecodeEvents(f *testing.F) {
	labels := []string{"westend-9320.v14", "asset-hub-polkadot-2000000.v15", "node-268.v16"}
	var runtimes []*metadata.Metadata
	for i, label := range labels {
		runtimes = append(runtimes, runtime(f, label))
		for _, g := range allEvents(f) {
			if g.Metadata == label {
				f.Add(uint8(i), []byte(g.Events))
			}
		}
	}
	f.Add(uint8(0), []byte{0})
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		events, err := DecodeEvents(runtimes[int(which)%len(runtimes)], b)
		if err != nil {
			return
		}
		for i := range events {
			if events[i].Pallet == "" || events[i].Name == "" || events[i].Phase == "" {
				t.Fatalf("event %d has no name: %+v", i, events[i])
			}
			for _, e := range events[i].Errors {
				if e.Error() == "" {
					t.Fatalf("event %d: an error without text", i)
				}
			}
		}
		Result(EventsOf(events, 0))
	})
}

// FuzzDecodeDryRun covers the answers about fees too: both are short binary answers of a node.
func FuzzDecodeDryRun(f *testing.F) {
	md := runtime(f, "westend-9320.v14")
	for _, b := range [][]byte{{0, 0}, {0, 1, 2}, {0, 1, 3, 6, 0, 0, 0, 0}, {1, 0, 3}, {1, 1, 0}, {}, {2, 2}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := DecodeDryRun(md, b); err == nil && r.Err != nil && r.Invalid != "" {
			t.Fatalf("%x: both invalid and failed: %+v", b, r)
		}
		if fee, err := decodeFee(b); err == nil && fee.Sign() < 0 {
			t.Fatalf("%x: a fee of %v", b, fee)
		}
	})
}
