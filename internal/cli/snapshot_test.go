package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

func TestSnapshotToFile(t *testing.T) {
	n := village(t)
	dir := folder(t, "local", n.URL())
	file := filepath.Join(dir, "snapshot.json")
	code, out, errs := run(t, "chain", "snapshot", "--config", dir, "--out", file)
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"westend (Village, generation A): era 100, session 600", "westend 9320", "elected validators", "eras with reward points"} {
		if !strings.Contains(out, want) {
			t.Errorf("the summary does not say %q:\n%s", want, out)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s programme.Snapshot
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Candidates) != 5 || len(s.Elected) != 4 || len(s.PointEras) != 84 || s.IntentionCount != 4 || len(s.Nominators) != 1 || len(s.Gaps) != 0 {
		t.Errorf("%d candidates, %d elected, %d eras, %d intentions, %d nominators, gaps %v",
			len(s.Candidates), len(s.Elected), len(s.PointEras), s.IntentionCount, len(s.Nominators), s.Gaps)
	}
	if code, out, errs := run(t, "chain", "snapshot", "--config", dir); code != ExitOK || out != string(b) {
		t.Errorf("on standard output: exit %d, %s", code, errs)
	}
	// A round planned from the file is the one planned from the chain.
	_, fromChain, _ := run(t, "round", "plan", "--config", dir, "--json")
	code, fromFile, errs := run(t, "round", "plan", "--config", dir, "--json", "--snapshot", file)
	if code != ExitOK || fromFile != fromChain {
		t.Errorf("planned from the file: exit %d, %s", code, errs)
	}
}

func TestSnapshotOfEndpoint(t *testing.T) {
	n := village(t)
	code, out, errs := run(t, "chain", "snapshot", "--uri", n.URL(), "--stash", addressOf(2, 0), "--stash", addressOf(1, 42), "--nominator", addressOf(200, 2), "--at", "2")
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var s programme.Snapshot
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Candidates) != 2 || len(s.Nominators) != 1 || s.Nominators[0].Stash != programme.Address(addressOf(200, 42)) || s.Blocks[0].Number != 2 {
		t.Errorf("candidates %v, nominators %v, blocks %v", s.Candidates, s.Nominators, s.Blocks)
	}
}

func TestSnapshotFailures(t *testing.T) {
	n := village(t)
	dir := folder(t, "local", n.URL())
	westend := folder(t, "westend", n.URL())
	main := readJSON(t, westend, "main.json")
	delete(main, "constraints")
	write(t, westend, "main.json", main)
	tests := []struct {
		name  string
		args  []string
		code  int
		texts []string
	}{
		{"nothing said", nil, ExitUsage, []string{"--config DIR", "--uri URI"}},
		{"both said", []string{"--config", dir, "--uri", n.URL()}, ExitUsage, []string{"either"}},
		{"accounts with a configuration", []string{"--config", dir, "--stash", addressOf(1, 42)}, ExitUsage, []string{"--stash"}},
		{"no configuration there", []string{"--config", t.TempDir()}, ExitInput, []string{"main.json"}},
		{"not an address", []string{"--uri", n.URL(), "--stash", "nobody"}, ExitInput, []string{"candidate", "nobody"}},
		{"not a block", []string{"--config", dir, "--at", "soon"}, ExitInput, []string{`"soon"`}},
		{"not final", []string{"--config", dir, "--at", "99"}, ExitInput, []string{"block 99 of Village is not final"}},
		{"wrong network", []string{"--config", westend, "--log-level", "error"}, ExitInput, []string{"wrong network: the configuration is for westend", "its genesis hash is"}},
		{"nowhere to write", []string{"--config", dir, "--out", filepath.Join(dir, "no", "such", "folder")}, ExitInput, []string{"write"}},
		{"dead endpoint", []string{"--uri", "ws://127.0.0.1:1"}, ExitNetwork, []string{"connect to the relay chain", "127.0.0.1:1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := run(t, append([]string{"chain", "snapshot"}, tt.args...)...)
			if code != tt.code || out != "" {
				t.Errorf("exit %d, want %d; printed %q", code, tt.code, out)
			}
			if strings.Count(errs, "otv: ") != 1 || strings.Count(errs, "\n") != 1+strings.Count(errs, "warning: ") {
				t.Errorf("not one line: %q", errs)
			}
			for _, want := range tt.texts {
				if !strings.Contains(errs, want) {
					t.Errorf("%q does not contain %q", errs, want)
				}
			}
		})
	}
	n.Inject(substratetest.Rule{Method: "state_getKeysPaged", Do: substratetest.Fail(4003, "Client error: UnknownBlock: State already discarded for 0x00")})
	if code, _, errs := run(t, "chain", "snapshot", "--config", dir); code != ExitNetwork || !strings.Contains(errs, "discarded") {
		t.Errorf("pruned state: exit %d, %s", code, errs)
	}
}

// TestSnapshotSaysWhatIsMissing has a chain without identities, and a terminal to show progress on.
func TestSnapshotSaysWhatIsMissing(t *testing.T) {
	var out, errs bytes.Buffer
	env := &Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Context: t.Context(), Progress: true,
		Getenv: func(string) string { return "" }, Environ: func() []string { return nil }, Now: time.Now,
	}
	s := &programme.Snapshot{
		Warnings: []string{"Village: something\x1b[31m odd"},
		Gaps:     map[programme.Part]string{programme.PartIdentity: "nobody knows", programme.PartBackers: "gone"},
	}
	if err := deliverSnapshot(env, s, filepath.Join(t.TempDir(), "s.json")); err != nil {
		t.Fatal(err)
	}
	want := "warning: Village: something\uFFFD[31m odd\ngap: backers unknown: gone\ngap: identity unknown: nobody knows\n"
	if errs.String() != want {
		t.Errorf("standard error:\n%q\nwant:\n%q", errs.String(), want)
	}
	if strings.Count(out.String(), "unknown") != 2 {
		t.Errorf("summary:\n%s", out.String())
	}
	errs.Reset()
	if code := Main([]string{"chain", "snapshot", "--uri", village(t).URL()}, env); code != ExitOK {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if !strings.Contains(errs.String(), "\r\x1b[Kreading intentions: 4") || !strings.HasSuffix(errs.String(), "\r\x1b[K") {
		t.Errorf("progress: %q", errs.String())
	}
}
