package rounds

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
)

// Presence is what was seen of the candidates' nodes, by slot, and how far that can be relied on. Package presence has it.
// A slot that is missing is not watched for yet: its candidate was listed a moment ago.
type Presence func(ctx context.Context, now programme.Millis) (programme.Source, map[int]*programme.Presence, error)

// Known reads the facts that others keep in the database. It is the [Sources] of a process that shares its work.
type Known struct {
	// Outside says what is wanted of outside sources; the moment and the candidates are those of each question.
	Outside  Outside
	Store    OutsideStore
	Presence Presence // nil: presence is not watched
}

// Facts implements [Sources].
func (k *Known) Facts(ctx context.Context, now programme.Millis, candidates []programme.Candidate) (*Facts, error) {
	o := k.Outside
	o.Now, o.Candidates = now, candidates
	part, err := o.Part(ctx, k.Store)
	if err != nil {
		return nil, err
	}
	parts := []Part{part}
	if k.Presence != nil {
		source, seen, err := k.Presence(ctx, now)
		if err != nil {
			return nil, fmt.Errorf("read presence: %w", err)
		}
		source.Name = programme.SourceTelemetry
		nodes := Part{Sources: []programme.Source{source}, Candidates: map[int]programme.Facts{}}
		for _, c := range candidates {
			p := seen[c.Slot]
			if p == nil && source.State == programme.SourceOK {
				p = &programme.Presence{Pending: true}
			}
			if p != nil {
				nodes.Candidates[c.Slot] = programme.Facts{Presence: p}
			}
		}
		parts = append(parts, nodes)
	}
	return Merge(o.Network, now, parts...)
}
