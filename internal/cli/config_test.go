package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// outcome is what a command left behind.
type outcome struct {
	code        int
	out, errors string
}

// otv runs a command line outside a terminal.
func otv(environ []string, stdin string, args ...string) outcome {
	var out, errs strings.Builder
	env := &Env{
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs,
		Getenv: func(string) string { return "" }, Environ: func() []string { return environ },
	}
	return outcome{Main(args, env), out.String(), errs.String()}
}

// configFolder makes a configuration folder.
func configFolder(t *testing.T, main string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.json"), []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestConfigCheck(t *testing.T) {
	good := configFolder(t, `{"global": {"network": "kusama", "candidatesUrl": "x"}}`)
	doubtful := configFolder(t, "{\"global\": {\"network\": \"kusama\", \"candidatesUrl\": \"x\",\n\"dryRun\": true}}")
	bad := configFolder(t, "{\"global\": {\"network\": \"kusama\", \"candidatesUrl\": \"x\",\n\"dryRun\": true},\n\"constraints\": {\"commission\": 2000000000}}")
	warning := "warning: main.json:2: global.dryRun: it has no effect; set act.mode\n"
	for _, c := range []struct {
		name    string
		environ []string
		args    []string
		want    outcome
	}{
		{"good", nil, []string{good}, outcome{ExitOK, good + ": ok, 0 errors, 0 warnings\n", ""}},
		{"doubtful", nil, []string{doubtful}, outcome{ExitOK, warning + doubtful + ": ok, 0 errors, 1 warning\n", ""}},
		{"bad", nil, []string{bad}, outcome{ExitFailed, warning +
			"error: main.json:3: constraints.commission: 2000000000 is more than 1000000000 (100 %)\n" + bad + ": not usable, 1 error, 1 warning\n", ""}},
		{"bad environment", []string{"OTV_SERVER__PORT=x"}, []string{good}, outcome{ExitFailed,
			"error: OTV_SERVER__PORT: server.port: \"x\" is not a whole number\n" + good + ": not usable, 1 error, 0 warnings\n", ""}},
		{"bad option", nil, []string{good, "--set", "server.port=y"}, outcome{ExitFailed,
			"error: --set: server.port: \"y\" is not a whole number\n" + good + ": not usable, 1 error, 0 warnings\n", ""}},
		{"nothing", nil, []string{"/does/not/exist"}, outcome{ExitInput, "", "otv: read configuration: there is no main.json in /does/not/exist\n"}},
		{"no argument", nil, nil, outcome{ExitUsage, "", "otv: accepts 1 arg(s), received 0; see otv config check --help\n"}},
	} {
		got := otv(c.environ, "", append([]string{"config", "check"}, c.args...)...)
		if d := cmp.Diff(c.want, got, cmp.AllowUnexported(outcome{})); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	var report struct {
		OK       bool
		Errors   int
		Warnings int
		Problems []map[string]any
	}
	got := otv(nil, "", "config", "check", "--json", bad)
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || got.code != ExitFailed {
		t.Fatal(err, got)
	}
	if report.OK || report.Errors != 1 || report.Warnings != 1 || report.Problems[1]["key"] != "constraints.commission" || report.Problems[1]["line"] != 3.0 {
		t.Errorf("%+v", report)
	}
}

func TestConfigPrint(t *testing.T) {
	dir := configFolder(t, "{\"global\": {\"network\": \"kusama\", \"candidatesUrl\": \"x\"},\n\"matrix\": {\"accessToken\": \"hunter2\"}}")
	got := otv([]string{"OTV_SERVER__PORT=1234"}, "", "config", "print", dir, "--changed")
	want := `key                   value       origin
global.network        kusama      main.json:1
global.candidatesUrl  x           main.json:1
matrix.accessToken    [redacted]  main.json:2
server.port           1234        OTV_SERVER__PORT
`
	if d := cmp.Diff(outcome{ExitOK, want, ""}, got, cmp.AllowUnexported(outcome{})); d != "" {
		t.Error(d)
	}
	all := otv(nil, "", "config", "print", dir)
	if all.code != ExitOK || !strings.Contains(all.out, "constraints.minSelfStake") || strings.Contains(all.out, "\x1b") || strings.Contains(all.out, "hunter2") {
		t.Errorf("%+v", all)
	}
	var report struct {
		Network string
		Values  []struct {
			Key    string
			Value  any
			Origin map[string]any
		}
	}
	asJSON := otv(nil, "", "config", "print", dir, "--json", "--changed", "--set", "telemetry.blacklistedProviders=A,B")
	if err := json.Unmarshal([]byte(asJSON.out), &report); err != nil {
		t.Fatal(err, asJSON)
	}
	if report.Network != "kusama" || len(report.Values) != 4 || strings.Contains(asJSON.out, "hunter2") {
		t.Errorf("%+v", report)
	}
	if d := cmp.Diff([]any{"A", "B"}, report.Values[2].Value); d != "" || report.Values[2].Origin["layer"] != "--set" {
		t.Error(d, report.Values[2])
	}
	bad := configFolder(t, `{"global": {"network": "kusama"}}`)
	if got := otv(nil, "", "config", "print", bad); got.code != ExitInput || !strings.Contains(got.errors, "global.candidatesUrl: it is missing") {
		t.Errorf("%+v", got)
	}
}

func TestConfigColours(t *testing.T) {
	var out strings.Builder
	dir := configFolder(t, `{"global": {"network": "kusama"}}`)
	env := &Env{Stdout: &out, Stderr: &out, Terminal: true, Environ: func() []string { return nil }}
	Main([]string{"config", "check", dir}, env)
	if !strings.Contains(out.String(), "\x1b[31merror\x1b[0m: ") {
		t.Errorf("%q", out.String())
	}
}
