package feed

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"
)

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
	for url, want := range map[string]string{
		status(503) + "/feed?token=s3cret":               "503",
		status(404) + "/feed?token=s3cret":               "404",
		status(200) + "/feed?token=s3cret":               "200",
		"ws://127.0.0.1:1/feed?token=s3cret":             "connection refused",
		"ws://user:s3cret@127.0.0.1:1/feed?token=s3cret": "connect",
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
