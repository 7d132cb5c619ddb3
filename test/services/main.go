package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store/pgtest"
)

func main() {
	program := flag.String("otv", "build/bin/otv", "the program")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := serve(ctx, *program)
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
	c, err := NewCluster(Options{Network: n, Database: db.URL(), Dir: dir, Program: []string{program}, Log: log})
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	for _, name := range names() {
		fmt.Fprintf(log, "%-9s health and metrics at http://%s/health\n", name, c.Get(name).Health)
	}
	fmt.Fprintf(log, "API at http://%s, job board at http://%s/jobs with the token in %s\n", c.API, c.Admin, filepath.Join(dir, "core", "admin.token"))
	<-ctx.Done()
	return c.Stop()
}
