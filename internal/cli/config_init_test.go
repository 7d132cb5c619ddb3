package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/config"
)

// What init writes passes check without a word, in all cases.
func TestConfigInitPassesCheck(t *testing.T) {
	for _, network := range config.InitialNetworks() {
		for _, arch := range []string{"current", "microservice"} {
			for _, env := range []string{"production", "dev"} {
				dir := filepath.Join(t.TempDir(), "new", "folder")
				got := otv(nil, "", "config", "init", "--network", network, "--arch", arch, "--env", env, "--out", dir)
				if got.code != ExitOK || got.errors != "" {
					t.Fatalf("%s %s %s: %+v", network, arch, env, got)
				}
				mains, err := filepath.Glob(filepath.Join(dir, map[string]string{"current": "main.json", "microservice": "*/main.json"}[arch]))
				if want := map[string]int{"current": 1, "microservice": 4}[arch]; err != nil || len(mains) != want {
					t.Fatal(mains, err)
				}
				for _, m := range mains {
					folder := filepath.Dir(m)
					if got := otv(nil, "", "config", "check", folder); got.out != folder+": ok, 0 errors, 0 warnings\n" {
						t.Errorf("%s %s %s: %+v", network, arch, env, got)
					}
					info, err := os.Stat(filepath.Join(folder, "secret.json"))
					if err != nil || info.Mode().Perm() != 0o600 {
						t.Error(info, err)
					}
				}
			}
		}
	}
}

func TestConfigInitOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	args := []string{"config", "init", "--network", "kusama", "--out", dir}
	if got := otv(nil, "", args...); got.code != ExitOK || !strings.Contains(got.out, "wrote "+filepath.Join(dir, "main.json")) {
		t.Fatalf("%+v", got)
	}
	for name, text := range map[string]string{"main.json": "mine", "secret.json": "secret", "config.schema.json": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "config.schema.json")); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err.Error()
		}
		return string(b)
	}
	got := otv(nil, "", args...)
	if got.code != ExitInput || strings.Count(got.errors, "exists already") != 2 || read("main.json") != "mine" || !strings.Contains(read("config.schema.json"), "no such file") {
		t.Errorf("%+v %s", got, read("config.schema.json"))
	}
	got = otv(nil, "", append(args, "--force")...)
	if got.code != ExitOK || read("secret.json") != "secret" || !strings.HasPrefix(read("main.json"), "// Kusama, current, production") {
		t.Errorf("%+v %s %s", got, read("secret.json"), read("main.json"))
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"config", "init", "--network", "kusama"}, ExitUsage, "--out DIR is needed"},
		{[]string{"config", "init", "--out", dir}, ExitUsage, "the networks are kusama, polkadot, westend, paseo"},
		{[]string{"config", "init", "--network", "kusama", "--arch", "x", "--out", dir}, ExitUsage, "neither current nor microservice"},
		{[]string{"config", "init", "--network", "kusama", "--out", filepath.Join(dir, "main.json", "x")}, ExitInput, "not a directory"},
	} {
		if got := otv(nil, "", c.args...); got.code != c.code || !strings.Contains(got.errors, c.text) {
			t.Errorf("%v: %+v", c.args, got)
		}
	}
}

func TestConfigSchema(t *testing.T) {
	got := otv(nil, "", "config", "schema")
	have, err := os.ReadFile("../../docs/config.schema.json")
	if err != nil || got.code != ExitOK || got.out != string(have) {
		t.Error(err, got.code, len(got.out))
	}
}
