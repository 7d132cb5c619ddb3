// Package remote asks another instance of the programme about the nodes that candidates run there: for Polkadot's
// candidates, the rank and validity of their nodes in Kusama's programme.
package remote

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Store keeps the newest answer for each stash.
type Store interface {
	sources.HealthStore
	Remotes(ctx context.Context, network string) ([]outside.Remote, error)
	SaveRemote(ctx context.Context, r outside.Remote) error
}

// Options configure a [Source].
type Options struct {
	Network string // of our own programme
	Client  *fetch.Client
	URL     string        // of the other instance's API
	Prefix  uint16        // address prefix of the other network
	Lives   time.Duration // how long an answer is not asked for again
	// Confirm is how long the other instance must keep saying that it does not know a stash before it is believed. It
	// answers the same when it has an error of its own.
	Confirm time.Duration
	Fresh   time.Duration // how long the newest sweep speaks for the source while newer ones fail
	MaxAge  time.Duration // after which an answer counts as unknown
	Store   Store
	Now     func() time.Time
}

// Source asks one other instance. Refresh must not run twice at a time.
type Source struct {
	o    Options
	book sources.Book
	// missing is since when the other instance has known nothing of a stash that was not believed to be missing yet.
	missing map[string]programme.Millis
}

// New makes a source; nothing is asked yet.
func New(o Options) *Source {
	return &Source{
		o:       o,
		book:    sources.Book{Store: o.Store, Network: o.Network, Name: string(programme.SourceRemote), Fresh: o.Fresh},
		missing: map[string]programme.Millis{},
	}
}

// Normalise writes a stash as the other network does. Lists hold addresses of other networks, and a server compares
// text.
func Normalise(stash string, prefix uint16) (string, error) {
	_, id, err := ss58.DecodeAccount(strings.TrimSpace(stash))
	if err != nil {
		return "", err
	}
	return ss58.EncodeAccount(prefix, id), nil
}

// tolerated is how many stashes in a row may fail before a sweep is given up. A circuit opens earlier than that when
// the instance as a whole is down.
const tolerated = 20

// Refresh asks about every stash whose answer has lived long enough, each once whatever its form.
func (s *Source) Refresh(ctx context.Context, stashes []string) error {
	have, err := s.o.Store.Remotes(ctx, s.o.Network)
	if err != nil {
		return err
	}
	known := make(map[string]outside.Remote, len(have))
	for _, r := range have {
		known[r.Stash] = r
	}
	var cause error
	seen := map[string]bool{}
	asked, failed, inRow, unusable, broke := 0, 0, 0, 0, false
	for _, text := range stashes {
		stash, err := Normalise(text, s.o.Prefix)
		if err != nil {
			unusable++
			continue
		}
		if now := s.now(); seen[stash] || known[stash].Answer.At > 0 && now-known[stash].Answer.At < sources.Span(s.o.Lives) {
			continue
		}
		seen[stash] = true
		asked++
		err = s.ask(ctx, stash)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var f *fetch.Error
		switch {
		case err == nil:
			inRow = 0
			continue
		case !errors.As(err, &f):
			return err // the store
		}
		cause = err
		failed++
		inRow++
		if broke = !f.Retry.IsZero() || inRow >= tolerated; broke {
			break
		}
	}
	o := sources.Outcome{At: s.now()}
	switch {
	case broke, 2*failed > asked:
		o.Err = cause
	case cause != nil:
		o.Remark = fmt.Sprintf("%d of %d stashes got no answer; the newest reason: %v", failed, asked, cause)
	case unusable > 0:
		o.Remark = fmt.Sprintf("%d stashes in the candidate list are no addresses", unusable)
	}
	if t := s.o.Client.State().Retry; !t.IsZero() {
		o.Retry = sources.Millis(t)
	}
	return errors.Join(o.Err, s.book.Note(ctx, o))
}

func (s *Source) now() programme.Millis { return sources.Millis(s.o.Now()) }

// ask asks about one stash and keeps the answer.
func (s *Source) ask(ctx context.Context, stash string) error {
	var rank *programme.RemoteRank
	_, err := s.o.Client.Get(ctx, fetch.Request{
		URL: strings.TrimRight(s.o.URL, "/") + "/candidate/" + url.PathEscape(stash),
		Decode: func(body []byte) (err error) {
			rank, err = parse(body, stash)
			return err
		},
	})
	if err != nil && fetch.KindOf(err) != fetch.NotFound {
		return err
	}
	now := s.now()
	if rank == nil {
		since, waiting := s.missing[stash]
		if !waiting {
			s.missing[stash], since = now, now
		}
		if now-since < sources.Span(s.o.Confirm) {
			return nil
		}
		rank = &programme.RemoteRank{}
	} else {
		delete(s.missing, stash)
	}
	rank.At = now
	return s.o.Store.SaveRemote(ctx, outside.Remote{Network: s.o.Network, Stash: stash, Answer: *rank})
}

// Rank is what is known of a stash, in whatever form it is written. It is unknown when the answer is too old.
func (s *Source) Rank(ctx context.Context, text string) (sources.Answer[programme.RemoteRank], error) {
	stash, err := Normalise(text, s.o.Prefix)
	if err != nil {
		return sources.Answer[programme.RemoteRank]{Why: "the stash is no address"}, nil //nolint:nilerr // no failure of the source: the answer says why there is none
	}
	all, err := s.o.Store.Remotes(ctx, s.o.Network)
	if err != nil {
		return sources.Answer[programme.RemoteRank]{}, err
	}
	for _, r := range all {
		if r.Stash == stash {
			return sources.Fresh(r.Answer, r.Answer.At, s.now(), sources.Span(s.o.MaxAge)), nil
		}
	}
	return sources.Answer[programme.RemoteRank]{Why: "the other programme has not answered for this stash yet"}, nil
}
