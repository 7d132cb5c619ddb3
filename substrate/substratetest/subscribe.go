package substratetest

import (
	"bytes"
	"encoding/json"
)

// subscription is what a client wants to hear.
type subscription struct {
	topic  string            // the method of its notifications, unless a stream says otherwise
	method string            // of a stream's notifications
	keys   []string          // of state_storage
	last   map[string][]byte // their values as last told
}

// topics by the method that subscribes.
var topics = map[string]string{
	"chain_subscribeAllHeads": "chain_allHead", "chain_subscribeNewHeads": "chain_newHead",
	"chain_subscribeNewHead": "chain_newHead", "chain_subscribeFinalizedHeads": "chain_finalizedHead",
	"state_subscribeRuntimeVersion": "state_runtimeVersion", "state_subscribeStorage": "state_storage",
}

// subscribe registers a subscription; its first notification is sent at once, as by real nodes.
func (n *Node) subscribe(c *conn, r Request) (any, []outgoing, error) {
	topic, ok := topics[r.Method]
	if !ok {
		return nil, nil, &rpcError{Code: -32601, Message: "Method not found"}
	}
	s := subscription{topic: topic}
	var first any
	switch topic {
	case "chain_allHead", "chain_newHead":
		first = header(n.head())
	case "chain_finalizedHead":
		first = header(n.blocks[n.finalised])
	case "state_runtimeVersion":
		first = n.head().runtime.version()
	case "state_storage":
		if _, err := r.param(0, &s.keys); err != nil {
			return nil, nil, err
		}
		s.last = map[string][]byte{}
		change, err := s.changes(n.head(), true)
		if err != nil {
			return nil, nil, err
		}
		first = change
	}
	n.nextSub++
	id := "sub" + jsonInt(int(n.nextSub))
	c.subs[id] = s
	return id, n.notifications(topic, id, first), nil
}

func (n *Node) unsubscribe(c *conn, r Request) (any, []outgoing, error) {
	var id string
	if _, err := r.param(0, &id); err != nil {
		return nil, nil, err
	}
	_, ok := c.subs[id]
	delete(c.subs, id)
	return ok, nil, nil
}

// Subscriptions is the number of subscriptions open at the node.
func (n *Node) Subscriptions() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	count := 0
	for c := range n.conns {
		count += len(c.subs)
	}
	return count
}

// changes lists the keys of a storage subscription whose values are not as last told.
func (s *subscription) changes(b *Block, all bool) (any, error) {
	var changes [][2]any
	for _, text := range s.keys {
		key, err := unhex(text)
		if err != nil {
			return nil, err
		}
		v, ok := b.state.Get(string(key))
		if !ok {
			v = nil
		}
		old, had := s.last[text]
		if !all && had && bytes.Equal(old, v) && (old == nil) == (v == nil) {
			continue
		}
		s.last[text] = v
		if v == nil {
			changes = append(changes, [2]any{text, nil})
		} else {
			changes = append(changes, [2]any{text, rawHex(v)})
		}
	}
	if len(changes) == 0 && !all {
		return nil, nil
	}
	return map[string]any{"block": hexOf(b.Hash[:]), "changes": changes}, nil
}

// publish tells the subscribers of a topic. n.mu is held.
func (n *Node) publish(topic string, result any) {
	for c := range n.conns {
		for id, s := range c.subs {
			if s.topic == topic {
				for _, o := range n.notifications(topic, id, result) {
					c.enqueue(o)
				}
			}
		}
	}
}

// publishStorage tells the subscribers of storage what a block changed. n.mu is held.
func (n *Node) publishStorage(b *Block) {
	for c := range n.conns {
		for id, s := range c.subs {
			if s.topic != "state_storage" {
				continue
			}
			if change, err := s.changes(b, false); err == nil && change != nil {
				for _, o := range n.notifications(s.topic, id, change) {
					c.enqueue(o)
				}
			}
		}
	}
}

func (n *Node) notifications(topic, id string, result any) []outgoing {
	if n.faults.muted.Load() {
		return nil
	}
	frame, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "method": topic, "params": map[string]any{"subscription": id, "result": result},
	})
	if err != nil {
		return nil // results are made of strings and numbers
	}
	out := []outgoing{{frame: frame}}
	if n.faults.duplicates.Load() {
		out = append(out, out[0])
	}
	return out
}
