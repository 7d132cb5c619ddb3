package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asProgram is the variable that makes the test's own binary the program.
const asProgram = "OTV_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram)
		os.Exit(Main(os.Args[1:], SystemEnv()))
	}
	os.Exit(m.Run())
}

// program is a running otv.
type program struct {
	cmd   *exec.Cmd
	lines chan string // of standard error; closed at its end
	all   strings.Builder
}

func startProgram(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.CommandContext(t.Context(), os.Args[0], args...), lines: make(chan string, 1000)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	r, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// until waits for a line that has the text, and returns it.
func (p *program) until(t *testing.T, text string) string {
	t.Helper()
	for line := range p.lines {
		p.all.WriteString(line + "\n")
		if strings.Contains(line, text) {
			return line
		}
	}
	t.Fatalf("it ended without %q:\n%s", text, p.all.String())
	return ""
}

// end waits for the end and returns the exit code, -1 for a signal.
func (p *program) end() (code int, output string) {
	for line := range p.lines {
		p.all.WriteString(line + "\n")
	}
	_ = p.cmd.Wait() // the state tells more
	return p.cmd.ProcessState.ExitCode(), p.all.String()
}

func (p *program) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// freePorts are addresses of this machine that nobody listened at a moment ago.
func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for range n {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		out = append(out, l.Addr().String())
	}
	return out
}

// offline is a configuration whose chain nobody serves, with addresses of its own.
func offline(t *testing.T, addresses []string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addresses[2])
	if err != nil {
		t.Fatal(err)
	}
	return configFolder(t, fmt.Sprintf(`{"global": {"network": "local", "apiEndpoints": ["ws://127.0.0.1:1"], "candidatesUrl": "list.json"},
"health": {"address": %q}, "admin": {"address": %q}, "server": {"host": "127.0.0.1", "port": %s}}`, addresses[0], addresses[1], port))
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// On an empty folder, with no chain in sight, the program is ready, says how it is, and stops in order.
func TestRunWithoutAnything(t *testing.T) {
	addresses := freePorts(t, 3)
	dir := offline(t, addresses)
	p := startProgram(t, "run", "--config", dir)
	p.until(t, "msg=ready")
	p.until(t, "the chains are not connected")
	if status, body := fetch(t, "http://"+addresses[0]+"/ready"); status != 200 || !strings.Contains(body, `"ready": true`) {
		t.Error(status, body)
	}
	if status, body := fetch(t, "http://"+addresses[0]+"/health"); status != 200 || !strings.Contains(body, `"degraded"`) || !strings.Contains(body, "chain relay") {
		t.Error(status, body)
	}
	if status, body := fetch(t, "http://"+addresses[0]+"/metrics"); status != 200 || !strings.Contains(body, "otv_backend_ready 1\n") ||
		!strings.Contains(body, "otv_backend_db_connectivity 1\n") || !strings.Contains(body, `otv_backend_chain_rpc_connectivity{chain="relay"} 0`) {
		t.Error(status, body)
	}
	if status, _ := fetch(t, "http://"+addresses[1]+"/"); status != 401 {
		t.Error("the admin listener answers without token:", status)
	}
	if status, body := fetch(t, "http://"+addresses[2]+"/healthcheck"); status != 403 || body != "API Handler not Connected!" {
		t.Error(status, body)
	}
	p.signal(t, syscall.SIGTERM)
	if code, output := p.end(); code != 0 || !strings.Contains(output, "msg=stopped") || strings.Contains(output, "panic") {
		t.Errorf("exit code %d\n%s", code, output)
	}
	// The database and the token are for their owner only.
	for _, name := range []string{"otv.db", "admin.token"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Error(name, info, err)
		}
	}
}

// While a request keeps the first stop waiting, a second signal ends the process at once.
func TestSecondSignal(t *testing.T) {
	addresses := freePorts(t, 3)
	p := startProgram(t, "run", "worker", "telemetry", "gateway", "--config", offline(t, addresses))
	p.until(t, "msg=ready")
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addresses[2])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\n"); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGINT)
	p.until(t, "msg=stopping")
	p.signal(t, syscall.SIGINT)
	code, output := p.end()
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || code != -1 || status.Signal() != syscall.SIGINT {
		t.Errorf("exit code %d, %v\n%s", code, p.cmd.ProcessState, output)
	}
}

// What the operator has to mend ends the process with code 3 and one message on one line.
func TestRunRefuses(t *testing.T) {
	addresses := freePorts(t, 3)
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	dir := offline(t, addresses)
	for name, content := range map[string]string{"garbage.db": strings.Repeat("this is no database. ", 500), "file": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no folder", []string{"run"}, ExitUsage, "otv: --config DIR is needed"},
		{"no such role", []string{"run", "cook", "--config", dir}, ExitUsage, `otv: there is no role "cook"; the roles are core, worker, telemetry, gateway`},
		{"no configuration", []string{"run", "--config", filepath.Join(dir, "none")}, ExitInput, "otv: read configuration: there is no main.json"},
		{"bad value", []string{"run", "--config", dir, "--set", "server.port=x"}, ExitInput, "server.port: \"x\" is not a whole number"},
		{"port taken", []string{"run", "--config", dir, "--set", "health.address=" + taken.Addr().String()}, ExitInput,
			"otv: health listener: " + taken.Addr().String() + " is in use by another program: end that, or set health.address to another address"},
		{"no database", []string{"run", "--config", dir, "--set", "admin.address=off"}, ExitInput, "otv: database: "},
		{"folder that cannot be", []string{"run", "--config", dir}, ExitInput, "otv: database: "},
	} {
		env := &Env{Stdout: io.Discard, Environ: func() []string { return nil }, Getenv: func(string) string { return "" }, Now: SystemEnv().Now, Context: t.Context()}
		switch c.name {
		case "no database":
			env.Environ = func() []string { return []string{"OTV_DATABASE__URL=garbage.db"} }
		case "folder that cannot be":
			env.Environ = func() []string { return []string{"OTV_DATABASE__URL=file/otv.db"} }
		}
		var errs strings.Builder
		env.Stderr = &errs
		code := Main(c.args, env)
		lines := strings.Split(strings.TrimSpace(errs.String()), "\n")
		said := 0
		for _, l := range lines {
			if strings.HasPrefix(l, "otv: ") {
				said++
			}
		}
		if code != c.code || !strings.Contains(errs.String(), c.want) || said != 1 {
			t.Errorf("%s: exit code %d\n%s", c.name, code, errs.String())
		}
	}
}

// A reader of a database that is not there yet waits for it instead of ending.
func TestGatewayWaitsForItsDatabase(t *testing.T) {
	addresses := freePorts(t, 3)
	dir := offline(t, addresses)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	env := &Env{Stdout: io.Discard, Stderr: w, Environ: func() []string { return nil }, Getenv: func(string) string { return "" }, Now: SystemEnv().Now, Context: ctx}
	ended := make(chan int, 1)
	go func() {
		ended <- Main([]string{"run", "gateway", "--config", dir}, env)
		_ = w.Close()
	}()
	s := bufio.NewScanner(r)
	seen := func(text string) bool {
		for s.Scan() {
			if strings.Contains(s.Text(), text) {
				return true
			}
		}
		return false
	}
	if !seen("it is tried until it is") {
		t.Fatal("it does not wait")
	}
	if status, body := fetch(t, "http://"+addresses[0]+"/ready"); status != 503 || !strings.Contains(body, "database: ") {
		t.Error(status, body)
	}
	if got := startProgram(t, "run", "core", "--config", dir, "--set", "health.address=off", "--set", "admin.address=off"); got.until(t, "msg=ready") == "" {
		t.Error("the core is not ready")
	}
	if !seen("msg=ready") {
		t.Error("it does not become ready")
	}
	cancel()
	for s.Scan() { // to its end
	}
	if code := <-ended; code != 0 {
		t.Error(code)
	}
	if err := s.Err(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Error(err)
	}
}
