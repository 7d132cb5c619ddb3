package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/internal/logging"
	"github.com/thousand-validators/otv/internal/metrics"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/rounds"
)

// Service is a process that works until it is told to stop. Random and Now are required, and ConfigDir or Config.
type Service struct {
	ConfigDir string
	Set       []string // key=value, the strongest layer of the configuration
	Environ   []string
	// Config, unless nil, is the configuration; nothing is read from ConfigDir then.
	Config *config.Config
	Roles  []config.Role // empty: all of them
	// Keys are files with one secret each, for nominators without a seed in the configuration. Password opens those
	// that are encrypted.
	Keys     []string
	Password func(file string) ([]byte, error)
	// Now is the programme's clock: what is written down has its time. Timers go by the machine's clock, see Pace.
	Now    func() time.Time
	Random io.Reader
	// Log is where messages go; Level, unless nil, replaces the configured level. Logger, unless nil, takes their place.
	Log    io.Writer
	Level  *slog.Level
	Logger *slog.Logger
	Pace   Pace
	// Simulation is set by whoever has the process run on a simulated network.
	Simulation Simulation
	// Listening, unless nil, is told the address of every listener: "health", "admin", "api".
	Listening func(name string, addr net.Addr)
	// Ready, unless nil, is called when the process is ready for the first time.
	Ready func()
	// Event, unless nil, is told what may interest people. It must not block.
	Event func(rounds.Event)
}

// Simulation says that the network is a simulated one.
type Simulation struct {
	// Text is the sentence that says so to people; empty on real networks.
	Text string
	// Speed is how many times faster than the machine's clock Now goes; 0 is 1.
	Speed float64
}

// Run works until ctx ends and everything has stopped in order. Failures of what the operator supplied are an
// [InputError]; others say why the process could not go on, or what did not stop in time.
func (s Service) Run(ctx context.Context) error {
	p, err := s.open()
	if err != nil {
		return err
	}
	return p.run(ctx)
}

// Check reads the configuration and prepares everything that needs nothing from outside, as Run does first.
func (s Service) Check() error {
	p, err := s.open()
	if err != nil {
		return err
	}
	_, err = p.cfg.Rules("")
	p.components()
	return input(err)
}

// process is a running service: what its components share.
type process struct {
	Service
	id      string // that no other process has
	cfg     *config.Config
	log     *slog.Logger
	board   *health.Board
	metrics *metrics.Metrics
	health  *health.Service

	ready     sync.Once // the log says it
	database  databaseHandle
	chains    chainsHandle
	lead      leadership
	sources   handle[*Sources]
	nominator handle[*nominator.Service]
	engine    handle[*jobs.Engine]
	jobBoard  handle[http.Handler]
}

// open reads the configuration and prepares everything that needs nothing from outside.
func (s Service) open() (*process, error) {
	if len(s.Roles) == 0 {
		s.Roles = config.Roles()
	}
	cfg := s.Config
	if cfg == nil {
		var err error
		if cfg, err = config.Load(s.ConfigDir, config.Options{Environ: s.Environ, Set: s.Set}); err != nil {
			return nil, input(err)
		}
	}
	s.Pace = s.Pace.withDefaults()
	p := &process{Service: s, cfg: cfg, metrics: metrics.New(cfg.PrometheusPrefix)}
	if err := p.openLog(); err != nil {
		return nil, err
	}
	var err error
	if p.id, err = s.name(); err != nil {
		return nil, err
	}
	p.board = health.NewBoard(s.Now, func(part health.Part) { p.metrics.Part(part.Name, part.State.Value()) })
	p.chains.init()
	p.lead.init()
	p.health = &health.Service{
		Board: p.board, Version: Version(), Network: cfg.Network.Name, Started: s.Now(), Roles: p.roleNames(),
	}
	if p.needsChain() {
		p.health.Chain = p.chains.connection
	}
	p.metrics.Build(p.health.Version, runtime.Version(), p.health.Roles)
	return p, nil
}

// openLog makes the log.
func (p *process) openLog() error {
	if p.log = p.Logger; p.log != nil {
		return nil
	}
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(p.cfg.Logger.Level)); err != nil {
		return input(fmt.Errorf("logger.level: %w", err))
	}
	if p.Level != nil {
		level = *p.Level
	}
	p.log = logging.New(p.Log, logging.Options{
		Format: p.cfg.Logger.Format, Level: level, Excluded: p.cfg.Logger.ExcludedLabels,
		Count: func(l slog.Level) { p.metrics.Log(l.String()) },
	})
	return nil
}

// has reports whether the process has any of the roles.
func (p *process) has(roles ...config.Role) bool {
	return slices.ContainsFunc(roles, func(r config.Role) bool { return slices.Contains(p.Roles, r) })
}

func (p *process) needsChain() bool { return p.has(config.RoleCore, config.RoleWorker) }

func (p *process) roleNames() []string {
	var names []string
	for _, r := range p.Roles {
		names = append(names, string(r))
	}
	return names
}

// run starts the components and waits for the end.
func (p *process) run(ctx context.Context) error {
	p.log.Info("starting", "version", p.health.Version, "network", p.cfg.Network.Name, "roles", p.health.Roles, "database", p.databaseName(), "act", p.cfg.Act)
	for _, w := range p.cfg.Warnings {
		p.log.Warn("configuration: " + w.String())
	}
	components := p.components()
	for _, c := range components {
		p.board.Add(c.Name, true)
	}
	stopTimeout := time.Duration(p.cfg.Run.StopTimeout) * time.Millisecond
	unwatch := context.AfterFunc(ctx, func() {
		p.board.Stop()
		p.metrics.Ready(false)
		p.log.Info("stopping", "reason", context.Cause(ctx), "timeout", stopTimeout)
	})
	defer unwatch()
	s := lifecycle.Supervisor{Components: components, StopTimeout: stopTimeout, Now: p.Now, Logger: p.log, Watch: p.watch}
	err := s.Run(ctx)
	if err == nil {
		p.log.Info("stopped")
	}
	return err
}

// components lists what the process consists of, in the order of start.
func (p *process) components() []lifecycle.Component {
	var list []lifecycle.Component
	add := func(name string, run func(ctx context.Context, ready func()) error) {
		list = append(list, lifecycle.Component{Name: name, Run: run})
	}
	if l := p.healthListener(); l != nil {
		add("health listener", l.Run)
	}
	add("database", p.runDatabase)
	if p.needsChain() {
		add("chains", p.runChains)
	}
	if p.has(config.RoleCore) {
		add("core", p.runCore)
	}
	if p.has(config.RoleCore, config.RoleWorker, config.RoleTelemetry) {
		add("sources", p.runSources)
		add("jobs", p.runJobs)
		add("figures", p.runFigures)
	}
	if p.has(config.RoleCore) {
		add("candidates", p.runList)
		add("nominator", p.runNominator)
	}
	if p.needsChain() {
		add("watch", p.runWatch)
	}
	if p.has(config.RoleTelemetry) {
		add("telemetry", p.runTelemetry)
	}
	if p.cfg.AdminAddress(p.Roles) != "" {
		add("admin listener", p.runAdmin)
	}
	if p.apiWanted() {
		add("api listener", p.runAPI)
	}
	return list
}

// watch puts what components do on the board and into the metrics.
func (p *process) watch(e lifecycle.Event) {
	state := map[lifecycle.State]health.State{
		lifecycle.Starting: health.Starting, lifecycle.Ready: health.OK, lifecycle.Failed: health.Down,
		lifecycle.Stopping: health.Starting, lifecycle.Stopped: health.Off,
	}[e.State]
	text := ""
	if e.Err != nil {
		text = e.Err.Error()
	}
	if !e.Retry.IsZero() {
		text += "; next try at " + e.Retry.UTC().Format(time.TimeOnly)
	}
	if e.State == lifecycle.Stopping {
		text = "stopping"
	}
	p.board.Set(e.Component, state, text)
	p.metrics.Component(e.Component, e.State == lifecycle.Ready, e.State == lifecycle.Failed)
	ready, _ := p.board.Ready()
	p.metrics.Ready(ready)
	if ready {
		p.ready.Do(func() {
			p.log.Info("ready", "after", p.Now().Sub(p.health.Started))
			if p.Ready != nil {
				p.Ready()
			}
		})
	}
}
