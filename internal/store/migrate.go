package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate runs the migrations that the database does not have yet, in the order of their names. Each runs in one
// transaction with the line that says so, which the migrations of bun do not do: a process killed between the two would
// run one twice. There is no way back: a database is restored from its backup, never by deleting columns with
// history in them. The checksum finds a migration that was edited after it had run somewhere.
func migrate(ctx context.Context, db *bun.DB) error {
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		name TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000 AS INTEGER)))`); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		b, err := migrations.ReadFile(name)
		if err != nil {
			return err
		}
		if err := migrateOne(ctx, db, strings.TrimPrefix(name, "migrations/"), string(b)); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return tooNew(ctx, db, names)
}

func migrateOne(ctx context.Context, db *bun.DB, name, script string) error {
	sum := sha256.Sum256([]byte(script))
	checksum := hex.EncodeToString(sum[:])
	return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var known []string
		if err := tx.NewSelect().Table("schema_migrations").Column("checksum").Where("name = ?", name).Scan(ctx, &known); err != nil {
			return err
		}
		switch {
		case len(known) == 0:
		case known[0] == checksum:
			return nil
		default:
			return fmt.Errorf("%s has run on this database in another form; use the version of the program that made it", name)
		}
		// Not a query of bun, which would read ? and : in it.
		if _, err := tx.Tx.ExecContext(ctx, script); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO schema_migrations (name, checksum) VALUES (?, ?)", name, checksum)
		return err
	})
}

// tooNew refuses a database that a newer version of the program has changed.
func tooNew(ctx context.Context, db *bun.DB, names []string) error {
	var applied []string
	if err := db.NewSelect().Table("schema_migrations").Column("name").Scan(ctx, &applied); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, a := range applied {
		if !slices.Contains(names, "migrations/"+a) {
			return fmt.Errorf("migrate: the database was changed by a newer version of the program (%s); use that one", a)
		}
	}
	return nil
}
