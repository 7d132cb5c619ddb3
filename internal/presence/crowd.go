package presence

import "github.com/thousand-validators/otv/internal/presence/feed"

// crowd is the nodes that use one name, the longest connected first. Whoever floods a feed may give all nodes the same
// name, so nothing here takes longer when there are more of them.
type crowd struct {
	first, last *instance
	count       int
	networks    map[string]int // nodes by network id; those without one are left out
	feeds       map[uint64]int // nodes by the bit of their feed
}

func (c *crowd) add(i *instance) {
	if c.feeds == nil {
		c.networks, c.feeds = map[string]int{}, map[uint64]int{}
	}
	if i.before = c.last; c.last != nil {
		c.last.after = i
	} else {
		c.first = i
	}
	c.last = i
	c.count++
	c.feeds[i.watch.bit]++
	c.network(i.node.NetworkID, 1)
}

func (c *crowd) remove(i *instance) {
	if i.before != nil {
		i.before.after = i.after
	} else {
		c.first = i.after
	}
	if i.after != nil {
		i.after.before = i.before
	} else {
		c.last = i.before
	}
	i.before, i.after = nil, nil
	c.count--
	if c.feeds[i.watch.bit]--; c.feeds[i.watch.bit] == 0 {
		delete(c.feeds, i.watch.bit)
	}
	c.network(i.node.NetworkID, -1)
}

// replace takes over what a node says of itself now.
func (c *crowd) replace(i *instance, node *feed.Node) {
	c.network(i.node.NetworkID, -1)
	i.node = *node
	c.network(i.node.NetworkID, 1)
}

func (c *crowd) network(id string, by int) {
	if id == "" {
		return
	}
	if c.networks[id] += by; c.networks[id] == 0 {
		delete(c.networks, id)
	}
}

// several reports whether nodes with different network ids are among them.
func (c *crowd) several() bool { return len(c.networks) > 1 }

// homes are the feeds that show at least one of them.
func (c *crowd) homes() (set uint64) {
	for bit := range c.feeds {
		set |= bit
	}
	return set
}
