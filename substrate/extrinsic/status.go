package extrinsic

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// StatusKind is what a node says about a transaction it watches, by the names of the JSON-RPC interface.
type StatusKind string

// The kinds. Finalized, FinalityTimeout, Usurped, Dropped and Invalid end the watch; only the first settles the fate:
// what one node drops, others may still include.
const (
	StatusFuture          StatusKind = "future"    // waits for transactions with lower nonces
	StatusReady           StatusKind = "ready"     // in the pool
	StatusBroadcast       StatusKind = "broadcast" // sent to other nodes
	StatusInBlock         StatusKind = "inBlock"   // in a block that is not final
	StatusRetracted       StatusKind = "retracted" // that block is not on the best chain any more
	StatusFinalityTimeout StatusKind = "finalityTimeout"
	StatusFinalized       StatusKind = "finalized"
	StatusUsurped         StatusKind = "usurped" // another transaction with the same nonce came first
	StatusDropped         StatusKind = "dropped" // the pool is full
	StatusInvalid         StatusKind = "invalid"
)

// Status is one message of a watch.
type Status struct {
	Kind StatusKind
	// Hash is the block's, for the kinds that have one, or that of the other transaction for Usurped.
	Hash [32]byte
}

// Ends reports whether no status follows.
func (s Status) Ends() bool {
	switch s.Kind {
	case StatusFinalityTimeout, StatusFinalized, StatusUsurped, StatusDropped, StatusInvalid:
		return true
	}
	return false
}

func (s Status) hasHash() bool {
	switch s.Kind {
	case StatusInBlock, StatusRetracted, StatusFinalityTimeout, StatusFinalized, StatusUsurped:
		return true
	}
	return false
}

// ParseStatus reads a status: its name as a string, or an object with the name as its only member. Statuses without
// data come in either form. Names that are not known are kept as they are.
func ParseStatus(raw json.RawMessage) (Status, error) {
	var name string
	var data json.RawMessage
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &name) != nil && json.Unmarshal(raw, &object) == nil && len(object) == 1 {
		for n, d := range object {
			name, data = n, d
		}
	}
	if name == "" {
		return Status{}, fmt.Errorf("status of a transaction: %.80q is neither a name nor an object of one member", raw)
	}
	return newStatus(name, data)
}

func newStatus(name string, data json.RawMessage) (Status, error) {
	s := Status{Kind: StatusKind(name)}
	if !s.hasHash() {
		return s, nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		if b, err := hex.DecodeString(strings.TrimPrefix(text, "0x")); err == nil && len(b) == len(s.Hash) {
			s.Hash = [32]byte(b)
			return s, nil
		}
	}
	return Status{}, fmt.Errorf("status of a transaction: %.20q comes with %.80q instead of a hash", name, data)
}
