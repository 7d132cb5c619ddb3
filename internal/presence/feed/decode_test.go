package feed

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// decode reads a frame as a session does.
func decode(t *testing.T, frame string) []Message {
	t.Helper()
	if err := Check([]byte(frame)); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	var out []Message
	if err := Decode([]byte(frame), func(m *Message) error {
		out = append(out, *m)
		return nil
	}); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	return out
}

const hash = "0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"

// Every action of the protocol, in today's form and in older ones.
func TestEveryAction(t *testing.T) {
	for _, tt := range []struct {
		name, frame string
		want        Message
	}{
		{"feed version", `[0,33]`, Message{Action: FeedVersion, Version: 33}},
		{"best block", `[1,[100,1700000000000,6000]]`, Message{Action: BestBlock, Height: 100, Time: 1700000000000}},
		{"best block, no average", `[1,[100,1700000000000,null]]`, Message{Action: BestBlock, Height: 100, Time: 1700000000000}},
		{"best finalised", `[2,[98,"` + hash + `"]]`, Message{Action: BestFinalized, Height: 98}},
		{"removed node", `[4,7]`, Message{Action: RemovedNode, ID: 7}},
		{"removed node 0", `[4,0]`, Message{Action: RemovedNode}},
		{"located node", `[5,[7,59.9,-10.75,"Oslo"]]`, Message{Action: LocatedNode, ID: 7, Location: &Location{59.9, -10.75, "Oslo"}}},
		{"imported block", `[6,[7,[100,"0xab",6000,1700000000000,120]]]`, Message{Action: ImportedBlock, ID: 7, Height: 100, Time: 1700000000000}},
		{"imported block, no propagation", `[6,[7,[100,"0xab",6000,1700000000000,null]]]`, Message{Action: ImportedBlock, ID: 7, Height: 100, Time: 1700000000000}},
		{"finalised block", `[7,[7,98,"0xab"]]`, Message{Action: FinalizedBlock, ID: 7, Height: 98}},
		{"node stats", `[8,[7,[25,3]]]`, Message{Action: NodeStats, ID: 7, Peers: 25}},
		{"node hardware", `[9,[7,[[1.5],[2],[3]]]]`, Message{Action: NodeHardware}},
		{"time sync", `[10,1700000000000]`, Message{Action: TimeSync, Time: 1700000000000}},
		{"added chain", `[11,["Polkadot","` + strings.ToUpper(hash[2:]) + `",900]]`, Message{Action: AddedChain, Chain: Chain{"Polkadot", strings.ToLower(hash[2:]), 900}}},
		{"added chain before 2021", `[11,["Polkadot",900]]`, Message{Action: AddedChain, Chain: Chain{"Polkadot", "", 900}}},
		{"removed chain", `[12,"` + hash + `"]`, Message{Action: RemovedChain, Chain: Chain{Genesis: hash}}},
		{"subscribed", `[13,"` + hash + `"]`, Message{Action: SubscribedTo, Chain: Chain{Genesis: hash}}},
		{"unsubscribed", `[14,"` + hash + `"]`, Message{Action: UnsubscribedFrom, Chain: Chain{Genesis: hash}}},
		{"pong", `[15,"all-1"]`, Message{Action: Pong, Text: "all-1"}},
		{"finality vote of before 2021", `[17,["1","2","3"]]`, Message{Action: 17}},
		{"stale node", `[20,3]`, Message{Action: StaleNode, ID: 3}},
		{"state cache", `[21,[7,[[1,2]]]]`, Message{Action: NodeIO}},
		{"statistics", `[22,{"version":{"list":[["1",2]],"other":0,"unknown":1}}]`, Message{Action: ChainStats}},
		{"telemetry info", `[23,{"git_hash":"abc"}]`, Message{Action: TelemetryInfo}},
		{"an action of the future", `[99,{"a":[1,{"b":"]"}]}]`, Message{Action: 99}},
		{"the greatest action", `[18446744073709551615,null]`, Message{Action: 1<<64 - 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// Spaces, and a neighbour that must not be touched.
			for _, frame := range []string{tt.frame, strings.TrimSuffix(tt.frame, "]") + ` , 4 ,  77 ] `, "[4,77," + tt.frame[1:]} {
				got := decode(t, frame)
				for i := range got {
					if got[i].Action == RemovedNode && got[i].ID == 77 {
						got = append(got[:i:i], got[i+1:]...)
						break
					}
				}
				if d := cmp.Diff([]Message{tt.want}, got, sameAddr); d != "" {
					t.Errorf("%s: %s", frame, d)
				}
			}
		})
	}
}

// A payload of a known action in another form is malformed, and its neighbours are not.
func TestMalformedPayloads(t *testing.T) {
	for _, frame := range []string{
		`[0,"33"]`, `[0,-1]`, `[0,1.5]`, `[0,1e3]`, `[0,18446744073709551616]`, `[1,5]`, `[1,[]]`, `[1,[1]]`, `[1,[1,9007199254740993]]`,
		`[3,null]`, `[3,[]]`, `[3,[1]]`, `[3,["1",["n","i","v","a","p"]]]`, `[3,[1,["n","i","v","a"]]]`, `[3,[1,[null,"i","v","a","p"]]]`, `[3,[1,["n",1,"v","a","p"]]]`,
		`[4,null]`, `[4,[1]]`, `[4,"1"]`, `[5,[1,null,null,null]]`, `[5,[1]]`, `[5,{}]`, `[6,[1,7]]`, `[6,[1,[1,"0x"]]]`, `[7,[1,null]]`, `[8,[1,null]]`, `[8,[1,[]]]`,
		`[10,"now"]`, `[11,"Polkadot"]`, `[11,["Polkadot"]]`, `[11,[1,2,3]]`, `[12,1]`, `[13,{}]`, `[15,5]`, `[20,null]`,
	} {
		got := decode(t, frame[:len(frame)-1]+`,4,5]`)
		if len(got) != 2 || got[0].Malformed == nil || got[1].ID != 5 || got[1].Malformed != nil {
			t.Errorf("%s: %+v", frame, got)
		}
		if got[0].ID != 0 || got[0].Node != nil || got[0].Location != nil {
			t.Errorf("%s: something of what could not be read is used: %+v", frame, got[0])
		}
	}
}

func TestCheck(t *testing.T) {
	for frame, want := range map[string]string{
		"":                              "not JSON",
		"\x00[4,1]":                     "binary form",
		"[4,1":                          "not JSON",
		"[4,1]]":                        "not JSON",
		"{}":                            "not a list",
		`"[4,1]"`:                       "not a list",
		"[]":                            "0 items",
		"[4]":                           "1 items",
		"[4,1,4]":                       "3 items",
		`["4",1]`:                       "item 0 is not the number of an action",
		`[4,1,-4,1]`:                    "item 2 is not the number of an action",
		`[4.5,1]`:                       "item 0 is not",
		`[18446744073709551616,1]`:      "item 0 is not",
		strings.Repeat("[", 100_000):    "not JSON",
		"[4,1]\xff":                     "not JSON",
		"[3," + strings.Repeat("[", 99): "not JSON",
	} {
		if err := Check([]byte(frame)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %v, want one with %q", frame, err, want)
		}
	}
	if err := Check([]byte("\n[ 4 , 1 ]\t")); err != nil {
		t.Error(err)
	}
}

// An error of the visitor ends the decoding.
func TestDecodeStops(t *testing.T) {
	stop, n := errors.New("stop"), 0
	err := Decode([]byte(`[4,1,4,2,4,3]`), func(*Message) error {
		if n++; n == 2 {
			return stop
		}
		return nil
	})
	if !errors.Is(err, stop) || n != 2 {
		t.Errorf("%v after %d messages", err, n)
	}
}

// What is kept of a text can be kept by every database, however it was written.
func TestTexts(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string
	}{
		{"plain", `node-1`, "node-1"},
		{"spaces and brackets", ` a,]}:" `[:6] + `\" `, ` a,]}:" `},
		{"emoji", `🚀 node`, "🚀 node"},
		{"escapes", `\ud83d\ude80\n\\ \/ \"`, "🚀\n\\ / \""},
		{"half a pair", `\ud83d x`, "\uFFFD x"},
		{"byte 0", `a\u0000b`, "a\uFFFDb"},
		{"not UTF-8", "a\xffb", "a\uFFFDb"},
		{"too long", strings.Repeat("a", maxName+1), strings.Repeat("a", maxName)},
		{"cut within a letter", strings.Repeat("a", maxName-1) + "é", strings.Repeat("a", maxName-1)},
		{"much too long", strings.Repeat(`é`, 20*maxName), strings.Repeat("é", maxName/2)},
		{"much too long and not UTF-8", strings.Repeat("\xff", 20*maxName), ""},
	} {
		got := decode(t, `[3,[1,["`+tt.text+`","i","v","a","p"]]]`)
		if got[0].Malformed != nil || got[0].Node.Name != tt.want {
			t.Errorf("%s: %v, %q, want %q", tt.name, got[0].Malformed, got[0].Node.Name, tt.want)
		}
		if !utf8.ValidString(got[0].Node.Name) || strings.ContainsRune(got[0].Node.Name, 0) {
			t.Errorf("%s: %q cannot be stored", tt.name, got[0].Node.Name)
		}
	}
}

func TestEssential(t *testing.T) {
	for a := range Action(30) {
		want := a == AddedNode || a == RemovedNode || a >= AddedChain && a <= Pong
		if a.Essential() != want {
			t.Errorf("action %d: %v", a, a.Essential())
		}
	}
}
