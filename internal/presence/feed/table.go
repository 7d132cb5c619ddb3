package feed

import (
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/thousand-validators/otv/internal/programme"
)

// Table is an [Observer] that keeps what a feed shows at the moment, for people to look at. It holds no addresses. It is
// safe for concurrent use.
type Table struct {
	// Happened, unless nil, is told of every change in order, by the goroutine that reads the feed, which waits for it.
	Happened func(Event)

	mu     sync.Mutex
	view   View
	nodes  map[uint64]*Row
	chains map[string]Chain
}

// Row is a node that is connected.
type Row struct {
	ID             uint64           `json:"id"` // the server's number, within one connection
	Since          programme.Millis `json:"since"`
	Name           string           `json:"name"`
	Implementation string           `json:"implementation,omitempty"`
	Version        string           `json:"version,omitempty"`
	Authority      string           `json:"authority,omitempty"`
	NetworkID      string           `json:"networkId,omitempty"`
	City           string           `json:"city,omitempty"`
	Started        programme.Millis `json:"started,omitempty"` // as the node itself says
	Peers          uint64           `json:"peers"`
	Height         uint64           `json:"height"`
	// Stale says that it has no new blocks for two minutes while the chain has none either; it is connected all the same.
	Stale bool `json:"stale,omitempty"`
}

// View is what a feed shows at one moment.
type View struct {
	At       programme.Millis `json:"at"`
	Complete bool             `json:"complete"` // all nodes have been sent
	// Lost is why the feed is not in sight, empty while it is.
	Lost      string  `json:"lost,omitempty"`
	Version   uint64  `json:"feedVersion,omitempty"`
	Best      uint64  `json:"best"`
	Finalized uint64  `json:"finalized"`
	Messages  uint64  `json:"messages"` // since the beginning
	Chains    []Chain `json:"chains"`   // that the server shows, by label
	Nodes     []Row   `json:"nodes"`    // by name and number
}

// EventKind names what happened.
type EventKind string

// The kinds of events.
const (
	NodeJoined     EventKind = "joined"
	NodeChanged    EventKind = "changed" // it says something new of itself
	NodeLeft       EventKind = "left"
	BlockBest      EventKind = "best"
	BlockFinalized EventKind = "finalized"
	ListBegins     EventKind = "list" // all nodes are sent from the beginning
	ListComplete   EventKind = "complete"
	ChainEmptied   EventKind = "emptied"
	FeedLost       EventKind = "lost"
	ChainShown     EventKind = "chain" // the server shows this chain
)

// Event is something that a feed told.
type Event struct {
	At     programme.Millis `json:"at"`
	Kind   EventKind        `json:"event"`
	Node   *Row             `json:"node,omitempty"`   // about a node
	Chain  *Chain           `json:"chain,omitempty"`  // ChainShown
	Height uint64           `json:"height,omitempty"` // of a block
	Nodes  int              `json:"nodes,omitempty"`  // ListComplete: how many there are
	Why    string           `json:"why,omitempty"`    // FeedLost
}

var _ Observer = (*Table)(nil)

// View is what the feed shows now.
func (t *Table) View() View {
	t.mu.Lock()
	defer t.mu.Unlock()
	v := t.view
	v.Chains = slices.SortedFunc(maps.Values(t.chains), func(a, b Chain) int {
		return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Genesis, b.Genesis))
	})
	v.Nodes = make([]Row, 0, len(t.nodes))
	for _, r := range t.nodes {
		v.Nodes = append(v.Nodes, *r)
	}
	slices.SortFunc(v.Nodes, func(a, b Row) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return v
}

// note changes the table and tells what happened.
func (t *Table) note(at programme.Millis, change func() []Event) {
	t.mu.Lock()
	t.view.At = at
	if t.nodes == nil {
		t.nodes, t.chains = map[uint64]*Row{}, map[string]Chain{}
	}
	events := change()
	t.mu.Unlock()
	if t.Happened != nil {
		for _, e := range events {
			e.At = at
			t.Happened(e)
		}
	}
}

// Opened implements [Observer], as do the methods below.
func (t *Table) Opened(now programme.Millis) {
	t.note(now, func() []Event {
		clear(t.nodes)
		t.view.Complete, t.view.Lost = false, ""
		return []Event{{Kind: ListBegins}}
	})
}

func (t *Table) Complete(now programme.Millis) error {
	t.note(now, func() []Event {
		t.view.Complete = true
		return []Event{{Kind: ListComplete, Nodes: len(t.nodes)}}
	})
	return nil
}

func (t *Table) Emptied(now programme.Millis) {
	t.note(now, func() []Event {
		clear(t.nodes)
		return []Event{{Kind: ChainEmptied}}
	})
}

func (t *Table) Lost(now programme.Millis, why error) {
	t.note(now, func() []Event {
		clear(t.nodes)
		clear(t.chains)
		t.view.Complete, t.view.Lost = false, why.Error()
		return []Event{{Kind: FeedLost, Why: why.Error()}}
	})
}

func (t *Table) Message(now programme.Millis, m *Message) error {
	t.note(now, func() []Event {
		t.view.Messages++
		if m.Malformed != nil {
			return nil
		}
		return t.message(now, m)
	})
	return nil
}

// message takes over one message. The caller holds the lock.
func (t *Table) message(now programme.Millis, m *Message) []Event {
	switch m.Action {
	case FeedVersion:
		t.view.Version = m.Version
	case BestBlock:
		t.view.Best = m.Height
		return []Event{{Kind: BlockBest, Height: m.Height}}
	case BestFinalized:
		t.view.Finalized = m.Height
		return []Event{{Kind: BlockFinalized, Height: m.Height}}
	case AddedChain:
		_, known := t.chains[m.Chain.Genesis]
		t.chains[m.Chain.Genesis] = m.Chain
		if !known {
			c := m.Chain
			return []Event{{Kind: ChainShown, Chain: &c}}
		}
	case RemovedChain:
		delete(t.chains, m.Chain.Genesis)
	case AddedNode:
		return t.added(now, m)
	case RemovedNode:
		if r := t.nodes[m.ID]; r != nil {
			delete(t.nodes, m.ID)
			return []Event{{Kind: NodeLeft, Node: r}}
		}
	default:
		return t.about(m)
	}
	return nil
}

func (t *Table) added(now programme.Millis, m *Message) (events []Event) {
	n := m.Node
	r := Row{
		ID: m.ID, Since: now, Name: n.Name, Implementation: n.Implementation, Version: n.Version, Authority: n.Authority, NetworkID: n.NetworkID,
		Started: n.Started, Peers: n.Peers, Height: n.Height,
	}
	if n.Location != nil {
		r.City = n.Location.City
	}
	kind := NodeJoined
	switch old := t.nodes[m.ID]; {
	case old == nil:
	case old.Name == r.Name && old.NetworkID == r.NetworkID:
		kind, r.Since = NodeChanged, old.Since
	default: // the number was given out again, and the departure is missing
		events = append(events, Event{Kind: NodeLeft, Node: old})
	}
	t.nodes[m.ID] = &r
	shown := r
	return append(events, Event{Kind: kind, Node: &shown})
}

// about takes over what changes all the time; it is no event but for the city, which comes once.
func (t *Table) about(m *Message) []Event {
	r := t.nodes[m.ID]
	if r == nil {
		return nil
	}
	switch m.Action {
	case ImportedBlock:
		r.Height, r.Stale = m.Height, false
	case NodeStats:
		r.Peers = m.Peers
	case StaleNode:
		r.Stale = true
	case LocatedNode:
		r.City = m.Location.City
		shown := *r
		return []Event{{Kind: NodeChanged, Node: &shown}}
	}
	return nil
}

// Chain is the chain with a genesis hash, if the server shows it.
func (t *Table) Chain(genesis string) (Chain, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.chains[genesis]
	return c, ok
}
