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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
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
