package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// patience is how long a process waits for another one's write. No write takes long.
const patience = 20 * time.Second

// readers is the number of connections that read a SQLite file.
const readers = 4

func connectSQLite(ctx context.Context, file string, readOnly bool) (*Store, error) {
	s := &Store{dialect: SQLite, name: file, readOnly: readOnly}
	info, err := os.Stat(file)
	if err == nil && info.IsDir() {
		return nil, errors.New("it is a folder: name a file in it")
	}
	if readOnly {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no such file: otv run makes it, and so does otv db migrate (%w)", err)
		}
		if err != nil {
			return nil, err
		}
		s.read, err = openFile(file, "deferred", readers, true)
		s.write = s.read
		return s, err
	}
	if err := private(file); err != nil {
		return nil, err
	}
	// One connection writes: SQLite has one writer at a time, and whoever waits for it in this process waits in turn.
	if s.write, err = openFile(file, "immediate", 1, false); err != nil {
		return s, err
	}
	if err := begin(ctx, s.write); err != nil {
		return s, err
	}
	s.read, err = openFile(file, "deferred", readers, false)
	return s, err
}

// begin makes the first connection, which sets the mode of the file. SQLite does not wait for other processes there, so
// that of several that open a new file at once all but one would fail.
func begin(ctx context.Context, db *bun.DB) error {
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		err := db.PingContext(ctx)
		if !errors.Is(explain(err), ErrBusy) {
			return err
		}
		select {
		case <-retry.C:
		case <-limit.C:
			return err
		case <-ctx.Done():
			return err
		}
	}
}

// private makes the file, readable by its owner only: it tells what is going to be signed.
func private(file string) error {
	if dir := filepath.Dir(file); dir != "." {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// openFile opens a pool of connections to the file. Each begins its transactions in the given way.
func openFile(file, begin string, connections int, readOnly bool) (*bun.DB, error) {
	q := url.Values{}
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", patience.Milliseconds()),
		"foreign_keys(1)",
		"trusted_schema(0)",
		"cache_size(-8000)",  // KiB
		"temp_store(MEMORY)", // what a statement needs to be undone is a few pages, for which no file and no big buffer is needed
	}
	if readOnly {
		q.Set("mode", "ro")
		pragmas = append(pragmas, "query_only(1)")
	} else {
		pragmas = append(pragmas,
			"journal_mode(WAL)",
			"synchronous(FULL)", // a commit is on the disk before it returns, also after a power failure
		)
	}
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	q.Set("_txlock", begin)
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	dsn := (&url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return bun.NewDB(db, sqlitedialect.New()), nil
}

// openMemory opens an empty database that is nowhere on a disk.
func openMemory() (*bun.DB, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return bun.NewDB(db, sqlitedialect.New()), nil
}
