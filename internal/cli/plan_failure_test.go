package cli

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate/substratetest"
)

// Whatever goes wrong outside ends in one sentence that names the place, and in the documented exit code.
func TestPlanFailures(t *testing.T) {
	tests := []struct {
		name  string
		setup func(t *testing.T) (args []string)
		code  int
		want  []string // parts of the one line on standard error
	}{
		{"dead endpoint", func(t *testing.T) []string {
			return plan(folder(t, "local", "ws://"+nobody))
		}, ExitNetwork, []string{"otv: connect to the relay chain: ", "127.0.0.1", "connection refused"}},
		{"stops answering in the middle of a page", func(t *testing.T) []string {
			n := village(t)
			n.Inject(substratetest.Rule{Method: "state_queryStorageAt", Skip: 1, Do: substratetest.Stall()})
			return append(plan(folder(t, "local", n.URL())), "--timeout", "2s")
		}, ExitNetwork, []string{"not finished after 2s (--timeout) while waiting for Staking.", " of Village block 2"}},
		{"answers garbage", func(t *testing.T) []string {
			n := village(t)
			n.Inject(substratetest.Rule{Method: "state_queryStorageAt", Do: substratetest.Raw("<html>busy</html>")})
			return append(plan(folder(t, "local", n.URL())), "--timeout", "30s")
		}, ExitNetwork, []string{"Village block 2", "Staking.", "127.0.0.1", "not JSON-RPC"}},
		{"pruned state", func(t *testing.T) []string {
			n := village(t)
			n.PruneBefore(2)
			return append(plan(folder(t, "local", n.URL())), "--at", "1")
		}, ExitNetwork, []string{"Village block 1", "127.0.0.1", "State already discarded", "archive node"}},
		{"block that is not final", func(t *testing.T) []string {
			return append(plan(folder(t, "local", village(t).URL())), "--at", "99")
		}, ExitInput, []string{"99"}},
		{"chain without the pallet", func(t *testing.T) []string {
			n := substratetest.NewNode(t, substratetest.NodeConfig{Chain: "Contracts", SpecName: "contracts", Metadata: blob(t, "contracts-node-100.v14")})
			return plan(folder(t, "local", n.URL()))
		}, ExitInput, []string{"Contracts", "has no pallet", "global.apiEndpoints"}},
		{"another network's chain", func(t *testing.T) []string {
			dir := folder(t, "westend", village(t).URL())
			main := readJSON(t, dir, "main.json")
			main["constraints"] = map[string]any{"minSelfStake": "10 WND"}
			write(t, dir, "main.json", main)
			return plan(dir)
		}, ExitInput, []string{"otv: wrong network: the configuration is for westend, but the endpoint ws://127.0.0.1", "genesis"}},
		{"list of another network", func(t *testing.T) []string {
			dir := folder(t, "westend", village(t).URL())
			main := readJSON(t, dir, "main.json")
			main["constraints"] = map[string]any{"minSelfStake": "10 WND"}
			write(t, dir, "main.json", main)
			list := readJSON(t, dir, "candidates.json")
			for i, e := range list["candidates"].([]any) {
				e.(map[string]any)["stash"] = addressOf(byte(i+1), 2)
			}
			write(t, dir, "candidates.json", list)
			return plan(dir)
		}, ExitInput, []string{"candidates.json", "Westend"}},
		{"no configuration", func(t *testing.T) []string { return plan(filepath.Join(t.TempDir(), "nowhere")) }, ExitInput, []string{"nowhere"}},
		{"facts of another network", func(t *testing.T) []string {
			dir := folder(t, "local", village(t).URL())
			write(t, dir, "facts.json", map[string]any{"schema": "otv/facts/1", "network": "kusama", "at": 1})
			return append(plan(dir), "--facts", filepath.Join(dir, "facts.json"))
		}, ExitInput, []string{"the facts are about kusama"}},
		{"broken facts", func(t *testing.T) []string {
			dir := folder(t, "local", village(t).URL())
			return append(plan(dir), "--facts", filepath.Join(dir, "main.json"))
		}, ExitInput, []string{"read facts", "main.json"}},
		{"previous record that is none", func(t *testing.T) []string {
			dir := folder(t, "local", village(t).URL())
			return append(plan(dir), "--previous", filepath.Join(dir, "main.json"))
		}, ExitInput, []string{"previous record", "refused"}},
		{"unwritable output", func(t *testing.T) []string {
			dir := folder(t, "local", village(t).URL())
			return append(plan(dir), "--out", filepath.Join(dir, "no", "record.json"))
		}, ExitInput, []string{"write", "record.json"}},
		{"no folder given", func(*testing.T) []string { return []string{"round", "plan"} }, ExitUsage, []string{"--config"}},
		{"unknown profile", func(*testing.T) []string { return []string{"round", "plan", "--config", ".", "--profile", "x"} }, ExitUsage, []string{"--profile"}},
		{"unknown flag", func(*testing.T) []string { return []string{"round", "plan", "--colour"} }, ExitUsage, []string{"--colour", "see otv round plan --help"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := tt.setup(t)
			code, out, errs := run(t, args...)
			var lines []string
			for line := range strings.Lines(errs) {
				if !strings.HasPrefix(line, "warning: ") && !strings.Contains(line, " level=") {
					lines = append(lines, strings.TrimSpace(line))
				}
			}
			text := strings.Join(lines, " | ")
			t.Log(text)
			if code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			if len(lines) != 1 {
				t.Errorf("%d lines instead of one sentence", len(lines))
			}
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("the sentence does not name %q", want)
				}
			}
			if out != "" && code != ExitInput {
				t.Errorf("something was printed all the same: %s", out)
			}
		})
	}
}

func plan(dir string) []string {
	return []string{"round", "plan", "--config", dir, "--set", "global.cacheDir=cache"}
}

func blob(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open("../../substrate/testdata/metadata/" + name + ".scale.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
