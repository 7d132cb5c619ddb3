package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// runWith runs a command with standard input and environment variables.
func runWith(t *testing.T, stdin string, vars map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := &Env{
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &errs, Context: t.Context(),
		Getenv: func(name string) string { return vars[name] }, Environ: func() []string { return nil }, Now: time.Now,
	}
	code = Main(args, env)
	return code, out.String(), errs.String()
}

const stashTable = `what                              value
scheme                            sr25519
public key                        0xbe5ddb1579b72e84524fc29e78609e3caf42e85aa118ebfe0b0ad404b5bdd25f
account id                        0xbe5ddb1579b72e84524fc29e78609e3caf42e85aa118ebfe0b0ad404b5bdd25f
address, Polkadot                 15Jbynf3EcRqdHV1K14LXYh7PQFTbp5wiXfrc4kbMReR9KxA
address, Kusama                   GsvVmjr1CBHwQHw84pPHMDxgNY3iBLz6Qn7qS3CH8qPhrHz
address, Westend, Paseo, generic  5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY
`

func TestKeysInspect(t *testing.T) {
	dir := t.TempDir()
	private, public := filepath.Join(dir, "private"), filepath.Join(dir, "public")
	for name, mode := range map[string]os.FileMode{private: 0o600, public: 0o644} {
		if err := os.WriteFile(name, []byte("//Alice//stash\r\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	const development, readable, typed = "development phrase", "other users can read the file", "command line"
	for _, tc := range []struct {
		name, stdin string
		args        []string
		warnings    []string
	}{
		{"standard input", "//Alice//stash\n", nil, []string{development}},
		{"dash", "//Alice//stash", []string{"-"}, []string{development}},
		{"private file", "", []string{private}, []string{development}},
		{"public file", "", []string{public}, []string{development, readable}},
		{"argument", "", []string{"//Alice//stash"}, []string{development, typed}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := runWith(t, tc.stdin, nil, append([]string{"keys", "inspect"}, tc.args...)...)
			if code != ExitOK {
				t.Fatalf("exit %d: %s", code, errs)
			}
			if diff := cmp.Diff(stashTable, out); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if strings.Count(errs, "warning:") != len(tc.warnings) || strings.Contains(errs+out, "stash\n") {
				t.Errorf("standard error: %s", errs)
			}
			for _, w := range tc.warnings {
				if !strings.Contains(errs, w) {
					t.Errorf("no warning of %q: %s", w, errs)
				}
			}
		})
	}
	code, out, errs := runWith(t, "legal winner thank year wave sausage worth useful legal winner thank yellow", nil,
		"keys", "inspect", "--scheme", "ed25519", "--network", "1284", "--network", "kusama", "--json")
	var got struct {
		Scheme, PublicKey, AccountID string
		Addresses                    map[string]string
		Development                  bool
	}
	if err := json.Unmarshal([]byte(out), &got); code != ExitOK || err != nil || errs != "" {
		t.Fatalf("exit %d, %v: %s", code, err, errs)
	}
	if got.Scheme != "ed25519" || got.PublicKey != got.AccountID || len(got.Addresses) != 4 || got.Addresses["1284"] == "" || got.Development {
		t.Errorf("%+v", got)
	}
}

// keystoreFixture writes a key file that the reference client made.
func keystoreFixture(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../substrate/keys/testdata/keystores.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name string
		File json.RawMessage
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.Name == name {
			path := filepath.Join(t.TempDir(), "key.json")
			if err := os.WriteFile(path, k.File, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	t.Fatalf("no key file %q", name)
	return ""
}

func TestKeysInspectKeystore(t *testing.T) {
	const name = "sr25519 scrypt 2^15" // password p
	path := keystoreFixture(t, name)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("p\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	none := keystoreFixture(t, "ed25519 none")
	for _, tc := range []struct {
		name, stdin string
		vars        map[string]string
		args        []string
		code        int
		want        string
	}{
		{"password file", "", nil, []string{path, "--password-file", password}, ExitOK, "sr25519"},
		{"environment", "", map[string]string{passwordVariable: "p"}, []string{path}, ExitOK, "sr25519"},
		{"key file on standard input", string(file), map[string]string{passwordVariable: "p"}, nil, ExitOK, "sr25519"},
		{"not encrypted", "", nil, []string{none}, ExitOK, "ed25519"},
		{"no password", "", nil, []string{path}, ExitInput, "give its password with --password-file or in OTV_KEY_PASSWORD"},
		{"wrong password", "", map[string]string{passwordVariable: "zebra"}, []string{path}, ExitInput, "the password is wrong, or the file is damaged"},
		{"no password file", "", nil, []string{path, "--password-file", path + "x"}, ExitInput, "--password-file"},
		{"another scheme", "", nil, []string{none, "--scheme", "sr25519"}, ExitInput, "holds a key of scheme ed25519, not sr25519"},
		{"damaged", "{", nil, nil, ExitInput, "key file: it is not JSON"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, out, errs := runWith(t, tc.stdin, tc.vars, append([]string{"keys", "inspect"}, tc.args...)...)
			if code != tc.code || !strings.Contains(out+errs, tc.want) {
				t.Errorf("exit %d: %s%s", code, out, errs)
			}
			if strings.Contains(out+errs, "zebra") {
				t.Errorf("the password is shown: %s", errs)
			}
		})
	}
}

// TestKeysNeverShowSecrets runs every way to go wrong and looks for the secret in the output.
func TestKeysNeverShowSecrets(t *testing.T) {
	phrase := "legal winner thank year wave sausage worth useful legal winner thank"
	for _, args := range [][]string{
		{"keys", "inspect", phrase},
		{"keys", "inspect", phrase + " yellow//hidden/"},
		{"keys", "inspect", phrase + " yellow", "--scheme", "rsa"},
		{"keys", "inspect", phrase + " yellow/hidden", "--scheme", "ed25519"},
		{"keys", "inspect", "0x" + strings.Repeat("5e", 31)},
		{"keys", "inspect", strings.Repeat("5e", 32)},
		{"keys", "inspect", "/hidden"},
		append([]string{"keys", "inspect"}, strings.Fields(phrase)...),
		{"keys", phrase},
		append([]string{"keys"}, strings.Fields(phrase)...),
		{"keys", "inspect", phrase + " yellow", "--network", "nowhere"},
	} {
		code, out, errs := runWith(t, "", nil, args...)
		if code != ExitInput && code != ExitUsage || errs == "" {
			t.Errorf("%d arguments: exit %d, %s", len(args), code, errs)
		}
		for _, word := range append(strings.Fields(phrase), "yellow", "hidden", "5e5e") {
			if strings.Contains(out+errs, word) {
				t.Errorf("%q repeats %q", out+errs, word)
			}
		}
	}
	for stdin, want := range map[string]string{
		"": "standard input holds no secret", "\n\n": "standard input holds no secret", strings.Repeat("x", maxSecret+1): "more than 64 KiB",
		"//Alice\n//Bob\n": "line break",
	} {
		if code, _, errs := runWith(t, stdin, nil, "keys", "inspect"); code != ExitInput || !strings.Contains(errs, want) {
			t.Errorf("%.20q: exit %d, %s", stdin, code, errs)
		}
	}
}
