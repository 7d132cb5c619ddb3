package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/thousand-validators/otv/internal/ops"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

func main() {
	program := flag.String("otv", "build/bin/otv", "the program")
	m := measurement{out: os.Stdout}
	flag.IntVar(&m.eras, "memory", 0, "measure the memory of the monolith over that many eras instead")
	flag.DurationVar(&m.era, "era", time.Minute, "how long an era lasts then")
	flag.IntVar(&m.candidates, "candidates", 40, "how many candidates there are then")
	flag.StringVar(&m.log, "log", "build/memory.log", "where the log of the program goes then")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	var err error
	if m.program = *program; m.eras > 0 {
		err = m.run(ctx)
	} else {
		err = serve(ctx, *program)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}

// shared is a writer for several.
type shared struct {
	mu sync.Mutex
	to io.Writer
}

// Write implements io.Writer.
func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(b)
}

// serve runs everything until ctx ends.
func serve(ctx context.Context, program string) (err error) {
	if program, err = filepath.Abs(program); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "otv-services-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, err := pgtest.Temporary()
	if err != nil {
		return err
	}
	defer func() { _ = db.Remove() }()
	n, err := simnet.Start(ctx, simnet.Options{BlockTime: time.Second, SessionBlocks: 10, SessionsPerEra: 6, Speed: 1, Start: time.Now()})
	if err != nil {
		return err
	}
	defer n.Close()
	log := &shared{to: os.Stdout}
	c, err := NewCluster(Options{
		Network: n, Database: db.URL(), Dir: dir, Program: []string{program}, Log: log,
		// All candidates become valid in the first minute. On a real network that would mean that something is wrong.
		Set: []string{"rules.brakes.minFlips=40"},
	})
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return errors.Join(err, c.Stop())
	}
	if err := c.Await(ctx); err != nil {
		return errors.Join(err, c.Stop())
	}
	show(c, log)
	select {
	case <-ctx.Done():
		fmt.Fprintln(log, "services  stopping")
	case name := <-c.Lost:
		err = fmt.Errorf("%s has ended by itself; its last lines say why", name)
	}
	return errors.Join(err, c.Stop())
}

// show writes where to look.
func show(c *Cluster, to io.Writer) {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  status page   http://%s/status\n  API           http://%s/api/v1/rounds\n  Swagger UI    http://%s/swagger\n", c.API, c.API, c.API)
	token, err := os.ReadFile(filepath.Join(c.Get("core").Dir, ops.TokenFile))
	if err == nil {
		fmt.Fprintf(&b, "  job board     http://%s/jobs   (any user, password %s)\n", c.Admin, bytes.TrimSpace(token))
	}
	for _, name := range names() {
		fmt.Fprintf(&b, "  %-12s  http://%s/health, process %d\n", name, c.Get(name).Health, c.Get(name).Pid())
	}
	fmt.Fprintf(&b, "\n  An era lasts a minute. Ctrl-C ends everything.\n\n")
	_, _ = io.WriteString(to, b.String()) // nobody else could be told
}
