//go:build e2e

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Exit codes of the program, as documented for operators.
const (
	exitInput   = 3
	exitNetwork = 4
	exitBraked  = 5
)

// edited writes a copy of a JSON file after a change.
func edited(t *testing.T, file string, change func(map[string]any)) string {
	t.Helper()
	var v map[string]any
	readJSON(t, file, &v)
	change(v)
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(out, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

// configured is a copy of the configuration folder with the section global of main.json changed.
func (c *chain) configured(t *testing.T, change func(global map[string]any)) string {
	t.Helper()
	main := edited(t, c.file("config/main.json"), func(v map[string]any) {
		global, ok := v["global"].(map[string]any)
		if !ok {
			t.Fatal("main.json has no section global")
		}
		global["candidatesUrl"] = c.file("candidates.json")
		change(global)
	})
	b, err := os.ReadFile(c.file("config/secret.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(main), "secret.json"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(main)
}

// preset makes a configuration name a built-in network.
func preset(name string) func(map[string]any) {
	return func(global map[string]any) {
		delete(global, "customNetwork")
		global["network"] = name
	}
}

// fails demands an exit code and one sentence that holds all the given words.
func fails(t *testing.T, r result, code int, words ...string) {
	t.Helper()
	text := strings.TrimSpace(r.stderr)
	if r.code != code {
		t.Errorf("exit code %d, want %d: %s", r.code, code, text)
	}
	var lines []string
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, "otv: ") {
			lines = append(lines, l)
		}
	}
	if len(lines) != 1 {
		t.Errorf("want exactly one message, got: %s", text)
	}
	for _, w := range words {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(w)) {
			t.Errorf("the message does not speak of %q: %s", w, text)
		}
	}
	if strings.Contains(r.stderr, "goroutine ") {
		t.Errorf("the program crashed: %s", r.stderr)
	}
}

// What an operator may get wrong ends in one sentence, before anything is decided.
func (c *chain) wrongFiles(t *testing.T) {
	tests := []struct {
		name string
		// The configuration is changed by the test, or as population.mjs wrote it.
		config string
		args   []string
		code   int
		words  []string
	}{
		{
			name: "facts of another network", code: exitInput, words: []string{"facts", "kusama", c.world},
			args: []string{"--snapshot", c.snapshot, "--facts", edited(t, c.file("facts.json"), func(v map[string]any) { v["network"] = "kusama" })},
		},
		{name: "block of the future", code: exitInput, words: []string{"4000000", "not final"}, args: []string{"--at", "4000000"}},
		{
			name: "list of another network", code: exitInput, words: []string{"candidates.json", "Kusama", "prefix 42"},
			config: c.configured(t, preset("kusama")),
		},
		{
			name: "chain of another network", code: exitInput, words: []string{"westend", "0x4545454545"},
			config: c.configured(t, preset("westend")),
		},
		{
			name: "dead endpoint", code: exitNetwork, words: []string{"ws://127.0.0.1:1"},
			config: c.configured(t, func(global map[string]any) { global["apiEndpoints"] = []string{"ws://127.0.0.1:1"} }),
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"round", "plan", "--config", cmp.Or(tt.config, c.file("config"))}, tt.args...)
			fails(t, otv(t, args...), tt.code, tt.words...)
		})
	}
}

// A dead endpoint among several costs nothing but a moment, the order of the candidate list has no part in the decision,
// and neither has the way by which chain facts come in: the record stays the same to the last byte.
func (c *chain) sameRecord(t *testing.T) {
	reversed := edited(t, c.file("candidates.json"), func(v map[string]any) {
		entries, ok := v["candidates"].([]any)
		if !ok {
			t.Fatal("the list has no candidates")
		}
		slices.Reverse(entries)
	})
	config := c.configured(t, func(global map[string]any) {
		global["apiEndpoints"] = []string{"ws://127.0.0.1:1", c.url}
		global["candidatesUrl"] = reversed
	})
	snapshot, out := filepath.Join(c.dir, "snapshot.json"), filepath.Join(t.TempDir(), "record.json")
	must(t, "chain", "snapshot", "--config", config, "--at", strconv.Itoa(c.e.Block), "--out", snapshot)
	must(t, "round", "plan", "--config", config, "--facts", c.file("facts.json"), "--snapshot", snapshot, "--out", out)
	c.snapshot = snapshot
	var r, want record
	readJSON(t, out, &r)
	readJSON(t, c.full, &want)
	if r.Digest != want.Digest {
		t.Errorf("the digest is %s from a snapshot, with a dead endpoint and the list reversed, else %s", r.Digest, want.Digest)
	}
}

// Missing data is never bad data: while sources are blind, the answers of the record before hold, and without such a
// record nobody is valid, but nobody fails for it either, and a brake forbids acting.
func (c *chain) blindSources(t *testing.T) {
	var before record
	readJSON(t, c.full, &before)
	blind := edited(t, c.file("facts.json"), func(v map[string]any) {
		v["sources"] = map[string]any{"telemetry": map[string]any{"state": "down", "at": v["at"]}}
		delete(v, "release")
		delete(v, "candidates")
	})
	// Histories count as switched off while nothing supplies them, so suspensions end with them.
	suspended := map[number]bool{}
	sources := map[string]bool{}
	for _, cand := range before.Decision.Candidates {
		for _, v := range cand.Verdicts {
			suspended[cand.Slot] = suspended[cand.Slot] || v.Code == "SUSPENDED" && v.State == "fail"
		}
	}
	for _, code := range []string{"ONLINE", "CONNECTION_TIME", "ACCUMULATED_OFFLINE_TIME", "CLIENT_UPGRADE", "KUSAMA_RANK", "PROVIDER", "SANCTIONED_GEO_AREA"} {
		sources[code] = true
	}
	held, _ := c.replan(t, 0, blind, "--previous", c.full)
	if held.Decision.Counts["assigned"] == 0 {
		t.Errorf("with a record before: counts %v", held.Decision.Counts)
	}
	var lines []string
	for i, cand := range held.Decision.Candidates {
		if was := before.Decision.Candidates[i]; cand.Validity != was.Validity && !suspended[cand.Slot] {
			lines = append(lines, fmt.Sprintf("slot %v: %s, but %s in the record before", cand.Slot, cand.Validity, was.Validity))
		}
	}
	report(t, "answers do not hold while sources are blind", lines)

	fresh, _ := c.replan(t, exitBraked, blind)
	if fresh.Decision.Counts["valid"] != 0 || fresh.Decision.Counts["assigned"] != 0 {
		t.Errorf("without a record before: counts %v", fresh.Decision.Counts)
	}
	lines = nil
	for _, cand := range fresh.Decision.Candidates {
		for _, v := range cand.Verdicts {
			if sources[v.Code] && v.State == "fail" {
				lines = append(lines, fmt.Sprintf("slot %v: %s fails (%s)", cand.Slot, v.Code, v.Detail))
			}
		}
	}
	report(t, "checks of blind sources fail", lines)
}

// The real list of Polkadot against a chain that knows none of its validators: everybody is explained.
func (c *chain) realList(t *testing.T) {
	list, err := filepath.Abs(filepath.Join(moduleDir(t), "..", "shared", "candidates", "polkadot.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(list); err != nil {
		t.Skip("the real candidate lists are not here")
	}
	// This runtime gives addresses another prefix than the list's; the configuration says which one to expect there.
	dir := c.configured(t, func(global map[string]any) {
		global["candidatesUrl"] = list
		global["customNetwork"] = map[string]any{"name": c.world, "ss58Prefix": 0, "decimals": 10, "symbol": "PAS"}
	})
	out := filepath.Join(t.TempDir(), "record.json")
	r := otv(t, "round", "plan", "--config", dir, "--at", strconv.Itoa(c.e.Block), "--out", out)
	if r.code != exitBraked {
		t.Fatalf("exit code %d, want %d, because nobody is eligible: %s", r.code, exitBraked, r.stderr)
	}
	var rec record
	readJSON(t, out, &rec)
	if n := len(rec.Decision.Candidates); n != 310 {
		t.Errorf("%d candidates are decided, the list has 310", n)
	}
	for _, cand := range rec.Decision.Candidates {
		if cand.Validity != "invalid" || cand.Reason == "" || len(cand.Verdicts) == 0 {
			t.Errorf("slot %v: validity %s, reason %q, %d verdicts", cand.Slot, cand.Validity, cand.Reason, len(cand.Verdicts))
		}
	}
	verified(t, out)
}
