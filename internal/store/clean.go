package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// batch bounds what one transaction deletes, so that nobody waits long for it.
const batch = 2000

// Clean deletes what is older than it is to be kept, in many short transactions. The present is the time of the newest
// block that was looked at, so that a wrong clock deletes nothing. Progress, which may be nil, is told before each kind. What
// was deleted before an error stays deleted, and is in the result.
func (s *Store) Clean(ctx context.Context, keep memory.Retention, progress func(done, total int, what string)) ([]memory.Cleaned, error) {
	chain, err := s.Chain(ctx)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("delete what is old: %w", err)
	}
	now := chain.Updated
	c := &cleaner{Store: s}
	steps := []struct {
		what    string
		age     programme.Millis
		subject memory.Subject
		clean   func(ctx context.Context, before programme.Millis) error
	}{
		{"records", keep.Records, memory.SubjectRounds, c.records},
		{"score statistics", keep.Scores, memory.SubjectScores, c.sessionStatistics},
		{"score statistics of eras", keep.EraScores, memory.SubjectScores, c.eraStatistics},
		{"scores", 1, memory.SubjectScores, c.scores},
		{"changes of verdicts", keep.Changes, memory.SubjectStandings, c.verdicts},
		{"changes of validity", keep.Changes, memory.SubjectStandings, c.validities},
		{"stakes", keep.Stakes, memory.SubjectStakes, c.stakes},
		{"points", keep.Eras, memory.SubjectPoints, c.points},
		{"validator sets", keep.Eras, memory.SubjectValidators, c.sets},
		{"statistics of places", keep.Places, memory.SubjectLocations, c.placeStatistics},
		{"former locations", keep.Places, memory.SubjectLocations, c.locations},
		{"alerts", keep.Alerts, memory.SubjectPlans, c.alerts},
		{"expired overrides of checks", 1, memory.SubjectOverrides, c.overrides},
		{"rewards", keep.Rewards, memory.SubjectRewards, c.rewards},
	}
	var out []memory.Cleaned
	for i, step := range steps {
		if progress != nil {
			progress(i, len(steps), step.what)
		}
		if step.age <= 0 || now <= step.age {
			continue
		}
		c.subject, c.rows = step.subject, 0
		err := step.clean(ctx, now-step.age)
		out = append(out, memory.Cleaned{What: step.what, Rows: c.rows})
		if err != nil {
			return out, fmt.Errorf("delete old %s: %w", step.what, err)
		}
	}
	return out, nil
}

// cleaner is one run of [Store.Clean].
type cleaner struct {
	*Store
	subject memory.Subject
	rows    int64 // deleted by the present step
}

// drop deletes the rows of a model that which selects, and says how many.
func (c *cleaner) drop(ctx context.Context, model any, which func(q *bun.DeleteQuery)) (n int64, err error) {
	err = c.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		q := tx.NewDelete().Model(model)
		which(q)
		res, err := q.Exec(ctx)
		if err != nil {
			return err
		}
		if n, err = res.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return bump(ctx, tx, c.subject)
	})
	c.rows += n
	return n, err
}

// each deletes the rows that belong to each of the given keys, in a transaction of its own.
func each[K any](ctx context.Context, c *cleaner, keys []K, model any, where string) error {
	for _, k := range keys {
		if _, err := c.drop(ctx, model, func(q *bun.DeleteQuery) { q.Where(where, k) }); err != nil {
			return err
		}
	}
	return nil
}

// keys reads one column.
func keys[K any](ctx context.Context, s *Store, model any, column string, which func(q *bun.SelectQuery)) ([]K, error) {
	var out []K
	q := s.from(ctx).NewSelect().Model(model).Distinct().ColumnExpr(column)
	which(q)
	return out, explain(q.Scan(ctx, &out))
}

// records of rounds go, unless a plan was made of them: what was signed stays explained. The newest of a network stays, the
// next round goes on from it.
func (c *cleaner) records(ctx context.Context, before programme.Millis) error {
	digests, err := keys[string](ctx, c.Store, (*documentRow)(nil), "digest", func(q *bun.SelectQuery) {
		q.Where("kind = 'round' AND created < ?", int64(before)).
			Where("digest NOT IN (SELECT round FROM plans)").
			Where("digest NOT IN (SELECT r.digest FROM rounds AS r WHERE r.number = (SELECT max(o.number) FROM rounds AS o WHERE o.network = r.network))").
			Where("created < (SELECT max(created) FROM records WHERE kind = 'round')")
	})
	if err != nil {
		return err
	}
	return each(ctx, c, digests, (*documentRow)(nil), "digest = ? AND digest NOT IN (SELECT round FROM plans)")
}

func (c *cleaner) sessionStatistics(ctx context.Context, before programme.Millis) error {
	_, err := c.drop(ctx, (*statisticsRow)(nil), func(q *bun.DeleteQuery) {
		q.Where("at < ?", int64(before)).Where("session NOT IN (SELECT max(o.session) FROM score_statistics AS o GROUP BY o.era)")
	})
	return err
}

func (c *cleaner) eraStatistics(ctx context.Context, before programme.Millis) error {
	_, err := c.drop(ctx, (*statisticsRow)(nil), func(q *bun.DeleteQuery) {
		q.Where("at < ?", int64(before)).Where("session < (SELECT max(o.session) FROM score_statistics AS o)")
	})
	return err
}

// scores go with the statistics of their session, but the newest of a slot.
func (c *cleaner) scores(ctx context.Context, _ programme.Millis) error {
	sessions, err := keys[int64](ctx, c.Store, (*scoreRow)(nil), "session", func(q *bun.SelectQuery) {
		q.Where("session NOT IN (SELECT session FROM score_statistics)")
	})
	if err != nil {
		return err
	}
	return each(ctx, c, sessions, (*scoreRow)(nil), "session = ? AND EXISTS (SELECT 1 FROM scores AS n WHERE n.slot = sc.slot AND n.session > sc.session)")
}

// verdicts and validities keep the newest line of each history.
func (c *cleaner) verdicts(ctx context.Context, before programme.Millis) error {
	return c.lines(ctx, (*verdictRow)(nil), before, "EXISTS (SELECT 1 FROM verdict_changes AS n WHERE n.slot = vc.slot AND n.code = vc.code AND n.seq > vc.seq)")
}

func (c *cleaner) validities(ctx context.Context, before programme.Millis) error {
	return c.lines(ctx, (*validityRow)(nil), before, "EXISTS (SELECT 1 FROM validity_changes AS n WHERE n.slot = vc.slot AND n.seq > vc.seq)")
}

// lines deletes lines of history, a stretch after another.
func (c *cleaner) lines(ctx context.Context, model any, before programme.Millis, unless string) error {
	var ends struct{ First, Last int64 }
	err := c.from(ctx).NewSelect().Model(model).ColumnExpr("coalesce(min(seq), 1) AS first, coalesce(max(seq), 0) AS last").
		Where("at < ?", int64(before)).Scan(ctx, &ends)
	if err != nil {
		return explain(err)
	}
	for from := ends.First; from <= ends.Last; from += batch {
		_, err := c.drop(ctx, model, func(q *bun.DeleteQuery) {
			q.Where("seq >= ? AND seq < ? AND at < ?", from, from+batch, int64(before)).Where(unless)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// stakes go era by era, but the newest of a stash.
func (c *cleaner) stakes(ctx context.Context, before programme.Millis) error {
	const superseded = "updated < ? AND EXISTS (SELECT 1 FROM stakes AS n WHERE n.stash = sk.stash AND n.era > sk.era)"
	eras, err := keys[int64](ctx, c.Store, (*stakeRow)(nil), "era", func(q *bun.SelectQuery) { q.Where(superseded, int64(before)) })
	if err != nil {
		return err
	}
	for _, era := range eras {
		if _, err := c.drop(ctx, (*stakeRow)(nil), func(q *bun.DeleteQuery) { q.Where("era = ?", era).Where(superseded, int64(before)) }); err != nil {
			return err
		}
	}
	return nil
}

// oldEra is the newest era that is older than it is to be kept, by the statistics of eras, which have times. Eras of
// nomination periods that are not settled are needed for that.
func (c *cleaner) oldEra(ctx context.Context, before programme.Millis) (era int64, err error) {
	err = c.from(ctx).NewSelect().Model((*eraStatisticsRow)(nil)).ColumnExpr("coalesce(max(era), -1)").Where("at < ?", int64(before)).Scan(ctx, &era)
	if err != nil {
		return 0, explain(err)
	}
	var needed int64
	err = c.from(ctx).NewSelect().Model((*periodRow)(nil)).ColumnExpr("coalesce(min(opened), ?)", era+1).Where("settled = 0").Scan(ctx, &needed)
	return min(era, needed-1), explain(err)
}

func (c *cleaner) points(ctx context.Context, before programme.Millis) error {
	last, err := c.oldEra(ctx, before)
	if err != nil {
		return err
	}
	eras, err := keys[int64](ctx, c.Store, (*eraPointsRow)(nil), "era", func(q *bun.SelectQuery) { q.Where("era <= ?", last) })
	if err != nil {
		return err
	}
	return each(ctx, c, eras, (*eraPointsRow)(nil), "era = ?")
}

// sets go; in which eras a stash was active stays known.
func (c *cleaner) sets(ctx context.Context, before programme.Millis) error {
	last, err := c.oldEra(ctx, before)
	if err != nil {
		return err
	}
	_, err = c.drop(ctx, (*setRow)(nil), func(q *bun.DeleteQuery) {
		q.Where("era <= ? AND era < (SELECT max(o.era) FROM validator_sets AS o)", last)
	})
	return err
}

func (c *cleaner) placeStatistics(ctx context.Context, before programme.Millis) error {
	_, err := c.drop(ctx, (*placesRow)(nil), func(q *bun.DeleteQuery) {
		q.Where("at < ? AND session < (SELECT max(o.session) FROM location_statistics AS o)", int64(before))
	})
	return err
}

func (c *cleaner) locations(ctx context.Context, before programme.Millis) error {
	_, err := c.drop(ctx, (*locationRow)(nil), func(q *bun.DeleteQuery) { q.Where("replaced > 0 AND replaced < ?", int64(before)) })
	return err
}

func (c *cleaner) alerts(ctx context.Context, before programme.Millis) error {
	_, err := c.drop(ctx, (*alertRow)(nil), func(q *bun.DeleteQuery) { q.Where("last < ?", int64(before)) })
	return err
}

// overrides that have expired go; what was ordered stays in the audit log.
func (c *cleaner) overrides(ctx context.Context, before programme.Millis) error {
	_, err := c.drop(ctx, (*checkOverrideRow)(nil), func(q *bun.DeleteQuery) { q.Where("expires <= ?", int64(before)) })
	return err
}

// rewards go payout by payout. The payouts stay, so that they are not counted again when their blocks are.
func (c *cleaner) rewards(ctx context.Context, before programme.Millis) error {
	for {
		payouts, err := keys[int64](ctx, c.Store, (*rewardRow)(nil), "r.payout", func(q *bun.SelectQuery) {
			q.Join("JOIN payouts AS p ON p.seq = r.payout").Where("p.at < ?", int64(before)).Limit(batch)
		})
		if err != nil || len(payouts) == 0 {
			return err
		}
		for part := range slices.Chunk(payouts, batch/100) { // one may have hundreds
			if _, err := c.drop(ctx, (*rewardRow)(nil), func(q *bun.DeleteQuery) { q.Where("payout IN (?)", bun.In(part)) }); err != nil {
				return err
			}
		}
	}
}
