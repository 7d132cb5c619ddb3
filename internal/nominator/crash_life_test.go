package nominator_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/substratetest"
)

// life is a round that is begun, killed again and again, and brought to its end. What the chain does in it follows from
// its seed; the chain makes a block whenever it is asked for the newest one, so that the machine's speed has no part in it.
type life struct {
	*rig
	number int
	kind   string
	points []nominator.Point // to be killed at, in this order
	random int               // kills at random moments
	record string
	black  [32]byte // call hash of an announcement that is blacklisted
	start  uint32   // its first block

	fate *rand.Rand // decides when it is killed

	mu       sync.Mutex // the node's side of the test holds it, too
	weather  *rand.Rand // decides what the chain does
	stuck    map[fakechain.ID][32]byte
	withheld int
	breached bool

	hit                      map[nominator.Point]int
	killed, plans, succeeded int
}

// crashDelay is the delay of the delayed proxy, in blocks: short, so that a life is.
const crashDelay = 6

func (l *life) play(t *testing.T) {
	l.rig = newRig(t, fakechain.Config{Lag: 1, OnPoll: l.live})
	l.edit(func(s *fakechain.State) { s.Proxies[l.delayed.AccountID()][0].Delay = crashDelay })
	if l.kind == "withheld" {
		l.chain.Node().Handle("system_dryRun", l.object)
	}
	_, l.start = l.chain.State()
	l.start++
	l.record, l.black = filepath.Join(t.TempDir(), "record.json"), [32]byte{0xb1, 0xac}
	l.begin(t)
	for _, p := range l.points {
		l.killAt(t, p, 1+l.fate.IntN(2))
		if p == nominator.AfterIntent || p == nominator.BeforeSign {
			// The next process finds an intent that nobody signs any more.
			l.killAt(t, nominator.BeforeAbandoned, 1)
			l.killAt(t, nominator.AfterAbandoned, 1)
		}
	}
	for range l.random {
		l.killSomewhere(t)
	}
	for _, disturbed := range []bool{true, false} {
		if out, ended := l.run(t, errand{}, nil); !ended {
			t.Fatalf("the last process did not come to rest:\n%s", out)
		}
		l.judge(t, disturbed)
		l.renew(t)
	}
}

// begin decides the round of an era.
func (l *life) begin(t *testing.T) {
	t.Helper()
	if l.kind == "blacklist" {
		l.announce()
	}
	if err := os.WriteFile(l.record, l.rig.record(l.validators, nil, l.direct, l.proxied, l.delayed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// renew begins the next era with another round.
func (l *life) renew(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	l.breached, l.withheld = false, 0
	clear(l.stuck)
	l.mu.Unlock()
	l.edit(func(s *fakechain.State) {
		s.Era, s.Planned = s.Era+1, s.Planned+1
		for id := range s.Validators {
			s.Validators[id] = fakechain.Validator{Commission: 50_000_000}
		}
	})
	l.begin(t)
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
	l.mu.Lock()
	defer l.mu.Unlock()
	full := l.weather.IntN(4) > 0
	err := c.Block(func(s fakechain.Submission) bool {
		if l.kind != "stuck" {
			return full
		}
		if _, ok := l.stuck[s.Sender]; !ok {
			l.stuck[s.Sender] = s.Hash
		}
		return full && l.stuck[s.Sender] != s.Hash
	})
	if err == nil && l.weather.IntN(10) == 0 {
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

// object is the dry run of a node that takes against the first transactions of an era. It lets executions pass: one that
// is held back to the end of its life comes too late by right.
func (l *life) object(r substratetest.Request) (any, error) {
	const passed, cannotLookup = "0x0000", "0x000101"
	var text string
	if len(r.Params) == 0 || json.Unmarshal(r.Params[0], &text) != nil {
		return nil, errors.New("no extrinsic")
	}
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		return nil, err
	}
	x, err := extrinsic.Decode(l.chain.Runtime().Metadata, b)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if x.Call.Name == "proxy_announced" || l.withheld == 2 {
		return passed, nil
	}
	l.withheld++
	return cannotLookup, nil
}

// killAt runs a process up to a point and kills it there. When it does not pass the point so often any more, another
// round is begun.
func (l *life) killAt(t *testing.T, p nominator.Point, hit int) {
	t.Helper()
	for range 3 {
		if _, ended := l.run(t, errand{Point: p, Hit: hit}, nil); !ended {
			l.hit[p]++
			l.killed++
			return
		}
		l.judge(t, true)
		l.renew(t)
		hit = 1
	}
}

// killSomewhere kills a process when it has made so many requests.
func (l *life) killSomewhere(t *testing.T) {
	t.Helper()
	for {
		moment := make(chan struct{})
		left := 1 + l.fate.IntN(200)
		rule := l.chain.Node().Inject(substratetest.Rule{Match: func(substratetest.Request) bool {
			if left--; left == 0 {
				close(moment)
			}
			return false
		}})
		_, ended := l.run(t, errand{}, moment)
		rule.Stop()
		if !ended {
			l.killed++
			return
		}
		// It came to rest before: begin another round with what is there.
		l.judge(t, true)
		l.renew(t)
	}
}

// run starts a process. It is killed when it says that it is at its point, or at the moment; ended is false then.
func (l *life) run(t *testing.T, e errand, moment <-chan struct{}) (output string, ended bool) {
	t.Helper()
	l.rounds++ // every process has another clock
	e.URL, e.DB, e.Record, e.Validators, e.Looks = l.chain.URL(), l.db, l.record, l.validators, 600
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
	cmd.Env = append(os.Environ(), crashVariable+"="+string(text), "GOMAXPROCS=1", "GOGC=off")
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
