// Package health knows how a process and everything it depends on is doing, and tells people, orchestrators and the
// consumers of the old backend.
package health

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// State is how a part is doing.
type State string

// The states.
const (
	OK       State = "ok"
	Starting State = "starting" // not there yet
	Degraded State = "degraded" // works, with something to be looked at
	Down     State = "down"
	Off      State = "off" // not wanted by the configuration
)

// Value is the state as a number for graphs: 1 is good.
func (s State) Value() float64 {
	switch s {
	case OK, Off:
		return 1
	case Starting, Degraded:
		return 0.5
	}
	return 0
}

// Part is something the process depends on or consists of.
type Part struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Text says what is wrong, or what it is doing.
	Text string `json:"text,omitempty"`
	// Since is when it got into its state; LastOK when it last was well, nil when it never was.
	Since  time.Time  `json:"since"`
	LastOK *time.Time `json:"lastOk,omitempty"`
	// Needed parts must work before the process is ready. The others are told, and waited for by nobody.
	Needed bool `json:"needed"`
}

// works reports whether a part can be relied on.
func (p *Part) works() bool { return p.State == OK || p.State == Degraded || p.State == Off }

// Board holds the state of all parts. It is safe for concurrent use.
type Board struct {
	now   func() time.Time
	watch func(Part)

	mu       sync.Mutex
	parts    []*Part
	stopping bool
}

// NewBoard makes an empty board. Watch, unless nil, is told of every change of a part's state.
func NewBoard(now func() time.Time, watch func(Part)) *Board {
	if watch == nil {
		watch = func(Part) {}
	}
	return &Board{now: now, watch: watch}
}

// Add puts a part on the board, as starting. Parts are shown in the order in which they were added.
func (b *Board) Add(name string, needed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.find(name) == nil {
		b.parts = append(b.parts, &Part{Name: name, State: Starting, Since: b.now().UTC(), Needed: needed})
	}
}

func (b *Board) find(name string) *Part {
	i := slices.IndexFunc(b.parts, func(p *Part) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return b.parts[i]
}

// Set changes the state of a part, which is added when it is not there. The text is made one line.
func (b *Board) Set(name string, s State, text string) {
	text = strings.Join(strings.Fields(text), " ")
	b.mu.Lock()
	now := b.now().UTC()
	p := b.find(name)
	if p == nil {
		p = &Part{Name: name}
		b.parts = append(b.parts, p)
	}
	changed := p.State != s
	if changed {
		p.Since = now
	}
	p.State, p.Text = s, text
	if s == OK {
		p.LastOK = &now
	}
	told := *p
	b.mu.Unlock()
	if changed {
		b.watch(told)
	}
}

// Stop makes the process unready, so that nothing new is sent to it while it finishes what it has.
func (b *Board) Stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopping = true
}

// Parts are all parts as they are now.
func (b *Board) Parts() []Part {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Part, len(b.parts))
	for i, p := range b.parts {
		out[i] = *p
	}
	return out
}

// Ready reports whether the process can do its work, and otherwise what is missing.
func (b *Board) Ready() (ready bool, missing []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopping {
		return false, []string{"the process is stopping"}
	}
	if len(b.parts) == 0 {
		return false, []string{"the process is starting"}
	}
	for _, p := range b.parts {
		if p.Needed && !p.works() {
			text := p.Name + ": " + string(p.State)
			if p.Text != "" {
				text += ", " + p.Text
			}
			missing = append(missing, text)
		}
	}
	return len(missing) == 0, missing
}
