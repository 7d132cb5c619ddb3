package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/ops"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// flood is a database that makes up rewards, as many as it is told to, and says how it ended.
type flood struct {
	gateway.Data
	rewards int
	broken  int         // fails after so many, 0 = never
	sent    func(i int) // is called before each that is sent, not only looked at to find out that the list is long
	ended   chan error

	mu    sync.Mutex
	asked map[programme.Address]bool // accounts whose list is known to be long
}

// Rewards implements gateway.Data.
func (f *flood) Rewards(_ context.Context, by memory.RewardFilter, fn func(memory.Reward) error) (err error) {
	f.mu.Lock()
	again := f.asked[by.Account]
	if f.asked == nil {
		f.asked = map[programme.Address]bool{}
	}
	f.asked[by.Account] = !again
	f.mu.Unlock()
	defer func() {
		select {
		case f.ended <- err:
		default:
		}
	}()
	for i := range f.rewards {
		if made(i).Era < by.From {
			continue
		}
		if again && f.sent != nil {
			f.sent(i)
		}
		if f.broken > 0 && i == f.broken {
			return errors.New("the disk is gone")
		}
		if err := fn(made(i)); err != nil {
			return err
		}
	}
	return nil
}

// made is the reward of a number.
func made(i int) memory.Reward {
	return memory.Reward{
		Payout: memory.Payout{
			Validator: programme.Address(stash(0)), Era: programme.Era(900 + i/1000), Block: uint32(i), BlockHash: fmt.Sprintf("0x%064x", i),
			At: programme.Millis(1_780_000_000_000 + i), Commission: 50_000_000, Stake: programme.NewPlanck(6e15), LeastStake: programme.NewPlanck(1e15),
		},
		Account: programme.Address(fmt.Sprintf("nominator-%07d", i)), Role: memory.RoleNominator, Amount: programme.NewPlanck(uint64(i) * 1e12), Destination: "Staked",
	}
}

// longest is a gateway over a flood on a real listener.
type longest struct {
	url    string
	logged *lockedText
	end    func()
}

// lockedText is a log that a test reads while it is written.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func flooded(t *testing.T, f *flood) (*gateway.Gateway, *lockedText) {
	t.Helper()
	r := reader(t)
	f.Data = r.Store
	logged := &lockedText{}
	g, err := gateway.New(gateway.Options{Data: f, Logger: slog.New(slog.NewTextHandler(logged, nil)), Now: r.World.Now, Rules: r.World.Rules(), Network: "Kusama"})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g, logged
}

func streaming(t *testing.T, f *flood) *longest {
	t.Helper()
	g, logged := flooded(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	bound := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	l := ops.Listener{Name: "api", Key: "server.port", Address: "127.0.0.1:0", Handler: g, Logger: slog.New(slog.DiscardHandler), Bound: func(a net.Addr) { bound <- a }}
	go func() { ended <- l.Run(ctx, func() {}) }()
	return &longest{"http://" + (<-bound).String(), logged, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}}
}

// ask opens an answer. It is not read yet.
func (l *longest) ask(t *testing.T, client *http.Client, path string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// plainClient neither keeps connections nor asks for compression by itself.
func plainClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
}

const longList = "/rewards/nominator/anybody"

// A list of any length is whole and right, and needs no more memory than a short one, packed or not.
func TestLongListsAreStreamed(t *testing.T) {
	if testing.Short() {
		t.Skip("long lists take long; the full run has them")
	}
	const rewards, bound = 40_000, 10 << 20 // 20 MB of JSON
	var most uint64
	f := &flood{rewards: rewards, sent: func(i int) {
		if i%10_000 == 9_999 {
			most = max(most, heap())
		}
	}}
	l := streaming(t, f)
	defer l.end()
	before := heap()
	for _, encoding := range []string{"", "gzip"} {
		resp := l.ask(t, plainClient(), longList, "Accept-Encoding", encoding)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Encoding") != encoding || resp.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", resp.StatusCode, resp.Header)
		}
		size := &counting{r: resp.Body}
		var body io.Reader = size
		if encoding == "gzip" {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		whole := &counting{r: body}
		dec := json.NewDecoder(whole)
		if start, err := dec.Token(); err != nil || start != json.Delim('[') {
			t.Fatal(start, err)
		}
		n := 0
		for ; dec.More(); n++ {
			var got gateway.LegacyReward
			if err := dec.Decode(&got); err != nil {
				t.Fatalf("line %d: %v", n, err)
			}
			if want := made(n); got.Nominator != string(want.Account) || got.BlockNumber != want.Block || got.RewardAmount != float64(n) {
				t.Fatalf("line %d is %+v", n, got)
			}
		}
		if end, err := dec.Token(); err != nil || end != json.Delim(']') {
			t.Fatal(end, err)
		}
		_, err := io.Copy(io.Discard, body)
		_ = resp.Body.Close()
		if err != nil || n != rewards || whole.n < 16<<20 || encoding == "gzip" && size.n > whole.n/4 {
			t.Errorf("%d lines, %d bytes in %d, %v", n, whole.n, size.n, err)
		}
	}
	if most > before+bound {
		t.Errorf("while it is sent, %d MiB are in use, %d before", most>>20, before>>20)
	}
	if text := l.logged.String(); text != "" {
		t.Error(text)
	}
}

type counting struct {
	r io.Reader
	n int
}

// Read implements io.Reader.
func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}

// Who goes away in the middle ends the reading of the database, leaves nothing behind, and takes no place from others.
func TestClientsOfLongListsMayGoAway(t *testing.T) {
	reader(t)
	leaks := goleak.IgnoreCurrent()
	f := &flood{rewards: 1 << 30, ended: make(chan error, 1)}
	l := streaming(t, f)
	for range 2 * gateway.LongAtOnce {
		resp := l.ask(t, plainClient(), longList)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: places are not given back", resp.Status)
		}
		if got := <-f.ended; !errors.Is(got, gateway.ErrLong) { // the first reading, which finds out that it is long
			t.Fatal(got)
		}
		if _, err := io.CopyN(io.Discard, resp.Body, 1<<20); err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := <-f.ended; got == nil {
			t.Fatal("it was read to its end")
		}
	}
	l.end()
	if text := l.logged.String(); text != "" {
		t.Error(text)
	}
	goleak.VerifyNone(t, leaks)
}

// shut is a connection that is gone before anything else has noticed.
type shut struct{ *httptest.ResponseRecorder }

// Write implements io.Writer.
func (shut) Write([]byte) (int, error) { return 0, net.ErrClosed }

func TestAClientThatHasGoneIsNoFailure(t *testing.T) {
	g, logged := flooded(t, &flood{rewards: 20_000})
	defer func() {
		if reason, _ := recover().(error); !errors.Is(reason, http.ErrAbortHandler) {
			t.Errorf("it ended with %v", reason)
		}
		if text := logged.String(); text != "" {
			t.Error(text)
		}
	}()
	g.ServeHTTP(shut{httptest.NewRecorder()}, httptest.NewRequest(http.MethodGet, longList, nil))
}

// Only so many are read from the database at once; whoever comes after them is told when to come again.
func TestLongListsHaveABound(t *testing.T) {
	if testing.Short() {
		t.Skip("long lists take long; the full run has them")
	}
	hold := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Add(gateway.LongAtOnce)
	f := &flood{rewards: 20_000}
	f.sent = func(i int) {
		if i == 100 {
			waiting.Done()
			<-hold
		}
	}
	l := streaming(t, f)
	defer l.end()
	var all []*http.Response
	for i := range gateway.LongAtOnce { // the first lines fill what is sent at once, so that the headers come
		all = append(all, l.ask(t, plainClient(), fmt.Sprintf("%s-%d", longList, i)))
	}
	waiting.Wait()
	late := l.ask(t, plainClient(), longList)
	if late.StatusCode != http.StatusServiceUnavailable || late.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d %v", late.StatusCode, late.Header)
	}
	_ = late.Body.Close()
	close(hold)
	for _, resp := range all {
		b, err := io.ReadAll(resp.Body)
		if err != nil || !json.Valid(b) {
			t.Errorf("%d bytes, %v", len(b), err)
		}
		_ = resp.Body.Close()
	}
}

// A list that cannot be read to its end must not look whole.
func TestLongListsThatBreakOff(t *testing.T) {
	if testing.Short() {
		t.Skip("long lists take long; the full run has them")
	}
	l := streaming(t, &flood{rewards: 20_000, broken: 18_000})
	defer l.end()
	for _, encoding := range []string{"", "gzip"} {
		resp := l.ask(t, plainClient(), longList, "Accept-Encoding", encoding)
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !errors.Is(err, io.ErrUnexpectedEOF) || json.Valid(b) {
			t.Errorf("%q: %d bytes, error %v", encoding, len(b), err)
		}
	}
	if text := l.logged.String(); !strings.Contains(text, "the disk is gone") {
		t.Errorf("logged %q", text)
	}
}

// The same rewards as tables, page by page: nothing is missing and nothing comes twice.
func TestManyRewardsAsTables(t *testing.T) {
	const rewards = 12_345
	l := streaming(t, &flood{rewards: rewards})
	defer l.end()
	n, cursor := 0, ""
	for pages := 0; pages == 0 || cursor != ""; pages++ {
		resp := l.ask(t, plainClient(), gateway.V1+"/rewards?account=anybody&format=csv&limit=1000&fields=account,block,amount&cursor="+cursor)
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || pages > rewards/1000 {
			t.Fatalf("page %d: %d %v", pages, resp.StatusCode, err)
		}
		lines, err := csv.NewReader(bytes.NewReader(body)).ReadAll()
		if err != nil || strings.Join(lines[0], " ") != "account block amount" {
			t.Fatal(err, lines[0])
		}
		for _, line := range lines[1:] {
			want := made(n)
			if line[0] != string(want.Account) || line[1] != fmt.Sprint(want.Block) || line[2] != want.Amount.String() {
				t.Fatalf("line %d is %v", n, line)
			}
			n++
		}
		cursor = resp.Header.Get("X-Next-Cursor")
	}
	if n != rewards {
		t.Errorf("%d lines", n)
	}
}
