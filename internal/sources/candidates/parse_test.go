package candidates

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/substrate/ss58"
)

var update = flag.Bool("update", false, "rewrite golden files")

// account is the nth test account as an address.
func account(prefix uint16, n int) string {
	return ss58.EncodeAccount(prefix, id(n))
}

func id(n int) (a [32]byte) {
	a[0], a[1], a[2] = byte(n), byte(n>>8), 7
	return a
}

// list makes a list of entries, each on a line of its own from line 2 on.
func list(entries ...string) string {
	return "{\"candidates\": [\n" + strings.Join(entries, ",\n") + "\n]}"
}

// good is a correct entry; the changes replace fields, or remove them when empty.
func good(n int, changes ...string) string {
	fields := []string{"slotId", "name", "stash", "riotHandle", "kyc"}
	values := map[string]string{
		"slotId": fmt.Sprint(n), "name": fmt.Sprintf("%q", fmt.Sprintf("node %d", n)), "stash": fmt.Sprintf("%q", account(2, n)),
		"riotHandle": `"@a:matrix.org"`, "kyc": "false",
	}
	for i := 0; i < len(changes); i += 2 {
		if _, ok := values[changes[i]]; !ok {
			fields = append(fields, changes[i])
		}
		values[changes[i]] = changes[i+1]
	}
	var parts []string
	for _, f := range fields {
		if values[f] != "" {
			parts = append(parts, fmt.Sprintf("%q: %s", f, values[f]))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

func TestRules(t *testing.T) {
	hexID := fmt.Sprintf("0x%x", id(3))
	broken := account(2, 1)[:20] + "x" + account(2, 1)[21:]
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"good", list(good(1), good(2)), nil},
		{"not JSON", "{\"candidates\": [\n{},]}", []string{`2: error L1: it is not JSON: column 4: the comma before this ] is one too many`}},
		{"no object", "[]", []string{"1: error L1: it is a list, not an object with the key candidates"}},
		{"no list", "{}", []string{"1: error L1: the key candidates is missing"}},
		{"list of another type", `{"candidates": {}}`, []string{"1: error L1: candidates is an object, not a list"}},
		{"empty", `{"candidates": []}`, []string{"1: error L1: it lists no candidate at all"}},
		{"entry of another type", list(good(1), "7"), []string{"3: error L1: an entry is a number, not an object"}},
		{"repeated key", list(`{"slotId": 1, ` + good(1)[1:]), []string{`2: error L1: key "slotId" is given twice`}},
		{"skipSelfStake", list(good(1, "skipSelfStake", `"true"`)), []string{`2: error L1: skipSelfStake "true" is neither true nor false`}},
		{"skipSelfStake null", list(good(1, "skipSelfStake", "null")), nil},
		{"kusamaStash of another type", list(good(1, "kusamaStash", "1")), []string{"2: error L1: kusamaStash is a number, not a text"}},
		{"no name", list(good(1, "name", "")), []string{"2: error L2: name is missing"}},
		{"name of another type", list(good(1, "name", "[]")), []string{"2: error L2: name is a list, not a text"}},
		{"name twice", list(good(1), good(2), good(3, "name", `"node 1"`)), []string{`4: error L2: name "node 1" is used already in line 2`}},
		{"names differ in capitals", list(good(1), good(2, "name", `"Node 1"`)), nil},
		{"no stash", list(good(1, "stash", "")), []string{"2: error L3: stash is missing"}},
		{"stash of another type", list(good(1, "stash", "null")), []string{"2: error L3: stash is null, not a text"}},
		{"mistyped stash", list(good(1), good(2, "stash", quote(broken))), []string{`3: error L3: stash ` + quote(broken) + ` is not an address: wrong checksum: the address is mistyped`}},
		{"stash in another alphabet", list(good(1, "stash", `"0OIl"`)), []string{`2: error L3: stash "0OIl" is not an address: not base58`}},
		{"stash in hexadecimal", list(good(1), good(3, "stash", quote(hexID))), nil},
		{"hexadecimal too short", list(good(1), good(2, "stash", `"0x12"`)), []string{`3: error L3: stash "0x12" is not an address: 0x must be followed by 64 hexadecimal digits`}},
		{"stash twice", list(good(1), good(2, "stash", quote(account(2, 1)))), []string{"3: error L4: stash " + quote(account(2, 1)) + " is listed already in line 2"}},
		{"account twice", list(good(3), good(2, "stash", quote(hexID))), []string{"3: error L4: stash " + quote(hexID)[:61] + "…\" is listed already in line 2, in another encoding"}},
		{"handle", list(good(1, "riotHandle", `"a:matrix.org"`)), []string{`2: error L5: handle "a:matrix.org" is not of the form @user:server.domain`}},
		{"handle with a blank", list(good(1, "riotHandle", `"@a:matrix.org "`)), []string{`2: error L5: handle "@a:matrix.org " is not of the form @user:server.domain`}},
		{"handle without domain", list(good(1, "riotHandle", `["@a-b_c./x:ems.host.eu", "@a:matrix"]`)), []string{`2: error L5: handle "@a:matrix" is not of the form @user:server.domain`}},
		{"handle of another type", list(good(1, "riotHandle", "5")), []string{"2: error L5: handle 5 is not of the form @user:server.domain"}},
		{"no slot", list(good(1, "slotId", "")), []string{"2: error L6: slotId is missing"}},
		{"slot as text", list(good(1, "slotId", `"1"`)), []string{`2: error L6: slotId "1" is not a whole number`}},
		{"broken slot", list(good(1, "slotId", "1.5")), []string{"2: error L6: slotId 1.5 is not a whole number"}},
		{"great slot", list(good(1, "slotId", "1e300")), []string{"2: error L6: slotId 1e300 is not a whole number"}},
		{"whole slot with a point", list(good(1, "slotId", "1.0")), nil},
		{"slot twice", list(good(1), good(2, "slotId", "1e0")), []string{"3: error L6: slotId 1 is used already in line 2"}},
		{"no kyc", list(good(1, "kyc", "")), []string{"2: error L7: kyc is missing"}},
		{"kyc of another type", list(good(1, "kyc", "null")), []string{"2: error L7: kyc null is neither true nor false"}},
		{"wrong network", list(good(1, "stash", quote(account(0, 1))), good(2, "stash", quote(account(0, 2)))),
			[]string{"1: error N1: this is not a list for Kusama (address prefix 2): all 2 stashes carry address prefix 0, that of Polkadot"}},
		{"one of a wrong network", list(good(1, "stash", quote(account(42, 1)))),
			[]string{"1: error N1: this is not a list for Kusama (address prefix 2): its only stash carries address prefix 42, the generic one"}},
		{"wrong networks", list(good(1, "stash", quote(account(0, 1))), good(2, "stash", quote(account(7, 2)))),
			[]string{"1: error N1: this is not a list for Kusama (address prefix 2): all 2 stashes carry prefixes of other networks"}},
		{"unknown key", list(good(1, "kusamsStash", `"x"`), good(2, "nickname", "1")), []string{
			`2: warning W1: unknown key "kusamsStash"; did you mean kusamaStash?`, `3: warning W1: unknown key "nickname"`}},
		{"unknown key outside", `{"version": 1, ` + list(good(1))[1:], []string{`1: warning W1: unknown key "version"`}},
		{"empty name", list(good(1, "name", `""`)), []string{"2: warning W2: name is empty"}},
		{"name with blanks", list(good(1, "name", `"a "`), good(2, "name", `"\u00a0b"`)), []string{
			`2: warning W2: name "a " has blanks around it`, `3: warning W2: name "\u00a0b" has blanks around it`}},
		{"long name", list(good(1, "name", quote(strings.Repeat("é", 65))), good(2, "name", quote(strings.Repeat("é", 64)))), []string{"2: warning W2: name has 65 characters, more than 64"}},
		{"negative slot", list(good(1, "slotId", "-1")), []string{"2: warning W3: slotId -1 is less than 0"}},
		{"other prefix", list(good(1), good(2, "stash", quote(account(0, 2)))), []string{"3: warning W4: stash " + quote(account(0, 2)) + " carries address prefix 0, not 2 of Kusama"}},
		{"kusamaStash", list(good(1, "kusamaStash", `"abc"`), good(2, "kusamaStash", `""`)), []string{`2: warning W5: kusamaStash "abc" is not an address: wrong checksum: the address is mistyped`}},
		{"no handle", list(good(1, "riotHandle", ""), good(2, "riotHandle", "null")), []string{"2: warning W6: riotHandle is missing", "3: warning W6: riotHandle is missing"}},
		{"empty handle", list(good(1, "riotHandle", `""`), good(2, "riotHandle", "[]")), []string{"2: warning W6: riotHandle is empty", "3: warning W6: riotHandle is empty"}},
		{"several at once", list(good(1, "kyc", "1", "name", ""), good(1)), []string{"2: error L2: name is missing", "2: error L7: kyc 1 is neither true nor false", "3: error L6: slotId 1 is used already in line 2", "3: error L4: stash " + quote(account(2, 1)) + " is listed already in line 2"}},
	} {
		var got []string
		l := Parse([]byte(c.in), kusama)
		for _, f := range l.Findings {
			got = append(got, f.String())
		}
		want := append([]string(nil), c.want...)
		if c.name == "several at once" { // by rule within a line
			want[2], want[3] = want[3], want[2]
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// TestSomethingElse: a file of another kind is given up, not described to the end.
func TestSomethingElse(t *testing.T) {
	l := Parse([]byte(`{"candidates": [`+strings.Repeat("1,\n", 5000)+`1]}`), kusama)
	last := l.Findings[len(l.Findings)-1].String()
	if len(l.Findings) != maxErrors+1 || last != "1001: error L1: there are 1000 errors up to here; the rest is not looked at" {
		t.Errorf("%d findings, the last %s", len(l.Findings), last)
	}
}

// TestEveryRuleIsTested: a rule without a case in TestRules or TestCompareSlots could be lost unseen.
func TestEveryRuleIsTested(t *testing.T) {
	src, err := os.ReadFile("parse_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		if !strings.Contains(string(src), fmt.Sprintf("%s %s: ", r.Severity, r.Code)) {
			t.Errorf("no case for %s %s", r.Severity, r.Code)
		}
	}
}

func TestCompareSlots(t *testing.T) {
	old := Parse([]byte(list(good(1), good(2), good(3), good(4))), kusama)
	now := Parse([]byte(list(
		good(1, "name", `"renamed"`),
		good(2, "stash", quote(account(2, 12))),
		good(3, "name", `"stranger"`, "stash", quote(account(2, 13))),
		good(5),
	)), kusama)
	now.CompareSlots(old)
	want := []string{`4: warning W7: slotId 3 belonged to "node 3" with another stash before; "stranger" needs a slot of its own`}
	var got []string
	for _, f := range now.Findings {
		got = append(got, f.String())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCandidates(t *testing.T) {
	in := list(
		good(2, "riotHandle", `["@a:matrix.org", "@b:matrix.org"]`, "skipSelfStake", "true", "kusamaStash", `"keep as listed"`),
		good(1, "kyc", "true", "stash", quote(fmt.Sprintf("0x%x", id(1)))),
	)
	l := Parse([]byte(in), Network{Label: "any", Prefix: 42})
	if err := l.Err("x"); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(l.Candidates(0))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`[{"slot":1,"name":"node 1","stash":%q,"skipSelfStake":false,"kyc":true,"matrix":["@a:matrix.org"]},`+
		`{"slot":2,"name":"node 2","stash":%q,"kusamaStash":"keep as listed","skipSelfStake":true,"kyc":false,"matrix":["@a:matrix.org","@b:matrix.org"]}]`,
		account(0, 1), account(0, 2))
	if d := cmp.Diff(want, string(b)); d != "" {
		t.Error(d)
	}
}

// TestOrderDoesNotMatter shuffles the entries of good lists.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		entries := make([]string, n)
		for i := range entries {
			entries[i] = good(i*3, "kyc", fmt.Sprint(i%2 == 0))
		}
		want := Parse([]byte(list(entries...)), kusama)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(n, func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		got := Parse([]byte(list(entries...)), kusama)
		if d := cmp.Diff(want.Candidates(2), got.Candidates(2)); d != "" || got.Err("x") != nil {
			t.Fatal(d, got.Findings)
		}
	})
}

func TestRefused(t *testing.T) {
	in := list(good(1, "kyc", "0"), good(2, "nickname", "1"), good(3, "slotId", "1"))
	l := Parse([]byte(in), kusama)
	got := l.Err("list.json").Error() + "\n" + Parse([]byte("{"), kusama).Err("list.json").Error() + "\n"
	golden(t, "refused.txt", got)
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
		t.Error(d)
	}
}

// FuzzCandidates: any bytes give findings or a list whose entries have distinct slots, names and accounts.
func FuzzCandidates(f *testing.F) {
	for _, s := range []string{
		list(good(1), good(2)), list(good(1, "kyc", "0"), good(1)), "{}", "[", list(good(1, "stash", quote(account(0, 1)))),
		list(good(1, "riotHandle", `["@a:b.cc", 1, null]`, "slotId", "-1e2")), `{"candidates":[{"name":"\ud800"}]}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := Parse(data, kusama)
		lines := strings.Count(string(data), "\n") + 1
		for _, x := range l.Findings {
			if x.Line < 1 || x.Line > lines || x.Message == "" {
				t.Fatalf("finding %+v in a text of %d lines", x, lines)
			}
		}
		if l.Err("x") != nil {
			return
		}
		if len(l.Entries) == 0 {
			t.Fatal("neither entries nor errors")
		}
		names, accounts := map[string]bool{}, map[[32]byte]bool{}
		for i, e := range l.Entries {
			if i > 0 && l.Entries[i-1].Slot >= e.Slot || names[e.Name] || accounts[e.Account] {
				t.Fatalf("entry %+v is not in order or not unique", e)
			}
			names[e.Name], accounts[e.Account] = true, true
		}
	})
}
