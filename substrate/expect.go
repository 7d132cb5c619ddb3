package substrate

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// ItemKind tells what an expectation is about.
type ItemKind uint8

// The kinds of items with types. For a RuntimeCall, Pallet is the API and Item the function.
const (
	Storage ItemKind = iota
	Constant
	RuntimeCall
)

// String names the kind.
func (k ItemKind) String() string {
	return [...]string{"storage", "constant", "runtime call"}[min(k, RuntimeCall)]
}

// Expectation lists the forms of an item that its reader was written for.
type Expectation struct {
	Kind         ItemKind
	Pallet, Item string
	// Known are checksums, see [Runtime.Checksum]. The item may have any of these forms, or not exist at all.
	Known [][32]byte
}

// Mismatch is an item that the runtime has in a form that is not among the known ones.
type Mismatch struct {
	Kind         ItemKind
	Pallet, Item string
	Checksum     [32]byte // of the form it has
	Type         string   // of its value, for people
}

// String names the item and its form.
func (m Mismatch) String() string {
	return fmt.Sprintf("%s %s.%s has the unknown type %s (checksum %s)", m.Kind, m.Pallet, m.Item, m.Type, hex.EncodeToString(m.Checksum[:]))
}

func (m Mismatch) key() string { return itemKey(m.Kind, m.Pallet, m.Item) }

func itemKey(kind ItemKind, pallet, item string) string {
	return kind.String() + " " + pallet + "." + item
}

// TypeChangedError refuses to read an item whose type is not a known one.
type TypeChangedError struct {
	Mismatch
	SpecName    string
	SpecVersion uint32
}

func (e *TypeChangedError) Error() string {
	return fmt.Sprintf("runtime %s %d: %s; it is not read, because it might be misunderstood", e.SpecName, e.SpecVersion, e.Mismatch)
}

// Compare lists the items whose form is not among the known ones, in the order of the expectations.
func (r *Runtime) Compare(expected []Expectation) ([]Mismatch, error) {
	var found []Mismatch
	for _, e := range expected {
		sum, value, err := r.checksum(e.Kind, e.Pallet, e.Item)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("checksum of %s: %w", itemKey(e.Kind, e.Pallet, e.Item), err)
		}
		if !slices.Contains(e.Known, sum) {
			found = append(found, Mismatch{Kind: e.Kind, Pallet: e.Pallet, Item: e.Item, Checksum: sum, Type: value})
		}
	}
	return found, nil
}

// Checksum is that of all that decoding an item depends on: for storage the types of value and key parts, the hashers
// and whether it is optional; for a constant its type; for a runtime call its inputs and output. It does not depend on
// type ids, docs or names of the runtime.
func (r *Runtime) Checksum(kind ItemKind, pallet, item string) ([32]byte, error) {
	sum, _, err := r.checksum(kind, pallet, item)
	return sum, err
}

func (r *Runtime) checksum(kind ItemKind, pallet, item string) (sum [32]byte, typeName string, err error) {
	form := []byte{byte(kind)}
	var types []metadata.TypeID
	switch kind {
	case Storage:
		e, err := r.Metadata.Storage(pallet, item)
		if err != nil {
			return sum, "", err
		}
		if e.Optional {
			form = append(form, 1)
		}
		for _, h := range e.Hashers {
			form = append(append(form, h.String()...), ',')
		}
		types = append([]metadata.TypeID{e.Value}, e.Keys...)
	case Constant:
		c, err := r.Metadata.Constant(pallet, item)
		if err != nil {
			return sum, "", err
		}
		types = []metadata.TypeID{c.Type}
	case RuntimeCall:
		m, err := r.Metadata.API(pallet, item)
		if err != nil {
			return sum, "", err
		}
		types = []metadata.TypeID{m.Output}
		for _, in := range m.Inputs {
			types = append(types, in.Type)
		}
	default:
		return sum, "", fmt.Errorf("%d is not a kind of item", kind)
	}
	names := make([]string, len(types))
	for i, id := range types {
		s, err := codec.Checksum(r.Metadata.Types, id)
		if err != nil {
			return sum, "", err
		}
		form = append(form, s[:]...)
		names[i] = r.Metadata.Types.Name(id)
	}
	typeName = names[0]
	if len(names) > 1 {
		typeName += " by " + strings.Join(names[1:], ", ")
	}
	return hash.Blake2b256(form), typeName, nil
}
