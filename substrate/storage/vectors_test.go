package storage_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/internal/fixtures"
	"github.com/thousand-validators/otv/substrate/storage"
)

// toJSON writes a value as the vectors have it: without spaces, without escapes for HTML.
func toJSON(t *testing.T, v any) string {
	t.Helper()
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, buf.Bytes()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func fromJSON(t *testing.T, b []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestVectors compares keys and values with those of the reference client, in both directions.
func TestVectors(t *testing.T) {
	for _, label := range fixtures.Labels(t) {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			m, vectors := fixtures.Metadata(t, label), fixtures.Load(t, label)
			if len(vectors.Storage) < 20 {
				t.Fatalf("only %d vectors", len(vectors.Storage))
			}
			for i, v := range vectors.Storage {
				entry, err := m.Storage(v.Pallet, v.Item)
				if err != nil {
					t.Fatal(err)
				}
				name := v.Pallet + "." + v.Item
				args, ok := fromJSON(t, v.Args).([]any)
				if !ok {
					t.Fatalf("%s: arguments of vector %d are no list", name, i)
				}
				key, err := storage.Key(m.Types, entry, args...)
				if err != nil || !bytes.Equal(key, v.Key) {
					t.Errorf("%s: key of %s = %x, %v; want %x", name, v.Args, key, err, v.Key)
				}
				parts, err := storage.DecodeKey(m.Types, entry, v.Key)
				if err != nil || toJSON(t, parts) != string(v.Args) {
					t.Errorf("%s: key %x decodes to %s, %v; want %s", name, v.Key, toJSON(t, parts), err, v.Args)
				}
				got, err := codec.Decode(m.Types, entry.Value, v.Value)
				if err != nil || toJSON(t, got) != string(v.Decoded) {
					t.Errorf("%s: %x decodes to\n%s, %v; want\n%s", name, v.Value, toJSON(t, got), err, v.Decoded)
					continue
				}
				back, err := codec.Encode(m.Types, entry.Value, got)
				if err != nil || !bytes.Equal(back, v.Value) {
					t.Errorf("%s: %s encodes to %x, %v; want %x", name, v.Decoded, back, err, v.Value)
				}
				back, err = codec.Encode(m.Types, entry.Value, fromJSON(t, v.Decoded))
				if err != nil || !bytes.Equal(back, v.Value) {
					t.Errorf("%s: the JSON %s encodes to %x, %v; want %x", name, v.Decoded, back, err, v.Value)
				}
				var raw codec.Raw
				if err := codec.Unmarshal(m.Types, entry.Value, v.Value, &raw); err != nil || !bytes.Equal(raw, v.Value) {
					t.Errorf("%s: skipping %x took %x, %v", name, v.Value, raw, err)
				}
			}
		})
	}
}

func TestConstants(t *testing.T) {
	for _, label := range fixtures.Labels(t) {
		t.Run(label, func(t *testing.T) {
			m := fixtures.Metadata(t, label)
			for _, v := range fixtures.Load(t, label).Constants {
				c, err := m.Constant(v.Pallet, v.Constant)
				if err != nil {
					t.Fatal(err)
				}
				got, err := codec.Decode(m.Types, c.Type, c.Value)
				if err != nil || toJSON(t, got) != string(v.Decoded) || !bytes.Equal(c.Value, v.Value) {
					t.Errorf("constant %s.%s is %s, %v; want %s", v.Pallet, v.Constant, toJSON(t, got), err, v.Decoded)
				}
			}
		})
	}
}

// TestDefaults decodes the default of every storage item and every constant there is, and encodes them again.
func TestDefaults(t *testing.T) {
	for _, label := range fixtures.Labels(t) {
		t.Run(label, func(t *testing.T) {
			m := fixtures.Metadata(t, label)
			for _, p := range m.Pallets {
				for _, e := range p.Storage {
					if e.Optional { // then it is one byte: none
						continue
					}
					got, err := codec.Decode(m.Types, e.Value, e.Default)
					if err != nil {
						t.Errorf("default of %s.%s: %v", p.Name, e.Name, err)
						continue
					}
					if back, err := codec.Encode(m.Types, e.Value, got); err != nil || !bytes.Equal(back, e.Default) {
						t.Errorf("default of %s.%s: %x encodes to %x, %v", p.Name, e.Name, e.Default, back, err)
					}
				}
				for _, c := range p.Constants {
					got, err := codec.Decode(m.Types, c.Type, c.Value)
					if err != nil {
						t.Errorf("constant %s.%s: %v", p.Name, c.Name, err)
						continue
					}
					if back, err := codec.Encode(m.Types, c.Type, got); err != nil || !bytes.Equal(back, c.Value) {
						t.Errorf("constant %s.%s: %x encodes to %x, %v", p.Name, c.Name, c.Value, back, err)
					}
				}
			}
		})
	}
}
