package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/internal/store"
)

// pingTimeout is how long the database may take to answer whether it is there.
const pingTimeout = 5 * time.Second

// databaseHandle is the open database, for components that start after it.
type databaseHandle struct {
	mu    sync.Mutex
	store *store.Store
}

func (h *databaseHandle) set(s *store.Store) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.store = s
}

// get is the database. Components that start after the database's can rely on it.
func (h *databaseHandle) get() *store.Store {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.store
}

func (p *process) databaseName() string { return store.Name(p.cfg.DatabaseTarget()) }

// runDatabase opens the database, keeps an eye on it, and closes it when everything that uses it has stopped.
func (p *process) runDatabase(ctx context.Context, ready func()) error {
	s, err := p.openDatabase(ctx)
	if err != nil {
		p.metrics.Database(false)
		return lasting(err)
	}
	p.database.set(s)
	p.metrics.Database(true)
	ready()
	p.pingDatabase(ctx, s)
	if err := s.Close(); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// The waits between attempts to open a database that is not there yet.
const (
	firstOpenWait = 250 * time.Millisecond
	mostOpenWait  = 5 * time.Second
)

// openDatabase tries until the database is open. Roles that only read wait for its tables, too, until one that may change
// them has brought them up to date.
func (p *process) openDatabase(ctx context.Context) (*store.Store, error) {
	last := ""
	for wait := firstOpenWait; ; wait = min(2*wait, mostOpenWait) {
		s, err := p.tryDatabase(ctx)
		if err == nil || !passing(err) || ctx.Err() != nil {
			return s, err
		}
		p.metrics.Database(false)
		p.board.Set("database", health.Down, err.Error())
		if text := err.Error(); text != last { // the same words once are enough
			level := slog.LevelError
			if errors.Is(err, store.ErrOutdated) || errors.Is(err, fs.ErrNotExist) {
				level = slog.LevelWarn // whoever makes the tables may be about to
			}
			p.log.Log(ctx, level, "the database is not open; it is tried until it is", "component", "database", "error", err)
			last = text
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (p *process) tryDatabase(ctx context.Context) (*store.Store, error) {
	if !p.has(config.RoleCore, config.RoleWorker, config.RoleTelemetry) {
		return store.OpenReadOnly(ctx, p.cfg.DatabaseTarget())
	}
	s, err := store.Open(ctx, p.cfg.DatabaseTarget())
	if err != nil {
		return nil, err
	}
	if err := jobs.Migrate(ctx, s); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// passing reports whether a failure of the database may go away by itself.
func passing(err error) bool {
	for _, kind := range []error{
		store.ErrUnreachable, store.ErrBusy, store.ErrFull, store.ErrOutdated,
		fs.ErrNotExist, // of a reader, which waits for the file to be made
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// lasting marks failures of the database that do not go away by themselves.
func lasting(err error) error {
	if passing(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return lifecycle.Permanent(input(err))
}

// pingDatabase looks until ctx ends whether the database answers, and says so once when it stops or starts again.
func (p *process) pingDatabase(ctx context.Context, s *store.Store) {
	ticker := time.NewTicker(p.Pace.Ping)
	defer ticker.Stop()
	up := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		limited, cancel := context.WithTimeout(ctx, pingTimeout)
		err := s.Ping(limited)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && up:
			p.log.Error("the database does not answer; work goes on when it is back", "database", s.Name(), "error", err)
			p.board.Set("database", health.Down, err.Error())
		case err == nil && !up:
			p.log.Info("the database answers again", "database", s.Name())
			p.board.Set("database", health.OK, "")
		}
		up = err == nil
		p.metrics.Database(up)
	}
}
