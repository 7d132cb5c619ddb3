// Package demo runs the whole programme on a simulated network in one process, and tells what happens in a log that people
// can read. Nothing outside of the process is needed or asked.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/ops"
	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
)

// Sentence says what this is, wherever it shows itself.
const Sentence = "Chains, validators, stakes and tokens are made up in this process; the programme that acts on them is the real one."

// keepStates is how many blocks behind the final one the simulated nodes know the state.
const keepStates = 600

// Demo is a simulated network with the programme on it. All members but Dir and Names are required.
type Demo struct {
	Seed       uint64
	Speed      float64 // times as fast as the chains' clocks; an era of theirs lasts six minutes
	Topology   simnet.Topology
	Candidates int
	// Dir is where database, configuration and log go; empty for a temporary folder, which is removed at the end.
	Dir string
	// Out is where it is told what happens.
	Out    io.Writer
	Random io.Reader
	Now    func() time.Time // the machine's clock
	// Started, unless nil, is told the addresses once everything works.
	Started func(Addresses)
}

// Addresses are where to look.
type Addresses struct {
	API, Swagger, Status, Jobs, Metrics string
	Token                               string // password of the job board, with any user's name
	Dir                                 string
}

// Run runs until ctx ends. An [app.InputError] means that what was asked for is not possible.
func (d Demo) Run(ctx context.Context) (err error) {
	dir, done, err := d.folder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	teller := &teller{out: d.Out, now: d.Now, began: d.Now()}
	teller.say("demo", "this is a simulation. "+Sentence)
	n, err := simnet.Start(ctx, simnet.Options{
		Seed: d.Seed, Speed: d.Speed, Topology: d.Topology, Candidates: d.Candidates, KeepStates: keepStates,
		Tell: func(_ time.Time, what string) { teller.say("network", what) },
	})
	if err != nil {
		return app.NewInputError(err)
	}
	defer n.Close()
	teller.say("network", fmt.Sprintf("seed %d: %d candidates on %s; an era passes in %s", d.Seed, d.Candidates,
		map[simnet.Topology]string{simnet.One: "one chain", simnet.Three: "relay chain, Asset Hub and People chain"}[d.Topology],
		(6*time.Minute*time.Duration(1000)/time.Duration(d.Speed*1000)).Round(time.Second/10)))
	cfg, err := configure(n, dir)
	if err != nil {
		return err
	}
	logs, err := os.OpenFile(filepath.Join(dir, "otv.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return app.NewInputError(fmt.Errorf("open the log: %w", err))
	}
	defer func() { err = errors.Join(err, logs.Close()) }()
	return d.serve(ctx, n, cfg, logs, teller)
}

// folder is where files go, and what to do at the end.
func (d Demo) folder() (dir string, done func() error, err error) {
	if d.Dir == "" {
		if dir, err = os.MkdirTemp("", "otv-demo-"); err != nil {
			return "", nil, fmt.Errorf("make a temporary folder: %w", err)
		}
		return dir, func() error { return os.RemoveAll(dir) }, nil
	}
	// The network begins anew each time, so what was written down of another run is of blocks that will never be.
	list, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, app.NewInputError(fmt.Errorf("--data: %w", err))
	}
	if len(list) > 0 {
		return "", nil, app.NewInputError(fmt.Errorf("--data: %s is not empty; the simulated network begins anew with every run, so its data needs a folder of its own", d.Dir))
	}
	return d.Dir, func() error { return nil }, nil
}

// configure writes the configuration of the network and reads it as the service does.
func configure(n *simnet.Network, dir string) (*config.Config, error) {
	if err := n.WriteFiles(dir); err != nil {
		return nil, app.NewInputError(err)
	}
	e := n.Endpoints()
	cfg, err := config.Load(dir, config.Options{Set: []string{
		"act.mode=act",
		"cron.monitor=*/20 * * * * *", // by the machine's clock; a new client is required within minutes of the chains' clocks
		"global.candidatesUrl=" + e.Candidates,
		"constraints.clientUpgrade.releasesUrl=" + e.GitHub, `constraints.clientUpgrade.releaseTagFormat=^polkadot-v(?P<version>\d+\.\d+\.\d+)$`,
		"location.ipinfoUrl=" + e.Location, "location.requestsPerMinute=10000",
		// A third of the population does something wrong in the first minutes. On a real network that many would mean that
		// something is wrong with the observer.
		"rules.brakes.minFlips=25",
		"prices.source=coingecko", "prices.url=" + e.Prices, "prices.asset=" + e.Asset,
	}})
	if err != nil {
		return nil, fmt.Errorf("configure the programme for the simulated network: %w", err)
	}
	// Any free port of the loopback interface, which a configuration file cannot ask for.
	cfg.Health.Address, cfg.Admin.Address, cfg.Server.Host, cfg.Server.Port = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1", 0
	return cfg, nil
}

// pace is that of a world in which an era takes a minute.
func (d Demo) pace() app.Pace {
	of := func(t time.Duration) time.Duration {
		return max(time.Duration(float64(t)*usualSpeed/d.Speed), 10*time.Millisecond)
	}
	return app.Pace{
		List: of(30 * time.Second), Candidates: of(time.Second), Sources: of(20 * time.Second), Locate: of(2 * time.Second), Feed: of(4 * time.Second),
		Flush: of(time.Second), FeedTiming: feed.Timing{}, Poll: of(200 * time.Millisecond), Figures: of(5 * time.Second),
	}
}

// usualSpeed makes an era last a minute.
const usualSpeed = 6

// serve runs the programme on the network until ctx ends.
func (d Demo) serve(ctx context.Context, n *simnet.Network, cfg *config.Config, logs io.Writer, t *teller) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex
	listeners := map[string]string{}
	ready := make(chan struct{})
	level := slog.LevelInfo
	service := app.Service{
		Config: cfg, Now: n.Flowing, Random: d.Random, Log: logs, Level: &level, Pace: d.pace(), Simulation: app.Simulation{Text: Sentence, Speed: d.Speed},
		Ready: func() { close(ready) },
		Event: func(e rounds.Event) { t.say("programme", e.Text) },
		Listening: func(name string, a net.Addr) {
			mu.Lock()
			defer mu.Unlock()
			listeners[name] = "http://" + a.String()
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ready:
	}
	token, _, err := ops.Token(cfg.Dir, d.Random) // the one that the service has made
	if err != nil {
		return stop(cancel, ended, err)
	}
	mu.Lock()
	a := Addresses{
		API: listeners["api"] + "/api/v1", Swagger: listeners["api"] + "/swagger", Status: listeners["api"] + "/status",
		Jobs: listeners["admin"] + "/jobs", Metrics: listeners["health"] + "/metrics", Token: token, Dir: cfg.Dir,
	}
	mu.Unlock()
	t.show(a)
	if d.Started != nil {
		d.Started(a)
	}
	db, err := store.OpenReadOnly(ctx, cfg.DatabaseTarget())
	if err != nil {
		return stop(cancel, ended, err)
	}
	defer func() { _ = db.Close() }() // nothing was written
	w := watcher{db: db, network: n, tell: t}
	told := make(chan struct{})
	go func() {
		defer close(told)
		w.run(ctx)
	}()
	select {
	case err = <-ended:
		cancel()
	case <-ctx.Done():
		t.say("demo", "stopping")
		err = <-ended
	}
	<-told
	if err == nil {
		t.say("demo", "stopped")
	}
	return err
}

// stop ends the service because of a failure.
func stop(cancel context.CancelFunc, ended <-chan error, err error) error {
	cancel()
	return errors.Join(err, <-ended)
}

// teller writes the log for people: how long it has been running, who, what.
type teller struct {
	mu    sync.Mutex
	out   io.Writer
	now   func() time.Time
	began time.Time
}

// say writes a line. Nobody can be told that it fails.
func (t *teller) say(who, what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	passed := t.now().Sub(t.began).Round(time.Second)
	_, _ = fmt.Fprintf(t.out, "%2d:%02d  %-9s  %s\n", int(passed.Minutes()), int(passed.Seconds())%60, who, oneLine(what))
}

// show writes where to look.
func (t *teller) show(a Addresses) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintf(t.out, `
  status page   %s
  API           %s/rounds/latest
  Swagger UI    %s
  job board     %s   (any user, password %s)
  metrics       %s
  files         %s   (otv.log has the programme's own log)

  Ctrl-C ends it.

`, a.Status, a.API, a.Swagger, a.Jobs, a.Token, a.Metrics, a.Dir)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
