package chain

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// slashReader collects the slashes of stashes in the eras [from, to]. See slashes.go.
type slashReader struct {
	block    *substrate.Block
	from, to programme.Era
	stashes  map[account]bool
	reported map[slashKey]slashFact
	waiting  map[slashKey]slashFact
}

func readSlashes(ctx context.Context, b *substrate.Block, from, to programme.Era, stashes map[account]bool) (map[account][]programme.Slash, error) {
	r := &slashReader{b, from, to, stashes, map[slashKey]slashFact{}, map[slashKey]slashFact{}}
	unapplied, err := b.Runtime().Metadata.Storage("Staking", "UnappliedSlashes")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", b.Client().Chain().Name, err)
	}
	perPage := len(unapplied.Hashers) == 2
	if err := r.readReported(ctx, perPage); err != nil {
		return nil, err
	}
	var deferred uint32
	if err := b.Constant("Staking", "SlashDeferDuration", &deferred); err != nil {
		return nil, err
	}
	if perPage {
		err = r.readPages(ctx, unapplied, programme.Era(deferred))
	} else {
		err = r.readLists(ctx, programme.Era(deferred)+1)
	}
	if err != nil {
		return nil, err
	}
	if err := r.readOffences(ctx); err != nil {
		return nil, err
	}
	return mergeSlashes(r.reported, r.waiting), nil
}

// key names a slash if it is of interest.
func (r *slashReader) key(era programme.Era, stash account) (slashKey, bool) {
	return slashKey{era, stash}, r.stashes[stash] && era >= r.from && era <= r.to
}

func (r *slashReader) wait(era programme.Era, stash account, f slashFact) {
	if key, ok := r.key(era, stash); ok {
		r.waiting[key] = r.waiting[key].add(f)
	}
}

// readReported reads the whole of ValidatorSlashInEra, which holds the few slashes of the eras still bonded.
func (r *slashReader) readReported(ctx context.Context, ownIsStake bool) error {
	return each(ctx, r.block, "Staking", "ValidatorSlashInEra", nil, func(keys []any, v *reportedSlash) error {
		era, err := keyU32(keys, 0)
		if err != nil {
			return err
		}
		stash, err := keyAccount(keys, 1)
		if err != nil {
			return err
		}
		if key, ok := r.key(programme.Era(era), stash); ok {
			f := slashFact{programme.Perbill(v.Fraction), v.Own.Planck}
			if ownIsStake {
				f.own = share(f.fraction, f.own)
			}
			r.reported[key] = f
		}
		return nil
	})
}

// readLists reads unapplied slashes in lists by era.
func (r *slashReader) readLists(ctx context.Context, later programme.Era) error {
	return each(ctx, r.block, "Staking", "UnappliedSlashes", nil, func(keys []any, v *[]unappliedSlash) error {
		era, err := keyU32(keys, 0)
		if err != nil {
			return err
		}
		for _, s := range *v {
			r.wait(before(programme.Era(era), later), s.Validator, slashFact{own: s.Own.Planck})
		}
		return nil
	})
}

// readPages reads unapplied slashes with one entry per page.
func (r *slashReader) readPages(ctx context.Context, entry *metadata.StorageEntry, later programme.Era) error {
	return each(ctx, r.block, "Staking", "UnappliedSlashes", nil, func(keys []any, v *unappliedSlash) error {
		era, err := keyU32(keys, 0)
		if err != nil {
			return err
		}
		f := slashFact{own: v.Own.Planck}
		if len(keys) > 1 {
			if parts, ok := keys[1].([]any); ok && len(parts) > 1 {
				if n, ok := parts[1].(uint64); ok {
					f.fraction = programme.Perbill(n)
				}
			}
		}
		r.wait(before(programme.Era(era), later), v.Validator, f)
		return nil
	})
}

// readOffences reads the offences whose slashes have not been computed yet, where the runtime has a queue for them.
func (r *slashReader) readOffences(ctx context.Context) error {
	if r.block.Has("Staking", "OffenceQueue") {
		err := each(ctx, r.block, "Staking", "OffenceQueue", nil, func(keys []any, v *queuedOffence) error {
			era, err := keyU32(keys, 0)
			if err != nil {
				return err
			}
			stash, err := keyAccount(keys, 1)
			if err != nil {
				return err
			}
			r.wait(programme.Era(era), stash, slashFact{fraction: programme.Perbill(v.SlashFraction)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	if r.block.Has("Staking", "ProcessingOffence") {
		var p processedOffence
		found, err := r.block.Get(ctx, "Staking", "ProcessingOffence", &p)
		if err != nil {
			return err
		}
		if found {
			r.wait(programme.Era(p.Era), p.Validator, slashFact{fraction: programme.Perbill(p.Offence.SlashFraction)})
		}
	}
	return nil
}

// before is the era that lies so many eras earlier, not before the first.
func before(era, by programme.Era) programme.Era {
	if era < by {
		return 0
	}
	return era - by
}
