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

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/store"
)

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

// startsIn is in what time a service must be ready, and startsTried how often a busy machine may be too slow for it.
const (
	startsIn    = time.Second
	startsTried = 10
)

// service runs the programme on an empty database: it is ready at once, fills the database, holds a round whose record
// verifies, and goes on where it was after a restart.
func (c *chain) service(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	health := l.Addr().String()
	_ = l.Close()

	var s *serving
	var database string
	for tried := 1; ; tried++ {
		database = filepath.Join(t.TempDir(), "otv.db")
		s = c.serve(t, database, health)
		s.until("msg=ready")
		took := time.Since(s.began)
		t.Log("ready after", took.Round(time.Millisecond))
		if took <= startsIn {
			break
		}
		if tried == startsTried {
			t.Fatalf("it was never ready within %s, the machine being as busy as it is", startsIn)
		}
		s.stop()
	}
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
	s.until(`msg="round held"`)
	t.Log("a round was held after", time.Since(s.began).Round(time.Millisecond))
	s.rested(database, 1)
	s.stop()
	first := c.remembered(t, database)

	s = c.serve(t, database, health)
	s.until(`msg="works on jobs"`)
	s.rested(database, 2)
	s.stop()
	if strings.Contains(s.log.String(), "round held") {
		t.Errorf("another round was held in the same era:\n%s", s.log.String())
	}
	again := c.remembered(t, database)
	if diff := cmp.Diff(first.rounds, again.rounds); diff != "" || len(first.rounds) != 1 {
		t.Errorf("%d rounds; after the restart: %s", len(first.rounds), diff)
	}
	for name, n := range first.rows {
		if again.rows[name] < n {
			t.Errorf("%s had %d rows, and %d after the restart", name, n, again.rows[name])
		}
	}
}

// rested waits until every job that is there has run so many times, and none is at work.
func (s *serving) rested(database string, runs int64) {
	s.t.Helper()
	db, err := store.OpenReadOnly(s.t.Context(), database)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // nothing was written
	limit := time.After(serviceLimit)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := jobs.States(s.t.Context(), db)
		if err != nil {
			s.t.Fatal(err)
		}
		busy := ""
		for _, x := range list {
			switch {
			case x.Status == jobs.NotRunning || x.Name == jobs.CleanUp: // absent, or run by its schedule only
			case x.Error != "":
				s.t.Fatalf("%s: %s", x.Name, x.Error)
			case x.Status != jobs.Finished || x.Wanted != "" || x.RunCount < runs:
				busy = x.Name
			case x.Result == "" || x.Progress != 100:
				s.t.Errorf("%+v", x)
			}
		}
		if busy == "" && len(list) > 0 {
			return
		}
		select {
		case line, open := <-s.lines:
			if !open {
				s.t.Fatalf("it ended:\n%s", s.log.String())
			}
			s.log.WriteString(line + "\n")
		case <-tick.C:
		case <-limit:
			s.t.Fatalf("%s does not end:\n%s", busy, s.log.String())
		}
	}
}

// remembers are the rounds of a database, and how many rows its tables have, those of the queue and of leases left out.
type remembers struct {
	rounds []memory.Round
	rows   map[string]int64
}

// remembered reads a database, verifies the records of its rounds, and looks that the rest is there, too.
func (c *chain) remembered(t *testing.T, database string) remembers {
	t.Helper()
	db, err := store.OpenReadOnly(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // nothing was written
	info, err := db.Chain(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := remembers{rows: map[string]int64{}}
	out.rounds, err = db.Rounds(t.Context(), info.Genesis, 0)
	if err != nil || len(out.rounds) == 0 {
		t.Fatalf("%d rounds, %v", len(out.rounds), err)
	}
	for i, r := range out.rounds {
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
	status, err := db.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range status.Tables {
		if !strings.HasPrefix(x.Name, "river_") && x.Name != "leases" {
			out.rows[x.Name] = x.Rows
		}
	}
	listed, valid := int64(out.rounds[0].Counts.Listed), int64(out.rounds[0].Counts.Valid)
	for name, least := range map[string]int64{
		"candidates": listed, "standings": listed, "validity_changes": listed, "verdict_changes": listed, "stakes": listed, "session_keys": listed,
		"scores": valid, "score_statistics": 1, "validator_sets": 1, "era_statistics": 1, "nominators": 1, "chain": 1, "rounds": 1, "records": 1,
	} {
		if have, known := out.rows[name]; !known || have < least {
			t.Errorf("%s has %d rows, at least %d are wanted", name, have, least)
		}
	}
	return out
}
