package chain

import (
	"time"

	"github.com/thousand-validators/otv/substrate/rpc"
)

// Link is how the connection to one of the chains is doing.
type Link struct {
	// Name is relay, asset-hub or people.
	Name string
	// Connected says that a node is connected; Endpoint is the first such node, without credentials.
	Connected bool
	Endpoint  string
	// Nodes are all configured nodes. A chain that was not needed yet has none.
	Nodes []rpc.Health
}

// Links tells about the connections to all chains that are configured, at this moment, without asking any node.
func (c *Chains) Links() []Link {
	var out []Link
	for _, x := range []struct {
		name string
		line *line
	}{{"relay", c.relay}, {"asset-hub", c.assetHub}, {"people", c.people}} {
		if len(x.line.endpoints) > 0 {
			out = append(out, x.line.link(x.name))
		}
	}
	return out
}

func (l *line) link(name string) Link {
	k := Link{Name: name}
	// Whoever connects holds the lock until a node answers or none does.
	if !l.mu.TryLock() {
		return k
	}
	client := l.client
	l.mu.Unlock()
	if client == nil {
		return k
	}
	k.Nodes = client.Health()
	for _, n := range k.Nodes {
		if n.Connected {
			k.Connected, k.Endpoint = true, n.Endpoint
			break
		}
	}
	return k
}

// Trouble says in words what is wrong with a link that is not connected; empty when nothing is known to be.
func (k *Link) Trouble() string {
	var last time.Time
	text := ""
	for _, n := range k.Nodes {
		switch {
		case n.Refused != nil:
			if text == "" {
				text = n.Endpoint + ": " + n.Refused.Error()
			}
		case n.LastError != nil && n.LastErrorAt.After(last):
			last, text = n.LastErrorAt, n.Endpoint+": "+n.LastError.Error()
		}
	}
	return text
}
