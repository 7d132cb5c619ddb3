package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/thousand-validators/otv/internal/programme"
)

// Where a node's details have the address and the machine, by their number of items. The first five items are the
// same in all of them: name, implementation, version, authority, network id. The version of the feed did not change
// with the layout, so the shape alone tells.
var layouts = map[int]struct{ ip, system int }{
	5:  {-1, -1}, // until August 2022
	6:  {5, -1},  // until January 2023
	8:  {5, 6},   // until September 2024
	11: {8, 9},   // since: target OS, architecture and environment in front
}

// Bounds of a layout that is not known, and of the description of a machine in bytes.
const (
	minDetails = 5
	maxDetails = 64
	maxSystem  = 4096
)

// node reads the payload of AddedNode: number, details, stats, state cache, bandwidth, block, location, start-up time.
func (m *Message) node(s *scanner) (err error) {
	if err = s.enter(); err != nil {
		return err
	}
	if m.ID, err = s.number(); err != nil {
		return fmt.Errorf("node number: %w", err)
	}
	var parts [7][]byte
	n := 0
	for ; n < len(parts) && s.more(); n++ {
		if parts[n], err = s.raw(); err != nil {
			return err
		}
	}
	if n == 0 {
		return errShort
	}
	if m.Node, err = ParseDetails(parts[0]); err != nil {
		return fmt.Errorf("details: %w", err)
	}
	// What follows is for display; a node is there whether or not it can be read.
	if sub := (&scanner{b: parts[1]}); sub.enter() == nil {
		m.Node.Peers, _ = sub.number()
	}
	m.Node.Height, _, _ = (&scanner{b: parts[4]}).details()
	if sub := (&scanner{b: parts[5]}); sub.enter() == nil {
		m.Node.Location, _ = sub.place()
	}
	m.Node.Started = started(parts[6])
	return nil
}

// started reads the start-up time, which the node says itself: a number, or digits in quotes from old servers.
func started(raw []byte) programme.Millis {
	if len(raw) > 2 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	at, err := (&scanner{b: raw}).millis()
	if err != nil {
		return 0
	}
	return at
}

// ParseDetails reads the details of a node, a JSON list. The layout is chosen by the number of items; of one that is
// not known, the first five items count, and the address if exactly one other item is one.
func ParseDetails(raw []byte) (*Node, error) {
	s := scanner{b: raw}
	if err := s.enter(); err != nil {
		return nil, err
	}
	var items [maxDetails][]byte
	n := 0
	for ; s.more(); n++ {
		if n == maxDetails {
			return nil, fmt.Errorf("more than %d items", maxDetails)
		}
		item, err := s.raw()
		if err != nil {
			return nil, err
		}
		items[n] = item
	}
	if n < minDetails {
		return nil, fmt.Errorf("%d items, at least %d are expected", n, minDetails)
	}
	node := &Node{}
	if items[0][0] != '"' {
		return nil, errors.New("the name is not a text")
	}
	for i, to := range []*string{&node.Name, &node.Implementation, &node.Version, &node.Authority, &node.NetworkID} {
		limit := maxText
		if i == 0 {
			limit = maxName
		}
		text, err := (&scanner{b: items[i]}).text(limit)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		*to = text
	}
	layout, known := layouts[n]
	if !known {
		layout.ip, layout.system = search(items[minDetails:n])
	}
	if layout.ip >= 0 {
		node.IP = address(items[layout.ip])
	}
	if layout.system >= 0 {
		node.System = system(items[layout.system])
	}
	return node, nil
}

// search finds the address and the machine in a layout that is not known; -1 when there is none or more than one.
func search(items [][]byte) (ip, sys int) {
	ip, sys = -1, -1
	addresses := 0
	for i, item := range items {
		if address(item).IsValid() {
			ip = minDetails + i
			addresses++
		}
		if v := system(item); v != nil && (v.Cores != nil || v.Kernel != nil) && sys < 0 {
			sys = minDetails + i
		}
	}
	if addresses != 1 {
		ip = -1
	}
	return ip, sys
}

// address reads an IP address; anything else is none. Zones do not belong to an address on the internet.
func address(item []byte) netip.Addr {
	text, err := (&scanner{b: item}).text(maxText)
	if err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}
	}
	return a.Unmap()
}

func system(item []byte) *System {
	if len(item) == 0 || item[0] != '{' || len(item) > maxSystem {
		return nil
	}
	v := &System{}
	if json.Unmarshal(item, v) != nil {
		return nil
	}
	for _, text := range []*string{v.CPU, v.Kernel, v.Distro} {
		if text != nil {
			*text = clean(*text, maxText)
		}
	}
	return v
}
