package jobs

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// quiet keeps the queue's own remarks out of the log unless they are warnings, and lets each be said once a minute only:
// while the database is away, the queue complains with every look.
func quiet(l *slog.Logger) *slog.Logger {
	return slog.New(atLeast{l.Handler(), &recent{said: map[string]time.Time{}}})
}

// repeatAfter is when a remark may be repeated.
const repeatAfter = time.Minute

// recent are the remarks that were made, and when.
type recent struct {
	mu   sync.Mutex
	said map[string]time.Time
}

func (r *recent) fresh(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last, ok := r.said[text]; ok && time.Since(last) < repeatAfter {
		return false
	}
	r.said[text] = time.Now()
	return true
}

type atLeast struct {
	slog.Handler
	recent *recent
}

// Enabled implements slog.Handler.
func (h atLeast) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// Handle implements slog.Handler. What is said about a job that failed, this package has said already.
func (h atLeast) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "Job errored") || !h.recent.fresh(r.Message) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h atLeast) WithAttrs(a []slog.Attr) slog.Handler {
	return atLeast{h.Handler.WithAttrs(a), h.recent}
}

// WithGroup implements slog.Handler.
func (h atLeast) WithGroup(name string) slog.Handler {
	return atLeast{h.Handler.WithGroup(name), h.recent}
}
