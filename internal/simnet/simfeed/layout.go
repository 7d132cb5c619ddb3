package simfeed

// Layout is the form of a node's details, by the number of its items. It changed three times without a new version.
type Layout int

// The layouts, by their length.
const (
	Layout5  Layout = 5  // until August 2022
	Layout6  Layout = 6  // with the address
	Layout8  Layout = 8  // with hardware
	Layout11 Layout = 11 // today's
)

// SetLayout changes the form in which nodes are sent from now on.
func (s *Server) SetLayout(l Layout) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.layout = l
}

// HideAddresses stops telling addresses, as the public server does, or tells them again.
func (s *Server) HideAddresses(hide bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble.hideAddresses = hide
}

// added is the payload of AddedNode. A fresh node has no location yet.
func (s *Server) added(id int, n *Node, fresh bool) []any {
	location := any([]any{n.Latitude, n.Longitude, n.City})
	if fresh || n.City == "" {
		location = nil
	}
	return []any{
		id, s.details(n), []any{25, 0}, []any{[]any{}}, []any{[]any{}, []any{}, []any{}}, s.blockDetails(), location, n.Startup,
	}
}

func (s *Server) details(n *Node) []any {
	ip, hardware := any(n.IP), any(map[string]any{
		"cpu": "Simulated CPU", "memory": n.Memory, "core_count": n.Cores, "linux_kernel": "6.1.0", "linux_distro": "Debian", "is_virtual_machine": false,
	})
	if s.trouble.hideAddresses {
		ip = nil
	}
	d := []any{n.Name, n.Implementation, n.Version, n.Authority, n.NetworkID}
	switch s.layout {
	case Layout5:
		return d
	case Layout6:
		return append(d, ip)
	case Layout8:
		return append(d, ip, hardware, nil)
	}
	return append(d, "linux", "x86_64", "gnu", ip, hardware, nil)
}
