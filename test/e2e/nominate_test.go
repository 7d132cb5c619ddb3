//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// guild is a filled chain whose nominators have keys.
type guild struct {
	*chain
	db, config string
	// accounts by label: direct, proxied, delayed, forgotten, and those of others.
	accounts map[string]string
	requests io.Writer // to nominate.mjs, one a line
	answers  *bufio.Reader
}

// chainState is what @polkadot/api reads.
type chainState struct {
	Block         int
	Nominations   map[string][]string
	Announcements map[string][]struct {
		Real, Hash string
		Height     int
	}
	Nonces map[string]int
}

// planned is a plan as `otv nominator status --json` prints it, as far as it is looked at.
type planned struct {
	Nominator, Mode, State, Reason, CallHash string
	Targets                                  []string
	Replan                                   bool
	Announcement                             *struct{ Height int }
}

// proxyDelay is that of the delayed proxies, in blocks; nominate.mjs sets it.
const proxyDelay = 3

// Every kind of nominator reaches its targets with real signatures on real runtimes, and what stands in the way of it is
// taken away. What the chain says is read with @polkadot/api.
func (c *chain) nominate(t *testing.T) {
	g := newGuild(t, c)
	record := g.round(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"signatures are verified", g.verifies},
		{"nothing is signed unless told", func(t *testing.T) { g.proposes(t, record) }},
		{"targets are reached", func(t *testing.T) { g.acts(t, record) }},
		{"a breach leads to removal and a new plan", g.breach},
		{"old, blacklisted, unknown and foreign announcements", g.leftovers},
	} {
		// Each goes on from where the one before has ended.
		if !t.Run(step.name, step.run) {
			return
		}
	}
}

// newGuild starts nominate.mjs on a filled chain.
func newGuild(t *testing.T, c *chain) *guild {
	t.Helper()
	g := &guild{chain: c}
	g.config, g.db = g.file("config"), filepath.Join(t.TempDir(), "otv.db")
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(nodeDir(t), "nominate.mjs"), "--url", g.url, "--world", g.world, "--config", g.config)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	requests, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		requests.Close()
		if err := cmd.Wait(); err != nil && t.Failed() {
			t.Logf("nominate.mjs: %v\n%s", err, stderr.Bytes())
		}
	})
	g.requests, g.answers = requests, bufio.NewReader(answers)
	g.answer(t, &g.accounts)
	return g
}

// ask makes a request to nominate.mjs.
func (g *guild) ask(t *testing.T, do string, arguments map[string]any, answer any) {
	t.Helper()
	request := map[string]any{"do": do}
	for k, v := range arguments {
		request[k] = v
	}
	b, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.requests.Write(append(b, '\n')); err != nil {
		t.Fatal(err)
	}
	g.answer(t, answer)
}

func (g *guild) answer(t *testing.T, to any) {
	t.Helper()
	line, err := g.answers.ReadBytes('\n')
	if err != nil {
		t.Fatalf("nominate.mjs does not answer: %v", err)
	}
	decodeJSON(t, line, to)
}

func (g *guild) blocks(t *testing.T, n int) {
	t.Helper()
	g.ask(t, "blocks", map[string]any{"count": n}, new(string))
}

func (g *guild) state(t *testing.T) (s chainState) {
	t.Helper()
	g.ask(t, "state", nil, &s)
	return s
}

// round plans a round at the newest block and returns the file of its record.
func (g *guild) round(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "record.json")
	must(t, "round", "plan", "--config", g.config, "--facts", g.file("facts.json"), "--out", out)
	return out
}

// act runs a command that may sign.
func (g *guild) act(t *testing.T, args ...string) result {
	t.Helper()
	return otv(t, append(args, "--config", g.config, "--db", g.db, "--facts", g.file("facts.json"))...)
}

// signs runs a command that signs, and demands success.
func (g *guild) signs(t *testing.T, args ...string) result {
	t.Helper()
	r := g.act(t, append(args, "--yes", "--set", "act.mode=act")...)
	if r.code != 0 {
		t.Fatalf("otv %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stderr, head(r.stdout))
	}
	return r
}

// orders runs a command that asks no chain.
func (g *guild) orders(t *testing.T, args ...string) result {
	t.Helper()
	return must(t, append([]string{"nominator"}, append(args, "--config", g.config, "--db", g.db)...)...)
}

// newest is the newest plan of a nominator.
func (g *guild) newest(t *testing.T, label string) (none planned) {
	t.Helper()
	var story struct{ Plans []planned }
	decodeJSON(t, []byte(g.orders(t, "status", g.accounts[label], "--json").stdout), &story)
	for _, p := range story.Plans {
		if p.Mode != "removal" {
			return p
		}
	}
	t.Fatalf("there is no plan of %s", label)
	return none
}

// until reconciles, a block at a time, until the newest plan of a nominator is in a state.
func (g *guild) until(t *testing.T, label, state string) planned {
	t.Helper()
	p := g.newest(t, label)
	for range 6 {
		if p.State == state {
			return p
		}
		g.signs(t, "nominator", "reconcile")
		if p = g.newest(t, label); p.State != state {
			g.blocks(t, 1)
		}
	}
	t.Fatalf("the plan of %s is %s (%s), not %s", label, p.State, p.Reason, state)
	return p
}

// verifies shows that this chain takes no signature on trust.
func (g *guild) verifies(t *testing.T) {
	var said struct{ Accepted, Refused string }
	if g.ask(t, "forge", map[string]any{"seed": "//e2e//direct"}, &said); said.Accepted != "" || !strings.Contains(strings.ToLower(said.Refused), "badproof") {
		t.Errorf("a signature with one bit changed: %+v", said)
	}
}

func (g *guild) proposes(t *testing.T, record string) {
	before := g.state(t)
	for _, args := range [][]string{{"--yes"}, {"--set", "act.mode=act"}} {
		r := g.act(t, append([]string{"round", "act", record}, args...)...)
		if r.code != 0 || !strings.Contains(r.stdout, "nothing is signed") || strings.Count(r.stdout, "fee ") != 4 {
			t.Errorf("%v: exit code %d\n%s%s", args, r.code, r.stdout, r.stderr)
		}
	}
	g.blocks(t, 1)
	after := g.state(t)
	if fmt.Sprint(after.Nonces, after.Nominations) != fmt.Sprint(before.Nonces, before.Nominations) {
		t.Errorf("something happened: %+v, before %+v", after, before)
	}
}

func (g *guild) acts(t *testing.T, record string) {
	b, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	changed := filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(changed, b, 0o600); err != nil {
		t.Fatal(err)
	}
	fails(t, g.act(t, "round", "act", changed, "--yes", "--set", "act.mode=act"), exitInput, "record")
	r := g.signs(t, "round", "act", record)
	t.Logf("%s", bytes.TrimSpace([]byte(r.stdout)))
	s := g.state(t)
	for _, label := range []string{"direct", "proxied"} {
		p := g.newest(t, label)
		if p.State != "succeeded" || len(p.Targets) != 2 || !sameSet(p.Targets, s.Nominations[label]) {
			t.Errorf("%s: %s (%s), planned %v, on chain %v", label, p.State, p.Reason, p.Targets, s.Nominations[label])
		}
	}
	for _, label := range []string{"delayed", "forgotten"} {
		p, a := g.newest(t, label), s.Announcements[label]
		if p.State != "announced" || len(a) != 1 || a[0].Hash != p.CallHash || a[0].Height != p.Announcement.Height || a[0].Real != g.accounts[label] {
			t.Errorf("%s: %s (%s), on chain %+v", label, p.State, p.Reason, a)
		}
		if len(s.Nominations[label]) != 0 {
			t.Errorf("%s nominates before its delay has passed: %v", label, s.Nominations[label])
		}
	}
	// Once more is no second time.
	g.signs(t, "round", "act", record)
	if now := g.state(t); fmt.Sprint(now.Nonces) != fmt.Sprint(s.Nonces) {
		t.Errorf("the same record was acted on twice: %v, before %v", now.Nonces, s.Nonces)
	}
}

// breach raises the commission of a target between announcement and execution. The new plan is executed as soon as the
// chain and the margin allow it, and not a block before.
func (g *guild) breach(t *testing.T) {
	g.orders(t, "pause", g.accounts["forgotten"], "--reason", "left to get old", "--author", "e2e")
	old := g.newest(t, "delayed")
	g.ask(t, "commission", map[string]any{"stash": old.Targets[0], "perbill": 1_000_000_000}, new(string))
	g.blocks(t, old.Announcement.Height+proxyDelay+2-g.state(t).Block)
	p := g.until(t, "delayed", "cancelled")
	if !p.Replan || !strings.Contains(p.Reason, old.Targets[0]+" raised its commission to 100 %") {
		t.Errorf("cancelled because %s", p.Reason)
	}
	if s := g.state(t); len(s.Announcements["delayed"]) != 0 || len(s.Nominations["delayed"]) != 0 {
		t.Fatalf("after the removal the chain has %+v, %v", s.Announcements["delayed"], s.Nominations["delayed"])
	}
	g.signs(t, "round", "act", g.round(t), "--nominator", g.accounts["delayed"])
	p = g.newest(t, "delayed")
	if p.State != "announced" || slices.Contains(p.Targets, old.Targets[0]) {
		t.Fatalf("the new plan is %s (%s), for %v", p.State, p.Reason, p.Targets)
	}
	g.blocks(t, p.Announcement.Height+proxyDelay+1-g.state(t).Block) // one too few
	if g.signs(t, "nominator", "reconcile"); g.newest(t, "delayed").State != "announced" {
		t.Fatalf("the plan is %s one block too early", g.newest(t, "delayed").State)
	}
	g.blocks(t, 1)
	if g.signs(t, "nominator", "reconcile"); g.newest(t, "delayed").State != "executing" {
		t.Fatalf("the plan is %s when it can be executed", g.newest(t, "delayed").State)
	}
	g.until(t, "delayed", "succeeded")
	s := g.state(t)
	if !sameSet(p.Targets, s.Nominations["delayed"]) || len(s.Announcements["delayed"]) != 0 {
		t.Errorf("planned %v, on chain %v, announcements %+v", p.Targets, s.Nominations["delayed"], s.Announcements["delayed"])
	}
}

// leftovers are announcements that nobody will execute: too old, blacklisted, unknown, and somebody else's.
func (g *guild) leftovers(t *testing.T) {
	g.orders(t, "resume", g.accounts["forgotten"], "--reason", "old enough", "--author", "e2e")
	const useful = proxyDelay + 2 + 10 // blocks; a fifth of so short a delay would be no time at all
	if wait := g.newest(t, "forgotten").Announcement.Height + useful + 1 - g.state(t).Block; wait > 0 {
		g.blocks(t, wait)
	}
	p := g.until(t, "forgotten", "cancelled")
	if s := g.state(t); !strings.Contains(p.Reason, "too old") || len(s.Announcements["forgotten"]) != 0 {
		t.Errorf("%s, on chain %+v", p.Reason, s.Announcements["forgotten"])
	}
	hash := func(n int) string { return "0x" + strings.Repeat(fmt.Sprintf("%02x", n), 32) }
	for n, real := range []string{g.accounts["stranger"], g.accounts["delayed"], g.accounts["delayed"]} {
		g.ask(t, "announce", map[string]any{"seed": "//e2e//delegate", "real": real, "hash": hash(n + 1)}, new(string))
	}
	// The first look finds them and signs the removal, the second one finds the removal in a final block.
	for range 2 {
		g.signs(t, "nominator", "reconcile", "--set", fmt.Sprintf(`proxy.blacklistedAnnouncements=[%q]`, hash(2)))
		g.blocks(t, 1)
	}
	var left []string
	for _, a := range g.state(t).Announcements["delayed"] {
		left = append(left, a.Hash)
	}
	if want := []string{hash(1), hash(3)}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want the foreign and the unknown one, %v", left, want)
	}
	var story struct {
		Alerts []struct{ Code, Subject, Text string }
	}
	decodeJSON(t, []byte(g.orders(t, "status", "--json").stdout), &story)
	codes := map[string]string{}
	for _, a := range story.Alerts {
		codes[a.Code] += a.Text
	}
	for code, about := range map[string]string{"announcement-foreign": hash(1), "announcement-blacklisted": hash(2), "announcement-unknown": hash(3)} {
		if !strings.Contains(codes[code], about) {
			t.Errorf("no alert %s about %s: %v", code, about, codes)
		}
	}
}

func sameSet(a, b []string) bool {
	x, y := slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(slices.Compact(x), slices.Compact(y))
}
