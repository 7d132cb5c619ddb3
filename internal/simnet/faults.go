package simnet

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/thousand-validators/otv/internal/simnet/simchain"
)

// Fault is something that can be broken. Its name is that of the part and of what happens there: hub/stall.
type Fault struct {
	Name string
	What string // in a sentence
	// Once says that it happens at once and is over; others last until they are ended.
	Once bool
}

// fault is a fault with how it is begun.
type fault struct {
	Fault
	begin func(*Network) (effect, error)
}

// effect is a fault at work. What is nil is not needed: one that has ended at once, or acts by being there.
type effect struct {
	end  func()
	hits func() int                                // how often it has acted
	wait func(ctx context.Context, hits int) error // until it has acted so often
}

// faultCount counts how often a fault has acted.
type faultCount struct {
	once    int      // acts that count one each
	counted []effect // those that count themselves
}

// Faults lists what can be broken, by name.
func (n *Network) Faults() []Fault {
	var list []Fault
	for _, f := range n.catalogue() {
		list = append(list, f.Fault)
	}
	return list
}

func (n *Network) catalogue() []fault {
	var list []fault
	add := func(part string, of []fault) {
		for _, f := range of {
			f.Name = part + "/" + f.Name
			list = append(list, f)
		}
	}
	parts := map[string]*simchain.Chain{"relay": n.Relay, "hub": n.Hub, "people": n.People}
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		if c := parts[part]; c != nil {
			add(part, slices.Concat(connectionFaults(c), answerFaults(c), lieFaults(c), blockFaults(c), poolFaults(c)))
		}
	}
	add("feed", feedFaults())
	for _, service := range []string{"github", "location", "prices", "remote", "list"} {
		add(service, sourceFaults(service))
	}
	slices.SortFunc(list, func(a, b fault) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Break begins a fault. It lasts until end is called, which may be done several times; some are over at once.
func (n *Network) Break(name string) (end func(), err error) {
	all := n.catalogue()
	i := slices.IndexFunc(all, func(f fault) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("the simulated network has no fault %q", name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	e, err := all[i].begin(n)
	if err != nil {
		return nil, fmt.Errorf("fault %s: %w", name, err)
	}
	count := n.faults[name]
	if count == nil {
		count = &faultCount{}
		n.faults[name] = count
	}
	if e.hits == nil {
		count.once++
	} else {
		count.counted = append(count.counted, e)
	}
	n.tell("fault %s: %s", name, all[i].What)
	if e.end == nil {
		return func() {}, nil
	}
	return sync.OnceFunc(e.end), nil
}

// Await waits until the newest fault of a name has acted. One that acts by being there has acted at once.
func (n *Network) Await(ctx context.Context, name string) error {
	n.mu.Lock()
	count := n.faults[name]
	n.mu.Unlock()
	if count == nil {
		return fmt.Errorf("fault %s was not begun", name)
	}
	if k := len(count.counted); k > 0 && count.counted[k-1].wait != nil {
		return count.counted[k-1].wait(ctx, 1)
	}
	return nil
}

// Hits is how often each fault has acted so far. A fault that was begun and met nothing has not.
func (n *Network) Hits() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[string]int{}
	for name, c := range n.faults {
		out[name] = c.once
		for _, e := range c.counted {
			out[name] += e.hits()
		}
	}
	return out
}
