package config

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files and the key reference")

// folder makes a configuration folder that only its owner can read.
func folder(t testing.TB, main, secret string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{MainFile: main, SecretFile: secret} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// minimal is a main.json with all that is required in line 1, and other sections from line 2 on.
func minimal(sections string) string {
	if sections != "" {
		sections = ",\n" + sections
	}
	return `{"global": {"network": "kusama", "candidatesUrl": "list.json"}` + sections + "}"
}

func mustLoad(t testing.TB, main, secret string, o Options) *Config {
	t.Helper()
	c, err := Load(folder(t, main, secret), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// problems loads and lists what is wrong, errors marked by a star.
func problems(t testing.TB, main, secret string, o Options) []string {
	t.Helper()
	c, err := Load(folder(t, main, secret), o)
	var invalid *InvalidError
	var list []Problem
	switch {
	case err == nil:
		list = c.Warnings
	case errors.As(err, &invalid):
		list = invalid.Problems
	default:
		t.Fatal(err)
	}
	var out []string
	for _, p := range list {
		out = append(out, map[Severity]string{Error: "*", Warning: ""}[p.Severity]+p.String())
	}
	return out
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// TestReferenceFiles loads files as the old backend had them, unchanged: current and older releases, three networks.
func TestReferenceFiles(t *testing.T) {
	for _, name := range []string{"kusama", "polkadot", "local"} {
		var text [2]string
		for i, f := range []string{MainFile, SecretFile} {
			b, err := os.ReadFile(filepath.Join("testdata", "reference-"+name, f))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			text[i] = string(b)
		}
		c, err := Load(folder(t, text[0], text[1]), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var b strings.Builder
		for _, p := range c.Warnings {
			fmt.Fprintf(&b, "%s: %s\n", p.Severity, p)
		}
		b.WriteString("\n")
		for _, v := range c.Effective() {
			if v.Origin.Layer != LayerDefault || v.Key == "global.network" {
				fmt.Fprintf(&b, "%s = %s  [%s]\n", v.Key, v.Text(), v.Origin)
			}
		}
		j, err := json.MarshalIndent(c.ProgrammeNominators(c.Network.SS58Prefix), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "reference-"+name+".txt", b.String()+"\nnominators: "+string(j)+"\n")
	}
}

// TestAllProblemsAtOnce is the error as an operator sees it.
func TestAllProblemsAtOnce(t *testing.T) {
	main := `{
  "global": {
    "networkPrefix": 2,
    "apiEndpoints": ["wss://kusama-rpc.dwellir.com", "https://kusama.example"],
    "candidatesURL": "list.json",
    "dryRun": false
  },
  "constraints": {
    "minSelfStake": "5000 DOT",
    "commission": 2000000000,
    "skipIdentity": "false",
    "clientUpgrade": {
      "forcedVersion": "1.15",
      "forcedVersion": "1.15.2"
    }
  },
  "cron": {
    "monitor": "0 */15* * * *",
    "blockEnabled": false
  },
  "score": [1],
  "telemetry": {
    "enable": true
  }
}
`
	secret := `{
  "scorekeeper": {
    "nominators": [[{"seed": "correct horse battery staple"}], {"isProxy": true}],
    "nominating": true
  }
}
`
	dir := folder(t, main, secret)
	_, err := Load(dir, Options{
		Environ: []string{"OTV_SERVER__PORT=0", "OTV_SERVER__PROT=1", "OTV_SERVICE_HOST=10.0.0.1", "OTV_SERVER__CACHE="},
		Set:     []string{"act.mode=maybe", "matrix.accessToken=x", "nonsense", "global.dryRun=true"},
	})
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(err.Error(), dir, "DIR") + "\n\n")
	for _, p := range invalid.Problems {
		fmt.Fprintf(&b, "%s: %s\n", p.Severity, p)
	}
	golden(t, "problems.txt", b.String())
}

func TestNothingToRead(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir, Options{}); err == nil || err.Error() != "read configuration: there is no main.json in "+dir {
		t.Errorf("%v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, MainFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, Options{}); err == nil || !strings.HasSuffix(err.Error(), "main.json is not a file") {
		t.Errorf("%v", err)
	}
	great := folder(t, "{"+strings.Repeat(" ", maxFile)+"}", "")
	if _, err := Load(great, Options{}); err == nil || !strings.HasSuffix(err.Error(), "main.json is greater than 4 MiB") {
		t.Errorf("%v", err)
	}
}

func TestPrecedence(t *testing.T) {
	main := minimal(`"server": {"port": 1000}, "act": {"mode": "off"}, "matrix": {"accessToken": "main"}, "rules": {"profile": "reference"}`)
	secret := `{"matrix": {"accessToken": "secret"}}`
	env := []string{"OTV_SERVER__PORT=2000", "OTV_ACT__MODE=propose", "OTV_SCORE__RANK=7.5", "OTV_SERVER__SERVEDOCS=false",
		"OTV_TELEMETRY__BLACKLISTEDPROVIDERS=One Inc., Two GmbH", `OTV_CONSTRAINTS__SANCTIONEDGEOAREA__SANCTIONEDCOUNTRIES=["RU","IR"]`}
	set := []string{"server.port=3000", "server.port=4000", "constraints.connectionTime=2d"}
	for _, step := range []struct {
		o           Options
		port        uint16
		mode        ActMode
		token       string
		portOrigin  string
		tokenOrigin string
	}{
		{Options{}, 1000, ActOff, "secret", "main.json:2", "secret.json:1"},
		{Options{Environ: env}, 2000, ActPropose, "secret", "OTV_SERVER__PORT", "secret.json:1"},
		{Options{Environ: env, Set: set}, 4000, ActPropose, "secret", "--set", "secret.json:1"},
		{Options{Environ: []string{"OTV_MATRIX__ACCESSTOKEN=environment"}}, 1000, ActOff, "environment", "main.json:2", "OTV_MATRIX__ACCESSTOKEN"},
	} {
		c := mustLoad(t, main, secret, step.o)
		if c.Server.Port != step.port || c.Act != step.mode || c.Matrix.AccessToken.Reveal() != step.token {
			t.Errorf("%v: port %d, mode %s, token %s", step.o, c.Server.Port, c.Act, c.Matrix.AccessToken.Reveal())
		}
		if o := c.origin["server.port"].String(); o != step.portOrigin {
			t.Errorf("%v: port from %s", step.o, o)
		}
		if o := c.origin["matrix.accessToken"].String(); o != step.tokenOrigin {
			t.Errorf("%v: token from %s", step.o, o)
		}
	}
	c := mustLoad(t, main, secret, Options{Environ: env, Set: set})
	r, err := c.Rules("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.ServeDocs || r.Weights.Rank != 7.5 || r.Limits.ConnectionTime != 2*86_400_000 {
		t.Errorf("typed values: %v %v %v", c.Server.ServeDocs, r.Weights.Rank, r.Limits.ConnectionTime)
	}
	if d := cmp.Diff([]string{"One Inc.", "Two GmbH"}, r.Limits.BannedProviders); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"RU", "IR"}, r.Limits.SanctionedCountries); d != "" {
		t.Error(d)
	}
	if o := c.origin["server.cache"].String(); o != "default (kusama, reference)" {
		t.Error(o)
	}
}

func TestCandidatesLocation(t *testing.T) {
	for in, want := range map[string]string{
		"list.json": "DIR/list.json", "../a/list.json": "a/list.json", "/x/list.json": "/x/list.json",
		"https://x.example/l.json": "https://x.example/l.json", "HTTP://localhost/l": "HTTP://localhost/l",
	} {
		c := &Config{Dir: "DIR", Candidates: in}
		if got := c.CandidatesLocation(); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}
