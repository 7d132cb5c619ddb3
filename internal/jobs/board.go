package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"

	"github.com/riverqueue/river"
	"riverqueue.com/riverui"
)

// The paths of the board.
const (
	BoardPath = "/jobs"
	oldPath   = "/bull" // of the old backend
)

// Board serves the queue's web pages under [BoardPath], for a listener that operators alone can reach: jobs can be
// cancelled, retried and deleted there. Its background work ends with ctx.
func (e *Engine) Board(ctx context.Context) (http.Handler, error) {
	ui, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(e.client, nil), Logger: quiet(e.Logger), Prefix: BoardPath,
	})
	if err != nil {
		return nil, fmt.Errorf("jobs: make the board: %w", err)
	}
	if err := ui.Start(ctx); err != nil {
		return nil, fmt.Errorf("jobs: start the board: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle(BoardPath+"/", ui)
	mux.Handle(BoardPath, http.RedirectHandler(BoardPath+"/", http.StatusFound))
	mux.Handle(oldPath, http.RedirectHandler(BoardPath+"/", http.StatusFound))
	mux.Handle(oldPath+"/", http.RedirectHandler(BoardPath+"/", http.StatusFound))
	return mux, nil
}

// CancelJob ends the run of a job, or the wish for one.
func (e *Engine) CancelJob(ctx context.Context, name string) error {
	if e.byName[name] == nil {
		return fmt.Errorf("jobs: cancel %q: %w", name, ErrUnknown)
	}
	err := e.DB.Atomic(ctx, func(ctx context.Context, tx *sql.Tx) error {
		have, err := e.table.all(ctx, tx)
		if err != nil {
			return err
		}
		if s := have[name]; s != nil && s.Wanted != "" {
			s.Wanted = ""
			if err := e.table.save(ctx, tx, s); err != nil {
				return err
			}
		}
		list, err := e.client.JobListTx(ctx, tx, river.NewJobListParams().Kinds(name).States(live()...))
		if err != nil {
			return err
		}
		for _, entry := range list.Jobs {
			if _, err := e.client.JobCancelTx(ctx, tx, entry.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("jobs: cancel %s: %w", name, err)
	}
	return nil
}
