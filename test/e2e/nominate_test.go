//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// guild is a filled chain whose nominators have keys.
type guild struct {
	*chain
	db, config string
	// accounts by label: direct, proxied, delayed, forgotten, and those of others.
	accounts map[string]string
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

// story is what `otv nominator status --json` prints, as far as it is looked at.
type story struct {
	Plans []struct {
		Nominator, Mode, State, Reason, CallHash string
		Targets                                  []string
		Replan                                   bool
		Announcement                             *struct{ Height int }
	}
	Alerts []struct{ Code, Subject, Text string }
}

// Every kind of nominator reaches its targets with real signatures on real runtimes, and what stands in the way of it is
// taken away. What the chain says is read with @polkadot/api.
func TestNominate(t *testing.T) {
	for _, world := range []string{"westend", "paseo"} {
		t.Run(world, func(t *testing.T) {
			g := newGuild(t, world)
			first := g.round(t)
			t.Run("nothing is signed unless told", func(t *testing.T) { g.proposes(t, first) })
			t.Run("targets are reached", func(t *testing.T) { g.acts(t, first) })
			t.Run("a breach leads to removal and a new plan", g.breach)
			t.Run("old, blacklisted, unknown and foreign announcements", g.leftovers)
		})
	}
}

func newGuild(t *testing.T, world string) *guild {
	t.Helper()
	g := &guild{chain: populated(t, world)}
	g.config, g.db = g.file("config"), filepath.Join(t.TempDir(), "otv.db")
	decodeJSON(t, runNode(t, "nominate.mjs", "setup", "--url", g.url, "--world", world, "--config", g.config), &g.accounts)
	g.call(t, "dev_setBlockBuildMode", "Instant")
	g.blocks(t, 1)
	return g
}

func (g *guild) node(t *testing.T, command string, args ...string) []byte {
	t.Helper()
	return runNode(t, "nominate.mjs", append([]string{command, "--url", g.url}, args...)...)
}

// call asks the node something that it answers over HTTP as well.
func (g *guild) call(t *testing.T, method string, params ...any) any {
	t.Helper()
	body := mustJSON(t, map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http"+strings.TrimPrefix(g.url, "ws"), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Result, Error any }
	decodeJSON(t, b, &answer)
	if answer.Error != nil {
		t.Fatalf("%s: %v", method, answer.Error)
	}
	return answer.Result
}

func (g *guild) blocks(t *testing.T, n int) {
	t.Helper()
	g.call(t, "dev_newBlock", map[string]any{"count": n})
}

func (g *guild) state(t *testing.T) chainState {
	t.Helper()
	var s chainState
	decodeJSON(t, g.node(t, "state"), &s)
	return s
}

// round plans a round at the newest block and returns the file of its record.
func (g *guild) round(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "record.json")
	must(t, "round", "plan", "--config", g.config, "--facts", g.file("facts.json"), "--out", out)
	return out
}

// act runs a command that may sign; set changes the configuration.
func (g *guild) act(t *testing.T, args ...string) result {
	t.Helper()
	args = append(args, "--config", g.config, "--db", g.db, "--facts", g.file("facts.json"))
	return otv(t, args...)
}

func (g *guild) signs(t *testing.T, args ...string) result {
	t.Helper()
	r := g.act(t, append(args, "--yes", "--set", "act.mode=act")...)
	if r.code != 0 {
		t.Fatalf("otv %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stderr, head(r.stdout))
	}
	return r
}

func (g *guild) story(t *testing.T) story {
	t.Helper()
	var s story
	decodeJSON(t, []byte(must(t, "nominator", "status", "--config", g.config, "--db", g.db, "--json").stdout), &s)
	return s
}

// newest is the newest plan of a nominator.
func (g *guild) newest(t *testing.T, label string) (p struct {
	Nominator, Mode, State, Reason, CallHash string
	Targets                                  []string
	Replan                                   bool
	Announcement                             *struct{ Height int }
}) {
	t.Helper()
	for _, q := range g.story(t).Plans {
		if q.Nominator == g.accounts[label] && q.Mode != "removal" {
			return q
		}
	}
	t.Fatalf("there is no plan of %s", label)
	return p
}

// until reconciles, a block at a time, until the newest plan of a nominator is in a state.
func (g *guild) until(t *testing.T, label, state string, args ...string) {
	t.Helper()
	for range 12 {
		if g.newest(t, label).State == state {
			return
		}
		g.signs(t, append([]string{"nominator", "reconcile"}, args...)...)
		g.blocks(t, 1)
	}
	p := g.newest(t, label)
	t.Fatalf("the plan of %s is %s (%s), not %s", label, p.State, p.Reason, state)
}

func (g *guild) proposes(t *testing.T, record string) {
	before := g.state(t)
	for _, args := range [][]string{{"--yes"}, {"--set", "act.mode=act"}} {
		r := g.act(t, append([]string{"round", "act", record}, args...)...)
		if r.code != 0 || !strings.Contains(r.stdout, "nothing is signed") || !strings.Contains(r.stdout, "fee ") {
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
	// A record that was changed after it was decided is not acted on.
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
	}
}

// breach raises the commission of a target between announcement and execution.
func (g *guild) breach(t *testing.T) {
	must(t, "nominator", "pause", g.accounts["forgotten"], "--config", g.config, "--db", g.db, "--reason", "left to get old", "--author", "e2e")
	old := g.newest(t, "delayed")
	g.node(t, "commission", "--stash", old.Targets[0], "--perbill", "1000000000")
	g.blocks(t, 13)
	g.until(t, "delayed", "cancelled")
	p := g.newest(t, "delayed")
	if !p.Replan || !strings.Contains(p.Reason, old.Targets[0]+" raised its commission to 100 %") {
		t.Errorf("cancelled because %s", p.Reason)
	}
	if a := g.state(t).Announcements["delayed"]; len(a) != 0 {
		t.Fatalf("the announcement is still there: %+v", a)
	}
	g.signs(t, "round", "act", g.round(t), "--nominator", g.accounts["delayed"])
	p = g.newest(t, "delayed")
	if p.State != "announced" || slices.Contains(p.Targets, old.Targets[0]) {
		t.Fatalf("the new plan is %s (%s), for %v", p.State, p.Reason, p.Targets)
	}
	height := p.Announcement.Height
	g.blocks(t, height+10+1-g.state(t).Block) // one too few
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
	must(t, "nominator", "resume", g.accounts["forgotten"], "--config", g.config, "--db", g.db, "--reason", "old enough", "--author", "e2e")
	g.blocks(t, 12)
	g.until(t, "forgotten", "cancelled")
	if p, s := g.newest(t, "forgotten"), g.state(t); !strings.Contains(p.Reason, "too old") || len(s.Announcements["forgotten"]) != 0 {
		t.Errorf("%s, on chain %+v", p.Reason, s.Announcements["forgotten"])
	}
	hash := func(n int) string { return "0x" + strings.Repeat(fmt.Sprintf("%02x", n), 32) }
	for n, real := range []string{g.accounts["stranger"], g.accounts["delayed"], g.accounts["delayed"]} {
		g.node(t, "announce", "--seed", "//e2e//delegate", "--real", real, "--hash", hash(n+1))
	}
	black := []string{"--set", fmt.Sprintf(`proxy.blacklistedAnnouncements=[%q]`, hash(2))}
	for range 4 {
		g.signs(t, append([]string{"nominator", "reconcile"}, black...)...)
		g.blocks(t, 1)
	}
	var left []string
	for _, a := range g.state(t).Announcements["delayed"] {
		left = append(left, a.Hash)
	}
	if want := []string{hash(1), hash(3)}; !slices.Equal(left, want) {
		t.Errorf("left are %v, want the foreign and the unknown one, %v", left, want)
	}
	codes := map[string]string{}
	for _, a := range g.story(t).Alerts {
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
