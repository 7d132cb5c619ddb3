package cli

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/presence/feed"
	"github.com/thousand-validators/otv/internal/simnet/simfeed"
)

// polkadotFeed is a simulated feed of Polkadot with three nodes.
func polkadotFeed(t *testing.T) *simfeed.Server {
	t.Helper()
	n, _ := config.NetworkByName("polkadot")
	b, err := hex.DecodeString(n.Genesis[2:])
	if err != nil {
		t.Fatal(err)
	}
	s, err := simfeed.Start(simfeed.Config{Label: "Polkadot", Genesis: [32]byte(b), Now: func() int64 { return 1_763_800_000_000 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Best(100, [32]byte{1})
	for i, name := range []string{"blue\x1b[2J", "Green", "red 🚀"} {
		s.Join(simfeed.Node{Name: name, Implementation: "Parity Polkadot", Version: "1.15.2", NetworkID: fmt.Sprint(i), IP: fmt.Sprintf("45.10.77.%d", i), City: "Oslo"})
	}
	return s
}

// screen is an output that can be waited for.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // of capacity 1
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		select {
		case s.written <- struct{}{}:
		default:
		}
	}()
	return s.text.Write(p)
}

func (s *screen) await(t *testing.T, text string) string {
	t.Helper()
	for {
		s.mu.Lock()
		all := s.text.String()
		s.mu.Unlock()
		if strings.Contains(all, text) {
			return all
		}
		select {
		case <-s.written:
		case <-t.Context().Done():
			t.Fatalf("nothing of %q in:\n%s", text, all)
		}
	}
}

// watchTelemetry runs the command until end is called, which returns its exit code.
func watchTelemetry(t *testing.T, terminal bool, args ...string) (out *screen, end func() int) {
	t.Helper()
	out = &screen{written: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	env := &Env{
		Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Context: ctx, Terminal: terminal, Height: func() int { return 7 },
		Getenv: func(string) string { return "" }, Environ: func() []string { return nil }, Now: time.Now,
	}
	code := make(chan int, 1)
	go func() { code <- Main(append([]string{"telemetry", "watch"}, args...), env) }()
	end = sync.OnceValue(func() int {
		stop()
		return <-code
	})
	t.Cleanup(func() { end() })
	return out, end
}

func TestTelemetryOnce(t *testing.T) {
	s := polkadotFeed(t)
	code, out, errs := run(t, "telemetry", "watch", s.URL()+"?token=s3cret", "--once")
	if code != ExitOK || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{s.URL() + "  Polkadot 0x91b171bb...  in sight", "3 nodes, best 100", "blue\uFFFD[2J", "red 🚀", "Parity Polkadot 1.15.2", "Oslo"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing of %q in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "s3cret") || strings.Contains(out, "45.10.77") || strings.Contains(out, "\x1b") {
		t.Errorf("something is shown that must not be:\n%q", out)
	}
	code, out, _ = run(t, "telemetry", "watch", s.URL(), "--once", "--find", "RE", "--rows", "1", "--chain", "Polkadot")
	if code != ExitOK || !strings.Contains(out, "Green") || strings.Contains(out, "blue") || !strings.Contains(out, "and 1 node more") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// The address and the chain of a configuration.
func TestTelemetryOfAConfiguration(t *testing.T) {
	s := polkadotFeed(t)
	dir := t.TempDir()
	write := func(host string) {
		if err := os.WriteFile(filepath.Join(dir, config.MainFile), []byte(`{"global": {"network": "polkadot", "candidatesUrl": "x"}, "telemetry": {`+host+`}}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(fmt.Sprintf(`"enable": true, "host": %q`, s.URL()))
	if code, out, errs := run(t, "telemetry", "watch", "--config", dir, "--once"); code != ExitOK || !strings.Contains(out, "3 nodes") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	write("")
	if code, _, errs := run(t, "telemetry", "watch", "--config", dir); code != ExitInput || !strings.Contains(errs, "telemetry.host") {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := run(t, "telemetry", "watch", "--config", filepath.Join(dir, "nowhere")); code != ExitInput || errs == "" {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestTelemetryLines(t *testing.T) {
	s := polkadotFeed(t)
	out, end := watchTelemetry(t, false, s.URL(), "--find", "new")
	out.await(t, "CONNECTED SINCE")
	s.Join(simfeed.Node{Name: "other", NetworkID: "x"})
	id := s.Join(simfeed.Node{Name: "new node", Implementation: "Parity Polkadot", Version: "1.2.3", NetworkID: "n"})
	s.Flush()
	out.await(t, "joined new node: Parity Polkadot 1.2.3\n")
	s.Leave(id)
	s.Flush()
	out.await(t, "left new node")
	s.CutAll()
	all := out.await(t, " lost the connection was cut\n")
	if strings.Contains(all, "other") {
		t.Errorf("not asked for:\n%s", all)
	}
	if code := end(); code != ExitOK {
		t.Errorf("exit %d", code)
	}
}

func TestTelemetryJSON(t *testing.T) {
	s := polkadotFeed(t)
	out, end := watchTelemetry(t, false, s.URL(), "--json")
	out.await(t, `"event":"complete"`)
	id := s.Join(simfeed.Node{Name: "new node", NetworkID: "n", IP: "45.10.77.9"})
	s.Best(101, [32]byte{2})
	s.Flush()
	out.await(t, `"height":101`)
	s.Leave(id)
	s.Flush()
	all := out.await(t, `"event":"left"`)
	if code := end(); code != ExitOK {
		t.Errorf("exit %d", code)
	}
	kinds := map[feed.EventKind]int{}
	for line := range strings.Lines(all) {
		var e feed.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		kinds[e.Kind]++
	}
	if kinds[feed.NodeJoined] != 4 || kinds[feed.ListComplete] != 1 || kinds[feed.ListBegins] != 1 || kinds[feed.ChainShown] != 1 || kinds[feed.NodeLeft] != 1 {
		t.Errorf("%v", kinds)
	}
	if strings.Contains(all, "45.10.77") {
		t.Errorf("an address is shown:\n%s", all)
	}
}

// On a terminal the table is painted again and again, as long as it is.
func TestTelemetryLive(t *testing.T) {
	s := polkadotFeed(t)
	out, end := watchTelemetry(t, true, s.URL())
	out.await(t, "\x1b[H\x1b[2J")
	all := out.await(t, "and 1 node more") // two rows fit
	if !strings.Contains(all, "Green") || strings.Contains(all, "red") {
		t.Errorf("%q", all)
	}
	for range 3 {
		s.Leave(0)
		s.Leave(1)
		s.Leave(2)
	}
	s.Join(simfeed.Node{Name: "last", NetworkID: "x"})
	s.Flush()
	out.await(t, "last")
	s.Trouble().Begin(simfeed.RefuseFeed)
	s.CutAll()
	out.await(t, "lost: ")
	if code := end(); code != ExitOK {
		t.Errorf("exit %d", code)
	}
}

// What cannot be shown is said in one sentence.
func TestTelemetryRefusals(t *testing.T) {
	s := polkadotFeed(t)
	served := func(fn func(ctx context.Context, c *websocket.Conn)) string {
		h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, nil)
			if err != nil {
				return // Accept has answered
			}
			ctx := c.CloseRead(t.Context())
			fn(ctx, c)
			<-ctx.Done()
			_ = c.CloseNow()
		}))
		t.Cleanup(h.Close)
		return "ws" + strings.TrimPrefix(h.URL, "http")
	}
	silent := served(func(context.Context, *websocket.Conn) {})
	chatty := served(func(ctx context.Context, c *websocket.Conn) {
		_ = c.Write(ctx, websocket.MessageText, []byte(`{"jsonrpc":"2.0"}`))
	})
	page := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(page.Close)
	ws := func(h *httptest.Server) string { return "ws" + strings.TrimPrefix(h.URL, "http") + "/feed" }
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no address":         {nil, ExitUsage, "give the address of a feed"},
		"a web address":      {[]string{"https://telemetry.example/"}, ExitUsage, `"https://telemetry.example/" cannot be the address of a feed`},
		"nonsense":           {[]string{"\x00"}, ExitUsage, "cannot be the address of a feed"},
		"where nodes report": {[]string{"wss://telemetry.example/submit/"}, ExitUsage, "wss://telemetry.example/submit/ is where nodes report to"},
		"no such network":    {[]string{s.URL(), "--chain", "moonbase"}, ExitUsage, `--chain "moonbase" is neither`},
		"half a hash":        {[]string{s.URL(), "--chain", "0x12"}, ExitUsage, `--chain "0x12" is neither`},
		"dead":               {[]string{"ws://" + nobody + "/feed"}, ExitNetwork, "connection refused"},
		"a web server":       {[]string{ws(page)}, ExitNetwork, "404"},
		"another chain":      {[]string{s.URL(), "--chain", "kusama"}, ExitNetwork, "it does not show the chain 0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe; it shows Polkadot (0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3); choose with --chain"},
		"silent":             {[]string{silent, "--timeout", "50ms"}, ExitNetwork, "it names no chain within 50ms"},
		"something else":     {[]string{chatty}, ExitNetwork, "a frame cannot be used: it is not a list"},
	} {
		code, out, errs := run(t, append([]string{"telemetry", "watch"}, tt.args...)...)
		if code != tt.code || !strings.Contains(errs, tt.want) || strings.Count(errs, "\n") != 1 || out != "" {
			t.Errorf("%s: exit %d, want %d with %q: %s%s", name, code, tt.code, tt.want, errs, out)
		}
	}
}
