package nominator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

var (
	crashSeed  = flag.Uint64("crash.seed", 0, "seed of the crash test; 0 draws one")
	crashKills = flag.Int("crash.kills", 200, "kills at random moments")
	crashOnly  = flag.Int("crash.only", -1, "play only the life of this number")
)

func errandAccounts() ([]nominator.Account, error) {
	var out []nominator.Account
	for _, uris := range [][2]string{{directURI, directURI}, {proxiedURI, proxyURI}, {delayedURI, delegateURI}} {
		real, err := keys.FromURI(uris[0], keys.Sr25519)
		if err != nil {
			return nil, err
		}
		signer, err := keys.FromURI(uris[1], keys.Sr25519)
		if err != nil {
			return nil, err
		}
		out = append(out, nominator.Account{
			Nominator: programme.Address(real.Address(42)), Signer: programme.Address(signer.Address(42)),
			Proxy: uris[0] != uris[1], Key: signer,
		})
	}
	return out, nil
}

// life is a round that is begun, killed again and again, and brought to its end. What the chain does in it follows from
// its seed.
type life struct {
	*rig
	rng      *rand.Rand
	number   int
	kind     string
	record   string
	black    [32]byte // call hash of an announcement that is blacklisted
	start    uint32
	stuck    map[fakechain.ID][32]byte // transactions that get into no block
	breached bool
	points   []nominator.Point // to be killed at, in this order
	random   int               // kills at random moments
	hit      map[nominator.Point]int
	killed   int
}

// The kinds of lives.
func kinds() []string { return []string{"plain", "stuck", "breach", "blacklist"} }

// TestKilledAnywhereEndsRight kills the process with SIGKILL at every named point and at random moments. After all that
// it must find its way: every plan in its right state, nobody nominated twice, nothing signed without a stored intent.
func TestKilledAnywhereEndsRight(t *testing.T) {
	if testing.Short() {
		t.Skip("kills hundreds of processes")
	}
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to reproduce: go test ./internal/nominator -run TestKilledAnywhereEndsRight -crash.seed %d -crash.kills %d", seed, *crashKills)
	rng := rand.New(rand.NewPCG(seed, 1))
	lives := plot(rng)
	var wg sync.WaitGroup
	var mu sync.Mutex
	hit, killed := map[nominator.Point]int{}, 0
	next := make(chan *life)
	for range 2 {
		wg.Go(func() {
			for l := range next {
				t.Run(fmt.Sprintf("%d %s", l.number, l.kind), l.play)
				mu.Lock()
				for p, n := range l.hit {
					hit[p] += n
				}
				killed += l.killed
				mu.Unlock()
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
	if *crashOnly >= 0 {
		return
	}
	for _, p := range nominator.Points() {
		if hit[p] == 0 {
			t.Errorf("never killed %s", p)
		}
	}
	t.Logf("%d processes killed, %d of them at random moments", killed, killed-sum(hit))
	if killed-sum(hit) < *crashKills {
		t.Errorf("only %d processes killed at random moments", killed-sum(hit))
	}
}

func sum(m map[nominator.Point]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// plot spreads the points and the random kills over lives.
func plot(rng *rand.Rand) []*life {
	const perLife = 8
	var lives []*life
	add := func(kind string) *life {
		l := &life{kind: kind, number: len(lives), rng: rand.New(rand.NewPCG(rng.Uint64(), 2)), hit: map[nominator.Point]int{}}
		lives = append(lives, l)
		return l
	}
	for _, kind := range kinds() {
		points := slices.DeleteFunc(nominator.Points(), func(p nominator.Point) bool { return !occurs(p, kind) })
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

// occurs reports whether a point is passed in lives of a kind.
func occurs(p nominator.Point, kind string) bool {
	switch p {
	case nominator.BeforeExpired, nominator.AfterExpired:
		return kind == "stuck"
	case nominator.BeforeAlert, nominator.AfterAlert, nominator.BeforeOrder, nominator.AfterOrder:
		return kind == "blacklist"
	case nominator.BeforeAbandoned, nominator.AfterAbandoned:
		return false // follow from a kill after an intent; see play
	}
	return true
}

func (l *life) play(t *testing.T) {
	l.rig = newRig(t, fakechain.Config{Lag: 1, OnPoll: l.live})
	l.stuck = map[fakechain.ID][32]byte{}
	_, l.start = l.chain.State()
	l.start++
	b := l.rig.record(l.validators, nil, l.direct, l.proxied, l.delayed)
	l.record = filepath.Join(t.TempDir(), "record.json")
	if err := os.WriteFile(l.record, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if l.kind == "blacklist" {
		l.black = [32]byte{0xb1, 0xac}
		l.announce()
	}
	for _, p := range l.points {
		l.killAt(t, p, 1+l.rng.IntN(2))
		if p == nominator.AfterIntent || p == nominator.BeforeSign {
			// The next process finds an intent that nobody signs any more.
			l.killAt(t, nominator.BeforeAbandoned, 1)
			l.killAt(t, nominator.AfterAbandoned, 1)
		}
	}
	for range l.random {
		l.killSomewhere(t)
	}
	if out, ended := l.run(t, errand{Looks: 600}, nil); !ended {
		t.Fatalf("the last process did not come to rest:\n%s", out)
	}
	l.judge(t)
}

// announce puts announcements on the chain that no plan explains: a blacklisted one, and one for somebody else.
func (l *life) announce() {
	l.edit(func(s *fakechain.State) {
		id := l.delegate.AccountID()
		height := uint32(1 + l.rounds) // every one is another
		s.Announcements[id] = []fakechain.Announcement{
			{Real: l.delayed.AccountID(), Hash: l.black, Height: height}, {Real: l.stranger.AccountID(), Hash: [32]byte{9}, Height: height},
		}
	})
}

// live is what happens on the chain when somebody asks for the finalised head.
func (l *life) live(c *fakechain.Chain) {
	full := l.rng.IntN(4) > 0
	err := c.Block(func(s fakechain.Submission) bool {
		if l.kind != "stuck" {
			return full
		}
		if _, ok := l.stuck[s.Sender]; !ok {
			l.stuck[s.Sender] = s.Hash
		}
		return full && l.stuck[s.Sender] != s.Hash
	})
	if err == nil && l.rng.IntN(10) == 0 {
		c.Fork(1)
	}
	if l.kind != "breach" || l.breached || err != nil {
		return
	}
	if s, _ := c.State(); len(s.Announcements[l.delegate.AccountID()]) > 0 {
		l.breached = true
		_ = c.Edit(func(s *fakechain.State) { // an error shows in the end: the plan succeeds
			for id := range s.Validators {
				s.Validators[id] = fakechain.Validator{Commission: 500_000_000}
			}
		})
	}
}

// killAt runs a process up to a point and kills it there. When it does not pass the point so often any more, another
// round is begun.
func (l *life) killAt(t *testing.T, p nominator.Point, hit int) {
	t.Helper()
	for range 3 {
		if _, ended := l.run(t, errand{Point: p, Hit: hit, Looks: 600}, nil); !ended {
			l.hit[p]++
			l.killed++
			return
		}
		l.renew(t)
		hit = 1
	}
}

// killSomewhere kills a process when it has made so many requests.
func (l *life) killSomewhere(t *testing.T) {
	t.Helper()
	for {
		moment := make(chan struct{})
		left := 1 + l.rng.IntN(500)
		rule := l.chain.Node().Inject(substratetest.Rule{Match: func(substratetest.Request) bool {
			if left--; left == 0 {
				close(moment)
			}
			return false
		}})
		_, ended := l.run(t, errand{Looks: 600}, moment)
		rule.Stop()
		if !ended {
			l.killed++
			return
		}
		// It came to rest before: begin another round with what is there.
		l.renew(t)
	}
}

// renew begins the next era with another record.
func (l *life) renew(t *testing.T) {
	t.Helper()
	l.judge(t)
	l.edit(func(s *fakechain.State) {
		s.Era, s.Planned = s.Era+1, s.Planned+1
		for id := range s.Validators {
			s.Validators[id] = fakechain.Validator{Commission: 50_000_000}
		}
	})
	l.breached = false
	clear(l.stuck)
	if l.kind == "blacklist" {
		l.announce()
	}
	if err := os.WriteFile(l.record, l.rig.record(l.validators, nil, l.direct, l.proxied, l.delayed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run starts a process. It is killed when it says that it is at its point, or at the moment; ended is false then.
func (l *life) run(t *testing.T, e errand, moment <-chan struct{}) (output string, ended bool) {
	t.Helper()
	l.rounds++ // every process has another clock
	e.URL, e.DB, e.Record, e.Validators = l.chain.URL(), l.db, l.record, l.validators
	e.Jump = time.Duration(l.rounds) * time.Hour
	if l.kind == "blacklist" {
		e.Blacklist = []string{fmt.Sprintf("0x%x", l.black)}
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), self)
	cmd.Env = append(os.Environ(), crashVariable+"="+string(text))
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines, over := make(chan string), make(chan struct{})
	go func() {
		defer close(over)
		s := bufio.NewScanner(out)
		for s.Scan() {
			lines <- s.Text()
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	var all strings.Builder
	killed := false
	for {
		select {
		case line := <-lines:
			if all.WriteString(line + "\n"); line == "AT" {
				killed = true
				_ = cmd.Process.Kill() // SIGKILL
			}
			continue
		case <-moment:
			killed, moment = true, nil
			_ = cmd.Process.Kill()
			continue
		case <-over:
		}
		break
	}
	err = cmd.Wait()
	if err == nil {
		return all.String(), true // also when the kill came too late
	}
	if !killed {
		t.Fatalf("the process failed: %v\n%s\n%s", err, all.String(), errs.String())
	}
	return all.String(), false
}

// judge demands the right end of everything.
func (l *life) judge(t *testing.T) {
	t.Helper()
	s, err := store.Open(t.Context(), l.db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if broken := l.broken(s, l.start, 0); broken != "" {
		t.Fatal(broken)
	}
	if broken := l.unexplained(s, l.start); broken != "" {
		t.Fatal(broken)
	}
	plans, err := s.Plans(t.Context(), plan.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(plans) == 0 {
		t.Fatal("there are no plans")
	}
	for _, p := range plans {
		want := plan.Succeeded
		if p.Mode == plan.Removal || (l.kind == "breach" && p.Mode == plan.Delayed) {
			want = plan.Cancelled
		}
		if p.State != want {
			history, _ := s.History(t.Context(), p.Key)
			t.Fatalf("the %s plan of %s is %s (%s), not %s; its history is %+v", p.Mode, p.Nominator, p.State, p.Reason, want, history)
		}
	}
	state, _ := l.chain.State()
	for _, a := range state.Announcements[l.delegate.AccountID()] {
		if a.Real == l.delayed.AccountID() {
			t.Fatalf("the announcement %x is still there", a.Hash)
		}
	}
	if l.kind == "blacklist" && len(state.Announcements[l.delegate.AccountID()]) != 1 {
		t.Fatal("the announcement for somebody else was touched")
	}
}
