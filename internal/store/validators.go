package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type setRow struct {
	bun.BaseModel `bun:"table:validator_sets,alias:vs"`
	Era           int64 `bun:",pk"`
	Session       int64
	At            int64
	Validators    []byte
}

func (r *setRow) set() (memory.ValidatorSet, error) {
	v := memory.ValidatorSet{Era: programme.Era(r.Era), Session: programme.Session(r.Session), At: programme.Millis(r.At)}
	err := unpackJSON("validator set", r.Validators, &v.Validators)
	return v, err
}

// span is a range of eras, ends included.
type span [2]programme.Era

type activeRow struct {
	bun.BaseModel `bun:"table:active_eras,alias:ae"`
	Stash         string `bun:",pk"`
	Spans         string
}

func (r *activeRow) spans() ([]span, error) {
	var out []span
	err := parse("active eras", r.Spans, &out)
	return out, err
}

// with is the spans and one era more.
func with(list []span, era programme.Era) []span {
	i, found := slices.BinarySearchFunc(list, era, placed)
	if found {
		return list
	}
	list = slices.Insert(slices.Clone(list), i, span{era, era})
	if i+1 < len(list) && list[i+1][0] == era+1 {
		list[i][1] = list[i+1][1]
		list = slices.Delete(list, i+1, i+2)
	}
	if i > 0 && list[i-1][1]+1 == era {
		list[i-1][1] = list[i][1]
		list = slices.Delete(list, i, i+1)
	}
	return list
}

// without is the spans and one era less.
func without(list []span, era programme.Era) []span {
	i, found := slices.BinarySearchFunc(list, era, placed)
	if !found {
		return list
	}
	var parts []span
	if list[i][0] < era {
		parts = append(parts, span{list[i][0], era - 1})
	}
	if era < list[i][1] {
		parts = append(parts, span{era + 1, list[i][1]})
	}
	return slices.Replace(slices.Clone(list), i, i+1, parts...)
}

// placed tells where a span lies as seen from an era.
func placed(s span, era programme.Era) int {
	switch {
	case s[1] < era:
		return -1
	case s[0] > era:
		return 1
	}
	return 0
}

// SaveValidatorSet stores the set of an era in the place of the one it had, and notes for every stash that it was active in
// this era.
func (s *Store) SaveValidatorSet(ctx context.Context, v memory.ValidatorSet) error {
	var p packer
	row := setRow{Era: int64(v.Era), Session: int64(v.Session), At: int64(v.At)}
	validators := v.Validators
	if validators == nil {
		validators = []programme.Address{}
	}
	var err error
	if row.Validators, err = p.pack(validators); err == nil {
		err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
			before, err := list(ctx, tx, "validator sets", func(q *bun.SelectQuery) { q.Where("era = ?", row.Era) }, (*setRow).set)
			if err != nil {
				return err
			}
			had := map[programme.Address]bool{}
			for _, b := range before {
				for _, a := range b.Validators {
					had[a] = true
				}
			}
			if err := activate(ctx, tx, v, had); err != nil {
				return err
			}
			if err := put(ctx, tx, []setRow{row}); err != nil {
				return err
			}
			return bump(ctx, tx, memory.SubjectValidators)
		})
	}
	if err != nil {
		return fmt.Errorf("store validator set of era %d: %w", v.Era, err)
	}
	return nil
}

// activate notes who became active, or is not any more, with the new set of an era.
func activate(ctx context.Context, tx bun.Tx, v memory.ValidatorSet, had map[programme.Address]bool) error {
	var changed []string
	seen := map[programme.Address]bool{}
	for _, a := range v.Validators {
		if !had[a] && !seen[a] {
			changed = append(changed, string(a))
		}
		seen[a] = true
		delete(had, a)
	}
	for a := range had {
		changed = append(changed, string(a))
	}
	known, err := stored(ctx, tx, "stash", changed, func(r *activeRow) string { return r.Stash })
	if err != nil {
		return err
	}
	var rows []activeRow
	for _, stash := range changed {
		var spans []span
		if row, ok := known[stash]; ok {
			if spans, err = row.spans(); err != nil {
				return err
			}
		}
		if had[programme.Address(stash)] {
			spans = without(spans, v.Era)
		} else {
			spans = with(spans, v.Era)
		}
		if spans == nil {
			spans = []span{}
		}
		row := activeRow{Stash: stash}
		if row.Spans, err = text(spans); err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return put(ctx, tx, rows)
}

// ValidatorSetsFrom lists the newest set of every era from one on, ascending. Sets share the text of addresses.
func (s *Store) ValidatorSetsFrom(ctx context.Context, from programme.Era) ([]memory.ValidatorSet, error) {
	same := map[programme.Address]programme.Address{}
	return list(ctx, s.from(ctx), "validator sets", func(q *bun.SelectQuery) { q.Where("era >= ?", int64(from)).Order("era") }, func(r *setRow) (memory.ValidatorSet, error) {
		v, err := r.set()
		for i, a := range v.Validators {
			if have, ok := same[a]; ok {
				v.Validators[i] = have
			} else {
				same[a] = a
			}
		}
		return v, err
	})
}

// ValidatorSet reads the set of the newest era; [ErrNotFound] before the first.
func (s *Store) ValidatorSet(ctx context.Context) (memory.ValidatorSet, error) {
	return first(ctx, s.from(ctx), "validator set", func(q *bun.SelectQuery) { q.Order("era DESC") }, (*setRow).set)
}

// SetEras lists the eras from one on whose sets are stored, ascending.
func (s *Store) SetEras(ctx context.Context, from programme.Era) ([]programme.Era, error) {
	return list(ctx, s.from(ctx), "eras of validator sets", func(q *bun.SelectQuery) { q.Column("era").Where("era >= ?", int64(from)).Order("era") },
		func(r *setRow) (programme.Era, error) { return programme.Era(r.Era), nil })
}

// ActiveEras counts the eras of the sets that were ever stored in which at least one of the accounts was a validator.
func (s *Store) ActiveEras(ctx context.Context, accounts ...programme.Address) (int, error) {
	counts, err := s.ActiveErasOf(ctx, map[int][]programme.Address{0: accounts})
	return counts[0], err
}

// ActiveErasOf does that for many groups of accounts at once, each under a number of its own.
func (s *Store) ActiveErasOf(ctx context.Context, groups map[int][]programme.Address) (map[int]int, error) {
	seen := map[programme.Address]bool{}
	var accounts []string
	for _, group := range groups {
		for _, a := range group {
			if !seen[a] {
				seen[a] = true
				accounts = append(accounts, string(a))
			}
		}
	}
	rows, err := stored(ctx, s.from(ctx), "stash", accounts, func(r *activeRow) string { return r.Stash })
	if err != nil {
		return nil, fmt.Errorf("count active eras: %w", explain(err))
	}
	spans := make(map[programme.Address][]span, len(rows))
	for stash, r := range rows {
		if spans[programme.Address(stash)], err = r.spans(); err != nil {
			return nil, fmt.Errorf("count active eras: %w", err)
		}
	}
	out := make(map[int]int, len(groups))
	for n, group := range groups {
		var all []span
		for _, a := range group {
			all = append(all, spans[a]...)
		}
		out[n] = covered(all)
	}
	return out, nil
}

// covered counts the eras that are in at least one of the spans.
func covered(all []span) int {
	slices.SortFunc(all, func(a, b span) int { return cmp.Compare(a[0], b[0]) })
	count, next := 0, programme.Era(0) // next is the first era that was not counted
	for _, sp := range all {
		if from := max(sp[0], next); from <= sp[1] {
			count += int(sp[1]-from) + 1
			next = sp[1] + 1
		}
	}
	return count
}

type keysRow struct {
	bun.BaseModel `bun:"table:session_keys,alias:sk"`
	Stash         string `bun:",pk"`
	Keys          string
	Updated       int64
}

// SaveSessionKeys stores keys in the place of those of the same stashes; who is missing keeps those it had. The moment is
// that of the newest change.
func (s *Store) SaveSessionKeys(ctx context.Context, all []memory.SessionKeys) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		stashes := make([]string, len(all))
		for i := range all {
			stashes[i] = string(all[i].Stash)
		}
		before, err := stored(ctx, tx, "stash", stashes, func(r *keysRow) string { return r.Stash })
		if err != nil {
			return err
		}
		var rows []keysRow
		for i := range all {
			keys := all[i].Keys
			if keys == nil {
				keys = []programme.SessionKey{}
			}
			row := keysRow{Stash: stashes[i], Updated: int64(all[i].Updated)}
			if row.Keys, err = text(keys); err != nil {
				return err
			}
			if old, ok := before[row.Stash]; !ok || old.Keys != row.Keys {
				rows = append(rows, row)
			}
		}
		if len(rows) == 0 {
			return nil
		}
		if err := put(ctx, tx, rows); err != nil {
			return err
		}
		return bump(ctx, tx, memory.SubjectValidators)
	})
	if err != nil {
		return fmt.Errorf("store session keys: %w", err)
	}
	return nil
}

// SessionKeys lists the keys of all who ever had the intention to validate.
func (s *Store) SessionKeys(ctx context.Context) ([]memory.SessionKeys, error) {
	out, err := list(ctx, s.from(ctx), "session keys", nil, func(r *keysRow) (memory.SessionKeys, error) {
		k := memory.SessionKeys{Stash: programme.Address(r.Stash), Updated: programme.Millis(r.Updated)}
		err := parse("session keys", r.Keys, &k.Keys)
		if len(k.Keys) == 0 {
			k.Keys = nil
		}
		return k, err
	})
	slices.SortFunc(out, func(a, b memory.SessionKeys) int { return cmp.Compare(a.Stash, b.Stash) })
	return out, err
}
