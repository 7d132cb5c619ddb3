package nominator_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
)

var (
	crashSeed  = flag.Uint64("crash.seed", 0, "seed of the crash test; 0 draws one")
	crashFull  = flag.Bool("crash.full", false, "kill at every point in every kind of life, not only in one of them")
	crashKills = flag.Int("crash.kills", 12, "kills at random moments")
	crashOnly  = flag.Int("crash.only", -1, "play only the life of this number")
)

// perLife is how often a process is killed in one life.
const perLife = 8

// The kinds of lives: nothing happens; the first transaction of every signer gets into no block; the targets break a rule
// while they stand announced; announcements are there that nobody knows; the node's dry run objects to what is signed first.
func kinds() []string { return []string{"plain", "stuck", "breach", "blacklist", "withheld"} }

// TestKilledAnywhereEndsRight kills the process with SIGKILL at every named point and at random moments; many more of
// them with -crash.full -crash.kills 200, as in "make crash". After all that
// it must find its way: every plan in the end that is right for what happened on the chain, nobody nominated twice, nothing
// signed without a stored intent. And then a round that nobody disturbs must go through.
func TestKilledAnywhereEndsRight(t *testing.T) {
	if testing.Short() {
		t.Skip("kills dozens of processes")
	}
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to reproduce: go test ./internal/nominator -run TestKilledAnywhereEndsRight -crash.seed %d -crash.kills %d -crash.full=%t", seed, *crashKills, *crashFull)
	lives := plot(rand.New(rand.NewPCG(seed, 1)))
	var wg sync.WaitGroup
	next := make(chan *life)
	for range max(2, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for l := range next {
				t.Run(fmt.Sprintf("%d %s", l.number, l.kind), l.play)
			}
		})
	}
	for _, l := range lives {
		if *crashOnly < 0 || *crashOnly == l.number {
			next <- l
		}
	}
	close(next)
	wg.Wait()
	if *crashOnly < 0 && !t.Failed() {
		account(t, lives)
	}
}

// account demands that every point was met, that there were enough kills, and that plans mostly succeed in spite of them: a
// service that gave up whatever was disturbed would keep all other promises.
func account(t *testing.T, lives []*life) {
	hit, killed, plans, succeeded := map[nominator.Point]int{}, 0, 0, 0
	for _, l := range lives {
		for p, n := range l.hit {
			hit[p] += n
		}
		killed, plans, succeeded = killed+l.killed, plans+l.plans, succeeded+l.succeeded
	}
	named := 0
	for _, p := range nominator.Points() {
		if named += hit[p]; hit[p] == 0 {
			t.Errorf("never killed %s", p)
		}
	}
	t.Logf("%d processes killed, %d of them at random moments; %d of %d disturbed plans succeeded", killed, killed-named, succeeded, plans)
	if killed-named < *crashKills {
		t.Errorf("only %d processes killed at random moments", killed-named)
	}
	if 4*succeeded < 3*plans {
		t.Errorf("only %d of %d disturbed plans succeeded", succeeded, plans)
	}
}

// plot spreads the points and the random kills over lives. In the short form every point comes once, in a life of one of
// the kinds in which it occurs.
func plot(rng *rand.Rand) []*life {
	var lives []*life
	add := func(kind string) *life {
		l := &life{
			kind: kind, number: len(lives), hit: map[nominator.Point]int{}, stuck: map[fakechain.ID][32]byte{},
			fate: rand.New(rand.NewPCG(rng.Uint64(), 2)), weather: rand.New(rand.NewPCG(rng.Uint64(), 3)),
		}
		lives = append(lives, l)
		return l
	}
	in := map[string][]nominator.Point{}
	for _, p := range nominator.Points() {
		where := slices.DeleteFunc(kinds(), func(kind string) bool { return !occurs(p, kind) })
		if !*crashFull && len(where) > 0 {
			where = []string{where[rng.IntN(len(where))]}
		}
		for _, kind := range where {
			in[kind] = append(in[kind], p)
		}
	}
	for _, kind := range kinds() {
		points := in[kind]
		rng.Shuffle(len(points), func(i, j int) { points[i], points[j] = points[j], points[i] })
		for part := range slices.Chunk(points, perLife) {
			add(kind).points = part
		}
	}
	for left := *crashKills; left > 0; {
		l := add(kinds()[rng.IntN(len(kinds()))])
		l.random = min(left, perLife)
		left -= l.random
	}
	return lives
}

// special are the points that only lives of some kinds pass; all others are of interest in every life.
var special = map[nominator.Point][]string{
	nominator.BeforeExpired: {"stuck", "withheld"}, nominator.AfterExpired: {"stuck", "withheld"},
	nominator.BeforeSearched: {"stuck", "withheld"}, nominator.AfterSearched: {"stuck", "withheld"},
	nominator.BeforeWithheld: {"withheld"}, nominator.AfterWithheld: {"withheld"},
	nominator.BeforeAlert: {"blacklist"}, nominator.AfterAlert: {"blacklist"},
	nominator.BeforeOrder: {"blacklist"}, nominator.AfterOrder: {"blacklist"},
	// These follow from a kill after an intent; see play.
	nominator.BeforeAbandoned: nil, nominator.AfterAbandoned: nil,
}

// occurs reports whether a process is to be killed at a point in lives of a kind. Lives with a transaction that is held
// back are like those with one that is stuck, up to the points of their own.
func occurs(p nominator.Point, kind string) bool {
	in, some := special[p]
	if !some {
		return kind != "withheld"
	}
	return slices.Contains(in, kind)
}
