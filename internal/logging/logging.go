// Package logging makes the log of a service: text for people or JSON for machines, from a level on, without the parts
// that an operator does not want to hear of.
package logging

import (
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// Format is how a line of the log looks.
type Format string

// The formats.
const (
	Text Format = "text" // key=value
	JSON Format = "json" // one object a line
)

// The attributes that name the part of the product a message comes from.
const (
	ComponentKey = "component"
	JobKey       = "job"
)

// Options of a log. The zero value writes text from info on.
type Options struct {
	Format Format
	Level  slog.Level
	// Excluded names parts, whatever the case, of which only errors are logged: a component ("telemetry") or a job
	// ("ValidatorPrefJob", or "validatorPref" for short).
	Excluded []string
	// Count, unless nil, is told the level of every message that is written.
	Count func(slog.Level)
}

// New makes a logger that writes to w.
func New(w io.Writer, o Options) *slog.Logger {
	var h slog.Handler
	if options := (&slog.HandlerOptions{Level: o.Level}); o.Format == JSON {
		h = slog.NewJSONHandler(w, options)
	} else {
		h = slog.NewTextHandler(w, options)
	}
	f := &filter{next: h, count: o.Count, excluded: map[string]bool{}}
	for _, name := range o.Excluded {
		f.excluded[fold(name)] = true
	}
	return slog.New(f)
}

// fold is the short form of a part's name: the old backend's excluded labels name jobs without their ending.
func fold(name string) string {
	name = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(name)), "job")
	return strings.TrimSuffix(name, "data")
}

// filter drops what an excluded part says.
type filter struct {
	next     slog.Handler
	excluded map[string]bool
	count    func(slog.Level)
	muted    bool // a part was named that is excluded
	grouped  bool // inside a group, keys mean something else
}

func (f *filter) Enabled(ctx context.Context, level slog.Level) bool {
	return (!f.muted || level >= slog.LevelError) && f.next.Enabled(ctx, level)
}

func (f *filter) Handle(ctx context.Context, r slog.Record) error {
	if r.Level < slog.LevelError && !f.grouped {
		muted := false
		r.Attrs(func(a slog.Attr) bool {
			muted = f.names(a)
			return !muted
		})
		if muted {
			return nil
		}
	}
	if f.count != nil {
		f.count(r.Level)
	}
	return f.next.Handle(ctx, r)
}

// names reports whether an attribute names an excluded part.
func (f *filter) names(a slog.Attr) bool {
	return (a.Key == ComponentKey || a.Key == JobKey) && f.excluded[fold(a.Value.String())]
}

func (f *filter) WithAttrs(attrs []slog.Attr) slog.Handler {
	g := *f
	g.next = f.next.WithAttrs(attrs)
	g.muted = f.muted || !f.grouped && slices.ContainsFunc(attrs, f.names)
	return &g
}

func (f *filter) WithGroup(name string) slog.Handler {
	g := *f
	g.next, g.grouped = f.next.WithGroup(name), f.grouped || name != ""
	return &g
}
