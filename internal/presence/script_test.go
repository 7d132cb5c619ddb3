package presence_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/thousand-validators/otv/internal/presence/feed"
)

func crowdOf(n int) (out []wireNode) {
	for i := range n {
		out = append(out, wireNode{uint64(100 + i), fmt.Sprint("crowd ", i), "x", i % wireLayouts})
	}
	return out
}

// A feed that does everything a feed can do drives presence to exactly what the clerk finds.
func TestScriptedFeed(t *testing.T) {
	w := newWire(t, []string{"a", "b", "c", "d", "never"}, 300)
	base := crowdOf(40)
	with := func(nodes ...wireNode) []wireNode { return append(nodes, base...) }
	check := func(what string) {
		t.Helper()
		w.say("check: %s", what)
		w.compare()
	}
	w.connect(with(wireNode{0, "a", "x", 0}, wireNode{1, "b", "x", 1}, wireNode{2, "c", "x", 2}, wireNode{3, "d", "x", 3})...)
	w.wait(120)
	check("nothing has happened")
	for layout := range wireLayouts { // every layout, and ids that are given out again
		w.remove(0)
		w.add(wireNode{0, "b", "y", layout})
		w.add(wireNode{5, "a", "x", layout})
		w.wait(40)
		w.add(wireNode{5, "a", "x", (layout + 1) % wireLayouts}) // sent again
		w.remove(0)
		w.add(wireNode{0, "a", "x", layout})
		w.remove(5)
		w.remove(77) // nobody
		w.remove(5)  // a ghost
	}
	check("layouts and recycled ids")
	w.remove(1)
	w.wait(301)
	check("b is out")
	w.flood()
	w.wait(20)
	w.add(wireNode{0, "b", "x", 4}) // a has gone without a word
	w.wait(400)
	check("a is out")
	w.cut()
	w.connect(with(wireNode{8, "a", "x", 5}, wireNode{9, "c", "x", 5})...) // d left meanwhile, b as well
	w.wait(290)
	check("d and b within the grace")
	w.wait(20)
	check("d and b are out")
	for _, frame := range []string{`[3,[1,["d"`, "\xff\xfe", "\x00\x01\x02", `[4]`, `[]`, `{}`, `[3,[1,[5]]]`, `[4,null]`, `[4,8,4,"x"]`, "[4,8,3" + strings.Repeat(" ", feed.MaxFrame)} {
		if frame != `[4,8,4,"x"]` {
			w.spoil(frame)
		} else { // the first of two messages is good, and counts
			w.say("half a frame")
			w.clerk.gone(0, []uint64{8}, w.now)
			w.raw(websocket.MessageBinary, []byte(frame))
			w.lost()
		}
		w.pass(20)
		w.connect(with(wireNode{8, "a", "x", 5}, wireNode{9, "c", "x", 5})...)
		w.wait(30)
	}
	check("garbage")
	w.silence()
	w.pass(30)
	w.connect(with(wireNode{8, "a", "x", 5}, wireNode{9, "c", "x", 5})...)
	check("silence")
	w.sleep(3600)
	w.connect(with(wireNode{3, "a", "x", 5}, wireNode{9, "c", "x", 5})...)
	w.wait(400)
	check("asleep for an hour")
	w.send(12, wireGenesis, 11, []any{"Another label", wireGenesis, 42}, 12, wireStranger)
	w.clerk.message(0, w.now)
	w.list(fmt.Sprint("all-", w.link.subscribe), with(wireNode{4, "c", "x", 6}, wireNode{6, "a", "x", 6})...) // sent again without being asked
	w.wait(400)
	check("relabelled, and the list again")
	for i := range 25 { // a part of the server is lost
		w.remove(uint64(100 + i))
	}
	w.remove(4)
	w.wait(600)
	check("correlated loss")
	for i, n := range crowdOf(25) {
		w.add(wireNode{uint64(100 + i), n.name, "x", n.layout})
	}
	w.wait(290)
	check("the crowd is back, c not yet out")
	w.wait(20)
	check("c is out")
	w.empty(with(wireNode{0, "a", "x", 7}, wireNode{1, "d", "x", 7})...)
	w.wait(400)
	check("emptied and back")
	w.down(3600)
	w.connect(with(wireNode{0, "a", "x", 7}, wireNode{1, "b", "x", 7}, wireNode{2, "c", "x", 7})...)
	w.wait(310)
	check("killed for an hour")
	w.cut()
	w.pass(20)
	w.connect(wireNode{0, "a", "x", 7}) // the server itself was restarted, and most are on their way
	w.wait(1200)
	check("the server was restarted")
	for _, n := range base {
		w.add(n)
	}
	w.wait(310)
	check("and most are back")
}

// Feeds that do what they want, over the wire.
func TestRandomFeeds(t *testing.T) {
	n := 12
	if testing.Short() {
		n = 4
	}
	for seed := range uint64(n) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 5))
			w := newWire(t, []string{"a", "b", "c"}, 60)
			some := func() (out []wireNode) {
				for id := range uint64(6) {
					if r.IntN(3) > 0 {
						out = append(out, wireNode{id, []string{"a", "b", "c", "a ", "stranger"}[r.IntN(5)], []string{"x", "y"}[r.IntN(2)], r.IntN(wireLayouts)})
					}
				}
				return append(out, crowdOf(r.IntN(30))...)
			}
			w.connect(some()...)
			for range 60 {
				switch r.IntN(16) {
				case 0, 1:
					w.wait(r.IntN(30))
				case 2, 3:
					w.wait(r.IntN(200))
				case 4, 5, 6:
					w.add(some0(r))
				case 7, 8, 9:
					w.remove(r.Uint64N(6))
				case 10:
					for range r.IntN(30) {
						w.remove(100 + r.Uint64N(30))
					}
				case 11:
					w.empty(some()...)
				case 12:
					w.list(fmt.Sprint("all-", w.link.subscribe), some()...)
				case 13:
					w.flush(true, r.IntN(2) == 0)
				default:
					switch r.IntN(5) {
					case 0:
						w.cut()
					case 1:
						w.spoil([]string{`[4,1`, "[]", "\x00", `[3,[]]`}[r.IntN(4)])
					case 2:
						w.silence()
					case 3:
						w.sleep(40 + r.IntN(2000))
					case 4:
						w.down(r.IntN(2000))
					}
					w.pass(r.IntN(20))
					w.connect(some()...)
				}
			}
			w.compare()
		})
	}
}

func some0(r *rand.Rand) wireNode {
	return wireNode{r.Uint64N(6), []string{"a", "b", "c", "b "}[r.IntN(4)], []string{"x", "y"}[r.IntN(2)], r.IntN(wireLayouts)}
}
