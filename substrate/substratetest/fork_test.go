package substratetest

import (
	"testing"

	"github.com/thousand-validators/otv/substrate/hash"
	"github.com/thousand-validators/otv/substrate/scale"
)

// TestForks: blocks that were retracted, and siblings, can be asked for; the chain does not have them.
func TestForks(t *testing.T) {
	n := NewNode(t, NodeConfig{})
	first := n.Mine(BlockOptions{})
	lost := n.Mine(BlockOptions{Unfinalised: true})
	if err := n.Retract(1); err != nil {
		t.Fatal(err)
	}
	kept := n.Mine(BlockOptions{Unfinalised: true, Salt: "other"})
	beside := n.Mine(BlockOptions{Unfinalised: true, Salt: "third", Aside: true})
	if kept.Number != 2 || beside.Number != 2 || beside.Parent != first.Hash || n.Head() != kept || kept.Hash == lost.Hash {
		t.Errorf("head %+v, sibling %+v", n.Head(), beside)
	}
	for _, b := range []*Block{lost, kept, beside} {
		if n.byHash[b.Hash] != b {
			t.Errorf("block %x is not known", b.Hash)
		}
	}
	if err := n.Finalise(2); err != nil {
		t.Fatal(err)
	}
	if err := n.Retract(1); err == nil {
		t.Error("a final block was retracted")
	}
}

// TestHeaderHash: a block's hash is that of its header, which clients compute themselves.
func TestHeaderHash(t *testing.T) {
	n := NewNode(t, NodeConfig{})
	b := n.Mine(BlockOptions{StateRoot: [32]byte{1}, ExtrinsicsRoot: [32]byte{2}})
	encoded := scale.AppendCompact(append([]byte{}, b.Parent[:]...), 1)
	encoded = append(append(append(encoded, 1), make([]byte, 31)...), 2)
	encoded = append(append(encoded, make([]byte, 31)...), 0)
	if want := hash.Blake2b256(encoded); b.Hash != want {
		t.Errorf("hash %x, want %x", b.Hash, want)
	}
}

// TestForgottenStates: states are dropped so many blocks behind the final one, and stay so.
func TestForgottenStates(t *testing.T) {
	n := NewNode(t, NodeConfig{State: map[string][]byte{"k": {1}}})
	for range 10 {
		n.Mine(BlockOptions{KeepStates: 3})
	}
	n.PruneBefore(0)
	for number := range uint32(11) {
		b, _ := n.BlockAt(number)
		if _, ok := n.GetRaw(b, []byte("k")); ok != (number >= 7) || b.pruned == ok {
			t.Errorf("block %d: its state is known: %v, said to be pruned: %v", number, ok, b.pruned)
		}
	}
}
