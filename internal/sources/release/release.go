// Package release finds the client release that candidates must run: the greatest version among the releases of a
// GitHub repository whose tags match a pattern, or among those in a file of the same form.
package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
)

// Limits of a [fetch.Client] for releases. One page of GitHub's list with all its notes and files is a few megabytes.
const (
	MaxBytes = 8 << 20
	pageSize = 30
)

// Store keeps the newest release.
type Store interface {
	sources.HealthStore
	Release(ctx context.Context, network string) (r outside.Release, ok bool, err error)
	SaveRelease(ctx context.Context, r outside.Release) error
}

// Options configure a [Source].
type Options struct {
	Network    string
	Client     *fetch.Client // nil when only a file is read
	URL        string        // of GitHub's API, "https://api.github.com"
	Repository string        // "owner/name"
	File       string        // read when GitHub does not deliver, or instead of it; may be empty
	Pattern    *Pattern
	Fresh      time.Duration // how long the newest answer speaks for the source while newer attempts fail
	MaxAge     time.Duration // after which a release that was not confirmed is no longer demanded
	Store      Store
	Now        func() time.Time
}

// Source is the release monitor. Refresh must not run twice at a time.
type Source struct {
	o    Options
	book sources.Book
}

// New makes a monitor; nothing is read yet.
func New(o Options) *Source {
	return &Source{o: o, book: sources.Book{Store: o.Store, Network: o.Network, Name: string(programme.SourceRelease), Fresh: o.Fresh}}
}

// Refresh looks for the newest release and keeps it. That the source did not deliver is written down in its health and
// returned as well; the last good release stays in force.
func (s *Source) Refresh(ctx context.Context) error {
	last, known, err := s.o.Store.Release(ctx, s.o.Network)
	if err != nil {
		return err
	}
	next, remark, cause := s.read(ctx, last, known)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	now := sources.Millis(s.o.Now())
	if cause == nil {
		if next.FirstSeen = now; known && last.Name == next.Name {
			next.FirstSeen = last.FirstSeen
		}
		next.Network, next.At = s.o.Network, now
		if err := s.o.Store.SaveRelease(ctx, next); err != nil {
			return err
		}
	}
	return errors.Join(cause, s.book.Note(ctx, sources.Outcome{At: now, Err: cause, Remark: remark, Retry: s.retry()}))
}

func (s *Source) retry() programme.Millis {
	if s.o.Client == nil {
		return 0
	}
	if t := s.o.Client.State().Retry; !t.IsZero() {
		return sources.Millis(t)
	}
	return 0
}

// read asks GitHub, and the file when that fails.
func (s *Source) read(ctx context.Context, last outside.Release, known bool) (outside.Release, string, error) {
	if s.o.Client == nil {
		return s.file()
	}
	r, remark, err := s.github(ctx, last, known)
	if err == nil || s.o.File == "" || ctx.Err() != nil {
		return r, remark, err
	}
	r, _, fileErr := s.file()
	if fileErr != nil {
		return outside.Release{}, "", errors.Join(err, fileErr)
	}
	return r, fmt.Sprintf("the file %s stands in: %v", s.o.File, err), nil
}

func (s *Source) github(ctx context.Context, last outside.Release, known bool) (outside.Release, string, error) {
	name := "github " + s.o.Repository + " " + s.o.Pattern.String()
	owner, repo, _ := strings.Cut(s.o.Repository, "/")
	req := fetch.Request{
		URL: fmt.Sprintf("%s/repos/%s/%s/releases?per_page=%d", strings.TrimRight(s.o.URL, "/"), url.PathEscape(owner), url.PathEscape(repo), pageSize),
	}
	if known && last.Source == name { // with another pattern, the same list gives another release
		req.ETag = last.ETag
	}
	var next outside.Release
	var remark string
	req.Decode = func(body []byte) (err error) {
		next, remark, err = s.choose(body)
		return err
	}
	answer, err := s.o.Client.Get(ctx, req)
	if err != nil {
		return outside.Release{}, "", err
	}
	if answer.Unchanged {
		return last, "", nil
	}
	next.Source, next.ETag = name, answer.ETag
	return next, remark, nil
}

func (s *Source) file() (outside.Release, string, error) {
	f, err := os.Open(s.o.File)
	if err != nil {
		return outside.Release{}, "", fmt.Errorf("read releases: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	body, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	if err == nil && len(body) > MaxBytes {
		err = fmt.Errorf("it is greater than the limit of %d bytes", MaxBytes)
	}
	var r outside.Release
	var remark string
	if err == nil {
		r, remark, err = s.choose(body)
	}
	if err != nil {
		return outside.Release{}, "", fmt.Errorf("read releases %s: %w", s.o.File, err)
	}
	r.Source = "file " + s.o.File
	return r, remark, nil
}

func (s *Source) choose(body []byte) (outside.Release, string, error) {
	list, err := parse(body)
	if err != nil {
		return outside.Release{}, "", err
	}
	return s.o.Pattern.greatest(list, s.o.Now())
}

// Newest is the release that is known, with the moment from which it may be demanded as its date. It is unknown when it
// was not confirmed for too long.
func (s *Source) Newest(ctx context.Context) (sources.Answer[programme.Release], error) {
	r, ok, err := s.o.Store.Release(ctx, s.o.Network)
	if err != nil || !ok {
		return sources.Answer[programme.Release]{Why: "no release is known yet"}, err
	}
	return sources.Fresh(programme.Release{Name: r.Name, PublishedAt: r.Grace()}, r.At, sources.Millis(s.o.Now()), sources.Span(s.o.MaxAge)), nil
}
