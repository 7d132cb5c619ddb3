package work

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/rounds"
)

// validity judges all candidates, and their duties with them.
func (b *Bench) validity(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	for i := range v.Decision.Candidates {
		c := &v.Decision.Candidates[i]
		mark := map[programme.Validity]string{programme.Valid: "✅", programme.Invalid: "❌"}[c.Validity]
		half(r, i+1, len(v.Decision.Candidates), reason(mark, "❔")+"  "+c.Name)
	}
	if _, err := b.Rounds.Show(ctx, v); err != nil {
		return "", err
	}
	faults, err := b.Rounds.Judge(ctx, v)
	if err != nil {
		return "", err
	}
	s := v.Snapshot()
	if err := b.Memory.SaveChain(ctx, memory.Chain{Network: s.Network, Eras: s.Eras, Limits: s.Limits, Blocks: s.Blocks, Updated: v.Staking.Time}); err != nil {
		return "", err
	}
	n := v.Decision.Counts
	return fmt.Sprintf("at block %d, %d of %d candidates are valid, %d are not, %d are undecided; %d new faults",
		v.Staking.Number, n.Valid, n.Listed, n.Invalid, n.Unknown, faults), nil
}

// score scores the valid candidates.
func (b *Bench) score(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	for i := range v.Decision.Candidates {
		c := &v.Decision.Candidates[i]
		item := c.Name
		if c.Score != nil {
			item = fmt.Sprintf("%.1f  %s", c.Score.Total, c.Name)
		}
		half(r, i+1, len(v.Decision.Candidates), item)
	}
	n, err := b.Rounds.Score(ctx, v)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d candidates were scored in session %d", n, v.Snapshot().Eras.Session), nil
}

// amend writes a part of how candidates stand and tells how many it is true for.
func (b *Bench) amend(ctx context.Context, r *jobs.Run, v *rounds.View, format string, put func(dst, src *memory.Standing) (counts bool)) (string, error) {
	counted, done := 0, 0
	half(r, 0, max(len(v.Decision.Candidates), 1), "writing what is new")
	n, err := b.Rounds.Amend(ctx, v, func(dst, src *memory.Standing) {
		if put(dst, src) {
			counted++
		}
		done++
		half(r, done, max(len(v.Decision.Candidates), done), fmt.Sprintf("slot %d", src.Slot))
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(format, counted, n), nil
}

// activeValidator notes who is in the validator set.
func (b *Bench) activeValidator(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	return b.amend(ctx, r, v, "%d of %d candidates are in the validator set", func(dst, src *memory.Standing) bool {
		dst.Active = src.Active
		return dst.Active
	})
}

// inclusion notes in how many of the last eras candidates earned points.
func (b *Bench) inclusion(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	return b.amend(ctx, r, v, "%d of %d candidates earned points in the last eras", func(dst, src *memory.Standing) bool {
		dst.Inclusion, dst.SpanInclusion = src.Inclusion, src.SpanInclusion
		return dst.Inclusion > 0
	})
}

// unclaimedEras notes which rewards are not paid out. What could not be read stays as it was.
func (b *Bench) unclaimedEras(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	if gap, ok := v.Snapshot().Gaps[programme.PartClaims]; ok {
		return "", fmt.Errorf("claimed rewards could not be read: %s", gap)
	}
	return b.amend(ctx, r, v, "%d of %d candidates have rewards that are not paid out", func(dst, src *memory.Standing) bool {
		dst.Chain.Unclaimed = src.Chain.Unclaimed
		return len(dst.Chain.Unclaimed) > 0
	})
}

// validatorPref notes what candidates have set on chain. An identity that could not be read stays as it was.
func (b *Bench) validatorPref(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	_, nobody := v.Snapshot().Gaps[programme.PartIdentity]
	return b.amend(ctx, r, v, "%d of %d candidates intend to validate", func(dst, src *memory.Standing) bool {
		identity := dst.Chain.Identity
		dst.Chain.Intention, dst.Chain.Bond, dst.Chain.Payee, dst.Chain.Identity = src.Chain.Intention, src.Chain.Bond, src.Chain.Payee, src.Chain.Identity
		if nobody {
			dst.Chain.Identity = identity
		}
		return dst.Chain.Intention.Present
	})
}

// sessionKey notes the next session keys of everybody, and of the candidates.
func (b *Bench) sessionKey(ctx context.Context, r *jobs.Run) (string, error) {
	a, err := b.Archive(ctx)
	if err != nil {
		return "", err
	}
	keys, err := a.Keys(ctx)
	if err != nil {
		return "", err
	}
	list := make([]memory.SessionKeys, 0, len(keys))
	now := programme.Millis(b.Now().UnixMilli())
	for _, stash := range sorted(keys) {
		list = append(list, memory.SessionKeys{Stash: stash, Keys: keys[stash], Updated: now})
		r.Progress(len(list), 2*len(keys), string(stash))
	}
	if err := b.Memory.SaveSessionKeys(ctx, list); err != nil {
		return "", err
	}
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	if gap, ok := v.Snapshot().Gaps[programme.PartKeys]; ok {
		return "", fmt.Errorf("session keys of candidates could not be read: %s", gap)
	}
	more, err := b.amend(ctx, r, v, "%d of %d candidates have some", func(dst, src *memory.Standing) bool {
		dst.Chain.Keys = src.Chain.Keys
		return len(dst.Chain.Keys) > 0
	})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("session keys of %d validators; %s", len(list), more), nil
}
