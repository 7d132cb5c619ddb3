package gateway

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
)

// part is one kind of facts as it was last read. It is read again when its subject has changed.
type part[T any] struct {
	read    bool
	version int64
	value   T
}

// get hands the facts out. The versions are those of the same view of the database as what is read.
func (p *part[T]) get(ctx context.Context, what string, v Versions, subject memory.Subject, read func(context.Context) (T, error)) (T, error) {
	if p.read && p.version == v[subject] {
		return p.value, nil
	}
	value, err := read(ctx)
	if err != nil {
		var none T
		return none, fmt.Errorf("read %s: %w", what, err)
	}
	p.read, p.version, p.value = true, v[subject], value
	return value, nil
}

// parts are what a population is put together from. Presence changes every few seconds, scores and stakes once a session:
// without them every change would have everything read again. Populations share them, so nobody changes them.
type parts struct {
	candidates  part[[]memory.Candidate]
	standings   part[[]memory.Standing]
	rankings    part[[]memory.Ranking]
	locations   part[[]outside.Located]
	scores      part[[]memory.Score]
	stakes      part[[]memory.Stake]
	set         part[memory.ValidatorSet]
	nominations part[[]memory.Nomination]
}
