package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/rank"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
	"github.com/thousand-validators/otv/internal/store"
)

// Sizes of Kusama.
const (
	benchCandidates = 1126
	benchNominators = 20
)

// benched is a programme of Kusama's size in a database, and the world that its chains and nodes are.
type benched struct {
	b     *testing.B
	w     *roundstest.World
	db    *store.Store
	file  string
	cfg   *config.Config
	rules programme.Rules
	*rounds.Service
}

func newBenched(b *testing.B) *benched {
	b.Helper()
	x := &benched{b: b, w: roundstest.NewWorld(benchCandidates, benchNominators), file: filepath.Join(b.TempDir(), "otv.db")}
	x.cfg = loadConfig(b, `{"global": {"network": "kusama", "candidatesUrl": "x"}, "telemetry": {"ipinfoToken": "x"},
		"constraints": {"clientUpgrade": {"releasesUrl": "http://127.0.0.1:1"}}, "location": {"ipinfoUrl": "http://127.0.0.1:1"}}`)
	db, err := store.Open(b.Context(), x.file)
	x.must(err)
	b.Cleanup(func() { _ = db.Close() })
	x.db, x.rules = db, x.w.Rules()
	var list []memory.Candidate
	for _, c := range x.w.List {
		list = append(list, memory.Candidate{Candidate: c, Added: x.w.Millis()})
		l := *x.w.Known[c.Slot].Location
		x.must(db.SaveLocation(b.Context(), outside.Located{
			Network: x.cfg.Network.Label, Slot: c.Slot, Stash: c.Stash, Name: c.Name, Source: "ipinfo", Confidence: outside.Medium, Since: l.At, At: l.At,
			Place: outside.Place{City: l.City, Region: l.Region, Country: l.Country, Provider: l.Provider},
		}))
	}
	x.must(db.SaveCandidates(b.Context(), list))
	known := &rounds.Known{Outside: OutsideFacts(x.cfg, x.rules.Limits, nil, 0), Store: db}
	known.Presence = func(ctx context.Context, now programme.Millis) (programme.Source, map[int]*programme.Presence, error) {
		f, err := presence.Read(ctx, db, x.rules.Limits.OfflineWindow, now)
		return f.Source, f.Candidates, err
	}
	x.Service, err = rounds.New(rounds.Settings{
		Memory: db, Chain: x.w, Sources: known, Proposer: x, Rules: x.rules, Nominators: x.w.Nominators, Act: config.ActPropose,
		RankMode: config.RankPeriods, Telemetry: true, Now: x.w.Now, Logger: slog.New(slog.DiscardHandler), Event: func(rounds.Event) {},
	})
	x.must(err)
	x.seen()
	return x
}

func (x *benched) must(err error) {
	x.b.Helper()
	if err != nil {
		x.b.Fatal(err)
	}
}

// Propose implements the proposer of rounds as far as it takes time: the record is read and verified.
func (x *benched) Propose(_ context.Context, record []byte) ([]rounds.Proposal, error) {
	_, err := decision.Verify(record)
	return nil, err
}

// seen has presence, locations and release written down as of now, as those who watch do.
func (x *benched) seen() {
	x.b.Helper()
	now := x.w.Millis()
	batch := memory.PresenceBatch{Observer: memory.Observer{Seen: now, Feeds: []memory.Feed{{Key: "feed", Nodes: benchCandidates, At: now}}}}
	for _, c := range x.w.List {
		p := x.w.Known[c.Slot].Presence
		batch.Slots = append(batch.Slots, memory.Presence{
			Slot: c.Slot, Name: c.Name, Listed: true, FirstSeen: p.FirstSeen, LastSeen: now, Live: 1, Implementation: p.Implementation, Version: p.Version,
		})
		if c.Slot%40 == 0 {
			batch.Outages = append(batch.Outages, memory.Outage{Slot: c.Slot, Interval: programme.Interval{From: now - 4*programme.Minute, To: now - 2*programme.Minute}})
		}
	}
	x.must(x.db.SavePresence(x.b.Context(), batch))
	x.must(x.db.SaveRelease(x.b.Context(), outside.Release{
		Network: x.cfg.Network.Label, Name: "v1.7.0", Tag: "v1.7.0", Published: x.w.Release.PublishedAt, FirstSeen: x.w.Release.PublishedAt, At: now,
	}))
	for _, name := range []programme.SourceName{programme.SourceLocation, programme.SourceRelease} {
		x.must(x.db.SaveSourceHealth(x.b.Context(), outside.Health{Network: x.cfg.Network.Label, Name: string(name), State: programme.SourceOK, Good: now, Tried: now}))
	}
}

// look does what the jobs between rounds do.
func (x *benched) look() {
	x.b.Helper()
	v, err := x.View(x.b.Context(), 0, nil)
	x.must(err)
	for _, step := range []func(context.Context, *rounds.View) (int, error){x.Show, x.Judge, x.Score, x.Track} {
		_, err := step(x.b.Context(), v)
		x.must(err)
	}
}

// hold holds a round that may be acted on.
func (x *benched) hold() *rounds.Held {
	x.b.Helper()
	h, err := x.Hold(x.b.Context(), false, nil)
	x.must(err)
	if !h.New || len(h.Braked) > 0 {
		x.b.Fatalf("%+v", h)
	}
	return h
}

// A round from a SQLite file with a year in it to the record in that file: the snapshot is there, everything else is read,
// decided, stored, read back and verified for its plans.
func BenchmarkRoundFromStoreToRecord(b *testing.B) {
	x := newBenched(b)
	x.year()
	x.look()
	var size int
	for b.Loop() {
		b.StopTimer()
		x.w.NextEra()
		x.seen()
		b.StartTimer()
		h := x.hold()
		b.StopTimer()
		doc, err := x.db.Document(b.Context(), h.Digest)
		x.must(err)
		size = len(doc.Bytes)
		b.StartTimer()
	}
	b.ReportMetric(float64(size)/1e6, "MB/record")
}

// What the jobs write between rounds, on the same file: checks and their changes, faults and ranks, scores, nominations.
func BenchmarkLookBetweenRounds(b *testing.B) {
	x := newBenched(b)
	x.year()
	x.look()
	for b.Loop() {
		b.StopTimer()
		x.w.Next(5 * time.Minute)
		x.seen()
		b.StartTimer()
		x.look()
	}
}

// year fills the database with what a year leaves under the usual retention, thinned where only size matters: every tenth
// session has scores, and every round has the same record.
func (x *benched) year() {
	x.b.Helper()
	ctx := x.b.Context()
	x.look()
	h := x.hold()
	newest, ok, err := x.db.NewestRound(ctx, roundstest.Genesis)
	if x.must(err); !ok {
		x.b.Fatal("there is no round")
	}
	doc, err := x.db.Document(ctx, h.Digest)
	x.must(err)
	scores, err := x.db.NewestScores(ctx)
	x.must(err)
	statistics, err := x.db.ScoreStatistics(ctx, nil)
	x.must(err)
	set := make([]programme.Address, 1000)
	for i := range set {
		set[i] = roundstest.Address("stash %d", i)
	}
	for day := range 365 {
		ago := programme.Era(4 * (365 - day))
		era := newest.Era - ago
		at := newest.At - programme.Millis(ago)*6*programme.Hour
		var events []memory.RankEvent
		for i := range 600 {
			events = append(events, memory.RankEvent{Slot: (i*7+day)%benchCandidates + 1, Era: era, Event: rank.Event{
				ID: fmt.Sprintf("period -%d", ago), When: at, Kind: rank.Good, Reason: fmt.Sprintf("active in the eras %d to %d without a fault", era, era+3),
			}})
		}
		x.must(x.db.AddRankEvents(ctx, events))
		r := newest
		r.Number, r.Era, r.At, r.Digest = 0, era, at, fmt.Sprintf("sha256:%064x", day)
		if day >= 360 { // records are kept longer, but only the number of them differs
			x.must(x.db.SaveDocument(ctx, plan.Document{Digest: r.Digest, Kind: plan.DocumentRound, Bytes: doc.Bytes}))
		}
		x.must(x.db.SaveEraStatistics(ctx, memory.EraStatistics{Era: era, At: at}))
		if ago <= 120 {
			x.must(x.db.SaveValidatorSet(ctx, memory.ValidatorSet{Era: era, Session: programme.Session(era) * 6, Validators: set}))
		}
		if ago <= 56 {
			statistics.Session = programme.Session(era) * 6
			statistics.At = at
			for i := range scores {
				scores[i].Session, scores[i].Era, scores[i].At = statistics.Session, era, at
			}
			x.must(x.db.SaveScores(ctx, scores, statistics))
		}
	}
}

// The start of a process with all roles on a database with a year in it, no chain in sight: until it is ready, and until
// the API has answered for the first time with all candidates.
func BenchmarkStartWithAYear(b *testing.B) {
	x := newBenched(b)
	x.year()
	x.look()
	x.must(x.db.Close())
	cfg := loadConfig(b, `{"global": {"network": "kusama", "candidatesUrl": "http://127.0.0.1:1/list.json", "cacheDir": "cache", "apiEndpoints": ["ws://127.0.0.1:1"],
		"apiAssetHubEndpoints": ["ws://127.0.0.1:1"], "apiPeopleEndpoints": ["ws://127.0.0.1:1"]}, "telemetry": {"enable": false},
		"constraints": {"clientUpgrade": {"skip": true}, "kusamaRank": {"url": ""}}, "prices": {"source": "off"}, "location": {"sources": []}}`)
	x.must(os.Rename(x.file, filepath.Join(cfg.Dir, "otv.db")))
	cfg.Health.Address, cfg.Admin.Address, cfg.Server.Host, cfg.Server.Port = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1", 0
	var first time.Duration
	for b.Loop() {
		began := time.Now()
		ready, api := make(chan struct{}), make(chan string, 1)
		s := Service{
			Config: cfg, Now: time.Now, Random: rand.Reader, Log: io.Discard, Ready: func() { close(ready) },
			Listening: func(name string, a net.Addr) {
				if name == "api" {
					api <- a.String()
				}
			},
		}
		ctx, stop := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		select {
		case <-ready:
		case err := <-ended:
			b.Fatal(err)
		}
		b.StopTimer()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+<-api+"/candidates", nil)
		x.must(err)
		res, err := http.DefaultClient.Do(req)
		x.must(err)
		n, err := io.Copy(io.Discard, res.Body)
		x.must(errors.Join(err, res.Body.Close()))
		if res.StatusCode != http.StatusOK || n < 1<<20 {
			b.Fatalf("%s, %d bytes", res.Status, n)
		}
		first += time.Since(began)
		stop()
		x.must(<-ended)
		b.StartTimer()
	}
	info, err := os.Stat(filepath.Join(cfg.Dir, "otv.db"))
	x.must(err)
	b.ReportMetric(float64(info.Size())/1e6, "MB/file")
	b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms/first-answer")
}
