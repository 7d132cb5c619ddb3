package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/internal/logging"
	"github.com/thousand-validators/otv/internal/metrics"
)

// Service is a process that works until it is told to stop.
type Service struct {
	ConfigDir string
	Set       []string // key=value, the strongest layer of the configuration
	Environ   []string
	Roles     []config.Role // empty: all of them
	// Keys are files with one secret each, for nominators without a seed in the configuration. Password opens those
	// that are encrypted.
	Keys     []string
	Password func(file string) ([]byte, error)
	Now      func() time.Time
	Random   io.Reader
	// Log is where messages go; Level, unless nil, replaces the configured level.
	Log   io.Writer
	Level *slog.Level
	// Listening, unless nil, is told the address of every listener.
	Listening func(name string, addr net.Addr)
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

// process is a running service: what its components share.
type process struct {
	Service
	cfg     *config.Config
	log     *slog.Logger
	board   *health.Board
	metrics *metrics.Metrics
	health  *health.Service

	ready    sync.Once // the log says it
	database databaseHandle
	chains   chainsHandle
}

// open reads the configuration and prepares everything that needs nothing from outside.
func (s Service) open() (*process, error) {
	if len(s.Roles) == 0 {
		s.Roles = config.Roles()
	}
	cfg, err := config.Load(s.ConfigDir, config.Options{Environ: s.Environ, Set: s.Set})
	if err != nil {
		return nil, input(err)
	}
	p := &process{Service: s, cfg: cfg, metrics: metrics.New(cfg.PrometheusPrefix)}
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(cfg.Logger.Level)); err != nil {
		return nil, input(fmt.Errorf("logger.level: %w", err))
	}
	if s.Level != nil {
		level = *s.Level
	}
	p.log = logging.New(s.Log, logging.Options{
		Format: cfg.Logger.Format, Level: level, Excluded: cfg.Logger.ExcludedLabels,
		Count: func(l slog.Level) { p.metrics.Log(l.String()) },
	})
	p.board = health.NewBoard(s.Now, func(part health.Part) { p.metrics.Part(part.Name, part.State.Value()) })
	p.chains.init()
	p.health = &health.Service{
		Board: p.board, Version: Version(), Network: cfg.Network.Name, Started: s.Now(), Roles: p.roleNames(),
	}
	if p.needsChain() {
		p.health.Chain = p.chains.connection
	}
	p.metrics.Build(p.health.Version, runtime.Version(), p.health.Roles)
	return p, nil
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
	if p.cfg.AdminAddress(p.Roles) != "" {
		add("admin listener", p.runAdmin)
	}
	if l := p.apiListener(); l != nil {
		add("api listener", l.Run)
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
		p.ready.Do(func() { p.log.Info("ready", "after", p.Now().Sub(p.health.Started)) })
	}
}
