//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Storage items to compare with the reference client: of every kind of key and value a round reads.
var (
	someItems = []string{"Session.NextKeys", "Identity.IdentityOf"}
	allItems  = append(someItems,
		"Staking.Validators", "Staking.ErasStakers", "Staking.ActiveEra", "Staking.Bonded", "Staking.Ledger", "Staking.Payee", "Staking.Nominators", "Staking.ErasRewardPoints",
		"Staking.ErasValidatorReward", "Staking.UnappliedSlashes", "Staking.ValidatorSlashInEra", "Session.Validators",
		"Identity.SuperOf", "Identity.SubsOf", "System.Account", "Timestamp.Now")
)

// entry is one entry of a storage item in plain JSON.
type entry struct {
	Keys  []any `json:"keys"`
	Value any   `json:"value"`
}

// storage demands that `otv chain storage` prints what @polkadot/api reads.
func (c *chain) storage(t *testing.T) {
	items, few := allItems, c.world == "paseo" // whose metadata takes the node seconds, each time
	if few {
		items = someItems
	}
	var want map[string][]entry
	decodeJSON(t, runNode(t, "storage.mjs", "--url", c.url, "--block", c.e.Hash, "--items", strings.Join(items, ",")), &want)
	for _, item := range items {
		t.Run(item, func(t *testing.T) {
			if len(want[item]) == 0 {
				t.Fatal("the reference client finds nothing to compare with")
			}
			compareEntries(t, printedEntries(t, must(t, "chain", "storage", item, "--uri", c.url, "--at", c.e.Hash, "--json").stdout), want[item])
		})
	}
	if few {
		return
	}
	t.Run("one entry", func(t *testing.T) {
		e := want["Staking.Validators"][0]
		got := printedEntries(t, must(t, "chain", "storage", "Staking.Validators", fmt.Sprint(e.Keys[0]), "--uri", c.url, "--at", c.e.Hash, "--json").stdout)
		compareEntries(t, got, []entry{{Value: e.Value}})
	})
	t.Run("entries of one era", func(t *testing.T) {
		all := want["Staking.ErasStakers"]
		era := fmt.Sprint(all[len(all)-1].Keys[0])
		var part []entry
		for _, e := range all {
			if fmt.Sprint(e.Keys[0]) == era {
				part = append(part, e)
			}
		}
		got := printedEntries(t, must(t, "chain", "storage", "Staking.ErasStakers", era, "--uri", c.url, "--at", c.e.Hash, "--json").stdout)
		compareEntries(t, got, part)
	})
}

// printedEntries reads the output of the program: one entry a line, or one value with "found".
func printedEntries(t *testing.T, text string) []entry {
	t.Helper()
	var single struct {
		Found *bool `json:"found"`
		Value any   `json:"value"`
	}
	if err := json.Unmarshal([]byte(text), &single); err == nil && single.Found != nil {
		if !*single.Found {
			t.Error("the program says that the chain holds no value")
		}
		text = mustJSON(t, entry{Value: lossless(t, text, "value")})
	}
	var list []entry
	for line := range strings.Lines(text) {
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		var e entry
		if err := d.Decode(&e); err != nil {
			t.Fatalf("%v in %s", err, head(line))
		}
		list = append(list, e)
	}
	return list
}

// lossless is a member of a JSON object with its numbers as written.
func lossless(t *testing.T, text, name string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m[name]
}

// compareEntries compares lists in the order of the chain. Integers may be numbers or text.
func compareEntries(t *testing.T, got, want []entry) {
	t.Helper()
	var lines []string
	if len(got) != len(want) {
		lines = append(lines, fmt.Sprintf("the program prints %d entries, the reference client %d", len(got), len(want)))
	}
	for i := range min(len(got), len(want)) {
		if a, b := mustJSON(t, textual(got[i])), mustJSON(t, textual(want[i])); a != b {
			lines = append(lines, fmt.Sprintf("entry %d: the program prints %s, the reference client %s", i, head(a), head(b)))
		}
	}
	report(t, "storage differs", lines)
}

// textual writes all numbers as text.
func textual(v any) any {
	switch v := v.(type) {
	case entry:
		return map[string]any{"keys": textual(v.Keys), "value": textual(v.Value)}
	case json.Number:
		return v.String()
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = textual(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = textual(v[k])
		}
		return out
	}
	return v
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
