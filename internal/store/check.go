package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Finding is something that is wrong with a database.
type Finding struct {
	Kind string `json:"kind"` // "file", "tables", "references", "record" or "rows"
	Text string `json:"text"`
}

// Checked is what came of a check.
type Checked struct {
	Database string    `json:"database"`
	Dialect  Dialect   `json:"dialect"`
	Records  int       `json:"records"` // whose digests were computed
	Findings []Finding `json:"findings"`
}

// maxFindings bounds the findings of a kind.
const maxFindings = 100

// Check looks for damage: in the file (SQLite), in the tables as far as they differ from those that this version of the
// program makes, in references between rows, in the digests of all records, and in rows that cannot be read. An error means
// that it could not look.
func (s *Store) Check(ctx context.Context) (*Checked, error) {
	c := &Checked{Database: s.name, Dialect: s.dialect, Findings: []Finding{}}
	for _, part := range []func(context.Context, *Checked) error{s.checkFile, s.checkTables, s.checkReferences, s.checkRecords, s.checkRows} {
		if err := part(ctx, c); err != nil {
			return c, fmt.Errorf("check the database: %w", explain(err))
		}
		if slices.ContainsFunc(c.Findings, func(f Finding) bool { return f.Kind == "file" || f.Kind == "tables" }) {
			break // the rest goes by them
		}
	}
	return c, nil
}

func (c *Checked) found(kind, format string, args ...any) {
	c.Findings = append(c.Findings, Finding{kind, fmt.Sprintf(format, args...)})
}

func (s *Store) checkFile(ctx context.Context, c *Checked) error {
	if s.dialect == PostgreSQL {
		return nil // its own tool is pg_amcheck
	}
	var lines []string
	err := s.read.NewRaw("PRAGMA integrity_check(?)", maxFindings).Scan(ctx, &lines)
	if errors.Is(explain(err), ErrDamaged) {
		lines, err = []string{err.Error()}, nil
	}
	for _, line := range lines {
		if line != "ok" {
			c.found("file", "%s", line)
		}
	}
	return err
}

// part is a column, an index or a trigger.
type part struct{ kind, table, name string }

// checkTables compares tables, indexes and triggers with those of a new database.
func (s *Store) checkTables(ctx context.Context, c *Checked) error {
	st, err := s.Status(ctx)
	if err != nil {
		return err
	}
	switch st.State {
	case Outdated, Foreign:
		c.found("tables", "%v", ErrOutdated)
		return nil
	case Newer, Edited:
		c.found("tables", "they were made by another version of the program (%s); check it with that one", strings.Join(st.Unknown, ", "))
		return nil
	}
	have, err := s.parts(ctx)
	if err != nil {
		return err
	}
	want, err := fresh(ctx)
	if err != nil {
		return err
	}
	for _, p := range want {
		if !slices.Contains(have, p) {
			c.found("tables", "the %s %s of %s is missing", p.kind, p.name, p.table)
		}
	}
	return nil
}

// fresh lists the parts of a new database, which are the same on both kinds.
func fresh(ctx context.Context) ([]part, error) {
	db, err := openMemory()
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	list, err := migrations(SQLite)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if _, err := db.DB.ExecContext(ctx, m.script); err != nil {
			return nil, err
		}
	}
	return (&Store{dialect: SQLite, read: db}).parts(ctx)
}

func (s *Store) parts(ctx context.Context) ([]part, error) {
	query := `SELECT 'column', m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
		UNION ALL SELECT type, tbl_name, name FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL`
	if s.dialect == PostgreSQL {
		query = `SELECT 'column', table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()
			UNION ALL SELECT 'index', tablename::text, indexname::text FROM pg_indexes WHERE schemaname = current_schema()
			UNION ALL SELECT 'trigger', c.relname::text, t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE n.nspname = current_schema() AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')`
	}
	rows, err := s.from(ctx).QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []part
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.kind, &p.table, &p.name); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

// checkReferences looks for rows that refer to ones that are gone. PostgreSQL lets none be.
func (s *Store) checkReferences(ctx context.Context, c *Checked) error {
	if s.dialect == PostgreSQL {
		return nil
	}
	rows, err := s.read.QueryContext(ctx, `SELECT "table", coalesce(rowid, 0), parent FROM pragma_foreign_key_check LIMIT ?`, maxFindings)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table, parent string
		var row int64
		if err := rows.Scan(&table, &row, &parent); err != nil {
			return err
		}
		c.found("references", "row %d of %s refers to a row of %s that is not there", row, table, parent)
	}
	return rows.Err()
}

// checkRecords computes the digests of all records.
func (s *Store) checkRecords(ctx context.Context, c *Checked) error {
	digests, err := keys[string](ctx, s, (*documentRow)(nil), "digest", func(q *bun.SelectQuery) { q.Order("digest") })
	if err != nil {
		return err
	}
	for _, digest := range digests {
		d, err := s.Document(ctx, digest)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
		case d.Kind == plan.DocumentRound:
			err = decision.CheckDigest(d.Bytes, digest)
		default:
			sum := sha256.Sum256(d.Bytes)
			if got := "sha256:" + hex.EncodeToString(sum[:]); got != digest {
				err = fmt.Errorf("the digest of its content is %s", got)
			}
		}
		c.Records++
		if err != nil && len(c.Findings) < maxFindings {
			c.found("record", "%s: %v", digest, err)
		}
	}
	return nil
}

// checkRows reads what the programme goes on from.
func (s *Store) checkRows(ctx context.Context, c *Checked) error {
	for _, read := range []func() error{
		func() error { _, err := s.Candidates(ctx); return err },
		func() error { _, err := s.Standings(ctx); return err },
		func() error { _, err := s.NewestScores(ctx); return err },
		func() error { _, err := s.RankEvents(ctx); return err },
		func() error { _, err := s.Rankings(ctx); return err },
		func() error { _, err := s.Periods(ctx); return err },
		func() error { _, err := s.Rounds(ctx, "", 0); return err },
		func() error { _, err := s.Nominators(ctx); return err },
		func() error { _, err := s.Nominations(ctx); return err },
		func() error { _, err := s.Plans(ctx, plan.Filter{}); return err },
		func() error { _, err := s.Intents(ctx, plan.IntentFilter{}); return err },
		func() error { _, err := s.ValidatorSetsFrom(ctx, 0); return err },
		func() error { _, err := s.NewestStakes(ctx); return err },
		func() error { _, err := s.LoadPresence(ctx); return err },
	} {
		err := read()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			c.found("rows", "%v", err)
		}
	}
	return nil
}
