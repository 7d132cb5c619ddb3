package substratetest

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/scale"
)

// metadataAPI is the first half of the hash that names the runtime API "Metadata" in a runtime's version.
const metadataAPI = "0x37e397fc7c91f5e4"

func (rt *Runtime) version() map[string]any {
	api := 1
	if len(rt.Metadatas) > 0 {
		api = 2
	}
	return map[string]any{
		"specName": rt.SpecName, "implName": "substratetest", "authoringVersion": 1,
		"specVersion": rt.SpecVersion, "implVersion": 0, "transactionVersion": rt.TransactionVersion,
		"stateVersion": 1, "apis": []any{[]any{"0xdf6acb689907609b", 4}, []any{metadataAPI, api}},
	}
}

func (n *Node) getMetadata(r Request) (any, error) {
	b, err := n.stateOf(r, 0)
	if err != nil {
		return nil, err
	}
	return rawHex(b.runtime.Metadata), nil
}

func (n *Node) getStorage(r Request) (any, error) {
	key, _, err := r.bytes(0)
	if err != nil {
		return nil, err
	}
	b, err := n.stateOf(r, 1)
	if err != nil {
		return nil, err
	}
	if v, ok := b.state.Get(string(key)); ok {
		return rawHex(v), nil
	}
	return nil, nil
}

// describeStorage is the size of a value in bytes, or its BLAKE2b-256 hash.
func (n *Node) describeStorage(r Request) (any, error) {
	key, _, err := r.bytes(0)
	if err != nil {
		return nil, err
	}
	b, err := n.stateOf(r, 1)
	if err != nil {
		return nil, err
	}
	v, ok := b.state.Get(string(key))
	switch {
	case !ok:
		return nil, nil
	case strings.HasPrefix(r.Method, "state_getStorageSize"):
		return len(v), nil
	}
	sum := hash.Blake2b256(v)
	return hexOf(sum[:]), nil
}

// pageLimit is the most keys that nodes return at once.
const pageLimit = 1000

func (n *Node) getKeysPaged(r Request) (any, error) {
	prefix, _, err := r.bytes(0)
	if err != nil {
		return nil, err
	}
	var count int
	if _, err := r.param(1, &count); err != nil {
		return nil, err
	}
	if count > pageLimit {
		return nil, &rpcError{Code: 4002, Message: "count exceeds maximum value. value: " + jsonInt(count) + ", max: 1000"}
	}
	start, after, err := r.bytes(2)
	if err != nil {
		return nil, err
	}
	b, err := n.stateOf(r, 3)
	if err != nil {
		return nil, err
	}
	from := string(prefix)
	if after {
		from = max(from, string(start))
	}
	out := []byte{'['}
	left := count
	if limit := int(n.faults.maxPage.Load()); limit > 0 {
		left = min(left, limit)
	}
	b.state.Ascend(from, func(key string, _ []byte) bool {
		if after && key <= string(start) {
			return true
		}
		if left <= 0 || len(key) < len(prefix) || key[:len(prefix)] != string(prefix) {
			return false
		}
		left--
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = appendHex(out, []byte(key))
		return true
	})
	return json.RawMessage(append(out, ']')), nil
}

func (n *Node) queryStorageAt(r Request) (any, error) {
	var keys []string
	if _, err := r.param(0, &keys); err != nil {
		return nil, err
	}
	b, err := n.stateOf(r, 1)
	if err != nil {
		return nil, err
	}
	out := append([]byte(`[{"block":`), appendHex(nil, b.Hash[:])...)
	out = append(out, `,"changes":[`...)
	seen := make(map[string]bool, len(keys))
	for _, text := range keys {
		key, err := unhex(text)
		if err != nil {
			return nil, err
		}
		if seen[string(key)] {
			continue // a key asked for twice is answered once
		}
		if len(seen) > 0 {
			out = append(out, ',')
		}
		seen[string(key)] = true
		out = append(appendHex(append(out, '['), key), ',')
		if v, ok := b.state.Get(string(key)); ok {
			out = append(appendHex(out, v), ']')
		} else {
			out = append(out, "null]"...)
		}
	}
	return json.RawMessage(append(out, "]}]"...)), nil
}

// call runs a runtime API: an installed one, or those of the metadata.
func (n *Node) call(r Request) (any, error) {
	var name string
	if _, err := r.param(0, &name); err != nil {
		return nil, err
	}
	args, _, err := r.bytes(1)
	if err != nil {
		return nil, err
	}
	b, err := n.stateOf(r, 2)
	if err != nil {
		return nil, err
	}
	if f := n.calls[name]; f != nil {
		n.mu.Unlock() // the handler may use the node
		result, err := f(b, args)
		n.mu.Lock()
		if err != nil {
			return nil, asRPCError(err)
		}
		return rawHex(result), nil
	}
	rt := b.runtime
	switch {
	case name == "Metadata_metadata":
		return rawHex(scale.AppendBytes(nil, rt.Metadata)), nil
	case name == "Metadata_metadata_versions" && len(rt.Metadatas) > 0:
		var versions []uint32
		for v := range rt.Metadatas {
			versions = append(versions, v)
		}
		slices.Sort(versions)
		out := scale.AppendCompact(nil, uint64(len(versions)))
		for _, v := range versions {
			out = scale.AppendU32(out, v)
		}
		return rawHex(out), nil
	case name == "Metadata_metadata_at_version" && len(rt.Metadatas) > 0 && len(args) == 4:
		if blob, ok := rt.Metadatas[binary.LittleEndian.Uint32(args)]; ok {
			return rawHex(scale.AppendBytes([]byte{1}, blob)), nil
		}
		return rawHex([]byte{0}), nil
	}
	return nil, &rpcError{Code: 4003, Message: "Client error: Execution failed: Other: Exported method " + name + " is not found"}
}

// rawHex writes bytes as a JSON string without another pass over them.
func rawHex(b []byte) json.RawMessage { return appendHex(make([]byte, 0, 2*len(b)+4), b) }

func appendHex(dst, b []byte) []byte {
	dst = append(dst, `"0x`...)
	dst = hex.AppendEncode(dst, b)
	return append(dst, '"')
}

func jsonInt(i int) string {
	b, _ := json.Marshal(i) // integers can always be written
	return string(b)
}
