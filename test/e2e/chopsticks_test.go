//go:build e2e

package e2e

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startTime is what the clock of every chain says at its genesis, so that block hashes, and with them the random
// factors of all scores, are the same in every run: 1 June 2026.
const startTime = 1_780_272_000_000

// timestampKey is the storage key of Timestamp.Now.
const timestampKey = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb"

// startLimit bounds the start of a node; on a free machine it takes about five seconds.
const startLimit = 3 * time.Minute

// startChain runs a node with the runtime of the given specification and returns its WebSocket address. The node and
// everything it started end with the test.
func startChain(t *testing.T, world string) string {
	t.Helper()
	dir := t.TempDir()
	prepareSpec(t, world, filepath.Join(dir, "genesis.json"))
	config := "genesis: ./genesis.json\nhost: 127.0.0.1\nport: 0\nmock-signature-host: false\nbuild-block-mode: Manual\n"
	if err := os.WriteFile(filepath.Join(dir, "chopsticks.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(nodeDir(t), "node_modules", "@acala-network", "chopsticks", "chopsticks.cjs"),
		"--config", "chopsticks.yml")
	cmd.Dir = dir
	// A group of its own, so that workers die with it; and the kernel ends it if this process cannot.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	output := &watched{pattern: regexp.MustCompile(`RPC listening on .*(ws://[0-9.]+:[0-9]+)`), found: make(chan string, 1)}
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatalf("start Chopsticks (run `make deps` first): %v", err)
	}
	drained := make(chan struct{})
	go func() { defer close(drained); output.read(reader) }()
	exited := make(chan error, 1)
	go func() {
		exited <- cmd.Wait()
		writer.Close()
	}()
	t.Cleanup(func() {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Errorf("end Chopsticks: %v", err)
		}
		<-drained
		if t.Failed() {
			t.Logf("output of Chopsticks (%s):\n%s", world, output.tail())
		}
	})
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case url := <-output.found:
		return url
	case err := <-exited:
		<-drained
		t.Fatalf("Chopsticks ended before it listened: %v", err)
	case <-limit.C:
		t.Fatalf("Chopsticks did not listen within %s", startLimit)
	}
	return ""
}

// prepareSpec writes a chain specification in the strict form Chopsticks wants: no null members, no boot nodes, with
// properties; and with the clock set.
func prepareSpec(t *testing.T, world, file string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(moduleDir(t), "build", "specs", world+".json"))
	if err != nil {
		t.Fatalf("chain specification (run `make deps` first): %v", err)
	}
	var spec map[string]any
	if err := json.Unmarshal(b, &spec); err != nil {
		t.Fatal(err)
	}
	for key, v := range spec {
		if v == nil {
			delete(spec, key)
		}
	}
	spec["bootNodes"] = []string{}
	if spec["properties"] == nil {
		spec["properties"] = map[string]any{"ss58Format": 42, "tokenDecimals": 12, "tokenSymbol": "WND"}
	}
	top, ok := path(spec, "genesis", "raw", "top").(map[string]any)
	if !ok {
		t.Fatalf("the chain specification of %s has no genesis.raw.top", world)
	}
	top[timestampKey] = "0x" + hex.EncodeToString(binary.LittleEndian.AppendUint64(nil, startTime))
	if b, err = json.Marshal(spec); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func path(v any, keys ...string) any {
	for _, key := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// watched keeps the last lines of a program's output and reports the first match of a pattern.
type watched struct {
	pattern *regexp.Regexp
	found   chan string

	mu    sync.Mutex
	lines []string
}

const keptLines = 60

func (w *watched) read(r io.Reader) {
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		w.mu.Lock()
		w.lines = append(w.lines, sc.Text())
		w.lines = w.lines[max(0, len(w.lines)-keptLines):]
		w.mu.Unlock()
		if m := w.pattern.FindStringSubmatch(sc.Text()); m != nil {
			select {
			case w.found <- m[1]:
			default:
			}
		}
	}
}

func (w *watched) tail() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := ""
	for _, l := range w.lines {
		out += fmt.Sprintln("  " + l)
	}
	return out
}
