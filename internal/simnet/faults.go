package simnet

import (
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

// fault is a fault with how it is begun. begin returns how to end it and how often it has acted; both may be nil.
type fault struct {
	Fault
	begin func(*Network) (end func(), hits func() int, err error)
}

// faultCount counts how often a fault has acted.
type faultCount struct {
	once    int           // acts that count one each
	counted []*activation // those that count themselves
}

type activation struct {
	hits func() int
	done sync.Once
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
	stop, hits, err := all[i].begin(n)
	if err != nil {
		return nil, fmt.Errorf("fault %s: %w", name, err)
	}
	count := n.faults[name]
	if count == nil {
		count = &faultCount{}
		n.faults[name] = count
	}
	a := &activation{hits: hits}
	if hits == nil {
		count.once++
	} else {
		count.counted = append(count.counted, a)
	}
	n.tell("fault %s: %s", name, all[i].What)
	if stop == nil {
		return func() {}, nil
	}
	return func() { a.done.Do(stop) }, nil
}

// Hits is how often each fault has acted so far. A fault that was begun and met nothing has not.
func (n *Network) Hits() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[string]int{}
	for name, c := range n.faults {
		out[name] = c.once
		for _, a := range c.counted {
			out[name] += a.hits()
		}
	}
	return out
}
