package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/simnet"
)

// Options of a cluster.
type Options struct {
	Network  *simnet.Network
	Database string    // URL of an empty PostgreSQL database
	Dir      string    // for the configuration
	Program  []string  // the program with what comes before "run"
	Environ  []string  // further variables of it
	Log      io.Writer // safe for several writers
	// Hourly leaves the jobs to what happens on chain: their schedules are made so rare that they do not matter.
	Hourly bool
	Set    []string
}

// Cluster are the processes of one programme.
type Cluster struct {
	Admin, API string // addresses of the core's admin listener and of the gateway
	// Lost tells the names of processes that have ended without being told to.
	Lost chan string

	o         Options
	processes map[string]*Process
}

// Process is one of them. It may be killed and started again.
type Process struct {
	Name, Role string
	Dir        string // of its configuration
	Health     string // address
	args       []string
	env        []string
	cluster    *Cluster

	mu    sync.Mutex
	cmd   *exec.Cmd
	told  bool // to end
	ended chan struct{}
}

// names are the processes in the order of their start.
func names() []string { return []string{"core", "worker-1", "worker-2", "telemetry", "gateway"} }

// NewCluster writes the files of `otv config init --arch microservice`; what is different on the simulated network is given
// on the command line. Nothing runs yet.
func NewCluster(o Options) (*Cluster, error) {
	files, err := config.Initial{Network: "westend", Arch: config.ArchMicroservice, Env: config.EnvProduction}.Files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name := filepath.Join(o.Dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return nil, err
		}
		// Amounts are in the network's own token.
		if err := os.WriteFile(name, bytes.ReplaceAll(f.Data, []byte(" WND"), []byte(" SIM")), f.Mode); err != nil {
			return nil, err
		}
	}
	sim := filepath.Join(o.Dir, "simnet")
	if err := o.Network.WriteFiles(sim); err != nil {
		return nil, err
	}
	set, err := flattened(filepath.Join(sim, config.MainFile))
	if err != nil {
		return nil, err
	}
	secrets, err := nominators(filepath.Join(sim, config.SecretFile))
	if err != nil {
		return nil, err
	}
	set = slices.DeleteFunc(set, func(s string) bool { return strings.HasPrefix(s, "act.") }) // the core's own
	set = append(append(set, services(o)...), o.Set...)
	addresses, err := free(2 * len(names()))
	if err != nil {
		return nil, err
	}
	c := &Cluster{o: o, processes: map[string]*Process{}, Lost: make(chan string, 100)}
	for i, name := range names() {
		role, _, _ := strings.Cut(name, "-")
		p := &Process{Name: name, Role: role, Dir: filepath.Join(o.Dir, role), Health: addresses[2*i], cluster: c}
		p.args = append(slices.Clone(o.Program), "run", role, "--config", p.Dir)
		own := []string{"health.address=" + p.Health}
		switch role {
		case "core":
			c.Admin = addresses[2*i+1]
			own = append(own, "admin.address="+c.Admin, "act.mode=act", "server.enable=false")
		case "gateway":
			c.API = addresses[2*i+1]
			_, port, _ := strings.Cut(c.API, ":")
			own = append(own, "server.port="+port)
		default:
			own = append(own, "server.enable=false")
		}
		for _, s := range append(own, set...) {
			p.args = append(p.args, "--set", s)
		}
		p.env = append(append(os.Environ(), o.Environ...), "OTV_DATABASE__URL="+o.Database)
		if role == "core" {
			p.env = append(p.env, "OTV_SCOREKEEPER__NOMINATORS="+secrets)
		}
		c.processes[name] = p
	}
	return c, nil
}

// free are addresses of this machine that nobody listened at a moment ago.
func free(n int) ([]string, error) {
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it does not wait
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		out = append(out, l.Addr().String())
	}
	return out, nil
}

// flattened makes "key=value" pairs of a main.json.
func flattened(file string) ([]string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(b, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var out []string
	var walk func(prefix string, v any) error
	walk = func(prefix string, v any) error {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				if err := walk(strings.TrimPrefix(prefix+"."+k, "."), v[k]); err != nil {
					return err
				}
			}
		case string:
			out = append(out, prefix+"="+v)
		default:
			b, err := json.Marshal(v)
			if err != nil {
				return err
			}
			out = append(out, prefix+"="+string(b))
		}
		return nil
	}
	return out, walk("", tree)
}

func nominators(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var s struct {
		Scorekeeper struct {
			Nominators json.RawMessage `json:"nominators"`
		} `json:"scorekeeper"`
	}
	err = json.Unmarshal(b, &s)
	return string(s.Scorekeeper.Nominators), err
}

// services are the settings that have the network's own services asked and nobody else.
func services(o Options) []string {
	e := o.Network.Endpoints()
	set := []string{
		"global.candidatesUrl=" + e.Candidates, "server.host=127.0.0.1",
		"constraints.clientUpgrade.releasesUrl=" + e.GitHub, `constraints.clientUpgrade.releaseTagFormat=^polkadot-v(?P<version>\d+\.\d+\.\d+)$`,
		"location.ipinfoUrl=" + e.Location, "location.requestsPerMinute=10000", "prices.source=coingecko", "prices.url=" + e.Prices, "prices.asset=" + e.Asset,
	}
	for _, j := range jobs.Catalogue() {
		if j.Key != "" && o.Hourly {
			set = append(set, "cron."+j.Key+"=0 0 0 1 1 *")
		}
	}
	return set
}

// Get is a process by its name.
func (c *Cluster) Get(name string) *Process { return c.processes[name] }

// Start starts all processes.
func (c *Cluster) Start() error {
	for _, name := range names() {
		if err := c.processes[name].Start(); err != nil {
			return err
		}
	}
	return nil
}

// Await waits until all processes are ready.
func (c *Cluster) Await(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for _, name := range names() {
		for {
			ready, err := c.processes[name].Ready(ctx)
			if err != nil || ready {
				if err != nil {
					return err
				}
				break
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case lost := <-c.Lost:
				return fmt.Errorf("%s has ended by itself; its last lines say why", lost)
			case <-tick.C:
			}
		}
	}
	return nil
}

// Ready reports whether the process says that it is ready. While it does not answer, it is not.
func (p *Process) Ready(ctx context.Context) (bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Health+"/ready", nil)
	if err != nil {
		return false, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false, nil //nolint:nilerr // it does not listen yet
	}
	return res.StatusCode == http.StatusOK, res.Body.Close()
}

// Stop stops all processes in order, the last ones first.
func (c *Cluster) Stop() error {
	var errs []error
	for _, name := range slices.Backward(names()) {
		errs = append(errs, c.processes[name].Stop())
	}
	return errors.Join(errs...)
}

// Start starts the process.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(p.args[0], p.args[1:]...) //nolint:noctx // it is ended by Stop or Kill
	cmd.Env = p.env
	w := &prefixed{name: p.Name, to: p.cluster.o.Log}
	cmd.Stdout, cmd.Stderr = w, w
	cmd.SysProcAttr = dying()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.cmd, p.told, p.ended = cmd, false, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait() // its state tells the same
		close(ended)
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.told && p.cmd == cmd {
			select {
			case p.cluster.Lost <- p.Name:
			default: // nobody asks
			}
		}
	}(p.ended)
	return nil
}

// Pid is the number of the process.
func (p *Process) Pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

// Ended reports whether the process has ended by itself or by others.
func (p *Process) Ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// Kill ends the process without any chance to say so.
func (p *Process) Kill() error { return p.end(syscall.SIGKILL) }

// Stop ends the process in order.
func (p *Process) Stop() error {
	p.mu.Lock()
	running := p.cmd != nil
	p.mu.Unlock()
	if !running {
		return nil
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		return err
	}
	if code := p.cmd.ProcessState.ExitCode(); code > 0 {
		return fmt.Errorf("%s ended with code %d", p.Name, code)
	}
	return nil
}

// slowest is the longest time in which a process must stop.
const slowest = 40 * time.Second

func (p *Process) end(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = true
	ctx, cancel := context.WithTimeout(context.Background(), slowest)
	defer cancel()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s does not stop within %s", p.Name, slowest)
	}
}

// prefixed puts the name of a process before its lines.
type prefixed struct {
	name string
	to   io.Writer
	rest string
}

// Write implements io.Writer.
func (w *prefixed) Write(b []byte) (int, error) {
	w.rest += string(b)
	for {
		line, rest, whole := strings.Cut(w.rest, "\n")
		if !whole {
			return len(b), nil
		}
		w.rest = rest
		if _, err := fmt.Fprintf(w.to, "%-9s %s\n", w.name, line); err != nil {
			return len(b), err
		}
	}
}
