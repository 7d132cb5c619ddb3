package substratetest

// Stream is the result of a [Handler] that opens a subscription, as author_submitAndWatchExtrinsic does. The client gets
// the id of the subscription, then First, then whatever [Node.Publish] sends to the topic.
type Stream struct {
	// Topic tells one stream from another; Method is that of its notifications.
	Topic, Method string
	First         []any
}

// Publish sends a notification to all subscribers of a stream's topic.
func (n *Node) Publish(topic string, result any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.conns {
		for id, s := range c.subs {
			if s.topic == topic && s.method != "" {
				for _, o := range n.notifications(s.method, id, result) {
					c.enqueue(o)
				}
			}
		}
	}
}

// stream opens a subscription for a handler.
func (n *Node) stream(c *conn, s Stream) (any, []outgoing, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nextSub++
	id := "sub" + jsonInt(int(n.nextSub))
	c.subs[id] = subscription{topic: s.Topic, method: s.Method}
	var first []outgoing
	for _, result := range s.First {
		first = append(first, n.notifications(s.Method, id, result)...)
	}
	return id, first, nil
}
