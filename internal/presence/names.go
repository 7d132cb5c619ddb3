package presence

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// entry is one name, with the nodes that use it and the slots that are listed with it.
type entry struct {
	name    string
	folded  string
	first   programme.Millis // when a node of the name was first seen; 0 = never
	last    programme.Millis // when the last one left; 0 = never
	several programme.Millis // since when nodes with different network ids use it; 0 = they do not
	nodes   crowd
	slots   []*slot
}

const (
	// briefly is how long a name must be known before it is remembered. A flood of new names leaves no trace.
	briefly = 10 * programme.Minute
	// maxNames bounds the names remembered without a node or a slot.
	maxNames = 20_000
	// duplicate is how long nodes with different network ids may share a name: a validator that moves does for a while.
	duplicate = 10 * programme.Minute
)

// fold is what two names have in common that people take for the same.
func fold(name string) string {
	return strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(name))), " ")
}

// entryOf is the entry of a name, made when there is none.
func (t *Tracker) entryOf(name string) *entry {
	e := t.names[name]
	if e == nil {
		e = &entry{name: name, folded: fold(name)}
		t.names[name] = e
		t.similar[e.folded] = append(t.similar[e.folded], e)
	}
	return e
}

// tidy forgets a name that nobody uses and that is not worth remembering.
func (t *Tracker) tidy(e *entry) {
	if e.nodes.count > 0 || len(e.slots) > 0 || (e.first != 0 && e.last-e.first >= briefly) {
		return
	}
	t.forget(e)
}

func (t *Tracker) forget(e *entry) {
	delete(t.names, e.name)
	rest := slices.DeleteFunc(t.similar[e.folded], func(o *entry) bool { return o == e })
	if len(rest) == 0 {
		delete(t.similar, e.folded)
	} else {
		t.similar[e.folded] = rest
	}
}

// prune forgets the names that have been unused for longest, when there are too many.
func (t *Tracker) prune() {
	if len(t.names) <= maxNames {
		return
	}
	var unused []*entry
	for _, e := range t.names {
		if e.nodes.count == 0 && len(e.slots) == 0 {
			unused = append(unused, e)
		}
	}
	if len(unused) <= maxNames {
		return
	}
	slices.SortFunc(unused, func(a, b *entry) int { return int(a.last - b.last) })
	for _, e := range unused[:len(unused)-maxNames] {
		t.forget(e)
	}
}

// crowded notes whether nodes with different network ids use the name.
func (e *entry) crowded(now programme.Millis) {
	switch {
	case !e.nodes.several():
		e.several = 0
	case e.several == 0:
		e.several = now
	}
}

// notice updates what is odd about a slot.
func (t *Tracker) notice(s *slot) {
	var out []memory.Notice
	if at := s.entry.several; s.listed && at != 0 && t.now-at > duplicate {
		out = append(out, memory.Notice{Kind: memory.NoticeDuplicate, Text: "nodes with different network ids use this name", Since: at})
	}
	if s.listed && s.entry.nodes.count == 0 {
		for _, e := range t.similar[s.entry.folded] {
			if e.nodes.count == 0 || e == s.entry || len(e.slots) > 0 {
				continue
			}
			out = append(out, memory.Notice{
				Kind: memory.NoticeNearMiss, Since: e.nodes.first.since,
				Text: fmt.Sprintf("telemetry shows %q, the candidate list has %q", e.name, s.entry.name),
			})
		}
	}
	slices.SortFunc(out, func(a, b memory.Notice) int { return strings.Compare(string(a.Kind)+a.Text, string(b.Kind)+b.Text) })
	s.notices = out
}
