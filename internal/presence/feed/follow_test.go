package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/thousand-validators/otv/internal/programme"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const other = "0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe"

// peer is the server's side of one connection.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
	ctx  context.Context
}

func (p *peer) send(frames ...string) {
	for i, f := range frames {
		kind := websocket.MessageBinary
		if i%2 == 1 {
			kind = websocket.MessageText
		}
		if err := p.conn.Write(p.ctx, kind, []byte(f)); err != nil {
			return // the client may have had enough
		}
	}
}

// expect waits for a command of the client; keep-alives are passed over.
func (p *peer) expect(want string) {
	for {
		_, got, err := p.conn.Read(p.ctx)
		if err != nil {
			if p.ctx.Err() == nil {
				p.t.Errorf("the client sends nothing where %q is expected: %v", want, err)
			}
			return
		}
		if string(got) == want {
			return
		}
		if want == "ping:alive" || string(got) != "ping:alive" {
			p.t.Errorf("the client sends %q, want %q", got, want)
			return
		}
	}
}

// subscribe plays the usual beginning of the n-th subscription of a connection.
func (p *peer) subscribe(n int, nodes ...string) {
	p.expect("subscribe:" + hash)
	p.expect(fmt.Sprintf("ping:all-%d", n))
	p.send(append(append([]string{`[13,"` + hash + `",10,1700000000000]`}, nodes...), fmt.Sprintf(`[15,"all-%d"]`, n))...)
}

// hold keeps the connection open until the client or the test ends it.
func (p *peer) hold() {
	for {
		if _, _, err := p.conn.Read(p.ctx); err != nil {
			return
		}
	}
}

const hello = `[0,33,23,{"git_hash":"x"},11,["Kusama","` + other + `",5],11,["Polkadot","` + hash + `",1]]`

func added(id int, name string) string {
	return fmt.Sprintf(`[3,[%d,[%q,"i","v",null,"p"]]]`, id, name)
}

// serve starts a server that plays one script per connection, the last one again and again.
func serve(t *testing.T, scripts ...func(*peer)) string {
	t.Helper()
	var mu sync.Mutex
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // Accept has answered
		}
		running.Add(1)
		defer running.Done()
		conn.SetReadLimit(1 << 16)
		mu.Lock()
		script := scripts[0]
		if len(scripts) > 1 {
			scripts = scripts[1:]
		}
		mu.Unlock()
		script(&peer{t, conn, ctx})
		_ = conn.CloseNow() // the client may have closed it already
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()
	t.Cleanup(func() {
		stop()
		running.Wait()
		server.Close()
	})
	return "ws" + strings.TrimPrefix(server.URL, "http") + "/feed"
}

// quick is a timing for tests: nothing of it is reached unless a test is about it.
func quick() Timing {
	return Timing{Dial: 10 * time.Second, KeepAlive: time.Hour, Silence: time.Hour, Snapshot: time.Hour, First: time.Millisecond, Last: 8 * time.Millisecond, Settled: time.Hour}
}

// notes is an observer that passes on what it is told, in words.
type notes struct{ said chan string }

// unwelcome is the name of a node at which the observer has had enough.
const unwelcome = "unwelcome"

func (n *notes) Opened(programme.Millis) { n.said <- "opened" }
func (n *notes) Message(_ programme.Millis, m *Message) error {
	switch {
	case m.Action == AddedNode:
		n.said <- fmt.Sprintf("node %d %s", m.ID, m.Node.Name)
	case m.Action == RemovedNode:
		n.said <- fmt.Sprintf("left %d", m.ID)
	case m.Malformed != nil:
		n.said <- fmt.Sprintf("malformed %d", m.Action)
	}
	if m.Node != nil && m.Node.Name == unwelcome {
		return errors.New("enough")
	}
	return nil
}
func (n *notes) Emptied(programme.Millis)        { n.said <- "emptied" }
func (n *notes) Complete(programme.Millis) error { n.said <- "complete"; return nil }
func (n *notes) Lost(_ programme.Millis, why error) {
	n.said <- "lost: " + why.Error()
}

type follower struct {
	t     *testing.T
	notes *notes
	log   *bytes.Buffer
	end   func()
}

// follow follows a feed with a client that the test can change, until the test ends.
func follow(t *testing.T, url string, change func(*Client)) *follower {
	t.Helper()
	f := &follower{t: t, notes: &notes{said: make(chan string, 1000)}, log: &bytes.Buffer{}}
	transport := &http.Transport{}
	c := &Client{
		URL: url, Genesis: hash, Timing: quick(), Now: time.Now, Random: func() float64 { return 0.5 }, HTTP: &http.Client{Transport: transport},
		Logger: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(c)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Follow(ctx, f.notes)
	}()
	f.end = sync.OnceFunc(func() {
		stop()
		<-done
		transport.CloseIdleConnections()
	})
	t.Cleanup(f.end)
	return f
}

// expect demands exactly these notes next. One that ends in * may go on in any way.
func (f *follower) expect(want ...string) {
	f.t.Helper()
	for _, w := range want {
		select {
		case got := <-f.notes.said:
			if prefix, open := strings.CutSuffix(w, "*"); got != w && (!open || !strings.HasPrefix(got, prefix)) {
				f.t.Fatalf("observer is told %q, want %q", got, w)
			}
		case <-f.t.Context().Done():
			f.t.Fatalf("observer is not told %q", w)
		}
	}
}

func TestSnapshot(t *testing.T) {
	url := serve(t, func(p *peer) {
		p.send(`[0,33,11,["Kusama","`+other+`",5]]`, `[15,"all-1",15,"all-0"]`, `[11,["Polkadot","`+strings.ToUpper(hash[:4])+hash[4:]+`",2]]`, `[11,["Polkadot","`+hash+`",2]]`)
		p.expect("subscribe:" + hash)
		p.expect("ping:all-1")
		p.send(`[15,"all-0",13,"`+hash+`"]`, added(0, "a"), added(1, "b"), `[15,"alive"]`, `[11,["Polkadot","`+hash+`",3]]`, added(2, "c"), `[15,"all-1"]`, `[4,1]`, `[15,"all-1"]`)
		p.hold()
	})
	f := follow(t, url, nil)
	f.expect("opened", "node 0 a", "node 1 b", "node 2 c", "complete", "left 1")
	f.end()
	f.expect("lost: stopped")
	if len(f.notes.said) > 0 {
		t.Errorf("after the end: %q", <-f.notes.said)
	}
}

// A chain of which only the label changes keeps its nodes; one whose last node leaves is subscribed to anew.
func TestChainIsRelabelledAndRemoved(t *testing.T) {
	url := serve(t, func(p *peer) {
		p.send(hello)
		p.subscribe(1, added(0, "a"))
		p.send(`[12,"`+hash+`",11,["Polkadot 2","`+hash+`",1]]`, `[4,0]`)
		p.send(`[12,"`+other+`"]`, `[12,"`+hash+`"]`, `[10,1]`, hello)
		p.subscribe(2, added(0, "b"))
		p.send(`[12,"` + hash + `",4,9]`)
		p.hold()
	})
	f := follow(t, url, nil)
	f.expect("opened", "node 0 a", "complete", "left 0", "emptied", "opened", "node 0 b", "complete", "emptied", "left 9")
}

// Another subscription of the same connection ends ours, for instance when a server confuses its clients.
func TestUnsubscribed(t *testing.T) {
	url := serve(t, func(p *peer) {
		p.send(hello)
		p.subscribe(1, added(0, "a"))
		p.send(`[14,"` + hash + `"]`)
		p.send(hello)
		p.subscribe(2, added(5, "a"))
		p.hold()
	})
	f := follow(t, url, nil)
	f.expect("opened", "node 0 a", "complete", "opened", "node 5 a", "complete")
}

// What cannot be trusted ends the connection, and a new one begins.
func TestTroubleIsAnsweredWithAnotherConnection(t *testing.T) {
	for _, tt := range []struct {
		name, frame, why string
	}{
		{"half a message", `[3,[1,["n"`, "a frame cannot be used: it is not JSON"},
		{"garbage", "\xff\xfe\x01", "a frame cannot be used: it is not JSON"},
		{"an object", `{"a":1}`, "a frame cannot be used: it is not a list"},
		{"nothing", ``, "a frame cannot be used: it is not JSON"},
		{"an odd number of items", `[4]`, "a frame cannot be used: it has 1 items"},
		{"the binary form", "\x00\x01", "a frame cannot be used: it has a binary form"},
		{"a departure that cannot be read", `[4,"one"]`, "a message of action 4 cannot be read"},
		{"a node that cannot be read", `[3,[1,[5]]]`, "a message of action 3 cannot be read"},
		{"a frame without end", "[4," + strings.Repeat(" ", MaxFrame) + "1]", "a frame is larger than 8 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, func(p *peer) {
				p.send(hello)
				p.subscribe(1, added(0, "a"))
				p.send(tt.frame)
				p.hold()
			}, func(p *peer) {
				p.send(hello)
				p.subscribe(1, added(3, "a"))
				p.hold()
			})
			f := follow(t, url, nil)
			f.expect("opened", "node 0 a", "complete", "lost: "+tt.why+"*", "opened", "node 3 a", "complete")
		})
	}
}

// What is for display only may be in any form.
func TestTroubleThatDoesNotMatter(t *testing.T) {
	url := serve(t, func(p *peer) {
		p.send(hello)
		p.subscribe(1)
		p.send(`[5,[1,null,null,"x"],99,{},6,"?",16,null,4,1]`)
		p.hold()
	})
	f := follow(t, url, nil)
	f.expect("opened", "complete", "malformed 5", "malformed 6", "left 1")
}

func TestConnectionsEnd(t *testing.T) {
	url := serve(t, func(p *peer) {
		p.send(hello)
		p.subscribe(1)
		_ = p.conn.Close(websocket.StatusGoingAway, "restart") // the client hangs up first
	}, func(p *peer) {
		p.send(hello)
		p.subscribe(1)
		_ = p.conn.CloseNow()
	}, func(p *peer) {
		p.hold()
	})
	f := follow(t, url, nil)
	f.expect("opened", "complete", "lost: the server closed the connection with status 1001", "opened", "complete", "lost: the connection was cut")
}

func TestObserverEndsAConnection(t *testing.T) {
	script := func(node string) func(*peer) {
		return func(p *peer) {
			p.send(hello)
			p.subscribe(1, added(0, node))
			p.hold()
		}
	}
	url := serve(t, script(unwelcome), script("a"))
	f := follow(t, url, nil)
	f.expect("opened", "node 0 unwelcome", "lost: enough", "opened", "node 0 a", "complete")
}

// A server that says nothing any more is left, however open its connection is.
func TestSilence(t *testing.T) {
	url := serve(t, func(p *peer) {
		p.send(hello)
		p.subscribe(1)
		p.hold()
	}, (*peer).hold)
	f := follow(t, url, func(c *Client) { c.Timing.Silence = 60 * time.Millisecond })
	f.expect("opened", "complete", "lost: no message for more than 60ms")
}

func TestSnapshotWithoutEnd(t *testing.T) {
	url := serve(t, func(p *peer) {
		p.send(hello)
		p.expect("subscribe:" + hash)
		p.expect("ping:all-1")
		p.send(`[13,"`+hash+`"]`, added(0, "a"))
		p.hold()
	}, (*peer).hold)
	f := follow(t, url, func(c *Client) { c.Timing.Snapshot = 60 * time.Millisecond })
	f.expect("opened", "node 0 a", "lost: the list of nodes did not end within 60ms")
}

func TestKeepAlive(t *testing.T) {
	url := serve(t, func(p *peer) {
		for range 3 {
			p.expect("ping:alive")
			p.send(`[15,"alive"]`)
		}
		p.send(hello)
		p.subscribe(1)
		p.hold()
	})
	f := follow(t, url, func(c *Client) { c.Timing.KeepAlive = 10 * time.Millisecond })
	f.expect("opened", "complete")
}

// retries reads the pauses between attempts from the log, with the level of each.
func (f *follower) retries() (out []string) {
	for line := range strings.Lines(f.log.String()) {
		if _, rest, ok := strings.Cut(line, "retry="); ok {
			level := "warn"
			if strings.Contains(line, "level=DEBUG") {
				level = "debug"
			}
			out = append(out, level+" "+strings.TrimSpace(rest))
		}
	}
	return out
}

// Pauses double up to the longest one, and begin anew after a connection that was good for long enough. The same
// trouble is told once.
func TestBackOff(t *testing.T) {
	refuse := func(p *peer) { _ = p.conn.CloseNow() }
	good := func(p *peer) {
		p.send(hello)
		p.subscribe(1)
		_ = p.conn.CloseNow()
	}
	url := serve(t, refuse, refuse, refuse, refuse, refuse, good, refuse, (*peer).hold)
	var mu sync.Mutex
	now := time.Unix(1_700_000_000, 0)
	f := follow(t, url, func(c *Client) {
		c.Timing.Settled = time.Minute
		c.Now = func() time.Time { // a minute passes with every look at the clock
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(time.Minute)
			return now
		}
	})
	for range 5 {
		f.expect("lost: the connection was cut")
	}
	f.expect("opened", "complete", "lost: the connection was cut", "lost: the connection was cut")
	f.end()
	want := []string{"warn 1ms", "debug 2ms", "debug 4ms", "debug 8ms", "debug 8ms", "warn 1ms", "debug 2ms"}
	if d := cmp.Diff(want, f.retries()); d != "" {
		t.Error(d)
	}
}

// Pauses are spread by a fifth in both directions.
func TestBackOffIsSpread(t *testing.T) {
	for random, want := range map[float64]string{0: "warn 8s", 0.5: "warn 10s", 0.999999: "warn 12s"} {
		url := serve(t, func(p *peer) { _ = p.conn.CloseNow() })
		f := follow(t, url, func(c *Client) {
			c.Random = func() float64 { return random }
			c.Timing.First = 10 * time.Second
		})
		f.expect("lost: the connection was cut")
		f.end()
		if got := f.retries(); !slices.Equal(got, []string{want}) {
			t.Errorf("random %v: %v, want %v", random, got, want)
		}
	}
}

// Servers that are not there, or are something else, are told apart; nothing that may be secret is told.
func TestDialFailures(t *testing.T) {
	status := func(code int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(s.Close)
		return "ws" + strings.TrimPrefix(s.URL, "http")
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for url, want := range map[string]string{
		status(503) + "/feed?token=s3cret":                                 "503",
		status(404) + "/feed?token=s3cret":                                 "404",
		status(200) + "/feed?token=s3cret":                                 "200",
		"ws" + strings.TrimPrefix(gone.URL, "http") + "/feed?token=s3cret": "connection refused",
		"ws://user:s3cret@127.0.0.1:1/feed?token=s3cret":                   "connect",
	} {
		f := follow(t, url, nil)
		var said string
		select {
		case said = <-f.notes.said:
		case <-t.Context().Done():
			t.Fatal("nothing is said of the failure")
		}
		f.end()
		if !strings.HasPrefix(said, "lost: connect: ") || !strings.Contains(said, want) {
			t.Errorf("%s: %s, want %s", url, said, want)
		}
		if text := said + f.log.String(); strings.Contains(text, "s3cret") || strings.Contains(text, "\n\n") {
			t.Errorf("a secret is told: %s", text)
		}
	}
}

func TestDialTakesTooLong(t *testing.T) {
	stop := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(stop) })
	f := follow(t, "ws"+strings.TrimPrefix(s.URL, "http"), func(c *Client) { c.Timing.Dial = 30 * time.Millisecond })
	f.expect("lost: connect: no answer in time*")
	f.end()
}

func TestRedacted(t *testing.T) {
	for in, want := range map[string]string{
		"wss://feed.example/feed":                "wss://feed.example/feed",
		"wss://me:pass@feed.example/feed?t=1#x":  "wss://feed.example/feed",
		"wss://feed.example:8000/feed/":          "wss://feed.example:8000/feed/",
		"://":                                    "(unreadable address)",
		"wss://feed.example/feed?token=\x7f\x00": "(unreadable address)",
	} {
		if got := Redacted(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
