package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/fetch"
	"github.com/thousand-validators/otv/internal/sources/location"
	"github.com/thousand-validators/otv/internal/sources/prices"
	"github.com/thousand-validators/otv/internal/sources/release"
	"github.com/thousand-validators/otv/internal/sources/remote"
)

// SourceStore keeps what outside sources tell. The database is one.
type SourceStore interface {
	sources.HealthStore
	location.Store
	release.Store
	prices.Store
	remote.Store
}

// Sources are the outside sources that a configuration sets up; those that it does not are nil. Each is refreshed by
// one caller at a time.
type Sources struct {
	Location *location.Locator
	Release  *release.Source
	Prices   *prices.Source
	Remote   *remote.Source

	closers []io.Closer
}

// SourcesOptions are what outside sources need of the world.
type SourcesOptions struct {
	Store  SourceStore
	Clock  fetch.Clock
	Jitter func() float64 // random number in [0, 1)
	// KeyDir is where the key for the hashes of addresses is kept; empty has a new one made for every process.
	KeyDir string
	// Only names the sources that are wanted, and whose states are written down; empty is all.
	Only []programme.SourceName
	// Observe, unless nil, is told the outcome of every request: of which source, what came of it, how long it took.
	Observe func(source string, outcome fetch.Kind, took time.Duration)
}

// remoteRate is how many requests per second another instance of the programme is bothered with.
const remoteRate = 2

// slowRate is for sources that are asked now and then: a request every two seconds.
const slowRate = 0.5

// OpenSources sets the sources of a configuration up, and writes down the states of those that it switches off or does
// not set up. Nothing is asked yet.
func OpenSources(ctx context.Context, cfg *config.Config, o SourcesOptions) (*Sources, error) {
	b := sourceBuilder{cfg, o}
	s := &Sources{}
	states := cfg.SourceStates()
	for name, state := range states {
		if !o.wants(name) {
			continue
		}
		book := sources.Book{Store: o.Store, Network: cfg.Network.Label, Name: string(name)}
		if err := book.Set(ctx, state.State, state.Detail); err != nil {
			return nil, err
		}
	}
	var err error
	if states[programme.SourceLocation].State != programme.SourceOff && o.wants(programme.SourceLocation) {
		if err = b.location(s); err != nil {
			return nil, input(err)
		}
	}
	if _, set := states[programme.SourceRelease]; !set && o.wants(programme.SourceRelease) {
		if s.Release, err = b.release(); err != nil {
			return nil, input(err)
		}
	}
	if _, set := states[programme.SourceRemote]; !set && o.wants(programme.SourceRemote) {
		s.Remote = b.remote()
	}
	if cfg.Prices.Source != config.PricesOff && o.wants(outside.SourcePrices) {
		s.Prices = b.prices()
	}
	return s, nil
}

func (o *SourcesOptions) wants(name programme.SourceName) bool {
	return len(o.Only) == 0 || slices.Contains(o.Only, name)
}

// Close closes the files that sources have open.
func (s *Sources) Close() error {
	var errs []error
	for _, c := range s.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

type sourceBuilder struct {
	cfg *config.Config
	o   SourcesOptions
}

func duration(m programme.Millis) time.Duration { return time.Duration(m) * time.Millisecond }

func (b sourceBuilder) client(source, what string, maxBytes int64, perSecond rate.Limit, secret http.Header) *fetch.Client {
	o := fetch.Options{
		What: what, Clock: b.o.Clock, Jitter: b.o.Jitter, MaxBytes: maxBytes, Rate: perSecond, Secret: secret,
	}
	if b.o.Observe != nil {
		o.Observe = func(outcome fetch.Kind, took time.Duration) { b.o.Observe(source, outcome, took) }
	}
	return fetch.New(o)
}

func (b sourceBuilder) location(s *Sources) error {
	c := b.cfg.Location
	key, err := location.LoadKey(b.o.KeyDir)
	if err != nil {
		return err
	}
	o := location.Options{
		Network: b.cfg.Network.Label, Corrections: b.cfg.Path(c.Corrections), Key: key, Lifetime: duration(c.Lifetime), Monthly: int64(c.PerMonth),
		Fresh: time.Hour, MaxAge: duration(c.MaxAge), Store: b.o.Store, Now: b.o.Clock.Now,
	}
	for _, name := range b.cfg.LocationSetUp() {
		switch name {
		case config.LocationFiles:
			for _, f := range c.Files {
				file := location.OpenFile(b.cfg.Path(f))
				s.closers = append(s.closers, file)
				o.Sources = append(o.Sources, file)
			}
		case config.LocationIPInfo:
			o.Sources = append(o.Sources, &location.IPInfo{
				Client: b.client("location", "location of a node", location.MaxAnswer, rate.Limit(float64(c.PerMinute)/60), location.Secret(b.cfg.Telemetry.IPInfoToken.Reveal())),
				Base:   c.URL, Plan: location.Plan(c.Plan),
			})
		case config.LocationTelemetry:
			o.FeedCity = true
		}
	}
	s.Location = location.New(o)
	return nil
}

func (b sourceBuilder) release() (*release.Source, error) {
	c := b.cfg.Releases
	pattern, err := release.NewPattern(b.cfg.Release.TagFormat, c.VersionFormat)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	o := release.Options{
		Network: b.cfg.Network.Label, URL: c.URL, Repository: c.Repository, File: b.cfg.Path(c.File), Pattern: pattern,
		Fresh: time.Hour, MaxAge: duration(c.MaxAge), Store: b.o.Store, Now: b.o.Clock.Now,
	}
	if c.URL != "" {
		var secret http.Header
		if !c.Token.IsZero() {
			secret = http.Header{"Authorization": {"Bearer " + c.Token.Reveal()}}
		}
		o.Client = b.client("github", "client releases", release.MaxBytes, slowRate, secret)
	}
	return release.New(o), nil
}

func (b sourceBuilder) remote() *remote.Source {
	c := b.cfg.Remote
	rules, _ := b.cfg.Rules("") // the limit below is in every rule set
	return remote.New(remote.Options{
		Network: b.cfg.Network.Label, Client: b.client("remote", "rank on the other network", remote.MaxBytes, remoteRate, nil), URL: c.URL, Prefix: uint16(c.Prefix),
		Lives: duration(c.Cache), Confirm: 2 * duration(c.Cache), Fresh: 3 * duration(c.Cache), MaxAge: duration(rules.Limits.HoldRemote),
		Store: b.o.Store, Now: b.o.Clock.Now,
	})
}

// Prices: a day's price changes no more, so a run may take its time; public access covers a year.
const (
	daysPerRun   = 20
	priceHistory = 365 * 24 * time.Hour
)

func (b sourceBuilder) prices() *prices.Source {
	c := b.cfg.Prices
	o := prices.Options{
		Network: b.cfg.Network.Label, URL: c.URL, Asset: c.Asset, Currencies: c.Currencies, File: b.cfg.Path(c.File), DaysPerRun: daysPerRun,
		History: priceHistory, Fresh: 6 * time.Hour, MaxAge: 24 * time.Hour, Store: b.o.Store, Now: b.o.Clock.Now,
	}
	if c.Source == config.PricesCoinGecko {
		o.Client = b.client("prices", "prices", prices.MaxBytes, slowRate, prices.Secret(c.Key.Reveal()))
	}
	return prices.New(o)
}

// OutsideFacts says what a round reads of outside sources.
func OutsideFacts(cfg *config.Config, limits programme.Limits, candidates []programme.Candidate, now programme.Millis) rounds.Outside {
	return rounds.Outside{
		Network: cfg.Network.Label, Now: now, Candidates: candidates,
		LocationAge: cfg.Location.MaxAge, ReleaseAge: cfg.Releases.MaxAge, RemoteAge: limits.HoldRemote, Set: cfg.SourceStates(),
	}
}
