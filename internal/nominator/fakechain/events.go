package fakechain

import (
	"github.com/thousand-validators/otv/substrate/codec"
)

// event is what an extrinsic does.
type event struct {
	pallet, name string
	fields       map[string]any
}

// encodeEvents writes System.Events; of[i] are the events of the extrinsic i.
func (c *Chain) encodeEvents(of [][]event) (key, value []byte, err error) {
	records := []any{}
	for i, events := range of {
		for _, e := range events {
			records = append(records, map[string]any{
				"phase":  codec.Variant{Name: "ApplyExtrinsic", Fields: []codec.Field{{Value: uint32(i)}}},
				"event":  map[string]any{e.pallet: c.variant(e)},
				"topics": []any{},
			})
		}
	}
	return c.node.Encode("System", "Events", records)
}

// variant is an event in dynamic form.
func (c *Chain) variant(e event) any {
	if len(e.fields) == 0 {
		return e.name
	}
	return map[string]any{e.name: e.fields}
}

// dispatchInfo is weight, class and fee flag, in the form of the runtime at hand.
func (c *Chain) dispatchInfo() any {
	weight := map[string]any{"ref_time": 1, "proof_size": 1}
	if c.flatWeight {
		delete(weight, "proof_size")
	}
	return map[string]any{"weight": weight, "class": "Normal", "pays_fee": "Yes"}
}

// dispatchError writes a failure as the runtime does.
func (c *Chain) dispatchError(f *failure) any {
	p, ok := c.md.Pallet(f.pallet)
	if !ok {
		return "BadOrigin"
	}
	if t, ok := c.md.Types.Type(p.Errors); ok {
		if v, ok := t.VariantByName(f.name); ok {
			return map[string]any{"Module": map[string]any{"index": p.Index, "error": codec.Bytes{v.Index, 0, 0, 0}}}
		}
	}
	return "BadOrigin"
}

// result is Result<(), DispatchError>.
func (c *Chain) result(f *failure) any {
	if f == nil {
		return codec.Variant{Name: "Ok", Fields: []codec.Field{{Value: []any{}}}}
	}
	return codec.Variant{Name: "Err", Fields: []codec.Field{{Value: c.dispatchError(f)}}}
}
