package feed

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	var events []string
	var v Table
	v.Happened = func(e Event) {
		text := string(e.Kind)
		if e.Node != nil {
			text += " " + e.Node.Name
		}
		if e.Chain != nil {
			text += " " + e.Chain.Label
		}
		events = append(events, text+e.Why)
		_ = v.View() // it may be looked at meanwhile
	}
	tell := func(frame string) {
		t.Helper()
		for _, m := range decode(t, frame) {
			if err := v.Message(5, &m); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect := func(want ...string) {
		t.Helper()
		if d := cmp.Diff(want, events); d != "" {
			t.Error(d)
		}
		events = nil
	}
	if got := v.View(); got.Complete || len(got.Nodes) != 0 {
		t.Errorf("%+v", got)
	}
	tell(`[0,33,11,["Kusama","` + other + `",5],11,["Polkadot","` + hash + `",1],11,["Polkadot","` + hash + `",2]]`)
	expect("chain Kusama", "chain Polkadot")
	if c, ok := v.Chain(hash); !ok || c.Nodes != 2 {
		t.Errorf("%+v %v", c, ok)
	}
	v.Opened(6)
	tell(`[1,[100,1700000000000,6000],2,[98,"0x"],3,[7,["b","i","v",null,"p","45.10.0.1"],[25,0],[],[],[90,"0x",1,1,null],null,5],3,[0,["a","i","v","auth","q"]]]`)
	if err := v.Complete(7); err != nil {
		t.Fatal(err)
	}
	expect("list", "best", "finalized", "joined b", "joined a", "complete")
	tell(`[8,[7,[26,1]],6,[7,[101,"0x",1,1,null]],20,0,5,[7,59.9,10.7,"Oslo"],8,[99,[1,1]],5,[7,null],9,null,3,[7,["b","i","v2",null,"p","45.10.0.1"]],3,[0,["c","i","v",null,"q"]]]`)
	expect("changed b", "changed b", "left a", "joined c")
	got := v.View()
	want := View{
		At: 5, Complete: true, Version: 33, Best: 100, Finalized: 98, Messages: 17,
		Chains: []Chain{{"Kusama", other, 5}, {"Polkadot", hash, 2}},
		Nodes:  []Row{{ID: 7, Since: 5, Name: "b", Implementation: "i", Version: "v2", NetworkID: "p"}, {ID: 0, Since: 5, Name: "c", Implementation: "i", Version: "v", NetworkID: "q"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if text, _ := json.Marshal(got); strings.Contains(string(text), "45.10") {
		t.Errorf("an address is shown: %s", text)
	}
	tell(`[20,7,4,0,4,0,12,"` + other + `"]`)
	expect("left c")
	if got := v.View(); len(got.Nodes) != 1 || !got.Nodes[0].Stale || len(got.Chains) != 1 {
		t.Errorf("%+v", got)
	}
	v.Emptied(8)
	expect("emptied")
	tell(added(1, "d"))
	v.Lost(9, errors.New(" cut"))
	expect("joined d", "lost cut")
	if got := v.View(); got.Complete || got.Lost != " cut" || len(got.Nodes) != 0 || len(got.Chains) != 0 {
		t.Errorf("%+v", got)
	}
	v.Opened(10)
	if got := v.View(); got.Lost != "" {
		t.Errorf("%+v", got)
	}
}
