package nominator

import (
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// watch is what a node says about a transaction. It wakes the service and tells people; it settles nothing.
type watch struct {
	text  string
	block plan.Head
	seen  bool // in a block, as far as the node knows
	over  bool // the node says no more
	// retry is the block from which it is handed over again when the node says no more.
	retry uint32
}

// follow listens to a watch in the background.
func (s *Service) follow(intent string, w Watch) {
	s.watches[intent].over = false
	s.running.Go(func() {
		defer w.Close()
		for {
			n, err := w.Next(s.ctx)
			s.mu.Lock()
			h := s.watches[intent]
			switch {
			case h == nil:
			case err != nil:
				h.over = true
			default:
				h.text, h.block, h.seen, h.over = n.Text, n.Block, n.Block.Hash != "", n.Ended
			}
			s.mu.Unlock()
			if h == nil || err != nil || n.Ended {
				s.nudge()
				return
			}
			s.nudge()
		}
	})
}
