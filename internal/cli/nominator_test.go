package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/nominator/nominatortest"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/keys"
)

const unit = 1_000_000_000_000

// guild is a chain with a programme of three nominators, and its configuration.
type guild struct {
	t      *testing.T
	chain  *fakechain.Chain
	dir    string
	record string
	// direct signs itself, the two others through proxies, the last with a delay.
	direct, proxied, delayed string
	candidates               []programme.Address
}

const (
	guildSeed = "0x7777777777777777777777777777777777777777777777777777777777777707"
	directKey = guildSeed + "//direct"
	proxyKey  = guildSeed + "//proxy"
	delayKey  = guildSeed + "//delegate"
)

func guildPair(t *testing.T, uri string) *keys.Pair {
	t.Helper()
	p, err := keys.FromURI(uri, keys.Sr25519)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// newGuild starts the chain, which makes a block whenever somebody asks for the newest.
func newGuild(t *testing.T, mode string) *guild {
	t.Helper()
	c, err := fakechain.New(fakechain.Config{OnPoll: func(c *fakechain.Chain) { _ = c.Block(nil) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	g := &guild{t: t, chain: c, dir: t.TempDir()}
	direct, proxied, delayed := guildPair(t, directKey), guildPair(t, guildSeed+"//proxied"), guildPair(t, guildSeed+"//delayed")
	proxy, delegate := guildPair(t, proxyKey), guildPair(t, delayKey)
	g.direct, g.proxied, g.delayed = direct.Address(42), proxied.Address(42), delayed.Address(42)
	var list []map[string]any
	g.edit(func(s *fakechain.State) {
		s.Era, s.Planned, s.MinBond = 100, 100, unit
		for i := range 16 {
			v := guildPair(t, fmt.Sprintf("%s//%d", guildSeed, i))
			s.Validators[v.AccountID()] = fakechain.Validator{Commission: 50_000_000}
			g.candidates = append(g.candidates, programme.Address(v.Address(42)))
			list = append(list, map[string]any{"slotId": i + 1, "name": fmt.Sprintf("node %d", i), "stash": v.Address(42), "riotHandle": "@a:example.org", "kyc": false})
		}
		for _, p := range []*keys.Pair{direct, proxied, delayed} {
			s.Ledgers[p.AccountID()] = fakechain.Ledger{Stash: p.AccountID(), Active: 500 * unit}
		}
		for _, p := range []*keys.Pair{direct, proxy, delegate} {
			s.Accounts[p.AccountID()] = fakechain.Account{Free: 1000 * unit}
		}
		s.Proxies[proxied.AccountID()] = []fakechain.Proxy{{Delegate: proxy.AccountID(), Type: "Staking"}}
		s.Proxies[delayed.AccountID()] = []fakechain.Proxy{{Delegate: delegate.AccountID(), Type: "Staking", Delay: 30}}
	})
	write(t, g.dir, "candidates.json", map[string]any{"candidates": list})
	write(t, g.dir, "main.json", map[string]any{
		"global":    map[string]any{"network": "local", "apiEndpoints": []string{c.URL()}, "candidatesUrl": "candidates.json"},
		"telemetry": map[string]any{"enable": false}, "act": map[string]any{"mode": mode},
	})
	write(t, g.dir, "secret.json", map[string]any{"scorekeeper": map[string]any{"nominators": []any{
		map[string]any{"seed": directKey},
		map[string]any{"seed": proxyKey, "isProxy": true, "proxyFor": g.proxied, "proxyDelay": 0},
		map[string]any{"seed": delayKey, "isProxy": true, "proxyFor": g.delayed, "proxyDelay": 30},
	}}})
	g.decide(1, nil)
	return g
}

func (g *guild) edit(fn func(*fakechain.State)) {
	g.t.Helper()
	if err := g.chain.Edit(fn); err != nil {
		g.t.Fatal(err)
	}
}

// decide writes the record of a round.
func (g *guild) decide(seed int, change func(*programme.Inputs)) {
	g.t.Helper()
	state, number := g.chain.State()
	r := nominatortest.Round{
		Genesis: g.chain.Genesis(), Prefix: 42, Number: number, Era: programme.Era(state.Era), Planned: programme.Era(state.Planned),
		Seed: seed, Candidates: g.candidates, Change: change,
	}
	for _, n := range []string{g.direct, g.proxied, g.delayed} {
		r.Nominators = append(r.Nominators, programme.ChainNominator{Address: programme.Address(n)})
	}
	b, err := r.Record()
	if err != nil {
		g.t.Fatal(err)
	}
	g.record = filepath.Join(g.dir, fmt.Sprintf("record%d.json", seed))
	if err := os.WriteFile(g.record, b, 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// otv runs a command and expects an exit code. No output may hold a secret.
func (g *guild) otv(code int, args ...string) (stdout, stderr string) {
	g.t.Helper()
	got, out, errs := run(g.t, append(args, "--config", g.dir, "--log-level", "debug")...)
	if got != code {
		g.t.Fatalf("otv %s: exit %d, want %d\n%s\n%s", strings.Join(args, " "), got, code, out, errs)
	}
	if strings.Contains(out+errs, strings.TrimPrefix(guildSeed, "0x")) {
		g.t.Fatalf("otv %s shows a secret", strings.Join(args, " "))
	}
	return out, errs
}

func contains(t *testing.T, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%q is missing in\n%s", w, text)
		}
	}
}

func TestActProposes(t *testing.T) {
	for _, c := range []struct {
		mode, says string
		args       []string
	}{
		{"propose", "act.mode is propose", nil},
		{"propose", "act.mode is propose", []string{"--yes"}},
		{"act", "add --yes", nil},
	} {
		g := newGuild(t, c.mode)
		out, _ := g.otv(ExitOK, append([]string{"round", "act", g.record}, c.args...)...)
		contains(t, out, c.says, "Staking.nominate", "Proxy.proxy", "Proxy.announce", "fee 0.001", "delay of 30 blocks", "  node ")
		g.otv(ExitOK, append([]string{"nominator", "reconcile"}, c.args...)...)
		if n := len(g.chain.Submitted()); n != 0 {
			t.Errorf("%s %v: %d transactions were submitted", c.mode, c.args, n)
		}
		out, _ = g.otv(ExitOK, "nominator", "status", g.direct)
		contains(t, out, "planned: decided by the round")
	}
}

func TestActSigns(t *testing.T) {
	g := newGuild(t, "act")
	out, errs := g.otv(ExitOK, "round", "act", g.record, "--yes")
	contains(t, out, "succeeded", "announced", "executable from block")
	contains(t, errs, "signing Staking.nominate for "+g.direct, "dry run of 0x", ": passed")
	out, _ = g.otv(ExitOK, "nominator", "list")
	contains(t, out, "Nominated", "Awaiting Proxy Execution", "proxy Staking, 30 blocks")
	out, _ = g.otv(ExitOK, "nominator", "reconcile", "--follow", "--yes")
	contains(t, out, "4 targets nominated in block")
	out, _ = g.otv(ExitOK, "nominator", "list", "--json")
	var list []struct {
		Nominator, State string
		Targets          []string
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, n := range list {
		if n.State != "Nominated" || len(n.Targets) != 4 {
			t.Errorf("%+v", n)
		}
	}
	if n := len(g.chain.Effects()); n != 3 {
		t.Errorf("%d nominations", n)
	}
	// The same record again changes nothing; another one of the same era is refused.
	g.otv(ExitOK, "round", "act", g.record, "--yes")
	g.decide(2, nil)
	_, errs = g.otv(ExitFailed, "round", "act", g.record, "--yes")
	contains(t, errs, "no nominator can act on this record")
	out, _ = g.otv(ExitOK, "round", "act", g.record, "--yes", "--nominator", g.direct, "--override", "a target was hacked", "--author", "me", "--json")
	var outcome struct {
		Proposals []struct{ Plan struct{ State string } }
	}
	if err := json.Unmarshal([]byte(out), &outcome); err != nil || len(outcome.Proposals) != 1 || outcome.Proposals[0].Plan.State != "succeeded" {
		t.Errorf("%v\n%s", err, out)
	}
	if n := len(g.chain.Effects()); n != 4 {
		t.Errorf("%d nominations", n)
	}
}

func TestActRefuses(t *testing.T) {
	g := newGuild(t, "act")
	g.decide(3, func(in *programme.Inputs) { in.Rules.Brakes.MinEligible = 1000 })
	out, errs := g.otv(ExitBraked, "round", "act", g.record, "--yes")
	contains(t, out, "brake tripped: eligible")
	contains(t, errs, "must not be acted on")
	g.decide(4, nil)
	g.edit(func(s *fakechain.State) { clear(s.Ledgers) })
	out, _ = g.otv(ExitFailed, "round", "act", g.record, "--yes")
	contains(t, out, "refused: "+g.direct+" is not bonded")
	g.otv(ExitUsage, "round", "act", g.record, "--override", "why not")
	g.otv(ExitUsage, "round", "act", g.record, "--nominator", "5Foo")
	if err := os.WriteFile(g.record, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g.otv(ExitInput, "round", "act", g.record)
	g.decide(5, func(in *programme.Inputs) { in.Snapshot.Blocks[0].Genesis = "0x12" })
	_, errs = g.otv(ExitInput, "round", "act", g.record)
	contains(t, errs, "it was made on the chain with the genesis hash 0x12")
	if n := len(g.chain.Submitted()); n != 0 {
		t.Errorf("%d transactions were submitted", n)
	}
	g.chain.Node().Down()
	g.otv(ExitNetwork, "nominator", "reconcile", "--timeout", "3s")
}

func TestPauseResumeCancel(t *testing.T) {
	g := newGuild(t, "act")
	g.otv(ExitUsage, "nominator", "pause")
	out, _ := g.otv(ExitOK, "nominator", "pause", "--reason", "a storm", "--author", "me")
	contains(t, out, "paused: everything")
	g.otv(ExitFailed, "nominator", "pause", "--reason", "again", "--author", "me")
	g.otv(ExitInput, "nominator", "pause", string(g.candidates[0]), "--reason", "again", "--author", "me")
	out, _ = g.otv(ExitOK, "round", "act", g.record, "--yes")
	contains(t, out, "everything is paused by me", "a storm")
	if n := len(g.chain.Submitted()); n != 0 {
		t.Errorf("%d transactions were submitted", n)
	}
	g.otv(ExitOK, "nominator", "resume", "--reason", "calm", "--author", "me")
	g.otv(ExitFailed, "nominator", "resume", "--reason", "calm", "--author", "me")
	// A pause of one nominator, given with another network's prefix.
	g.otv(ExitOK, "nominator", "pause", guildPair(t, directKey).Address(2), "--reason", "this one", "--author", "me")
	g.otv(ExitOK, "nominator", "reconcile", "--yes")
	out, _ = g.otv(ExitOK, "round", "act", g.record, "--yes")
	contains(t, out, "the nominator is paused by me", "announced")
	g.otv(ExitFailed, "nominator", "cancel", g.proxied, "--reason", "nothing is open", "--author", "me")
	out, _ = g.otv(ExitOK, "nominator", "cancel", g.direct, "--reason", "not this one", "--author", "me", "--yes")
	contains(t, out, "cancelled by me: not this one")
	out, _ = g.otv(ExitOK, "nominator", "cancel", g.delayed, "--reason", "nor this", "--author", "me", "--yes")
	contains(t, out, "cancelled", "nor this")
	state, _ := g.chain.State()
	if a := state.Announcements[guildPair(t, delayKey).AccountID()]; len(a) != 0 {
		t.Errorf("announcements %v", a)
	}
	// An announcement that no plan explains.
	g.edit(func(s *fakechain.State) {
		s.Announcements[guildPair(t, delayKey).AccountID()] = []fakechain.Announcement{{Real: guildPair(t, guildSeed+"//delayed").AccountID(), Hash: [32]byte{1}, Height: 3}}
	})
	out, _ = g.otv(ExitOK, "nominator", "reconcile", "--yes")
	contains(t, out, "announcement-unknown")
	hash := "0x01" + strings.Repeat("00", 31)
	g.otv(ExitOK, "nominator", "cancel", g.delayed, "--call", hash, "--reason", "who was that", "--author", "me", "--yes")
	if state, _ = g.chain.State(); len(state.Announcements[guildPair(t, delayKey).AccountID()]) != 0 {
		t.Error("the unknown announcement is still there")
	}
	out, _ = g.otv(ExitOK, "nominator", "status", guildPair(t, directKey).Address(2))
	contains(t, out, g.direct+", era 100", "target ", "\n  cancelled by me: not this one")
	out, _ = g.otv(ExitOK, "nominator", "status", string(g.candidates[0]))
	contains(t, out, "no plans are stored")
	for _, bad := range [][]string{
		{"status", "5Foo"},
		{"cancel", "5Foo", "--reason", "why", "--author", "me"},
		{"cancel", g.direct, "--author", "me"},
		{"cancel", g.direct, "--reason", "why", "--author", "me", "--call", "0x12"},
	} {
		g.otv(ExitUsage, append([]string{"nominator"}, bad...)...)
	}
	g.otv(ExitInput, "nominator", "cancel", string(g.candidates[0]), "--reason", "why", "--author", "me")
	out, _ = g.otv(ExitOK, "nominator", "status", "--json")
	var all story
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all.Plans) < 3 || len(all.Pauses) != 1 || len(all.Alerts) == 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// Secrets may also come from files, one each, and from the environment.
func TestKeysFromElsewhere(t *testing.T) {
	g := newGuild(t, "act")
	write(t, g.dir, "secret.json", map[string]any{"scorekeeper": map[string]any{"nominators": []any{
		map[string]any{"address": g.direct}, map[string]any{"isProxy": true, "proxyFor": g.proxied},
	}}})
	direct, proxy := filepath.Join(g.dir, "direct.key"), filepath.Join(g.dir, "proxy.key")
	for name, secret := range map[string]string{direct: directKey, proxy: proxyKey} {
		if err := os.WriteFile(name, []byte(secret+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, errs := g.otv(ExitInput, "round", "act", g.record, "--yes", "--key", direct)
	contains(t, errs, "other users can read it")
	for _, name := range []string{direct, proxy} {
		if err := os.Chmod(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := g.otv(ExitFailed, "round", "act", g.record, "--yes", "--key", direct, "--key", proxy)
	contains(t, out, g.delayed+" is not configured as a nominator")
	if n := len(g.chain.Effects()); n != 2 {
		t.Errorf("%d nominations", n)
	}
	// From the environment.
	if err := os.Remove(filepath.Join(g.dir, "secret.json")); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal([]any{map[string]any{"seed": delayKey, "isProxy": true, "proxyFor": g.delayed, "proxyDelay": 30}})
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	env := &Env{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Now: time.Now, Context: t.Context(),
		Getenv:  func(string) string { return "" },
		Environ: func() []string { return []string{"OTV_SCOREKEEPER__NOMINATORS=" + string(list)} },
	}
	code := Main([]string{"round", "act", g.record, "--yes", "--config", g.dir, "--nominator", g.delayed}, env)
	contains(t, stdout.String(), "announced")
	if code != ExitOK || strings.Contains(stdout.String()+stderr.String(), strings.TrimPrefix(guildSeed, "0x")) {
		t.Errorf("exit %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
}
