package rpc

import (
	"sync"
	"time"
)

// Sizer finds how many items to ask for in one request: it grows while answers are quick and small, halves when the node
// says too much or does not answer in time, and keeps the expected size of an answer under a target.
type Sizer struct {
	limits SizerLimits

	mu      sync.Mutex
	size    int     // wanted, before the bound by bytes
	ceiling int     // refused sizes are at or above it
	calm    int     // answers at the ceiling since it was last touched
	wait    int     // how many of them it takes to try a little more
	perItem float64 // bytes, moving average; 0 before the first answer
}

// SizerLimits bound a Sizer.
type SizerLimits struct {
	Start, Max  int           // items: 256 and 1000
	TargetBytes int           // of one answer: 4 MiB
	Quick       time.Duration // answers within this time let the size grow: 1 s
}

// NewSizer makes a Sizer; zero limits mean their defaults.
func NewSizer(limits SizerLimits) *Sizer {
	setDefault(&limits.Start, 256)
	setDefault(&limits.Max, 1000)
	setDefault(&limits.TargetBytes, 4<<20)
	setDefault(&limits.Quick, time.Second)
	limits.Start = max(1, min(limits.Start, limits.Max))
	return &Sizer{limits: limits, size: limits.Start, ceiling: limits.Max + 1, wait: patience / 2}
}

// Size is the number of items to ask for next, 1 or more.
func (s *Sizer) Size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current()
}

func (s *Sizer) current() int {
	n := s.size
	if s.perItem > 0 {
		n = min(n, int(float64(s.limits.TargetBytes)/s.perItem))
	}
	return max(n, 1)
}

// Answered notes an answer of so many items and bytes.
func (s *Sizer) Answered(items, bytes int, took time.Duration) {
	if items <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	per := float64(bytes) / float64(items)
	switch {
	case s.perItem == 0 || per > s.perItem: // bigger counts at once
		s.perItem = max(per, 1)
	default:
		s.perItem += float64(0.25 * (per - s.perItem))
	}
	if took > s.limits.Quick || items < s.size {
		return
	}
	// Below a refused size, close in by halves, and be content near it.
	if gap := s.ceiling - 1 - s.size; gap > s.size/8 {
		step := max(s.size/2, 1)
		if s.ceiling <= s.limits.Max {
			step = min(step, max(gap/2, 1))
		}
		s.size = min(s.size+step, s.limits.Max)
		return
	}
	if s.calm++; s.calm >= s.wait && s.ceiling <= s.limits.Max { // the refusal may have been a bad moment
		s.calm = 0
		s.ceiling += max(s.ceiling/8, 1)
	}
}

// How many good answers at the ceiling it takes to try a little more, at first and at most. It doubles with each refusal.
const (
	patience    = 16
	maxPatience = 4096
)

// Refused notes that a request for so many items was too much.
func (s *Sizer) Refused(items int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ceiling = min(s.ceiling, max(items, 2))
	s.calm, s.wait = 0, min(2*s.wait, maxPatience)
	s.size = max(min(s.size, items/2), 1)
}

// sizers are kept by name, so that what was learned about an item is not learned again for every block.
type sizers struct {
	mu     sync.Mutex
	byName map[string]*Sizer
}

// Sizer returns the pool's sizer of that name.
func (p *Pool) Sizer(name string, limits SizerLimits) *Sizer {
	p.sizers.mu.Lock()
	defer p.sizers.mu.Unlock()
	s := p.sizers.byName[name]
	if s == nil {
		if p.sizers.byName == nil {
			p.sizers.byName = map[string]*Sizer{}
		}
		s = NewSizer(limits)
		p.sizers.byName[name] = s
	}
	return s
}
