package substratetest

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// RuntimeCall answers a runtime API for state_call: block is the one asked about, args are encoded, and so is the result.
type RuntimeCall func(block *Block, args []byte) ([]byte, error)

// HandleCall installs a runtime API under its full name, such as "StakingApi_nominations_quota".
func (n *Node) HandleCall(name string, f RuntimeCall) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls[name] = f
}

// own are the methods the node itself knows.
var own = []string{
	"chain_getBlock", "chain_getBlockHash", "chain_getFinalisedHead", "chain_getFinalizedHead", "chain_getHead", "chain_getHeader",
	"chain_subscribeAllHeads", "chain_subscribeFinalizedHeads", "chain_subscribeNewHeads",
	"chain_unsubscribeAllHeads", "chain_unsubscribeFinalizedHeads", "chain_unsubscribeNewHeads",
	"rpc_methods",
	"chain_getRuntimeVersion", "state_call", "state_getKeysPaged", "state_getKeysPagedAt", "state_getMetadata",
	"state_getRuntimeVersion", "state_getStorage", "state_getStorageAt", "state_getStorageHash", "state_getStorageHashAt",
	"state_getStorageSize", "state_getStorageSizeAt",
	"state_queryStorageAt", "state_subscribeRuntimeVersion", "state_subscribeStorage",
	"state_unsubscribeRuntimeVersion", "state_unsubscribeStorage",
	"system_chain", "system_chainType", "system_health", "system_name", "system_nodeRoles", "system_properties",
	"system_syncState", "system_version",
}

// method answers a request. after is what goes out once the answer is sent.
func (n *Node) method(c *conn, r Request) (result any, after []outgoing, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch r.Method {
	case "rpc_methods":
		return map[string]any{"methods": n.methods()}, nil, nil
	case "system_chain":
		return n.chain, nil, nil
	case "system_chainType":
		return "Development", nil, nil
	case "system_name":
		return "substratetest", nil, nil
	case "system_version":
		return "1.0.0", nil, nil
	case "system_properties":
		return n.properties, nil, nil
	case "system_health":
		return map[string]any{"peers": 0, "isSyncing": false, "shouldHavePeers": false}, nil, nil
	case "system_nodeRoles":
		return []string{"Full"}, nil, nil
	case "system_syncState":
		head := n.head().Number
		return map[string]any{"startingBlock": 0, "currentBlock": head, "highestBlock": head}, nil, nil
	case "chain_getBlockHash", "chain_getHead":
		result, err = n.blockHash(r)
	case "chain_getFinalizedHead", "chain_getFinalisedHead":
		return hexOf(n.blocks[n.finalised].Hash[:]), nil, nil
	case "chain_getHeader":
		var b *Block
		if b, err = n.block(r, 0); b != nil {
			result = header(b)
		}
	case "chain_getBlock":
		var b *Block
		if b, err = n.block(r, 0); b != nil {
			extrinsics := make([]string, len(b.Extrinsics))
			for i, x := range b.Extrinsics {
				extrinsics[i] = hexOf(x)
			}
			result = map[string]any{"block": map[string]any{"header": header(b), "extrinsics": extrinsics}, "justifications": nil}
		}
	case "state_getRuntimeVersion", "chain_getRuntimeVersion":
		var b *Block
		if b, err = n.stateOf(r, 0); err == nil {
			result = b.runtime.version()
		}
	case "state_getMetadata":
		result, err = n.getMetadata(r)
	case "state_getStorage", "state_getStorageAt":
		result, err = n.getStorage(r)
	case "state_getStorageSize", "state_getStorageSizeAt", "state_getStorageHash", "state_getStorageHashAt":
		result, err = n.describeStorage(r)
	case "state_getKeysPaged", "state_getKeysPagedAt":
		result, err = n.getKeysPaged(r)
	case "state_queryStorageAt":
		result, err = n.queryStorageAt(r)
	case "state_call":
		result, err = n.call(r)
	default:
		if strings.Contains(r.Method, "_subscribe") {
			return n.subscribe(c, r)
		}
		if strings.Contains(r.Method, "_unsubscribe") {
			return n.unsubscribe(c, r)
		}
		err = &rpcError{Code: -32601, Message: "Method not found"}
	}
	return result, nil, err
}

func (n *Node) methods() []string {
	names := append([]string(nil), own...)
	for name := range n.handlers {
		names = append(names, name)
	}
	sort.Strings(names)
	n.faults.mu.Lock()
	defer n.faults.mu.Unlock()
	kept := names[:0]
	for i, name := range names {
		if !n.faults.lacking[name] && (i == 0 || names[i-1] != name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// param decodes a parameter; absent and null leave v as it is and return false.
func (r Request) param(i int, v any) (bool, error) {
	if i >= len(r.Params) || string(r.Params[i]) == "null" {
		return false, nil
	}
	if err := json.Unmarshal(r.Params[i], v); err != nil {
		return false, &rpcError{Code: -32602, Message: "Invalid params", Data: err.Error()}
	}
	return true, nil
}

// bytes decodes a parameter of bytes.
func (r Request) bytes(i int) (b []byte, ok bool, err error) {
	var text string
	if ok, err = r.param(i, &text); !ok {
		return nil, false, err
	}
	b, err = unhex(text)
	return b, err == nil, err
}

func unhex(text string) ([]byte, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil {
		return nil, &rpcError{Code: -32602, Message: "Invalid params", Data: fmt.Sprintf("%.40q is not hexadecimal", text)}
	}
	return b, nil
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }

// block finds the block that parameter i names, the head when it names none. An unknown hash gives nil.
func (n *Node) block(r Request, i int) (*Block, error) {
	b, ok, err := r.bytes(i)
	if err != nil {
		return nil, err
	}
	if !ok {
		return n.head(), nil
	}
	if len(b) != 32 {
		return nil, &rpcError{Code: -32602, Message: "Invalid params", Data: "a block hash has 32 bytes"}
	}
	return n.byHash[[32]byte(b)], nil
}

// stateOf finds the block whose state parameter i asks for.
func (n *Node) stateOf(r Request, i int) (*Block, error) {
	b, err := n.block(r, i)
	switch {
	case err != nil:
		return nil, err
	case b == nil:
		var text string
		_, _ = r.param(i, &text) // it was readable above
		return nil, &rpcError{Code: 4003, Message: "Client error: UnknownBlock: Header was not found in the database: " + text}
	case b.pruned:
		return nil, &rpcError{Code: 4003, Message: "Client error: UnknownBlock: State already discarded for " + hexOf(b.Hash[:])}
	}
	return b, nil
}

// blockHash answers chain_getBlockHash for no number, a number (plain or hexadecimal), or a list of them.
func (n *Node) blockHash(r Request) (any, error) {
	if len(r.Params) == 0 || string(r.Params[0]) == "null" {
		return hexOf(n.head().Hash[:]), nil
	}
	if r.Params[0][0] == '[' {
		var list []json.RawMessage
		if _, err := r.param(0, &list); err != nil {
			return nil, err
		}
		hashes := make([]any, len(list))
		for i, raw := range list {
			h, err := n.hashOf(raw)
			if err != nil {
				return nil, err
			}
			hashes[i] = h
		}
		return hashes, nil
	}
	return n.hashOf(r.Params[0])
}

func (n *Node) hashOf(raw json.RawMessage) (any, error) {
	number, err := strconv.ParseUint(strings.Trim(string(raw), `"`), 0, 32)
	if err != nil {
		return nil, &rpcError{Code: -32602, Message: "Invalid params", Data: "not a block number"}
	}
	if number >= uint64(len(n.blocks)) {
		return nil, nil
	}
	return hexOf(n.blocks[number].Hash[:]), nil
}

func header(b *Block) map[string]any {
	return map[string]any{
		"parentHash": hexOf(b.Parent[:]), "number": "0x" + strconv.FormatUint(uint64(b.Number), 16),
		"stateRoot": hexOf(b.stateRoot[:]), "extrinsicsRoot": hexOf(b.extrinsicsRoot[:]), "digest": map[string]any{"logs": []string{}},
	}
}

// asRPCError turns any error into one with a code.
func asRPCError(err error) error {
	var e *rpcError
	if errors.As(err, &e) {
		return e
	}
	return &rpcError{Code: 4003, Message: "Client error: Execution failed: " + err.Error()}
}
