// Package feed speaks the feed of a telemetry server (substrate-telemetry, path /feed): it decodes what the server
// sends, and keeps a subscription to one chain alive. docs/presence.md describes the protocol as it is used here.
//
// The feed is made for the server's own web page and not promised to stay as it is. The decoder therefore takes
// every layout that was ever in use, chooses it by shape, and skips what it does not know.
package feed

import (
	"net/netip"

	"github.com/thousand-validators/otv/internal/programme"
)

// Action is the number in front of every message.
type Action uint64

// The actions of the feed. 16 to 19 told of finality votes and are gone since 2021.
const (
	FeedVersion      Action = 0
	BestBlock        Action = 1
	BestFinalized    Action = 2
	AddedNode        Action = 3
	RemovedNode      Action = 4
	LocatedNode      Action = 5
	ImportedBlock    Action = 6
	FinalizedBlock   Action = 7
	NodeStats        Action = 8
	NodeHardware     Action = 9
	TimeSync         Action = 10
	AddedChain       Action = 11
	RemovedChain     Action = 12
	SubscribedTo     Action = 13
	UnsubscribedFrom Action = 14
	Pong             Action = 15
	StaleNode        Action = 20
	NodeIO           Action = 21
	ChainStats       Action = 22
	TelemetryInfo    Action = 23
)

// Essential reports whether a message of this kind must be understood: without it one no longer knows which nodes
// there are. Any other that cannot be read is merely skipped.
func (a Action) Essential() bool {
	switch a {
	case AddedNode, RemovedNode, AddedChain, RemovedChain, SubscribedTo, UnsubscribedFrom, Pong:
		return true
	}
	return false
}

// Message is one message of the feed. Which members are set depends on the action; those that no reader of this
// package needs are not decoded.
type Message struct {
	Action Action
	// ID is the server's number of the node, for messages about one node. It means something within one subscription
	// only, and is used again at once when a node has left.
	ID       uint64
	Node     *Node            // AddedNode
	Height   uint64           // BestBlock, BestFinalized, ImportedBlock, FinalizedBlock
	Time     programme.Millis // BestBlock, ImportedBlock: when the server saw the block; TimeSync: the server's clock
	Location *Location        // LocatedNode
	Peers    uint64           // NodeStats
	Version  uint64           // FeedVersion
	Chain    Chain            // AddedChain; only the genesis hash: RemovedChain, SubscribedTo, UnsubscribedFrom
	Text     string           // Pong
	// Malformed says why the payload of a known action could not be read; the other members are then unset.
	Malformed error
}

// Chain is a chain that the server shows.
type Chain struct {
	Label   string `json:"label"`
	Genesis string `json:"genesis"` // 0x and 64 hexadecimal digits in lower case; empty from servers before 2021
	Nodes   uint64 `json:"nodes"`
}

// Node is what the feed says of a node. Everything but the address is the node's own word.
type Node struct {
	Name           string
	Implementation string // "Parity Polkadot"
	Version        string // "1.15.2-d6f482d5593"
	// Authority is the GRANDPA key with which the node votes; empty when it does not, or does not tell.
	Authority string
	NetworkID string // libp2p peer id; empty when unknown
	// IP is where the server sees the node; not valid when the server does not tell. It is personal data: it goes to
	// the source of locations and nowhere else, and is not logged.
	IP       netip.Addr
	System   *System
	Location *Location        // as the telemetry server guesses; nil while it looks
	Height   uint64           // best block
	Started  programme.Millis // as the node itself says; 0 when it does not
	Peers    uint64
}

// System is the machine of a node. Nil members are unknown.
type System struct {
	CPU     *string `json:"cpu"`
	Memory  *uint64 `json:"memory"` // bytes
	Cores   *uint64 `json:"core_count"`
	Kernel  *string `json:"linux_kernel"`
	Distro  *string `json:"linux_distro"`
	Virtual *bool   `json:"is_virtual_machine"`
}

// Location is where the telemetry server believes a node to be.
type Location struct {
	Latitude, Longitude float64
	City                string
}
