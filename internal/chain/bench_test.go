package chain

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/internal/programme"
)

// The size of the largest programme: Kusama's.
const (
	benchCandidates = 1126
	benchElected    = 1000
	benchNominators = 22_500
	benchTargets    = 24
	benchEras       = 84
)

// kusama is a population of the size of Kusama, in generation C.
func kusama() *world {
	w := newWorld("C")
	w.start = 0
	stashes := make([]account, benchCandidates+200)
	for i := range stashes {
		stashes[i] = someone("validator %d", i)
	}
	w.candidates = stashes[:benchCandidates]
	for i, id := range stashes {
		w.intentions[id] = prefs{commission: 50_000_000}
		w.controller[id], w.ledgers[id] = id, ledgerOf{stash: id, total: 1 << 50, active: 1 << 49}
		w.payees[id] = payee{kind: "Staked"}
		w.keys[id] = byte(i)
		if i%3 > 0 {
			w.identities[id] = registered{display: []byte("Validator & Sons"), judgements: []string{"Reasonable"}}
		} else {
			w.supers[id] = super{stashes[i+1], []byte("sub")}
		}
	}
	// Most of the elected are candidates.
	elected := append(append([]account{}, stashes[:900]...), stashes[benchCandidates:benchCandidates+100]...)
	w.validators = elected
	pages := make([][]backing, benchElected)
	for i := range benchNominators {
		id := someone("nominator %d", i)
		w.controller[id], w.ledgers[id] = id, ledgerOf{stash: id, total: 1 << 45, active: 1 << 45}
		v := vote{submitted: 999}
		for j := range 1 + i%benchTargets {
			v.targets = append(v.targets, stashes[(i*7+j*13)%len(stashes)])
		}
		w.votes[id] = v
		for j := range 2 {
			pages[(i+j*500)%benchElected] = append(pages[(i+j*500)%benchElected], backing{id, 1 << 44})
		}
	}
	for era := w.active - benchEras; era <= w.active; era++ {
		w.rewards[era] = true
		w.points[era] = map[account]uint32{}
		for i, id := range elected {
			w.points[era][id] = 1000 + uint32(i)
			e := exposure{own: 1 << 49, pages: [][]backing{nil}}
			if era == w.active {
				e.pages = [][]backing{pages[i]}
			}
			w.exposures[eraStash{era, id}] = e
			if era < w.active-3 {
				w.claimed[eraStash{era, id}] = []uint32{0}
			}
		}
	}
	return w
}

// BenchmarkSnapshot reads a population of the size of Kusama over one WebSocket for each of the three chains. Besides
// time and allocations it reports the greatest heap in use during a snapshot beyond what was in use before it. With the
// nodes in the same process their work counts too; in a process of their own it does not.
func BenchmarkSnapshot(b *testing.B) {
	b.Run("nodes-in-process", func(b *testing.B) {
		r := newRig(b, "C", kusama())
		requests := r.requests()
		benchSnapshot(b, r.cfg)
		b.ReportMetric(float64(r.requests()-requests)/float64(b.N+1), "requests/op")
	})
	b.Run("nodes-apart", func(b *testing.B) { benchSnapshot(b, nodesApart(b)) })
}

func benchSnapshot(b *testing.B, cfg Config) {
	req := request(kusama())
	chains, err := Open(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(chains.Close)
	if _, err := chains.Snapshot(b.Context(), Request{}); err != nil { // metadata and connections
		b.Fatal(err)
	}
	held := make([]*programme.Snapshot, 1) // the last one; given up before the next is measured
	var peak uint64
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		held[0] = nil
		measure := watchHeap(b.Context())
		b.StartTimer()
		if held[0], err = chains.Snapshot(b.Context(), req); err != nil {
			b.Fatal(err)
		}
		peak = max(peak, measure())
	}
	s := held[0]
	if len(s.Gaps) > 0 || len(s.Candidates) != benchCandidates || len(s.Backers) < benchNominators*9/10 || len(s.Elected) != benchElected {
		b.Fatalf("%d candidates, %d backers, %d elected, gaps %v", len(s.Candidates), len(s.Backers), len(s.Elected), s.Gaps)
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// requests is the number of requests that the nodes have answered.
func (r *rig) requests() int {
	sum := 0
	for _, n := range r.nodes() {
		for _, method := range []string{
			"chain_getBlockHash", "chain_getFinalizedHead", "chain_getHeader", "state_call", "state_getKeysPaged",
			"state_getRuntimeVersion", "state_getStorage", "state_queryStorageAt", "system_properties",
		} {
			sum += n.Count(method)
		}
	}
	return sum
}

// nodesVariable is set in a process that this test binary starts to serve the nodes of the benchmark.
const nodesVariable = "OTV_SERVE_BENCHMARK_NODES"

func TestMain(m *testing.M) {
	if os.Getenv(nodesVariable) != "" {
		serveNodes()
		return
	}
	goleak.VerifyTestMain(m)
}

// serveNodes serves the benchmark's population until standard input ends.
func serveNodes() {
	t := &bareTB{}
	r := newRig(t, "C", kusama())
	if err := json.NewEncoder(os.Stdout).Encode([][]string{r.cfg.Relay, r.cfg.AssetHub, r.cfg.People}); err != nil {
		log.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // ends with the benchmark, one way or the other
}

// bareTB lets a rig be used without a test.
type bareTB struct{ testing.TB }

func (*bareTB) Helper()                        {}
func (*bareTB) Cleanup(func())                 {}
func (*bareTB) Fatal(v ...any)                 { log.Fatal(v...) }
func (*bareTB) Fatalf(format string, v ...any) { log.Fatalf(format, v...) }

// nodesApart starts the benchmark's nodes in a process of their own.
func nodesApart(b *testing.B) Config {
	b.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0]) // ended by its standard input
	cmd.Env, cmd.Stderr = append(os.Environ(), nodesVariable+"=1"), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
			b.Error(err)
		}
	})
	var urls [3][]string
	if err := json.NewDecoder(stdout).Decode(&urls); err != nil {
		b.Fatal(err)
	}
	return Config{Relay: urls[0], AssetHub: urls[1], People: urls[2]}
}

// watchHeap observes the bytes in use on the heap, dead or alive. The function it returns ends that and says how many
// there were at most beyond those at the beginning.
func watchHeap(ctx context.Context) func() uint64 {
	runtime.GC()
	before := heapBytes()
	ctx, cancel := context.WithCancel(ctx)
	result := make(chan uint64)
	go func() {
		peak := before
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			peak = max(peak, heapBytes())
			select {
			case <-ctx.Done():
				result <- peak - before
				return
			case <-tick.C:
			}
		}
	}()
	return func() uint64 {
		cancel()
		return <-result
	}
}

func heapBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
