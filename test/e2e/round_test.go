//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// chain is a filled chain with the files that go with it.
type chain struct {
	url   string
	world string
	dir   string // what population.mjs wrote
	e     expected

	// Of the round with full facts, by [TestRuntimes]: the record's file and the snapshot it agrees with.
	full, snapshot string
}

func populated(t *testing.T, world string) *chain {
	t.Helper()
	c := &chain{url: startChain(t, world), world: world, dir: t.TempDir()}
	t.Logf("%s", bytes.TrimSpace(runNode(t, "population.mjs", "--url", c.url, "--world", world, "--out", c.dir)))
	readJSON(t, filepath.Join(c.dir, "expected.json"), &c.e)
	return c
}

func (c *chain) file(name string) string { return filepath.Join(c.dir, name) }

// plan plans a round at the filled block, which takes the node some seconds, and returns the record and its file.
func (c *chain) plan(t *testing.T, facts string) (*record, string) {
	t.Helper()
	return c.planned(t, 0, "--facts", c.file(facts), "--at", strconv.Itoa(c.e.Block))
}

// replan plans one from the snapshot, without the node.
func (c *chain) replan(t *testing.T, code int, facts string, args ...string) (*record, string) {
	t.Helper()
	if c.snapshot == "" {
		t.Fatal("there is no snapshot: the test that takes it has failed")
	}
	return c.planned(t, code, append([]string{"--facts", facts, "--snapshot", c.snapshot}, args...)...)
}

// planned plans a round, verifies its record and returns it with its file, which lasts as long as the chain does.
func (c *chain) planned(t *testing.T, code int, args ...string) (*record, string) {
	t.Helper()
	dir, err := os.MkdirTemp(c.dir, "round")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "record.json")
	r := otv(t, append([]string{"round", "plan", "--config", c.file("config"), "--json", "--out", out}, args...)...)
	if r.code != code {
		t.Fatalf("otv round plan %s: exit code %d, want %d: %s", strings.Join(args, " "), r.code, code, r.stderr)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if r.stdout != string(b) {
		t.Error("the record printed differs from the one written")
	}
	var rec record
	decodeJSON(t, b, &rec)
	verified(t, out)
	return &rec, out
}

// model asks the model once for several facts files.
func (c *chain) model(t *testing.T, facts ...string) []outcome {
	t.Helper()
	var m []outcome
	decodeJSON(t, runNode(t, "model.mjs", "--url", c.url, "--block", c.e.Hash, "--dir", c.dir, "--facts", strings.Join(facts, ",")), &m)
	if len(m) != len(facts) {
		t.Fatalf("the model gave %d outcomes for %d facts files", len(m), len(facts))
	}
	return m
}

// Rounds are planned and carried out on real runtimes, side by side. The subtests of a runtime share its node, which takes
// seconds for each connection: what the chain has no part in is planned from a snapshot, and those that change the chain
// come last.
func TestRuntimes(t *testing.T) {
	for _, world := range []string{"westend", "paseo"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			c := populated(t, world)
			model := sync.OnceValue(func() []outcome { return c.model(t, "facts.json", "sparse.json") })
			t.Run("full facts", func(t *testing.T) {
				var r *record
				r, c.full = c.plan(t, "facts.json")
				compare(t, r, &model()[0], &c.e)
				corners(t, r, &c.e)
			})
			t.Run("same record", c.sameRecord)
			t.Run("presence only", func(t *testing.T) {
				r, _ := c.replan(t, 0, c.file("sparse.json"))
				compare(t, r, &model()[1], &c.e)
			})
			t.Run("blind sources", c.blindSources)
			t.Run("storage", c.storage)
			t.Run("wrong files and nodes", c.wrongFiles)
			if world == "paseo" {
				t.Run("real list", c.realList)
			}
			if world == "westend" {
				t.Run("service", c.service)
			}
			t.Run("nominate", c.nominate)
		})
	}
}

// verified demands that the record is accepted, by a process with one processor too, and refused with any part of it
// changed.
func verified(t *testing.T, file string) {
	t.Helper()
	for _, env := range [][]string{nil, {"GOMAXPROCS=1"}} {
		r := otvIn(t, env, "round", "verify", file)
		if r.code != 0 || !strings.Contains(r.stdout, "verified: sha256:") {
			t.Errorf("otv round verify with %v: exit code %d, %s%s", env, r.code, r.stdout, r.stderr)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{len(b) / 10, len(b) / 3, len(b) * 9 / 10} {
		bad := slices.Clone(b)
		bad[at] ^= 1
		changed := filepath.Join(t.TempDir(), "changed.json")
		if err := os.WriteFile(changed, bad, 0o644); err != nil {
			t.Fatal(err)
		}
		if r := otv(t, "round", "verify", changed); r.code != 1 || r.stderr == "" {
			t.Errorf("a record with byte %d changed is not refused with exit code 1, but %d: %s%s", at, r.code, r.stdout, r.stderr)
		}
	}
}
