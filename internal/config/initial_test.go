package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/sources/candidates"
)

// cases are all that files can be written for.
func cases() []Initial {
	var all []Initial
	for _, network := range InitialNetworks() {
		for _, arch := range []string{ArchCurrent, ArchMicroservice} {
			for _, env := range []string{EnvProduction, EnvDev} {
				all = append(all, Initial{network, arch, env})
			}
		}
	}
	return all
}

// write writes the files of a case, each changed by fn, and returns the folder.
func write(t *testing.T, p Initial, fn func(path string, data []byte) []byte) string {
	t.Helper()
	dir := t.TempDir()
	files, err := p.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		file := filepath.Join(dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if f.Secret != (filepath.Base(f.Path) == SecretFile) || f.Secret && f.Mode != 0o600 {
			t.Errorf("%s: secret %v, mode %o", f.Path, f.Secret, f.Mode)
		}
		if err := os.WriteFile(file, fn(f.Path, f.Data), f.Mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func asIs(_ string, data []byte) []byte { return data }

// shown are the values in effect, as text.
func shown(c *Config) map[string]string {
	out := map[string]string{}
	for _, v := range c.Effective() {
		out[v.Key] = v.Text()
	}
	return out
}

// TestInitialFiles: all files of all cases load without a warning, for the right network, and the ports of the
// processes differ.
func TestInitialFiles(t *testing.T) {
	for _, p := range cases() {
		dir := write(t, p, asIs)
		addresses := map[string]string{}
		for _, s := range services(p.Arch) {
			c, err := Load(filepath.Join(dir, s.dir), Options{})
			if err != nil {
				t.Errorf("%+v %s: %v", p, s.dir, err)
				continue
			}
			if len(c.Warnings) > 0 || c.Network.Name != p.Network || c.Act != ActPropose {
				t.Errorf("%+v %s: %s %s %v", p, s.dir, c.Network.Name, c.Act, c.Warnings)
			}
			roles := Roles()
			if s.role != "" {
				roles = []Role{s.role}
			}
			if strings.HasPrefix(c.DatabaseTarget(), "postgres://") == (p.Arch == ArchCurrent) {
				t.Errorf("%+v %s: %s", p, s.dir, c.DatabaseTarget())
			}
			for _, a := range []string{c.ServerAddress(), c.HealthAddress(roles), c.AdminAddress(roles)} {
				if other, taken := addresses[a]; a != "" && taken {
					t.Errorf("%+v: %s and %s both listen at %s", p, s.dir, other, a)
				}
				addresses[a] = s.dir
			}
			if p.testNetwork() {
				list, err := candidates.NewLoader(candidates.Options{Location: c.CandidatesLocation(), Now: time.Now,
					Network: candidates.Network{Label: c.Network.Label, Prefix: c.Network.SS58Prefix, Accept: c.Network.ListPrefixes}}).Load(t.Context())
				if err != nil || len(list.List.Candidates(c.Network.SS58Prefix)) != 2 || len(list.List.Findings) != 0 {
					t.Errorf("%+v %s: %v %+v", p, s.dir, err, list)
				}
			}
		}
	}
}

var commentedKey = regexp.MustCompile(`(?m)^( +)// (("[A-Za-z0-9]+": |  "|\]).*,)$`)

// TestInitialCommentsAreDefaults: taking the slashes away from every key changes nothing, and then every key is there.
func TestInitialCommentsAreDefaults(t *testing.T) {
	for _, p := range cases() {
		if p.Arch != ArchCurrent {
			continue
		}
		plain, err := Load(write(t, p, asIs), Options{})
		if err != nil {
			t.Fatal(err)
		}
		full, err := Load(write(t, p, func(path string, data []byte) []byte {
			if path == MainFile {
				return commentedKey.ReplaceAll(data, []byte("$1$2"))
			}
			return data
		}), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(shown(plain), shown(full)); d != "" {
			t.Errorf("%+v: %s", p, d)
		}
		for _, k := range Keys() {
			if layer := full.origin[k.Path].Layer; layer != LayerMain && !unwritten(k.Path) && !k.Secret && !k.optional {
				t.Errorf("%+v: %s is not in the file (%s)", p, k.Path, layer)
			}
		}
	}
}

// TestInitialDifferences pins what the cases are made for.
func TestInitialDifferences(t *testing.T) {
	load := func(p Initial, s string, set ...string) *Config {
		t.Helper()
		c, err := Load(filepath.Join(write(t, p, asIs), s), Options{Set: set})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	limits := func(c *Config) programme.Limits {
		r, err := c.Rules("")
		if err != nil {
			t.Fatal(err)
		}
		return r.Limits
	}
	kusama, polkadot := load(Initial{"kusama", ArchCurrent, EnvProduction}, ""), load(Initial{"polkadot", ArchCurrent, EnvProduction}, "")
	if l := limits(kusama); l.SkipConnectionTime || l.SkipUnclaimed || l.MaxCommission != 150_000_000 || l.MinSelfStake.String() != "10000000000000" || l.UnclaimedEras != 4 {
		t.Errorf("%+v", l)
	}
	if l := limits(polkadot); l.SkipConnectionTime || !l.SkipUnclaimed || l.MaxCommission != 50_000_000 || l.MinSelfStake.String() != "50000000000000" || l.UnclaimedEras != 1 {
		t.Errorf("%+v", l)
	}
	dev := load(Initial{"polkadot", ArchCurrent, EnvDev}, "")
	if s, _ := dev.Schedule("validity"); s.Cron != "0 * * * * *" || !limits(dev).SkipConnectionTime || dev.Logger.Level != "debug" {
		t.Errorf("%+v %+v", s, dev.Logger)
	}
	if s, _ := polkadot.Schedule("validity"); s.Cron != "0 0-59/5 * * * *" || polkadot.Server.Port != 3300 || polkadot.Server.OnlyHealth {
		t.Errorf("%+v %+v", s, polkadot.Server)
	}
	for name, port := range map[string]uint16{"core": 3300, "gateway": 3301, "telemetry": 3302, "worker": 3303} {
		c := load(Initial{"kusama", ArchMicroservice, EnvProduction}, name)
		if c.Server.Port != port || c.Server.OnlyHealth != (name != "gateway") || shown(c)["database.url"] != "postgres://otv@127.0.0.1:5432/otv_kusama" {
			t.Errorf("%s: %+v", name, c.Server)
		}
	}
	for _, p := range []Initial{{"local", ArchCurrent, EnvDev}, {"kusama", "x", EnvDev}, {"kusama", ArchCurrent, "x"}} {
		if _, err := p.Files(); err == nil {
			t.Errorf("%+v", p)
		}
	}
}

// TestJSONSchema compares the schema with the one that is checked in, and lets an independent validator judge files:
// what init writes, the examples and the old backend's are accepted, mistakes are not.
func TestJSONSchema(t *testing.T) {
	text, err := JSONSchema()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "..", "docs", SchemaFile)
	if *update {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(path); err != nil || !bytes.Equal(have, text) {
		t.Errorf("%s is out of date; run go test ./internal/config -update (%v)", path, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("config", doc); err != nil {
		t.Fatal(err)
	}
	s, err := compiler.Compile("config")
	if err != nil {
		t.Fatal(err)
	}
	judge := func(data []byte) error {
		t.Helper()
		tree, err := jsontree.ParseCommented(data)
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(plainValue(t, tree))
	}
	accept := func(file string) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := judge(data); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, pattern := range []string{"../../examples/*/main.json", "testdata/reference-*/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) < 3 {
			t.Fatal(pattern, files, err)
		}
		for _, f := range files {
			accept(f)
		}
	}
	for _, p := range cases() {
		dir := write(t, p, asIs)
		for _, s := range services(p.Arch) {
			accept(filepath.Join(dir, s.dir, MainFile))
			accept(filepath.Join(dir, s.dir, SecretFile))
		}
	}
	for _, bad := range []string{
		`{"global": {"netwerk": "kusama"}}`, `{"global": {"network": "kusema"}}`, `{"constraints": {"commission": 2000000000}}`,
		`{"constraints": {"connectionTime": 5}}`, `{"server": {"port": 70000}}`, `{"server": {"enable": "true"}}`, `{"cron": {"score": "* * *"}}`,
		`{"global": {"apiEndpoints": ["http://x"]}}`, `{"score": {"rank": -1}}`, `{"health": {"address": "3310"}}`, `{"nonsense": 1}`,
		`{"scorekeeper": {"nominators": [{"sede": "x"}]}}`, `{"run": {"stopTimeout": "soon"}}`,
	} {
		if judge([]byte(bad)) == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

// plainValue is a tree as encoding/json would give it to the validator.
func plainValue(t *testing.T, v *jsontree.Value) any {
	switch v.Kind {
	case jsontree.Bool:
		return v.True
	case jsontree.Number:
		return json.Number(v.Text)
	case jsontree.String:
		return v.Text
	case jsontree.Array:
		out := []any{}
		for _, i := range v.Items {
			out = append(out, plainValue(t, i))
		}
		return out
	case jsontree.Object:
		out := map[string]any{}
		for _, m := range v.Members {
			out[m.Name] = plainValue(t, m.Value)
		}
		return out
	}
	return nil
}

// TestServices: addresses by role, targets of the database, and what is refused about them.
func TestServices(t *testing.T) {
	c, err := loadFiles(t, minimal(`"database": {"url": "x/y.db"}`), "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.DatabaseTarget(); got != filepath.Join(c.Dir, "x/y.db") {
		t.Error(got)
	}
	for want, roles := range map[string][]Role{
		"127.0.0.1:3310": Roles(), "127.0.0.1:3311": {RoleGateway, RoleWorker}, "127.0.0.1:3312": {RoleTelemetry}, "127.0.0.1:3313": {RoleWorker},
	} {
		if got := c.HealthAddress(roles); got != want {
			t.Errorf("%v: %s", roles, got)
		}
	}
	if c.AdminAddress(Roles()) != DefaultAdmin || c.AdminAddress([]Role{RoleWorker}) != "" || c.ServerAddress() != ":3300" {
		t.Error(c.AdminAddress(Roles()), c.ServerAddress())
	}
	c, err = loadFiles(t, minimal(`"health": {"address": "off"}, "admin": {"address": "off"}, "server": {"host": "::1"}`), `{"database": {"url": "postgres://u:hunter2@h:1/n?password=hunter2"}}`, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.HealthAddress(Roles()) != "" || c.AdminAddress(Roles()) != "" || c.ServerAddress() != "[::1]:3300" || !strings.Contains(c.DatabaseTarget(), "hunter2") {
		t.Error(c.HealthAddress(Roles()), c.ServerAddress())
	}
	if got := shown(c)["database.url"]; got != "postgres://u:xxxxx@h:1/n" {
		t.Error(got)
	}
	for main, want := range map[string]string{
		`"health": {"address": "3310"}`:              `"3310" is not host:port`,
		`"health": {"address": "127.0.0.1:0"}`:       "no port that others could find",
		`"admin": {"token": "short"}`:                "less than 16 characters",
		`"database": {"url": "mongodb://u:hunter2"}`: "it is neither a URL like postgres://",
		`"admin": {"address": "127.0.0.1:3300"}`:     "is the address of server.port, too",
		`"health": {"address": "127.0.0.1:3320"}`:    "is the address of admin.address, too",
		`"run": {"stopTimeout": "30"}`:               "it needs a unit",
	} {
		_, err := loadFiles(t, minimal(main), "", Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", main, err)
		}
	}
	c, err = loadFiles(t, minimal(`"admin": {"address": "0.0.0.0:3320"}`), "", Options{})
	if err != nil || len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Reason, "reached from other machines") {
		t.Error(err, c)
	}
}

func loadFiles(t *testing.T, main, secret string, o Options) (*Config, error) {
	t.Helper()
	return Load(folder(t, main, secret), o)
}
