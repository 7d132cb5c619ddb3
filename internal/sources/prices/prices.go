// Package prices reads what a token costs: now, and at the beginning of past days, from CoinGecko's API or from a file.
// Rewards are valued with it; no decision depends on it.
package prices

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
)

// Now is the day of the newest price, which is no day's price: the price of a day is that of its beginning.
const Now = ""

// Store keeps prices.
type Store interface {
	sources.HealthStore
	// Prices lists what is known of an asset on the given days.
	Prices(ctx context.Context, asset string, days []string) ([]outside.Price, error)
	// SavePrices keeps prices; newer ones replace those of the same asset, day and currency.
	SavePrices(ctx context.Context, prices []outside.Price) error
}

// Options configure a [Source].
type Options struct {
	Network    string
	Client     *fetch.Client // nil when only a file is read
	URL        string        // "https://api.coingecko.com/api/v3"
	Asset      string        // CoinGecko's name of the token: "polkadot"
	Currencies []string      // "chf", "eur", "usd"
	File       string        // CSV with day, currency, price; may be empty
	// DaysPerRun bounds the past days that one Backfill asks for.
	DaysPerRun int
	// History is how far back the source goes; older days are not asked for.
	History time.Duration
	Fresh   time.Duration // how long the newest price speaks for the source while newer attempts fail
	MaxAge  time.Duration // after which the newest price is unknown
	Store   Store
	Now     func() time.Time
}

// Source reads the prices of one asset. Refresh and Backfill must not run at the same time.
type Source struct {
	o    Options
	book sources.Book
	// nothing is when a day that has no price may be asked for again.
	nothing map[string]time.Time
}

// New makes a source; nothing is asked yet.
func New(o Options) *Source {
	return &Source{
		o: o, book: sources.Book{Store: o.Store, Network: o.Network, Name: outside.SourcePrices, Fresh: o.Fresh},
		nothing: map[string]time.Time{},
	}
}

// Secret is the header that carries an API key, for [fetch.Options].
func Secret(key string) http.Header {
	if key == "" {
		return nil
	}
	return http.Header{"X-Cg-Demo-Api-Key": {key}}
}

// Refresh reads the newest price, and the file when there is one.
func (s *Source) Refresh(ctx context.Context) error {
	now := sources.Millis(s.o.Now())
	var found []outside.Price
	var cause error
	if s.o.File != "" {
		found, cause = s.file()
	}
	if s.o.Client != nil {
		current, err := s.current(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		found = append(found, current...)
		cause = errors.Join(cause, err)
	}
	for i := range found {
		found[i].Asset, found[i].At = s.o.Asset, now
	}
	if len(found) > 0 {
		if err := s.o.Store.SavePrices(ctx, found); err != nil {
			return err
		}
	}
	return errors.Join(cause, s.note(ctx, cause))
}

func (s *Source) note(ctx context.Context, cause error) error {
	o := sources.Outcome{At: sources.Millis(s.o.Now()), Err: cause}
	if s.o.Client != nil {
		if t := s.o.Client.State().Retry; !t.IsZero() {
			o.Retry = sources.Millis(t)
		}
	}
	return s.book.Note(ctx, o)
}

func (s *Source) current(ctx context.Context) ([]outside.Price, error) {
	q := url.Values{"ids": {s.o.Asset}, "vs_currencies": {strings.Join(s.o.Currencies, ",")}}
	var found []outside.Price
	_, err := s.o.Client.Get(ctx, fetch.Request{
		URL: strings.TrimRight(s.o.URL, "/") + "/simple/price?" + q.Encode(),
		Decode: func(body []byte) (err error) {
			found, err = parseCurrent(body, s.o.Asset, s.o.Currencies)
			return err
		},
	})
	return found, err
}

// Backfill asks for past days of which no price is kept, the newest first, and reports how many are still missing that
// the source might have.
func (s *Source) Backfill(ctx context.Context, days []string) (missing int, err error) {
	if s.o.Client == nil {
		return 0, nil
	}
	wanted, err := s.wanted(ctx, days)
	if err != nil {
		return 0, err
	}
	missing = len(wanted)
	for _, day := range wanted[:min(len(wanted), s.o.DaysPerRun)] {
		found, err := s.day(ctx, day)
		if ctx.Err() != nil {
			return missing, context.Cause(ctx)
		}
		if err != nil {
			return missing, errors.Join(err, s.note(ctx, err))
		}
		missing--
		if len(found) == 0 {
			s.nothing[day] = s.o.Now().Add(again)
			continue
		}
		if err := s.o.Store.SavePrices(ctx, found); err != nil {
			return missing, err
		}
	}
	return missing, nil
}

// again is when a day without a price is asked for once more.
const again = 24 * time.Hour

// wanted are the days that are worth asking for, the newest first.
func (s *Source) wanted(ctx context.Context, days []string) ([]string, error) {
	now := s.o.Now().UTC()
	var out []string
	for _, day := range days {
		t, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return nil, fmt.Errorf("%.40q is no day", day)
		}
		if t.After(now) || now.Sub(t) > s.o.History || now.Before(s.nothing[day]) {
			continue
		}
		out = append(out, day)
	}
	have, err := s.o.Store.Prices(ctx, s.o.Asset, out)
	if err != nil {
		return nil, err
	}
	known := map[string]map[string]bool{}
	for _, p := range have {
		if known[p.Day] == nil {
			known[p.Day] = map[string]bool{}
		}
		known[p.Day][p.Currency] = true
	}
	out = slices.DeleteFunc(out, func(day string) bool {
		return !slices.ContainsFunc(s.o.Currencies, func(c string) bool { return !known[day][c] })
	})
	slices.Sort(out)
	slices.Reverse(out)
	return slices.Compact(out), nil
}

func (s *Source) day(ctx context.Context, day string) ([]outside.Price, error) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil, err
	}
	var found []outside.Price
	_, err = s.o.Client.Get(ctx, fetch.Request{
		URL: fmt.Sprintf("%s/coins/%s/history?date=%s&localization=false", strings.TrimRight(s.o.URL, "/"), url.PathEscape(s.o.Asset), t.Format("02-01-2006")),
		Decode: func(body []byte) (err error) {
			found, err = parseDay(body, s.o.Asset, s.o.Currencies)
			return err
		},
	})
	for i := range found {
		found[i].Asset, found[i].Day, found[i].At = s.o.Asset, day, sources.Millis(s.o.Now())
	}
	return found, err
}

// Price is what a token cost at the beginning of a day, or costs now (day [Now]). A past day's price never gets old.
func (s *Source) Price(ctx context.Context, day, currency string) (sources.Answer[outside.Nano], error) {
	have, err := s.o.Store.Prices(ctx, s.o.Asset, []string{day})
	if err != nil {
		return sources.Answer[outside.Nano]{}, err
	}
	for _, p := range have {
		if p.Currency == currency {
			most := sources.Span(s.o.MaxAge)
			if day != Now {
				most = 1<<62 - 1
			}
			return sources.Fresh(p.Value, p.At, sources.Millis(s.o.Now()), most), nil
		}
	}
	return sources.Answer[outside.Nano]{Why: "no price is known"}, nil
}
