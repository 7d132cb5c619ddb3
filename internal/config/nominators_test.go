package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

// Accounts of development seeds with prefix 42, from the chains' own documentation.
const (
	alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
	bob   = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
	dev   = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"
)

// on is a main.json for a network whose addresses carry prefix 42.
const on = `{"global": {"network": "westend", "candidatesUrl": "x"}}`

func nominators(entries string) string {
	return `{"scorekeeper": {"nominators": [` + entries + `]}}`
}

func TestNominators(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []programme.Nominator
	}{
		{"none", ``, nil},
		{"empty groups", `[], []`, nil},
		{"seed", `[{"seed": "` + dev + `//Alice"}]`, []programme.Nominator{{Address: alice}}},
		{"flat, in order", `{"seed": "//Bob"}, {"seed": "//Alice"}`, []programme.Nominator{{Address: bob}, {Address: alice}}},
		{"raw seed", `{"seed": "0xe5be9a5092b81bca64be81d212e7f2f9eba183bb7a90954f7b76361f6edb5c0a"}`, []programme.Nominator{{Address: alice}}},
		{"proxy", `[{"seed": "//Bob", "isProxy": true, "proxyFor": "` + alice + `"}]`, []programme.Nominator{{Address: alice, Proxy: bob, Delay: 10850}}},
		{"proxy without delay", `[{"seed": "//Bob", "isProxy": true, "proxyFor": "` + alice + `", "proxyDelay": 0}]`, []programme.Nominator{{Address: alice, Proxy: bob}}},
		{"proxy with delay", `[{"seed": "//Bob", "isProxy": true, "proxyFor": "` + alice + `", "proxyDelay": 35}]`, []programme.Nominator{{Address: alice, Proxy: bob, Delay: 35}}},
		{"watched", `{"address": "` + alice + `", "maxTargets": 3}`, []programme.Nominator{{Address: alice, Max: 3}}},
		{"watched in another encoding", `{"address": "0xd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d"}`, []programme.Nominator{{Address: alice}}},
		{"watched proxy", `{"isProxy": true, "proxyFor": "` + alice + `"}`, []programme.Nominator{{Address: alice, Delay: 10850}}},
		{"seed and address", `{"seed": "//Alice", "address": "` + alice + `"}`, []programme.Nominator{{Address: alice}}},
		{"old field", `{"seed": "//Alice", "maxNominations": "auto"}`, []programme.Nominator{{Address: alice}}},
	} {
		conf := mustLoad(t, on, nominators(c.in), Options{})
		if d := cmp.Diff(c.want, conf.ProgrammeNominators(42)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	c := mustLoad(t, on, nominators(`{"address": "`+alice+`"}`), Options{})
	if got := c.ProgrammeNominators(0)[0].Address; got != "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5" {
		t.Errorf("with prefix 0: %s", got)
	}
}

func TestNominatorProblems(t *testing.T) {
	const at = "*secret.json:1: scorekeeper.nominators"
	for _, c := range []struct{ in, want string }{
		{`5`, at + "[0]: it is not an object with the fields of a nominator"},
		{`[[]]`, at + "[0][0]: it is not an object with the fields of a nominator"},
		{`{}`, at + "[0]: it has neither seed nor address; a nominator that is only planned for needs its address"},
		{`{"seed": ""}`, at + "[0].seed: it is not a secret phrase, raw seed or secret URI"},
		{`{"seed": 5}`, at + "[0].seed: it is not a secret phrase, raw seed or secret URI"},
		{`{"seed": "0x0"}`, at + "[0].seed: secret URI: "},
		{`{"seed": "bottom drive obey lake"}`, at + "[0].seed: secret URI: its phrase has 4 words"},
		{`{"sed": "x", "address": "` + alice + `"}`, at + "[0].sed: there is no such field; did you mean seed?"},
		{`{"address": "x", "address": "` + alice + `"}`, at + "[0].address: it is given twice"},
		{`{"address": "` + alice[1:] + `"}`, at + "[0].address: it is not an address: wrong"},
		{`{"address": "0x12"}`, at + "[0].address: it is not an address: not an SS58 address and not 0x with 64 hexadecimal digits"},
		{`{"address": 7}`, at + "[0].address: it is not an address"},
		{`{"isProxy": true, "seed": "//Bob"}`, at + "[0]: isProxy is true, but proxyFor does not name the account to act for"},
		{`{"isProxy": "yes", "address": "` + alice + `"}`, at + "[0].isProxy: it is neither true nor false"},
		{`{"isProxy": "` + dev + `", "address": "` + alice + `"}`, at + "[0].isProxy: it is neither true nor false"},
		{`{"proxyDelay": "` + dev + `", "address": "` + alice + `"}`, at + "[0].proxyDelay: it is not a whole number of blocks"},
		{`{"maxTargets": "` + dev + `", "address": "` + alice + `"}`, at + "[0].maxTargets: it is not a whole number from 0 to 1000"},
		{`{"address": "` + dev + `"}`, at + "[0].address: it is not an address: "},
		{`{"proxyDelay": -1, "address": "` + alice + `"}`, at + "[0].proxyDelay: it is not a whole number of blocks"},
		{`{"maxTargets": 1001, "address": "` + alice + `"}`, at + "[0].maxTargets: it is not a whole number from 0 to 1000"},
		{`{"seed": "//Alice", "address": "` + bob + `"}`, at + "[0]: address is not the account of the seed"},
		{`{"isProxy": true, "proxyFor": "` + alice + `", "address": "` + bob + `"}`, at + "[0]: address is not the account of proxyFor"},
		{`{"seed": "//Alice"}, [{"address": "` + alice + `"}]`, at + ": nominators 1 and 2 are the same account"},
		{`{"address": "` + alice + `", "proxyFor": "` + bob + `"}`, at[1:] + "[0]: proxyFor has no effect, because isProxy is not true"},
		{`{"address": "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5"}`, at[1:] + "[0].address: it is an address with prefix 0, not 42 of Westend"},
		{`{"seed": "//Alice"}`, at[1:] + "[0].seed: it is the development phrase, which everybody knows"},
		{`{"address": "` + alice + `", "maxNominations": 3}`, at[1:] + "[0].maxNominations: it has no effect; maxTargets caps the targets of a nominator"},
	} {
		got := problems(t, on, nominators(c.in), Options{})
		found := false
		for _, p := range got {
			found = found || strings.HasPrefix(p, c.want)
			if strings.Contains(p, "bottom") {
				t.Errorf("%s: a part of the seed is shown: %s", c.in, p)
			}
		}
		if !found {
			t.Errorf("%s: %q, want %q", c.in, got, c.want)
		}
	}
	if d := cmp.Diff([]string{"*secret.json:1: scorekeeper.nominators: it is not a list of nominators"}, problems(t, on, `{"scorekeeper": {"nominators": "a,b"}}`, Options{})); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"*OTV_SCOREKEEPER__NOMINATORS: scorekeeper.nominators: it is not a list of nominators"},
		problems(t, on, "", Options{Environ: []string{"OTV_SCOREKEEPER__NOMINATORS=" + dev}})); d != "" {
		t.Error(d)
	}
}

func TestNominatorsFromTheEnvironment(t *testing.T) {
	c := mustLoad(t, on, "", Options{Environ: []string{`OTV_SCOREKEEPER__NOMINATORS=[{"address": "` + alice + `"}]`}})
	if d := cmp.Diff([]programme.Nominator{{Address: alice}}, c.ProgrammeNominators(42)); d != "" {
		t.Error(d)
	}
}

// TestSeedsNeedPrivateFiles: a file with seeds that others can read is refused, with the command that helps.
func TestSeedsNeedPrivateFiles(t *testing.T) {
	seeds, watched := nominators(`{"seed": "//Alice"}`), nominators(`{"address": "`+alice+`"}`)
	for _, c := range []struct {
		mode   os.FileMode
		secret string
		ok     bool
	}{
		{0o600, seeds, true}, {0o400, seeds, true}, {0o640, seeds, false}, {0o604, seeds, false}, {0o620, seeds, false}, {0o644, watched, true},
	} {
		dir := folder(t, on, c.secret)
		path := filepath.Join(dir, SecretFile)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(dir, Options{})
		want := fmt.Sprintf("secret.json:1: scorekeeper.nominators: the file holds seeds, but others can read or change it (mode %04o); run: chmod 600 %s", c.mode, path)
		if (err == nil) != c.ok || err != nil && !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%04o: %v", c.mode, err)
		}
	}
	main := strings.Replace(on, `{"global"`, `{"scorekeeper": {"nominators": [{"seed": "//Alice"}]}, "global"`, 1)
	dir := folder(t, main, "")
	if c, err := Load(dir, Options{}); err != nil || !strings.Contains(fmt.Sprint(c.Warnings), "it holds seeds; move it to secret.json") {
		t.Errorf("%v", err)
	}
	if err := os.Chmod(filepath.Join(dir, MainFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, Options{}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("%v", err)
	}
}

// TestSecretsAreNeverShown prints a configuration in every way there is.
func TestSecretsAreNeverShown(t *testing.T) {
	const token, ip = "syt_hunter2", "abcdef012345"
	secret := `{"matrix": {"accessToken": "` + token + `"}, "telemetry": {"ipinfoToken": "token=` + ip + `"}, "scorekeeper": {"nominators": [{"seed": "` + dev + `//Alice"}]}}`
	c := mustLoad(t, on, secret, Options{})
	if c.Matrix.AccessToken.Reveal() != token || c.Telemetry.IPInfoToken.Reveal() != ip || c.Nominators[0].Seed.Reveal() != dev+"//Alice" {
		t.Fatal("the secrets were not read")
	}
	var b bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&b, nil))
	log.Info("x", "token", c.Matrix.AccessToken, "nominators", c.Nominators)
	text := slog.New(slog.NewTextHandler(&b, nil))
	text.Info("x", "token", c.Matrix.AccessToken, "nominators", c.Nominators, "matrix", c.Matrix)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&b, format+"\n", c.Matrix)
		fmt.Fprintf(&b, format+"\n", c.Nominators[0])
		fmt.Fprintf(&b, format+"\n", c.Matrix.AccessToken)
		fmt.Fprintf(&b, format+"\n", &c.Telemetry.IPInfoToken)
	}
	j, err := json.Marshal([]any{c, c.Effective()})
	if err != nil {
		t.Fatal(err)
	}
	b.Write(j)
	for _, v := range c.Effective() {
		b.WriteString(v.Text())
	}
	for _, secret := range []string{token, ip, "bottom", fmt.Sprintf("%x", token), fmt.Sprintf("%X", token), fmt.Sprintf("%v", []byte(token))} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%q is shown: %s", secret, b.String())
		}
	}
	if !strings.Contains(b.String(), redacted) {
		t.Error("nothing says that there is a secret")
	}
	if s := (Secret{}); s.String() != "" || !s.IsZero() {
		t.Error("no secret should show as nothing")
	}
}
