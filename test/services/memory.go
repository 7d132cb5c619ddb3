package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/ops"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
)

// measurement finds how much memory the monolith needs in the course of time, in a process of its own on a
// SQLite file, while it is asked for everything it serves.
type measurement struct {
	program    string
	eras       int
	era        time.Duration
	candidates int
	log        string // file for the log of the program
	out        io.Writer
}

// sample is what the process needs at a moment when no job is at work.
type sample struct {
	heap, objects  uint64 // bytes and number of what is reachable, after a garbage collection
	goroutines     uint64
	resident, most uint64 // bytes of memory that the kernel has given it, and the most until then
	database       int64  // bytes of the file and its log
}

// tolerated is the growth that is noise, in percent.
const tolerated = 5

// run measures once per era, and fails when what is reachable grows.
func (m measurement) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "otv-memory-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	const blocks, sessions = 60, 6
	// A past longer than what a chain keeps, so that what is read of it does not grow.
	n, err := simnet.Start(ctx, simnet.Options{
		Candidates: m.candidates, BlockTime: (m.era / blocks).Truncate(time.Millisecond), SessionBlocks: blocks / sessions, SessionsPerEra: sessions,
		Eras: 90, Speed: 1, Start: time.Now(), KeepStates: 10 * blocks,
	})
	if err != nil {
		return err
	}
	defer n.Close()
	log, err := os.Create(m.log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	p, err := m.monolith(n, dir, log)
	if err != nil {
		return err
	}
	if err := p.process.Start(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.process.Stop()) }()
	fmt.Fprintf(m.out, "%d candidates, an era lasts %s; the log is in %s\n", m.candidates, m.era, m.log)
	var samples []sample
	began := time.Now()
	tick := time.NewTicker(m.era)
	defer tick.Stop()
	for len(samples) < m.eras {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := n.Err(); err != nil {
			return fmt.Errorf("the simulated network: %w", err)
		}
		s, err := p.look(ctx)
		if err != nil {
			return err
		}
		samples = append(samples, s)
		fmt.Fprintf(m.out, "%7s  heap %6.2f MiB in %7d objects, %4d goroutines, resident %6.1f MiB, most %6.1f MiB, database %6.1f MiB\n",
			time.Since(began).Round(time.Second), mib(s.heap), s.objects, s.goroutines, mib(s.resident), mib(s.most), mib(uint64(s.database)))
	}
	grown := growth(samples)
	fmt.Fprintf(m.out, "what is reachable changed by %+.1f %% from the second to the last third\n", grown)
	if grown > tolerated {
		return fmt.Errorf("memory grows: by %.1f %%, more than the %d %% that are noise", grown, tolerated)
	}
	return nil
}

func mib(n uint64) float64 { return float64(n) / (1 << 20) }

// growth is by how many percent the reachable heap in the last third of the samples is larger than in the second. The
// first third is that in which caches fill.
func growth(all []sample) float64 {
	third := len(all) / 3
	if third == 0 {
		return 0
	}
	middle := func(part []sample) float64 {
		var list []uint64
		for _, s := range part {
			list = append(list, s.heap)
		}
		slices.Sort(list)
		return float64(list[len(list)/2])
	}
	before := middle(all[third : 2*third])
	return (middle(all[2*third:]) - before) / before * 100
}

// monolith is a process with all roles.
type monolith struct {
	process    *Process
	network    *simnet.Network
	dir        string
	admin, api string // addresses
	client     http.Client
	token      string // of the admin listener
}

// monolith prepares one that acts on the network.
func (m measurement) monolith(n *simnet.Network, dir string, log io.Writer) (*monolith, error) {
	if err := n.WriteFiles(dir); err != nil {
		return nil, err
	}
	program, err := filepath.Abs(m.program)
	if err != nil {
		return nil, err
	}
	addresses, err := free(3)
	if err != nil {
		return nil, err
	}
	c := &Cluster{o: Options{Network: n, Dir: dir, Log: log}}
	_, port, _ := strings.Cut(addresses[2], ":")
	p := &Process{Name: "otv", Health: addresses[0], cluster: c, env: os.Environ(), args: []string{program, "run", "--config", dir}}
	set := append(services(c.o), "act.mode=act", "admin.pprof=true", "health.address="+addresses[0], "admin.address="+addresses[1],
		"server.port="+port, "server.rateLimit=0", "rules.brakes.minFlips="+strconv.Itoa(m.candidates))
	for _, s := range set {
		p.args = append(p.args, "--set", s)
	}
	return &monolith{process: p, network: n, dir: dir, admin: addresses[1], api: addresses[2]}, nil
}

// look asks the API for everything, waits until no job is at work, and takes a sample.
func (p *monolith) look(ctx context.Context) (s sample, err error) {
	if err := p.ask(ctx); err != nil {
		return s, err
	}
	if err := p.rest(ctx, time.Now().Add(patient)); err != nil {
		return s, err
	}
	// What a pool has is given up with the second collection.
	for range 2 {
		if s, err = p.heap(ctx); err != nil {
			return s, err
		}
	}
	text, err := p.get(ctx, p.admin, "/debug/pprof/goroutine?debug=1")
	if err != nil {
		return s, err
	}
	if _, err := fmt.Sscanf(text, "goroutine profile: total %d", &s.goroutines); err != nil {
		return s, fmt.Errorf("read the number of goroutines: %w", err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.process.Pid()))
	if err != nil {
		return s, err
	}
	for line := range strings.Lines(string(status)) {
		for name, to := range map[string]*uint64{"VmRSS:": &s.resident, "VmHWM:": &s.most} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				if _, err := fmt.Sscan(rest, to); err != nil {
					return s, fmt.Errorf("read the resident memory: %w", err)
				}
				*to <<= 10
			}
		}
	}
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(filepath.Join(p.dir, "otv.db"+suffix)); err == nil {
			s.database += info.Size()
		}
	}
	return s, nil
}

// heap has the garbage collected and reads what is left.
func (p *monolith) heap(ctx context.Context) (s sample, err error) {
	text, err := p.get(ctx, p.admin, "/debug/pprof/heap?gc=1&debug=1")
	if err != nil {
		return s, err
	}
	found := 0
	for sc := bufio.NewScanner(strings.NewReader(text)); sc.Scan(); {
		for name, to := range map[string]*uint64{"# HeapAlloc = ": &s.heap, "# HeapObjects = ": &s.objects} {
			if rest, ok := strings.CutPrefix(sc.Text(), name); ok {
				if *to, err = strconv.ParseUint(rest, 10, 64); err != nil {
					return s, err
				}
				found++
			}
		}
	}
	if found != 2 {
		return s, errors.New("the profile of the heap does not tell its size")
	}
	return s, nil
}

// patient is how long is waited for a moment without a job.
const patient = 20 * time.Second

// rest waits until no job is at work or wanted, but not for longer than until a moment.
func (p *monolith) rest(ctx context.Context, until time.Time) error {
	db, err := store.OpenReadOnly(ctx, filepath.Join(p.dir, "otv.db"))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing was written
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := jobs.States(ctx, db)
		if err != nil {
			return err
		}
		if time.Now().After(until) || !slices.ContainsFunc(list, func(s jobs.State) bool { return s.Status == jobs.Running || s.Wanted != "" }) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// ask asks the API for everything that it keeps answers of.
func (p *monolith) ask(ctx context.Context) error {
	paths := []string{"/candidates", "/nominators", "/validators", "/api/v1/candidates", "/api/v1/rounds", "/api/v1/nominators", "/status", "/scorekeeper/jobs"}
	for _, c := range p.network.Candidates() {
		for _, route := range []string{"/candidate/%s", "/score/%s", "/nominatorstake/%s", "/erapoints/%s", "/api/v1/candidates/%s", "/api/v1/candidates/%s/explain"} {
			paths = append(paths, fmt.Sprintf(route, c.Address()))
		}
	}
	for _, path := range paths {
		if _, err := p.get(ctx, p.api, path); err != nil {
			return err
		}
	}
	return nil
}

// get asks a listener.
func (p *monolith) get(ctx context.Context, address, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return "", err
	}
	if address == p.admin {
		if p.token == "" {
			b, err := os.ReadFile(filepath.Join(p.dir, ops.TokenFile))
			if err != nil {
				return "", err
			}
			p.token = strings.TrimSpace(string(b))
		}
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }() // it is read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	// What nothing is known of yet is empty or not found.
	if res.StatusCode/100 != 2 && res.StatusCode != http.StatusNotFound {
		return "", fmt.Errorf("%s answers %s: %.200s", path, res.Status, b)
	}
	return string(b), nil
}
