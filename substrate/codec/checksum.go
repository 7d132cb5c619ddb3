package codec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/scale"
)

// Bounds on the work for a checksum. The calls of a real runtime, which refer to almost everything, need about 1,000
// types and 30 rounds.
const (
	maxChecksumTypes  = 1 << 15
	maxChecksumRounds = 256
)

// checksumForm is part of what is hashed: it changes when the form of the hashed text does.
const checksumForm = "type structure, form 1"

// Checksum is a fingerprint of the structure of a type and of all types inside it: what code that decodes it by name
// relies on. It is the same in all metadata blobs in which the type has the same structure, whatever their type ids,
// docs and versions, and also when equal types inside it are described once in one blob and several times in another.
//
// It changes when a field or variant is added, removed, renamed, moved, or gets another type. It contains names of
// fields, of variants, and of the wrappers of primitives and arrays, such as Perbill and AccountId32; but no names of
// structs and enums, which say nothing about the encoding, and no other wrappers, such as BoundedVec and BTreeMap.
func Checksum(reg *metadata.Registry, id metadata.TypeID) ([32]byte, error) {
	g := &graph{reg: reg, index: make(map[metadata.TypeID]int)}
	root, err := g.build(id)
	if err == nil {
		err = g.refine()
	}
	if err != nil {
		return [32]byte{}, fmt.Errorf("checksum of type %s: %w", reg.Name(id), err)
	}
	return hash.Blake2b256(g.serialise(root)), nil
}

// graph holds the types inside a type. Types are equal when nothing that can be reached from them tells them apart;
// refine finds the classes of equal types, so that neither sharing nor the order of ids matters.
type graph struct {
	reg   *metadata.Registry
	index map[metadata.TypeID]int
	nodes []node
}

type node struct {
	label    string // all about the type but what its parts are
	children []int
	ids      []metadata.TypeID
	class    int
}

// build collects all nodes and returns the one for id.
func (g *graph) build(id metadata.TypeID) (int, error) {
	root, err := g.node(id)
	if err != nil {
		return 0, err
	}
	for i := 0; i < len(g.nodes); i++ { // grows while it is walked through
		for _, child := range g.nodes[i].ids {
			c, err := g.node(child)
			if err != nil {
				return 0, err
			}
			g.nodes[i].children = append(g.nodes[i].children, c)
		}
	}
	return root, nil
}

func (g *graph) node(id metadata.TypeID) (int, error) {
	t, ok := g.reg.Type(id)
	if !ok {
		return 0, fmt.Errorf("type %d does not exist: %w", id, ErrType)
	}
	for range MaxDepth {
		inner, ok := g.transparent(t)
		if !ok {
			break
		}
		t = inner
	}
	if i, known := g.index[t.ID]; known {
		return i, nil
	}
	if len(g.nodes) == maxChecksumTypes {
		return 0, fmt.Errorf("more than %d types: %w", maxChecksumTypes, ErrWork)
	}
	label, ids := describe(g.reg, t)
	i := len(g.nodes)
	g.index[t.ID] = i
	g.nodes = append(g.nodes, node{label: label, ids: ids})
	return i, nil
}

// transparent recognises wrappers whose name says nothing of what they hold: those of anything but a primitive or an
// array. AccountId32 is no such wrapper, BoundedVec is.
func (g *graph) transparent(t *metadata.Type) (*metadata.Type, bool) {
	id, ok := wrapped(t)
	if !ok {
		return nil, false
	}
	inner, ok := g.reg.Type(id)
	return inner, ok && inner.Kind != metadata.Basic && inner.Kind != metadata.Array
}

// describe writes what is to be known of a type without its parts, and lists the parts.
func describe(reg *metadata.Registry, t *metadata.Type) (string, []metadata.TypeID) {
	out := []byte{byte(t.Kind)}
	var ids []metadata.TypeID
	fields := func(list []metadata.Field) {
		out = scale.AppendCompact(out, uint64(len(list)))
		for i := range list {
			out = scale.AppendString(out, list[i].Name)
			ids = append(ids, list[i].Type)
		}
	}
	switch t.Kind {
	case metadata.Composite:
		name := ""
		if _, ok := wrapped(t); ok {
			name = t.Name()
		}
		out = scale.AppendString(out, name)
		fields(t.Fields)
	case metadata.Enum:
		variants := slices.Clone(t.Variants)
		slices.SortStableFunc(variants, func(a, b metadata.Variant) int { return int(a.Index) - int(b.Index) })
		for i := range variants {
			out = scale.AppendString(append(out, variants[i].Index), variants[i].Name)
			fields(variants[i].Fields)
		}
	case metadata.Sequence, metadata.Compact:
		ids = append(ids, t.Elem)
	case metadata.Array:
		out = scale.AppendU32(out, t.Len)
		ids = append(ids, t.Elem)
	case metadata.Tuple:
		ids = append(ids, t.Elems...)
	case metadata.Basic:
		out = append(out, byte(t.Primitive))
	case metadata.BitSequence:
		if order, ok := reg.Type(t.Order); ok { // an empty struct, of which only the name matters
			out = scale.AppendString(out, order.Name())
		}
		ids = append(ids, t.Store)
	}
	return string(scale.AppendCompact(out, uint64(len(ids)))), ids
}

// refine gives equal nodes the same class: at first by label, then nodes of a class whose children's classes differ are
// told apart until nothing changes.
func (g *graph) refine() error {
	classes := make(map[string]int)
	for i := range g.nodes {
		n := &g.nodes[i]
		if _, ok := classes[n.label]; !ok {
			classes[n.label] = len(classes)
		}
		n.class = classes[n.label]
	}
	next := make([]int, len(g.nodes))
	for range maxChecksumRounds {
		before := len(classes)
		classes = make(map[string]int, before)
		var sb strings.Builder
		for i := range g.nodes {
			sb.Reset()
			sb.WriteString(strconv.Itoa(g.nodes[i].class))
			for _, c := range g.nodes[i].children {
				sb.WriteByte(' ')
				sb.WriteString(strconv.Itoa(g.nodes[c].class))
			}
			key := sb.String()
			if _, ok := classes[key]; !ok {
				classes[key] = len(classes)
			}
			next[i] = classes[key]
		}
		for i := range g.nodes {
			g.nodes[i].class = next[i]
		}
		if len(classes) == before {
			return nil
		}
	}
	return fmt.Errorf("types nested more than %d deep: %w", maxChecksumRounds, ErrDepth)
}

// serialise writes the classes that can be reached from the root, numbered in the order in which they are met.
func (g *graph) serialise(root int) []byte {
	number := map[int]uint64{g.nodes[root].class: 0}
	queue := []int{root}
	out := []byte(checksumForm)
	for i := 0; i < len(queue); i++ {
		n := &g.nodes[queue[i]]
		out = scale.AppendString(out, n.label)
		for _, c := range n.children {
			class := g.nodes[c].class
			if _, met := number[class]; !met {
				number[class] = uint64(len(queue))
				queue = append(queue, c)
			}
			out = scale.AppendCompact(out, number[class])
		}
	}
	return out
}
