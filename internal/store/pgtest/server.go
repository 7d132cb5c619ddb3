package pgtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Server is a PostgreSQL server of a test's own.
type Server struct {
	programs string // folder with initdb and postgres
	dir      string // folder with the data and the socket
	as       *syscall.Credential
	process  *exec.Cmd
	ended    chan struct{} // closed when the process and all that it wrote are gone
}

// New starts a server for one test, which may stop it and start it again. Without PostgreSQL the test is skipped, unless
// it is required.
func New(t testing.TB) *Server {
	t.Helper()
	dir, err := programs()
	if err != nil {
		if os.Getenv(Environment) == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s, err := start(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Temporary starts a server outside of tests; [Server.Remove] ends it.
func Temporary() (*Server, error) {
	dir, err := programs()
	if err != nil {
		return nil, err
	}
	return start(dir)
}

// Remove stops the server and throws away everything that it has.
func (s *Server) Remove() error { return s.remove() }

// URL is the server's empty database.
func (s *Server) URL() string { return s.database("public") }

func (s *Server) database(schema string) string {
	q := url.Values{"host": {s.dir}, "user": {"otv"}, "search_path": {schema}}
	return "postgres:///postgres?" + q.Encode()
}

// programs finds the newest installed version.
func programs() (string, error) {
	if file, err := exec.LookPath("initdb"); err == nil {
		if file, err = filepath.EvalSymlinks(file); err == nil {
			return filepath.Dir(file), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed (on Debian: the package postgresql)")
	}
	version := func(file string) int {
		n, _ := strconv.Atoi(strings.Split(file, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func start(programs string) (*Server, error) {
	dir, err := os.MkdirTemp("", "otv-pg-")
	if err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	s := &Server{programs: programs, dir: dir}
	if err := s.initialise(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func (s *Server) initialise() error {
	// The server refuses to run as root.
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			u, err = user.Lookup("nobody")
		}
		if err != nil {
			return fmt.Errorf("pgtest: %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return fmt.Errorf("pgtest: %w", err)
		}
	}
	c := s.command("initdb", "--no-sync", "--auth=trust", "--username=otv", "--locale=C", "--encoding=UTF8", filepath.Join(s.dir, "data"))
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(context.Background(), filepath.Join(s.programs, name), args...)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	// A test that is killed takes its server with it. Signals of the terminal are for the test only, which stops the
	// server after everything that uses it.
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	return c
}

// Start starts the server and waits until it takes connections.
func (s *Server) Start() error {
	c := s.command("postgres", "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "autovacuum=off",
		"-c", "shared_buffers=16MB", "-c", "max_connections=200", "-c", "logging_collector=off")
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("pgtest: %w", err)
	}
	c.Stderr = w
	err = c.Start()
	_ = w.Close()
	if err != nil {
		return fmt.Errorf("pgtest: %w", errors.Join(err, r.Close()))
	}
	s.process, s.ended = c, make(chan struct{})
	ready := make(chan error, 1)
	go s.follow(r, ready)
	return <-ready
}

// follow reads what the server tells until nobody is left who could tell anything.
func (s *Server) follow(r io.ReadCloser, ready chan<- error) {
	defer close(s.ended)
	var last []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "ready to accept connections") {
			ready <- nil
			last = nil
		}
		if len(last) < 20 {
			last = append(last, lines.Text())
		}
	}
	_ = r.Close()
	err := s.process.Wait()
	select {
	case ready <- fmt.Errorf("pgtest: the server has not started: %w\n%s", err, strings.Join(last, "\n")):
	default:
	}
}

// Kill ends the server like a loss of power: connections break, and nothing is tidied up.
func (s *Server) Kill() { s.stop(syscall.SIGQUIT) }

// Stop ends the server in order, whoever is connected.
func (s *Server) Stop() { s.stop(syscall.SIGINT) }

func (s *Server) stop(signal syscall.Signal) {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Signal(signal)
	<-s.ended
	s.process = nil
}

func (s *Server) remove() error {
	s.Kill()
	return os.RemoveAll(s.dir)
}
