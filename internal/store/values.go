package store

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// ErrNotFound is returned for a single thing that was asked for and is not there.
var ErrNotFound = plan.ErrNotFound

// rowsAtOnce bounds the rows of one statement, whose text holds their values.
const rowsAtOnce = 200

// put inserts rows, or replaces those with the same keys.
func put[T any](ctx context.Context, tx bun.Tx, rows []T) error {
	table := tx.Dialect().Tables().Get(reflect.TypeFor[T]())
	var keys []bun.Ident
	for _, f := range table.PKs {
		keys = append(keys, bun.Ident(f.Name))
	}
	for part := range slices.Chunk(rows, rowsAtOnce) {
		q := tx.NewInsert().Model(&part).On("CONFLICT (?) DO UPDATE", bun.In(keys))
		for _, f := range table.DataFields {
			q.Set("? = EXCLUDED.?", bun.Ident(f.Name), bun.Ident(f.Name))
		}
		if _, err := q.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// add inserts rows. Those whose keys are there already are left out; added counts the others.
func add[T any](ctx context.Context, tx bun.Tx, rows []T) (added int, err error) {
	for part := range slices.Chunk(rows, rowsAtOnce) {
		res, err := tx.NewInsert().Model(&part).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
		if err != nil {
			return added, err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return added, err
		}
		added += int(n)
	}
	return added, nil
}

// remove deletes the rows of a model with the given keys, which are those of one column.
func remove[K any](ctx context.Context, tx bun.Tx, model any, column string, keys []K) error {
	for part := range slices.Chunk(keys, 1000) {
		if _, err := tx.NewDelete().Model(model).Where("? IN (?)", bun.Ident(column), bun.In(part)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stored reads the rows with the given keys, which are those of one column.
func stored[K comparable, T any](ctx context.Context, db bun.IDB, column string, keys []K, key func(*T) K) (map[K]T, error) {
	out := make(map[K]T, len(keys))
	for part := range slices.Chunk(keys, 1000) {
		var rows []T
		if err := db.NewSelect().Model(&rows).Where("? IN (?)", bun.Ident(column), bun.In(part)).Scan(ctx); err != nil {
			return nil, err
		}
		for i := range rows {
			out[key(&rows[i])] = rows[i]
		}
	}
	return out, nil
}

// list reads rows and makes things of them.
func list[R, T any](ctx context.Context, db bun.IDB, what string, which func(*bun.SelectQuery), thing func(*R) (T, error)) ([]T, error) {
	var rows []R
	q := db.NewSelect().Model(&rows)
	if which != nil {
		which(q)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list %s: %w", what, explain(err))
	}
	out := make([]T, len(rows))
	for i := range rows {
		var err error
		if out[i], err = thing(&rows[i]); err != nil {
			return nil, fmt.Errorf("list %s: %w", what, err)
		}
	}
	return out, nil
}

// first is like list for one thing; [ErrNotFound] when there is none.
func first[R, T any](ctx context.Context, db bun.IDB, what string, which func(*bun.SelectQuery), thing func(*R) (T, error)) (T, error) {
	all, err := list(ctx, db, what, func(q *bun.SelectQuery) { which(q.Limit(1)) }, thing)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// newestOf selects the row with the greatest value of one column for every value of another one, as [bun.SelectQuery.Join].
// It hops along the primary key (each, column), whose rows it does not read: there may be millions.
func newestOf(table, alias, each, column string) func(*bun.SelectQuery) {
	join := strings.NewReplacer("TABLE", table, "ALIAS", alias, "EACH", each, "COLUMN", column).Replace(`JOIN (
		WITH RECURSIVE hop (EACH) AS (
			SELECT min(EACH) FROM TABLE
			UNION ALL
			SELECT (SELECT min(n.EACH) FROM TABLE AS n WHERE n.EACH > hop.EACH) FROM hop WHERE hop.EACH IS NOT NULL
		)
		SELECT hop.EACH, (SELECT max(n.COLUMN) FROM TABLE AS n WHERE n.EACH = hop.EACH) AS COLUMN FROM hop WHERE hop.EACH IS NOT NULL
	) AS newest ON newest.EACH = ALIAS.EACH AND newest.COLUMN = ALIAS.COLUMN`)
	return func(q *bun.SelectQuery) { q.Join(join) }
}

// text is a value as JSON.
func text(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// parse reads what text wrote.
func parse(what, s string, v any) error {
	if err := json.Unmarshal([]byte(s), v); err != nil {
		return fmt.Errorf("%w (%s: %w)", ErrDamaged, what, err)
	}
	return nil
}

// amount reads a stored amount.
func amount(what, s string) (programme.Planck, error) {
	p, err := programme.ParsePlanck(s)
	if err != nil {
		return p, fmt.Errorf("%w (%s: %w)", ErrDamaged, what, err)
	}
	return p, nil
}

// packer makes compressed JSON. It is used for many values in turn, because a compressor is large.
type packer struct {
	out bytes.Buffer
	w   *flate.Writer
}

func (p *packer) pack(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	p.out.Reset()
	if p.w == nil {
		if p.w, err = flate.NewWriter(&p.out, flate.DefaultCompression); err != nil {
			return nil, err
		}
	} else {
		p.w.Reset(&p.out)
	}
	if _, err := p.w.Write(b); err != nil {
		return nil, err
	}
	if err := p.w.Close(); err != nil {
		return nil, err
	}
	return bytes.Clone(p.out.Bytes()), nil
}

// unpacker is a decompressor at rest with room for a text: a new one takes 40 KiB, many times what most rows unpack to.
type unpacker struct {
	r   io.ReadCloser
	out bytes.Buffer
}

var unpackers = sync.Pool{New: func() any { return &unpacker{r: flate.NewReader(nil)} }}

// keptRoom bounds the room in bytes that an unpacker keeps for the next one.
const keptRoom = 1 << 20

// unpackJSON reads what a packer wrote.
func unpackJSON(what string, packed []byte, v any) error {
	u := unpackers.Get().(*unpacker)
	defer func() {
		if u.out.Cap() <= keptRoom {
			unpackers.Put(u)
		}
	}()
	u.out.Reset()
	err := u.r.(flate.Resetter).Reset(bytes.NewReader(packed), nil)
	if err == nil {
		_, err = u.out.ReadFrom(io.LimitReader(u.r, maxDocument))
	}
	if err == nil {
		err = json.Unmarshal(u.out.Bytes(), v)
	}
	if err != nil {
		return fmt.Errorf("%w (%s: %w)", ErrDamaged, what, err)
	}
	return nil
}

type versionRow struct {
	bun.BaseModel `bun:"table:versions"`
	Subject       string `bun:",pk"`
	Version       int64
}

// bump counts a change of subjects.
func bump(ctx context.Context, tx bun.Tx, subjects ...memory.Subject) error {
	for _, s := range subjects {
		row := versionRow{Subject: string(s), Version: 1}
		_, err := tx.NewInsert().Model(&row).On("CONFLICT (subject) DO UPDATE").Set("version = ?TableAlias.version + 1").Returning("NULL").Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// Versions counts the changes of every subject; one that is missing has never changed.
func (s *Store) Versions(ctx context.Context) (map[memory.Subject]int64, error) {
	var rows []versionRow
	if err := s.from(ctx).NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read versions: %w", explain(err))
	}
	out := make(map[memory.Subject]int64, len(rows))
	for _, r := range rows {
		out[memory.Subject(r.Subject)] = r.Version
	}
	return out, nil
}
