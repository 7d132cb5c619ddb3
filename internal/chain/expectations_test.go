package chain

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/metadata"
)

var update = flag.Bool("update", false, "write golden files")

// samples are the runtimes whose types are known, with the pallets of which nothing is read there.
func samples(t testing.TB) []struct {
	name    string
	blob    []byte
	ignored []string
} {
	type s = struct {
		name    string
		blob    []byte
		ignored []string
	}
	var list []s
	for _, name := range []string{
		"westend-9320.v14", "paseo-1001002.v14", "paseo-1001002.v15", "polkadot-1002005.v14", "kusama-1003000.v14",
		"polkadot-2000000.v15", "kusama-1009002.v15", "node-268.v15",
	} {
		list = append(list, s{name, sample(t, name), ignoredOnRelay})
	}
	for _, name := range []string{"asset-hub-polkadot-2000000.v15", "asset-hub-kusama-1009003.v15"} {
		list = append(list, s{name, sample(t, name), ignoredOnAssetHub})
	}
	return append(list, s{"people (put together by hand)", peopleMetadata(t, 0), ignoredOnPeople})
}

// TestKnownTypes compares the list with the samples; -update writes it.
func TestKnownTypes(t *testing.T) {
	forms := map[string]map[string][]string{} // item, checksum, samples
	for _, s := range samples(t) {
		m, err := metadata.Parse(s.blob)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		rt := &substrate.Runtime{Metadata: m}
		for _, i := range items() {
			if slices.Contains(s.ignored, i.pallet) {
				continue
			}
			sum, err := rt.Checksum(i.kind, i.pallet, i.name)
			if errors.Is(err, substrate.ErrNotFound) {
				continue
			}
			if err != nil {
				t.Fatalf("%s: %s: %v", s.name, i, err)
			}
			text := hex.EncodeToString(sum[:])
			if forms[i.String()] == nil {
				forms[i.String()] = map[string][]string{}
			}
			forms[i.String()][text] = append(forms[i.String()][text], s.name)
		}
	}
	var b strings.Builder
	b.WriteString("# Forms of the items that a snapshot reads: kind, item, checksum, runtimes. Written by TestKnownTypes -update.\n")
	for _, i := range items() {
		var lines []string
		for sum, names := range forms[i.String()] {
			lines = append(lines, fmt.Sprintf("%s %s # %s\n", i, sum, strings.Join(names, ", ")))
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, ""))
	}
	if *update {
		if err := os.WriteFile("known_types.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != knownTypes {
		t.Error("known_types.txt is not what the samples give: run the test with -update and look at the difference")
	}
}

func TestExpectations(t *testing.T) {
	if *update {
		t.Skip("the list is being written")
	}
	for _, ignored := range [][]string{nil, ignoredOnRelay, ignoredOnAssetHub, ignoredOnPeople} {
		list, err := expectations(ignored)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if slices.Contains(ignored, e.Pallet) {
				t.Errorf("%s.%s is expected although it is ignored", e.Pallet, e.Item)
			}
		}
		if len(list) == 0 {
			t.Error("nothing is expected")
		}
	}
	for _, s := range samples(t) {
		m, err := metadata.Parse(s.blob)
		if err != nil {
			t.Fatal(err)
		}
		list, err := expectations(s.ignored)
		if err != nil {
			t.Fatal(err)
		}
		found, err := (&substrate.Runtime{Metadata: m}).Compare(list)
		if err != nil || len(found) > 0 {
			t.Errorf("%s: unknown %v, error %v", s.name, found, err)
		}
	}
}
