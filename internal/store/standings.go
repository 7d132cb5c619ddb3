package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

type standingRow struct {
	bun.BaseModel `bun:"table:standings,alias:st"`
	Slot          int64 `bun:",pk"`
	At            int64
	Block         int64
	Validity      string
	Definite      string
	LastValid     int64
	Verdicts      string
	Chain         string
	Active        bool
	Inclusion     float64
	SpanInclusion float64
	Position      int64
}

// newStandingRow makes a row. Most verdicts are of the moment of the standing; they are written without it, so that a look
// at which nothing has changed leaves the text as it is.
func newStandingRow(st *memory.Standing) (standingRow, error) {
	r := standingRow{
		Slot: int64(st.Slot), At: int64(st.At), Block: int64(st.Block), Validity: string(st.Validity), LastValid: int64(st.LastValid),
		Active: st.Active, Inclusion: st.Inclusion, SpanInclusion: st.SpanInclusion, Position: int64(st.Position),
	}
	if st.Validity != programme.Undecided {
		r.Definite = r.Validity
	}
	verdicts := make([]memory.Verdict, len(st.Verdicts))
	for i, v := range st.Verdicts {
		if v.At == st.At {
			v.At = 0
		}
		verdicts[i] = v
	}
	var err error
	if r.Verdicts, err = text(verdicts); err != nil {
		return r, err
	}
	if st.Chain != nil {
		kept := *st.Chain
		kept.Exposure, kept.Points = nil, nil
		r.Chain, err = text(&kept)
	}
	return r, err
}

func (r *standingRow) standing() (memory.Standing, error) {
	st := memory.Standing{
		Slot: int(r.Slot), At: programme.Millis(r.At), Block: uint32(r.Block), Validity: programme.Validity(r.Validity),
		LastValid: programme.Millis(r.LastValid), Active: r.Active, Inclusion: r.Inclusion, SpanInclusion: r.SpanInclusion, Position: int(r.Position),
	}
	var err error
	if st.Verdicts, err = r.verdicts(); err != nil {
		return st, err
	}
	if r.Chain != "" {
		st.Chain = &programme.ChainCandidate{}
		err = parse("chain facts", r.Chain, st.Chain)
	}
	return st, err
}

func (r *standingRow) verdicts() ([]memory.Verdict, error) {
	var list []memory.Verdict
	if err := parse("verdicts", r.Verdicts, &list); err != nil || len(list) == 0 {
		return nil, err
	}
	for i := range list {
		if list[i].At == 0 {
			list[i].At = programme.Millis(r.At)
		}
	}
	return list, nil
}

// same reports whether a later look saw the same.
func (r standingRow) same(o standingRow) bool {
	if (r.LastValid == r.At) != (o.LastValid == o.At) {
		return false
	}
	if r.LastValid == r.At {
		r.LastValid, o.LastValid = 0, 0
	}
	r.At, r.Block = o.At, o.Block
	return r == o
}

type validityRow struct {
	bun.BaseModel `bun:"table:validity_changes,alias:vc"`
	Seq           int64 `bun:",pk,autoincrement"`
	Slot          int64
	At            int64
	Validity      string
}

type verdictRow struct {
	bun.BaseModel `bun:"table:verdict_changes,alias:vc"`
	Seq           int64 `bun:",pk,autoincrement"`
	Slot          int64
	Code          string
	At            int64
	State         string
	Detail        string
	Value         string
	LimitText     string
}

// Standings lists how candidates stood at the newest look, by slot.
func (s *Store) Standings(ctx context.Context) ([]memory.Standing, error) {
	return list(ctx, s.from(ctx), "standings", func(q *bun.SelectQuery) { q.Order("slot") }, (*standingRow).standing)
}

// Standing reads how one candidate stood at the newest look; [ErrNotFound] before the first.
func (s *Store) Standing(ctx context.Context, slot int) (memory.Standing, error) {
	return first(ctx, s.from(ctx), fmt.Sprintf("standing of slot %d", slot), func(q *bun.SelectQuery) { q.Where("slot = ?", slot) }, (*standingRow).standing)
}

// SaveStandings puts the given standings in the place of those before them, and keeps a line of each answer and each
// validity that has changed. What a look found unchanged costs next to nothing.
func (s *Store) SaveStandings(ctx context.Context, all []memory.Standing) error {
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		slots := make([]int64, len(all))
		for i := range all {
			slots[i] = int64(all[i].Slot)
		}
		before, err := stored(ctx, tx, "slot", slots, func(r *standingRow) int64 { return r.Slot })
		if err != nil {
			return err
		}
		var c standingChanges
		for i := range all {
			row, err := newStandingRow(&all[i])
			if err != nil {
				return err
			}
			var old *standingRow
			if o, ok := before[row.Slot]; ok {
				old = &o
			}
			if err := c.note(&all[i], row, old); err != nil {
				return err
			}
		}
		return c.write(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("store standings: %w", err)
	}
	return nil
}

// standingChanges are what a look changes.
type standingChanges struct {
	rows       []standingRow
	again      map[look][]int64 // slots of which nothing but the moment has changed
	validities []validityRow
	verdicts   []verdictRow
}

type look struct{ at, block int64 }

func (c *standingChanges) note(st *memory.Standing, row standingRow, old *standingRow) error {
	if old != nil {
		if row.Definite == "" {
			row.Definite = old.Definite
		}
		if row == *old {
			return nil
		}
		if row.same(*old) {
			if c.again == nil {
				c.again = map[look][]int64{}
			}
			l := look{row.At, row.Block}
			c.again[l] = append(c.again[l], row.Slot)
			return nil
		}
	}
	c.rows = append(c.rows, row)
	if old == nil || old.Validity != row.Validity {
		c.validities = append(c.validities, validityRow{Slot: row.Slot, At: row.At, Validity: row.Validity})
	}
	answers := map[programme.Code]programme.State{}
	if old != nil && old.Verdicts != row.Verdicts {
		list, err := old.verdicts()
		if err != nil {
			return err
		}
		for _, v := range list {
			answers[v.Code] = v.State
		}
	} else if old != nil {
		return nil
	}
	for _, v := range st.Verdicts {
		if answers[v.Code] == v.State {
			continue
		}
		at := v.Since
		if at == 0 {
			at = st.At
		}
		c.verdicts = append(c.verdicts, verdictRow{
			Slot: row.Slot, Code: string(v.Code), At: int64(at), State: string(v.State), Detail: v.Detail, Value: v.Value, LimitText: v.Limit,
		})
	}
	return nil
}

func (c *standingChanges) write(ctx context.Context, tx bun.Tx) error {
	if len(c.rows)+len(c.again) == 0 {
		return nil
	}
	if err := put(ctx, tx, c.rows); err != nil {
		return err
	}
	for l, slots := range c.again {
		_, err := tx.NewUpdate().Model((*standingRow)(nil)).
			Set("last_valid = CASE WHEN last_valid = at THEN ? ELSE last_valid END, at = ?, block = ?", l.at, l.at, l.block).
			Where("slot IN (?)", bun.In(slots)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if _, err := add(ctx, tx, c.validities); err != nil {
		return err
	}
	if _, err := add(ctx, tx, c.verdicts); err != nil {
		return err
	}
	return bump(ctx, tx, memory.SubjectStandings)
}

// DefiniteValidities are the newest of valid and invalid that each slot has been.
func (s *Store) DefiniteValidities(ctx context.Context) (map[int]programme.Validity, error) {
	var rows []standingRow
	if err := s.from(ctx).NewSelect().Model(&rows).Column("slot", "definite").Where("definite <> ''").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read validities: %w", explain(err))
	}
	out := make(map[int]programme.Validity, len(rows))
	for _, r := range rows {
		out[int(r.Slot)] = programme.Validity(r.Definite)
	}
	return out, nil
}

// ValidityChanges lists how the validity of a slot has changed, newest first; a limit of 0 means all.
func (s *Store) ValidityChanges(ctx context.Context, slot, limit int) ([]memory.ValidityChange, error) {
	return list(ctx, s.from(ctx), "changes of validity", newest(slot, limit), func(r *validityRow) (memory.ValidityChange, error) {
		return memory.ValidityChange{Slot: int(r.Slot), At: programme.Millis(r.At), Validity: programme.Validity(r.Validity)}, nil
	})
}

// VerdictChanges lists how the answers of the checks of a slot have changed, newest first; a limit of 0 means all.
func (s *Store) VerdictChanges(ctx context.Context, slot, limit int) ([]memory.VerdictChange, error) {
	return list(ctx, s.from(ctx), "changes of verdicts", newest(slot, limit), func(r *verdictRow) (memory.VerdictChange, error) {
		return memory.VerdictChange{
			Slot: int(r.Slot), Code: programme.Code(r.Code), At: programme.Millis(r.At), State: programme.State(r.State),
			Detail: r.Detail, Value: r.Value, Limit: r.LimitText,
		}, nil
	})
}

func newest(slot, limit int) func(*bun.SelectQuery) {
	return func(q *bun.SelectQuery) {
		q.Where("slot = ?", slot).Order("seq DESC")
		if limit > 0 {
			q.Limit(limit)
		}
	}
}
