package candidates

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shared finds the folder of real lists beside the module, or skips the test.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "shared", "candidates", name))
	if err != nil {
		t.Skip("the real lists are not here")
	}
	return data
}

var (
	kusama   = Network{Label: "Kusama", Prefix: 2, Accept: []uint16{2}}
	polkadot = Network{Label: "Polkadot", Prefix: 0, Accept: []uint16{0}}
)

// TestRealLists states every finding there is in the published lists. They were found by an independent program, too.
func TestRealLists(t *testing.T) {
	for _, c := range []struct {
		file    string
		network Network
		entries int
		want    []Finding
	}{
		{"kusama.json", kusama, 1126, []Finding{
			{180, Warning, "W2", `name "⛓  Novy Validator ⛓ " has blanks around it`},
			{926, Warning, "W2", `name "Eat Pray Validate 1 🍴🙏🖥 " has blanks around it`},
			{2523, Warning, "W2", `name "VLADIMIR " has blanks around it`},
			{6339, Warning, "W2", `name "Mexcollection#1 " has blanks around it`},
		}},
		{"polkadot.json", polkadot, 310, []Finding{
			{1947, Warning, "W1", `unknown key "kusamsStash"; did you mean kusamaStash?`},
		}},
	} {
		l := Parse(shared(t, c.file), c.network)
		if d := cmp.Diff(c.want, l.Findings); d != "" {
			t.Errorf("%s: %s", c.file, d)
		}
		if len(l.Entries) != c.entries {
			t.Errorf("%s: %d entries, want %d", c.file, len(l.Entries), c.entries)
		}
		if err := l.Err(c.file); err != nil {
			t.Errorf("%s: %v", c.file, err)
		}
	}
}

// TestRealListsOfAnotherNetwork: one sentence, not one for each of the entries.
func TestRealListsOfAnotherNetwork(t *testing.T) {
	l := Parse(shared(t, "polkadot.json"), kusama)
	want := "candidate list polkadot.json: this is not a list for Kusama (address prefix 2): all 310 stashes carry address prefix 0, that of Polkadot"
	if err := l.Err("polkadot.json"); err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	if len(l.Findings) != 2 { // and the misspelt key
		t.Errorf("%d findings", len(l.Findings))
	}
}

func BenchmarkParseRealList(b *testing.B) {
	data := shared(b, "kusama.json")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if l := Parse(data, kusama); len(l.Entries) == 0 {
			b.Fatal("no entries")
		}
	}
}
