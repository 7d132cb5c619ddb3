//go:build e2e

package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/store"
)

// wanted is the variable that has the service run on a real runtime.
const wanted = "OTV_E2E_SERVICE"

// TestService runs `otv run` on Westend's runtime. It is not part of `make e2e` yet, for it has not been seen to pass
// on a busy machine: OTV_E2E_SERVICE=1 runs it.
func TestService(t *testing.T) {
	if os.Getenv(wanted) == "" {
		t.Skip("runs with " + wanted + "=1")
	}
	populated(t, "westend").service(t)
}

// serviceLimit is how long a service may take for anything; on a free machine the node answers within seconds.
const serviceLimit = 4 * time.Minute

// serving is a running otv.
type serving struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string
	log   strings.Builder
	began time.Time
}

// serve starts the program with all roles; nobody but the chain is asked.
func (c *chain) serve(t *testing.T, database, health string) *serving {
	t.Helper()
	file, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{t: t, lines: make(chan string, 1000), began: time.Now()}
	s.cmd = exec.CommandContext(t.Context(), file, "run", "--config", c.file("config"), "--log-level", "info",
		"--set", "telemetry.enable=false", "--set", "health.address="+health, "--set", "admin.address=off", "--set", "server.enable=false",
		"--set", "constraints.clientUpgrade.skip=true", "--set", "constraints.kusamaRank.url=", "--set", "prices.source=off", "--set", "location.sources=[]",
		"--set", "act.mode=propose")
	s.cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir(), "OTV_DATABASE__URL="+database)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.lines)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			s.lines <- sc.Text()
		}
	}()
	return s
}

// until waits for a text in the log, and returns its line.
func (s *serving) until(text string) string {
	s.t.Helper()
	limit := time.After(serviceLimit)
	for {
		select {
		case line, open := <-s.lines:
			if !open {
				s.t.Fatalf("it ended without %q:\n%s", text, s.log.String())
			}
			s.log.WriteString(line + "\n")
			if strings.Contains(line, text) {
				return line
			}
		case <-limit:
			s.t.Fatalf("it never said %q:\n%s", text, s.log.String())
		}
	}
}

// stop ends it in order.
func (s *serving) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	for line := range s.lines {
		s.log.WriteString(line + "\n")
	}
	_ = s.cmd.Wait() // the code tells
	if code := s.cmd.ProcessState.ExitCode(); code != 0 || strings.Contains(s.log.String(), "panic") {
		s.t.Errorf("exit code %d:\n%s", code, s.log.String())
	}
}

// service runs the programme on an empty database: it is ready at once, fills the database, holds a round whose record
// verifies, and goes on where it was after a restart.
func (c *chain) service(t *testing.T) {
	dir := t.TempDir()
	database := filepath.Join(dir, "otv.db")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	health := l.Addr().String()
	_ = l.Close()

	s := c.serve(t, database, health)
	t.Log(s.until("msg=ready"), "after", time.Since(s.began).Round(time.Millisecond))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+health+"/ready", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Error("/ready answers", res.StatusCode)
	}
	t.Log(s.until(`msg="round held"`), "after", time.Since(s.began).Round(time.Millisecond))
	s.stop()
	first := c.remembered(t, database)

	s = c.serve(t, database, health)
	s.until(`msg="works on jobs"`)
	db, err := store.OpenReadOnly(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	limit := time.After(serviceLimit)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for again := false; !again; {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("the jobs do not run again:\n%s", s.log.String())
		}
		list, err := jobs.States(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			again = again || x.Name == jobs.Scorekeeper && x.RunCount >= 2
		}
	}
	s.stop()
	if again := c.remembered(t, database); len(again) != len(first) {
		t.Errorf("%d rounds before, %d after the restart", len(first), len(again))
	}
}

// remembered are the rounds of a database, whose records are verified, and looks that the rest is there, too.
func (c *chain) remembered(t *testing.T, database string) []memory.Round {
	t.Helper()
	db, err := store.OpenReadOnly(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	info, err := db.Chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := db.Rounds(t.Context(), info.Genesis, 0)
	if err != nil || len(list) == 0 {
		t.Fatalf("%d rounds, %v", len(list), err)
	}
	for i, r := range list {
		doc, err := db.Document(t.Context(), r.Digest)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), fmt.Sprintf("record-%d.json", i))
		if err := os.WriteFile(file, doc.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		must(t, "round", "verify", file)
	}
	candidates, err := db.Candidates(t.Context())
	if err != nil || len(candidates) != list[0].Counts.Listed {
		t.Errorf("%d candidates of %d, %v", len(candidates), list[0].Counts.Listed, err)
	}
	standings, err := db.Standings(t.Context())
	if err != nil || len(standings) != len(candidates) {
		t.Errorf("%d standings of %d, %v", len(standings), len(candidates), err)
	}
	sets, err := db.ValidatorSetsFrom(t.Context(), 0)
	if err != nil || len(sets) == 0 {
		t.Errorf("%d validator sets, %v", len(sets), err)
	}
	return list
}
