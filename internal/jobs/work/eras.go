package work

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/rounds"
)

// How far back stored history reaches at first.
const (
	setEras   = 20
	pointEras = 84
)

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// eraStats stores the validator set of the era and those of earlier ones that are missing, counts the candidates, and
// computes both ranks.
func (b *Bench) eraStats(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	s := v.Snapshot()
	set := memory.ValidatorSet{Era: s.Eras.Active, Session: s.Eras.Session, At: v.Staking.Time, Validators: s.ValidatorSet}
	if len(set.Validators) == 0 {
		return "", errors.New("the chain says that nobody validates; nothing is stored")
	}
	if err := b.Memory.SaveValidatorSet(ctx, set); err != nil {
		return "", err
	}
	filled, err := b.fillSets(ctx, r, s.Eras.Active)
	if err != nil {
		return "", err
	}
	settled, err := b.Rounds.Track(ctx, v)
	if err != nil {
		return "", err
	}
	if err := b.activeEras(ctx, v); err != nil {
		return "", err
	}
	stats := b.count(v)
	if err := b.Memory.SaveEraStatistics(ctx, stats); err != nil {
		return "", err
	}
	return fmt.Sprintf("era %d, session %d: %d validators; of %d candidates %d are valid and %d active; %d earlier sets were added, %d candidates settled",
		set.Era, set.Session, len(set.Validators), stats.Listed, stats.Valid, stats.Active, filled, settled), nil
}

func (b *Bench) count(v *rounds.View) memory.EraStatistics {
	out := memory.EraStatistics{Era: v.Snapshot().Eras.Active, At: v.Staking.Time, Listed: len(v.Decision.Candidates), Valid: v.Decision.Counts.Valid}
	for i := range v.Inputs.Candidates {
		c := &v.Inputs.Candidates[i]
		if c.KYC {
			out.KYC++
		}
		if _, active := slices.BinarySearch(v.Snapshot().ValidatorSet, c.Stash); active {
			out.Active++
		}
	}
	return out
}

// fillSets adds the sets of earlier eras that are missing, as far as the chain still knows them.
func (b *Bench) fillSets(ctx context.Context, r *jobs.Run, active programme.Era) (int, error) {
	first := active - min(active, setEras)
	stored, err := b.Memory.SetEras(ctx, first)
	if err != nil {
		return 0, err
	}
	var archive Archive
	filled := 0
	for era := first; era < active; era++ {
		half(r, int(era+setEras-active), setEras, fmt.Sprintf("era %d", era))
		if slices.Contains(stored, era) {
			continue
		}
		if archive == nil {
			if archive, err = b.Archive(ctx); err != nil {
				return filled, err
			}
		}
		list, err := archive.Validators(ctx, era)
		if err != nil {
			return filled, err
		}
		if len(list) == 0 {
			continue // forgotten, which is not the same as empty
		}
		if err := b.Memory.SaveValidatorSet(ctx, memory.ValidatorSet{Era: era, At: programme.Millis(b.Now().UnixMilli()), Validators: list}); err != nil {
			return filled, err
		}
		filled++
	}
	return filled, nil
}

// activeEras counts for every candidate the stored eras in which any account of its identity was active. While
// identities are out of reach the numbers stay as they were.
func (b *Bench) activeEras(ctx context.Context, v *rounds.View) error {
	s := v.Snapshot()
	if _, gap := s.Gaps[programme.PartIdentity]; gap {
		return b.Rounds.Rerank(ctx, v, nil)
	}
	supers := map[programme.Address]programme.Address{} // by stash
	for i := range s.Candidates {
		c := &s.Candidates[i]
		if c.Identity == nil {
			continue
		}
		if supers[c.Stash] = c.Identity.Super; c.Identity.Super == "" {
			supers[c.Stash] = c.Stash
		}
	}
	archive, err := b.Archive(ctx)
	if err != nil {
		return err
	}
	var list []programme.Address
	for _, stash := range sorted(supers) {
		list = append(list, supers[stash])
	}
	slices.Sort(list)
	subs, err := archive.Subs(ctx, slices.Compact(list))
	switch {
	case errors.Is(err, chain.ErrUnavailable) && ctx.Err() == nil:
		return b.Rounds.Rerank(ctx, v, nil)
	case err != nil:
		return err
	}
	groups := map[int][]programme.Address{}
	for i := range v.Decision.Candidates {
		c := &v.Decision.Candidates[i]
		groups[c.Slot] = []programme.Address{c.Stash}
		if super, ok := supers[c.Stash]; ok {
			groups[c.Slot] = append(append(groups[c.Slot], super), subs[super]...)
		}
	}
	active, err := b.Memory.ActiveErasOf(ctx, groups)
	if err != nil {
		return err
	}
	return b.Rounds.Rerank(ctx, v, active)
}

// eraPoints stores the reward points of complete eras that are missing, the newest first.
func (b *Bench) eraPoints(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	have, err := b.Memory.EraTotals(ctx)
	if err != nil {
		return "", err
	}
	stored := map[programme.Era]bool{}
	for _, t := range have {
		stored[t.Era] = true
	}
	active := v.Snapshot().Eras.Active
	first := active - min(active, min(pointEras, programme.Era(v.Snapshot().Eras.HistoryDepth)))
	var archive Archive
	added, missing := 0, 0
	for era := active; era > first; {
		era--
		half(r, int(active-era), int(active-first), fmt.Sprintf("era %d", era))
		if stored[era] {
			continue
		}
		if archive == nil {
			if archive, err = b.Archive(ctx); err != nil {
				return "", err
			}
		}
		p, err := archive.Points(ctx, era)
		if err != nil {
			return "", err
		}
		if p == nil {
			missing++
			continue
		}
		total, list := pointsOf(era, p)
		if err := b.Memory.SaveEraPoints(ctx, total, list); err != nil {
			return "", err
		}
		added++
	}
	text := fmt.Sprintf("points of %d eras were added; those up to era %d are stored", added, active-1)
	if missing > 0 {
		text += fmt.Sprintf("; the chain has none of %d eras", missing)
	}
	return text, nil
}

// pointsOf sums up the points of an era.
func pointsOf(era programme.Era, p *chain.Points) (memory.EraTotal, []memory.EraPoints) {
	list := make([]memory.EraPoints, 0, len(p.Of))
	values := make([]uint32, 0, len(p.Of))
	for _, stash := range sorted(p.Of) {
		list = append(list, memory.EraPoints{Era: era, Stash: stash, Points: p.Of[stash]})
		values = append(values, p.Of[stash])
	}
	t := memory.EraTotal{Era: era, Total: p.Total, Validators: len(list)}
	if n := len(values); n > 0 {
		slices.Sort(values)
		t.Min, t.Max = values[0], values[n-1]
		t.Average = float64(p.Total) / float64(n)
		t.Median = (float64(values[(n-1)/2]) + float64(values[n/2])) / 2
	}
	return t, list
}
