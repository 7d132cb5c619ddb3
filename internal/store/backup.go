package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrNoBackup says how a PostgreSQL database is backed up.
var ErrNoBackup = errors.New("a PostgreSQL database is backed up with PostgreSQL's own tools: pg_dump --format=custom --file=FILE URL, and restored with pg_restore")

// Backup copies a SQLite database, as it is at one moment, into a new file: while others read and write it, and whatever
// version its tables are of. The file appears when it is complete, checked and on the disk; one that exists is left alone.
func (s *Store) Backup(ctx context.Context, file string) error {
	if s.dialect == PostgreSQL {
		return ErrNoBackup
	}
	if err := s.backup(ctx, file); err != nil {
		return fmt.Errorf("back up %s into %s: %w", s.name, file, explain(err))
	}
	return nil
}

func (s *Store) backup(ctx context.Context, file string) (err error) {
	if _, err := os.Lstat(file); err == nil {
		return fs.ErrExist
	}
	part, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*.part") // for its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.Name()) }()
	if err := part.Close(); err != nil {
		return err
	}
	if err := s.copyInto(ctx, part.Name()); err != nil {
		return err
	}
	if err := sound(ctx, part.Name()); err != nil {
		return err
	}
	if err := flush(part.Name()); err != nil {
		return err
	}
	// A link does not replace what has come there meanwhile.
	if err := os.Link(part.Name(), file); err != nil {
		return err
	}
	return flush(filepath.Dir(file))
}

// copyInto writes the copy. SQLite takes it for writing, though not in this database.
func (s *Store) copyInto(ctx context.Context, file string) error {
	c, err := s.read.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if s.readOnly {
		if _, err := c.ExecContext(ctx, "PRAGMA query_only(0)"); err != nil {
			return err
		}
		defer func() { _, _ = c.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only(1)") }()
	}
	_, err = c.ExecContext(ctx, "VACUUM INTO ?", file)
	return err
}

// sound checks a copy.
func sound(ctx context.Context, file string) error {
	db, err := openFile(file, "deferred", 1, true)
	if err != nil {
		return err
	}
	var result string
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result)
	if err == nil && result != "ok" {
		err = fmt.Errorf("%w (the copy: %s)", ErrDamaged, result)
	}
	return errors.Join(err, db.Close())
}

// flush has a file, or the names in a folder, written to the disk.
func flush(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
