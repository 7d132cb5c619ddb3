package simnet_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/simnet/simfeed"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
)

// patience bounds waiting for what comes at once.
const patience = 20 * time.Second

// knock sends requests of all kinds to a node and does not care for the answers.
func knock(ctx context.Context, url string, signed []byte) {
	ws, _, err := websocket.Dial(ctx, url, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		return // the fault may be just that
	}
	defer func() { _ = ws.CloseNow() }() // it may be closed already
	for i, call := range []string{
		`"chain_getFinalizedHead","params":[]`, `"chain_getHeader","params":[]`, `"chain_getBlockHash","params":[0]`,
		`"system_accountNextIndex","params":["5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"]`, `"state_getStorage","params":["0x00"]`,
		`"state_getKeysPaged","params":["0x00",10,null]`, `"state_getRuntimeVersion","params":[]`,
		fmt.Sprintf(`"author_submitExtrinsic","params":["0x%x"]`, signed),
	} {
		if ws.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":%s}`, i, call)) != nil {
			return
		}
	}
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			return
		}
	}
}

// listen connects to the feed, subscribes and pings; frames are read until the pong, or until the feed breaks off.
func listen(ctx context.Context, n *simnet.Network) (frames []string) {
	ws, _, err := websocket.Dial(ctx, n.Endpoints().Telemetry, nil) //nolint:bodyclose // the library closes it
	if err != nil {
		return nil
	}
	defer func() { _ = ws.CloseNow() }() // it may be closed already
	ws.SetReadLimit(1 << 24)
	for _, command := range []string{"subscribe:" + n.Endpoints().TelemetryChain, "ping:x"} {
		if err := ws.Write(ctx, websocket.MessageText, []byte(command)); err != nil {
			return nil
		}
	}
	for {
		_, data, err := ws.Read(ctx)
		if err != nil {
			return frames
		}
		frames = append(frames, string(data))
		if strings.Contains(string(data), `15,"x"`) {
			return frames
		}
	}
}

// TestEveryFault: each fault happens, and when all are over, the programme reads the network as if nothing had been.
func TestEveryFault(t *testing.T) {
	for _, topology := range topologies {
		t.Run(string(topology), func(t *testing.T) {
			n := start(t, simnet.Options{Seed: 9, Topology: topology, Candidates: 12})
			kinds := map[string]bool{}
			for _, f := range n.Faults() {
				part, kind, _ := strings.Cut(f.Name, "/")
				if kinds[kind] = true; f.What == "" {
					t.Errorf("%s: nobody says what it is", f.Name)
				}
				steps(t, n, lagging)
				exercise(t, n, f, part)
			}
			if len(kinds) < 30 {
				t.Errorf("there are %d kinds of faults", len(kinds))
			}
			for name, hits := range n.Hits() {
				if hits == 0 {
					t.Errorf("%s has not acted", name)
				}
			}
			steps(t, n, 10)
			s, err := open(t, n).Snapshot(t.Context(), request(n))
			if err != nil || len(s.Warnings) > 0 || len(s.Gaps) > 0 {
				t.Errorf("after all faults: %v, %+v", err, s)
			}
			if _, err := n.Break("relay/no-such-fault"); err == nil {
				t.Error("a fault that does not exist was begun")
			}
		})
	}
}

// lagging is enough for blocks that are not final to be there.
const lagging = 2

// exercise begins a fault, lets it act, and ends it.
func exercise(t *testing.T, n *simnet.Network, f simnet.Fault, part string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	e := n.Endpoints()
	var signed []byte
	url := map[string]string{
		"relay": e.Relay, "hub": e.AssetHub, "people": e.People,
		"github": e.GitHub + "/repos/a/b/releases", "location": e.Location + "/1.2.3.4/json", "prices": e.Prices + "/simple/price?ids=simnet",
		"remote": e.OtherNetwork + "/candidates", "list": e.Candidates,
	}[part]
	if strings.HasPrefix(url, "ws:") {
		signed = remark(t, n, url)
	}
	end, err := n.Break(f.Name)
	if err != nil {
		t.Errorf("%s: %v", f.Name, err)
		return
	}
	defer end()
	short, stop := context.WithCancel(ctx) // for those who would wait for ever
	done := make(chan struct{})
	go func() {
		defer close(done)
		switch {
		case signed != nil:
			knock(short, url, signed)
		case part == "feed":
			listen(short, n)
		default:
			get(short, t, url)
		}
	}()
	if err := n.Await(ctx, f.Name); err != nil {
		t.Errorf("%s: %v", f.Name, err)
	}
	steps(t, n, 1)
	stop()
	<-done
}

// get asks an outside service; the answer is of no interest.
func get(ctx context.Context, t *testing.T, url string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Error(err)
		return
	}
	if a, err := http.DefaultClient.Do(r); err == nil {
		_ = a.Body.Close()
	}
}

// remark is a signed transaction that does nothing.
func remark(t *testing.T, n *simnet.Network, url string) []byte {
	t.Helper()
	client, err := substrate.Dial(t.Context(), substrate.Config{Endpoints: []string{url}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	key, err := keys.FromURI(n.Nominators()[0].Seed, keys.Sr25519)
	if err != nil {
		t.Fatal(err)
	}
	head, err := client.Finalised(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ex := extrinsic.NewClient(client)
	on, err := ex.Chain(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	call, err := extrinsic.Call(on.Metadata, "System", "remark", []byte("fault"))
	if err != nil {
		t.Fatal(err)
	}
	nonce, err := ex.NextNonce(t.Context(), key.AccountID())
	if err != nil {
		t.Fatal(err)
	}
	era, err := extrinsic.Mortal(64, head.Number)
	if err != nil {
		t.Fatal(err)
	}
	p, err := extrinsic.NewPayload(on, call, extrinsic.Options{Nonce: nonce, Era: era, BirthHash: head.Hash})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := p.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestStakingIsWhereItHasBegun: whoever connects while the relay chain's node says that values do not exist is not led to
// the relay chain, which had staking once.
func TestStakingIsWhereItHasBegun(t *testing.T) {
	n := start(t, simnet.Options{Seed: 5, Candidates: 12})
	end, err := n.Break("relay/lie-absent")
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	c := open(t, n)
	if client, err := c.Staking(t.Context()); err == nil || !strings.Contains(err.Error(), "has not begun") {
		t.Errorf("staking is on %v, %v", client, err)
	}
	end()
	client, err := c.Staking(t.Context())
	if err != nil || client.Chain().Name != "Simnet Asset Hub" {
		t.Errorf("staking is on %v, %v", client, err)
	}
}

// TestReorganisation: a re-organisation gives another history from some block on, and what was in the discarded blocks
// happens all the same.
func TestReorganisation(t *testing.T) {
	n := start(t, simnet.Options{Seed: 4, Topology: simnet.One, Candidates: 12})
	steps(t, n, 30)
	before := heads(n)
	if _, err := n.Break("relay/reorganise-deep"); err != nil {
		t.Fatal(err)
	}
	if heads(n) == before {
		t.Error("nothing has changed")
	}
	steps(t, n, 60)
	if active, _ := n.Relay.Era(); active != 21 {
		t.Errorf("era %d is active", active)
	}
}

// TestFeed: a subscriber gets a snapshot, and then what happens.
func TestFeed(t *testing.T) {
	n := start(t, simnet.Options{Seed: 4, Candidates: 12})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	frames := listen(ctx, n)
	all := strings.Join(frames, "")
	for _, want := range []string{`[0,33,23,`, `11,["Simnet","0x`, `13,"0x`, `"sim-001"`, `"sim-012"`, `[15,"x"]`} {
		if !strings.Contains(all, want) {
			t.Errorf("the feed lacks %s: %.300s", want, all)
		}
	}
	if n.Feed.Count() != 16 || strings.Count(all, "Parity Polkadot") != 16 {
		t.Errorf("%d nodes, %d in the snapshot", n.Feed.Count(), strings.Count(all, "Parity Polkadot"))
	}
	ids := map[int]bool{}
	for _, c := range n.Candidates() {
		id, ok := n.Feed.Find(c.Name)
		if ids[id] || !ok {
			t.Errorf("%s has the id %d", c.Name, id)
		}
		ids[id] = true
	}
	n.Feed.Leave(5)
	if id := n.Feed.Join(simfeed.Node{Name: "newcomer"}); id != 5 {
		t.Errorf("the newcomer has the id %d, 5 was free", id)
	}
}
