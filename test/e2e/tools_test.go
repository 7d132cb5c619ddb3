//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// moduleDir is the root of the module.
func moduleDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func nodeDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(moduleDir(t), "test", "e2e", "node")
}

// run runs a script of the node folder and returns what it prints.
func runNode(t *testing.T, script string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", append([]string{filepath.Join(nodeDir(t), script)}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", script, strings.Join(args, " "), err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// buildOnce builds the program for all tests.
var buildOnce = sync.OnceValues(func() (string, error) {
	file, err := filepath.Abs(filepath.Join("..", "..", "build", "bin", "otv"))
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", file, "./cmd/otv")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return file, nil
})

// result is what one run of the program left.
type result struct {
	code           int
	stdout, stderr string
}

// otv runs the program.
func otv(t *testing.T, args ...string) result {
	t.Helper()
	return otvIn(t, nil, args...)
}

// otvIn runs the program with additional environment variables.
func otvIn(t *testing.T, env []string, args ...string) result {
	t.Helper()
	file, err := buildOnce()
	if err != nil {
		t.Fatalf("build otv: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), file, args...)
	// Nothing of the user's own settings and caches takes part.
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir(), "NO_COLOR=1")
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("otv %s: %v", strings.Join(args, " "), err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must runs the program and demands success.
func must(t *testing.T, args ...string) result {
	t.Helper()
	r := otv(t, args...)
	if r.code != 0 {
		t.Fatalf("otv %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stderr, head(r.stdout))
	}
	return r
}

func head(text string) string {
	const most = 2000
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decodeJSON(t, b, v)
}

func decodeJSON(t *testing.T, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatalf("%v in %s", err, head(string(b)))
	}
}
