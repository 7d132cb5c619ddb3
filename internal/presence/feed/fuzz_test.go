package feed

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzFrame compares the decoder with a plain reading of the same JSON.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{
		`[0,33,23,{"git_hash":"x"},11,["Polkadot","` + hash + `",900]]`, `[13,"` + hash + `",10,1700000000000,1,[1,2,null],2,[1,"0x"],22,{}]`,
		`[3,[0,[` + firstFive + `,"linux","x86_64","gnu","45.10.0.1",` + sysinfo + `,` + hwbench + `],[25,0],[[]],[[],[],[]],[1,"0x",0,1,null],[1,2,"Oslo"],5],7,[0,1,"0x"],20,0]`,
		`[3,[0,["\ud83d\u0000","i","v",null,"p"],[1,2]],4,0,5,[0,1e2,-0.5,"x"],6,[0,[1,"0x",1,1,1]],8,[1,[2,3]],15,"all-1",99,{"a":"]"}]`,
		`[4,18446744073709551615,4,18446744073709551616]`, `[]`, "\x00[4,1]", `[4,1`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		messages := 0
		visit := func(m *Message) error {
			messages++
			if m.Malformed == nil && m.Action == AddedNode && m.Node == nil {
				t.Fatal("a node without details")
			}
			return nil
		}
		err := Check(frame)
		if err != nil {
			_ = Decode(frame, visit) // must not do any harm
			return
		}
		var items []json.RawMessage
		if err := json.Unmarshal(frame, &items); err != nil || len(items) == 0 || len(items)%2 != 0 {
			t.Fatalf("accepted %d items, %v", len(items), err)
		}
		if err := Decode(frame, func(m *Message) error {
			i := 2 * messages
			if want := string(items[i]); strconv.FormatUint(uint64(m.Action), 10) != want {
				t.Fatalf("message %d has action %d, want %s", messages, m.Action, want)
			}
			compare(t, m, items[i+1])
			return visit(m)
		}); err != nil {
			t.Fatal(err)
		}
		if messages != len(items)/2 {
			t.Fatalf("%d messages of %d items", messages, len(items))
		}
	})
}

// compare demands what a plain reading of the payload finds.
func compare(t *testing.T, m *Message, payload json.RawMessage) {
	switch m.Action {
	case RemovedNode, StaleNode:
		id, err := strconv.ParseUint(string(payload), 10, 64)
		if (err == nil) != (m.Malformed == nil) || id != m.ID && err == nil {
			t.Fatalf("node number %s read as %d, %v", payload, m.ID, m.Malformed)
		}
	case Pong:
		var text *string
		err := json.Unmarshal(payload, &text)
		if (err == nil) != (m.Malformed == nil) {
			t.Fatalf("pong %q: %v and %v", payload, err, m.Malformed)
		}
		if err == nil && text != nil && len(*text) <= maxText && !strings.ContainsRune(*text, 0) && len(payload) <= 12*maxText && m.Text != *text {
			t.Fatalf("pong %q read as %q", payload, m.Text)
		}
	case AddedNode:
		var parts []json.RawMessage
		if json.Unmarshal(payload, &parts) != nil || len(parts) < 2 {
			if m.Malformed == nil {
				t.Fatalf("accepted the node %s", payload)
			}
			return
		}
		if m.Malformed == nil {
			details(t, m.Node, parts[1])
		}
	}
}

func details(t *testing.T, n *Node, raw []byte) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil || len(items) < minDetails {
		t.Fatalf("accepted the details %s: %v", raw, err)
	}
	var name string
	if err := json.Unmarshal(items[0], &name); err != nil {
		t.Fatalf("accepted the name %s: %v", items[0], err)
	}
	if len(name) <= maxName && len(items[0]) <= 12*maxName && !strings.ContainsRune(name, 0) && n.Name != name {
		t.Fatalf("name %q read as %q", name, n.Name)
	}
	for _, text := range []string{n.Name, n.Implementation, n.Version, n.Authority, n.NetworkID} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || len(text) > maxName {
			t.Fatalf("text %q cannot be stored", text)
		}
	}
	if n.IP.IsValid() && !bytes.Contains(raw, []byte(`"`)) {
		t.Fatal("an address from nowhere")
	}
}

// FuzzDetails gives the parser of node details anything, JSON or not.
func FuzzDetails(f *testing.F) {
	for _, rest := range []string{``, `,"45.10.0.1"`, `,null,` + sysinfo + `,` + hwbench, `,"linux","x86_64","gnu","::1",` + sysinfo + `,null`, `,1,2,3`} {
		f.Add([]byte("[" + firstFive + rest + "]"))
	}
	f.Add([]byte(`["`))
	f.Add([]byte(`[nnnnn]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := ParseDetails(raw)
		if err == nil && json.Valid(raw) {
			details(t, n, raw)
		}
	})
}
