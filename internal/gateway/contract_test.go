package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/gateway/gatewaytest"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/rounds/roundstest"
	"github.com/thousand-validators/otv/internal/store"
)

// rig is a gateway over a database in which a round was held.
type rig struct {
	*gatewaytest.Programme
	*gateway.Gateway
	t testing.TB
}

// newRig has a database of its own, which the test may change.
func newRig(t testing.TB, candidates int) *rig {
	t.Helper()
	s := open(t)
	p, err := gatewaytest.New(t.Context(), s, candidates, 3)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{p, serve(t, s, p.World), t}
}

// common is a programme of 40 candidates that no test changes.
var common struct {
	sync.Once
	p *gatewaytest.Programme
}

// reader has the common database.
func reader(t testing.TB) *rig {
	t.Helper()
	common.Do(func() {
		s, err := store.Open(context.Background(), filepath.Join(folder, "otv.db"))
		if err != nil {
			t.Fatal(err)
		}
		if common.p, err = gatewaytest.New(context.Background(), s, 40, 3); err != nil {
			t.Fatal(err)
		}
	})
	return &rig{common.p, serve(t, common.p.Store, common.p.World), t}
}

// folder is where the common database is.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "gateway"); err != nil {
		panic(err)
	}
	code := m.Run()
	if common.p != nil {
		_ = common.p.Store.Close()
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "otv.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func serve(t testing.TB, s *store.Store, w *roundstest.World) *gateway.Gateway {
	t.Helper()
	g, err := gateway.New(gateway.Options{
		Data: s, Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})), Now: w.Now, Rules: w.Rules(),
		PriceAsset: gatewaytest.Asset, Network: gatewaytest.Network, DryRun: true, Swagger: true,
		Jobs: func(context.Context) ([]memory.Job, error) {
			return []memory.Job{
				{Name: "ScoreJob", Status: memory.JobFinished, Enabled: true, Schedule: "0 0-59/5 * * * *", Runs: 3, Started: w.Millis(), Updated: w.Millis(), Progress: 100},
				{Name: "BlockDataJob", Status: memory.JobNotRunning},
			}, nil
		},
		Health: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Good!") }),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g
}

func (r *rig) ask(method, target string, headers ...string) (*http.Response, string) {
	r.t.Helper()
	req := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w.Result(), w.Body.String()
}

func stash(i int) string { return string(roundstest.Address("stash %d", i)) }

// strangers are an account that nobody knows, and something that is none.
var strangers = []string{string(roundstest.Address("somebody else")), "0xnobody"}

type contract struct {
	path  string
	shape any
	// least is how many entries a list has at least, so that its shape is really looked at.
	least int
}

// contracts are the data routes of the old API with an example that is found.
func contracts() []contract {
	one, own := stash(0), string(roundstest.Address("nominator 0"))
	return []contract{
		{"/candidate/" + one, candidate, 0},
		{"/candidates", arr{candidate}, 39},
		{"/candidates/rank", arr{candidate}, 39},
		{"/candidates/valid", arr{candidate}, 37},
		{"/candidates/invalid", arr{candidate}, 1},
		{"/nominatorstake/" + one, stake, 0},
		{"/nominatorstake/" + one + "/1000", stake, 0},
		{"/nominatorstake/" + one + "/last/3", arr{stake}, 1},
		{"/nominators", arr{nominator}, 3},
		{"/nominator/" + own, nominator, 0},
		{"/nominations", arr{nomination}, 1},
		{"/nominations/" + own + "/5", arr{nomination}, 1},
		{"/lastnomination", with(doc, obj{"lastNominatedEraIndex": "digits", "when": "ms", "nextNomination?": "ms"}), 0},
		{"/proxytxs", arr{proxyTx}, 1},
		{"/erapoints/" + one, arr{with(points, obj{"__v": "zero"})}, 20},
		{"/totalerapoints", arr{with(doc, obj{
			"totalEraPoints": "int", "era": "era", "median": "num", "average": "num", "max": "count", "min": "count", "validatorsEraPoints": arr{points},
		})}, 20},
		{"/score/" + one, score, 0},
		{"/score/" + one + "/6000", score, 0},
		{"/scoremetadata", scoreMetadata, 0},
		{"/scoremetadata/6000", scoreMetadata, 0},
		{"/validators/current", with(doc, obj{"session": "int", "era": "era", "validators": arr{"addr"}}), 0},
		{"/validators/activeeras/" + one, "count", 0},
		{"/validators", arr{keys}, 41},
		{"/validator/" + one, keys, 0},
		{"/validators/beefy", beefy, 0},
		{"/validators/beefy/dummy", arr{keys}, 0},
		{"/location/currentvalidatorset", arr{obj{"address": "addr", "locations": arr{seat}}}, 10},
		{"/location/validator/" + one, location, 0},
		{"/locationstats", locationStats, 0},
		{"/locationstats/valid", validStats, 0},
		{"/locationstats/6000", locationStats, 0},
		{"/erastats", arr{with(doc, obj{"when": "ms", "era": "era", "totalNodes": "count", "valid": "count", "active": "count", "kyc": "count"})}, 1},
		{"/rewards/validator/" + one, arr{reward}, 4},
		{"/rewards/nominator/" + string(roundstest.Address("backer 0")), arr{reward}, 2},
		{"/rewards/validator/" + one + "/total", obj{"validator": "addr", "total": "tok", "rewardCount": "count"}, 0},
		{"/rewards/validators/total", arr{obj{"validator": "addr", "total": "tok", "identity": nullable{identity}}}, 20},
		{"/rewards/validator/" + one + "/stats", obj{"total": "tok", "rewardCount": "count", "avgEfficiency": "pct?", "avgStake": "tok?"}, 0},
		{"/rewards/validators/stats", arr{obj{
			"validator": "addr", "numRewards": "count", "totalRewards": "tok", "avgEfficiency": "pct", "avgStake": "tok", "avgEraMinStake": "tok",
			"avgCommission": "pct", "identity": nullable{identity},
		}}, 20},
		{"/rewards/nominator/" + string(roundstest.Address("backer 0")) + "/total", obj{"total": "tok", "rewardCount": "count"}, 0},
		{"/rewards/nominators/total", arr{obj{"nominator": "addr", "total": "tok", "identity": nullable{identity}}}, 20},
		{"/blockindex", obj{"latest?": "int", "earliest?": "int", "blocksIndexed": "int"}, 0},
		{"/release", with(doc, obj{"name": "str", "publishedAt": "ms"}), 0},
		{"/stats/totalRequests", "int", 0},
		{"/stats/endpointCounts", dict{"count"}, 0},
		{"/scorekeeper/jobs", dict{job}, 0},
		{"/nominators/status", arr{status}, 3},
	}
}

// older are routes that only older versions had.
func older() []contract {
	return []contract{
		{"/nodes", arr{obj{
			"name": "str", "version?": "str", "implementation?": "str", "vpn?": "bool", "cpu?": "str", "memory?": "digits", "coreCount?": "digits",
			"vm?": "bool", "region?": "str", "country?": "str", "provider?": "str",
		}}, 39},
		{"/accounting/" + stash(0), with(doc, obj{
			"stash": "addr", "controller": "addr", "total": "str", "records": arr{obj{"_id": "id", "era": "digits", "reward": "tok", "block": "int"}},
		}), 0},
		{"/candidate/node-5", candidate, 0},
	}
}

func TestCompatibleRoutesHaveTheShapesOfTheOldAPI(t *testing.T) {
	r := reader(t)
	if n := len(contracts()); n != 46 {
		t.Fatalf("%d routes are looked at, the old API has 44 of data and two of operation that are JSON", n)
	}
	for _, c := range append(contracts(), older()...) {
		resp, body := r.ask(http.MethodGet, c.path)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %d %s %.200s", c.path, resp.StatusCode, resp.Header.Get("Content-Type"), body)
			continue
		}
		v, err := parse(body)
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if l, ok := v.([]any); ok && len(l) < c.least {
			t.Errorf("%s: %d entries, at least %d should be there", c.path, len(l), c.least)
		}
		for i, problem := range fits(c.path, c.shape, v) {
			if i == 5 {
				t.Error("and more")
				break
			}
			t.Error(problem)
		}
	}
}

// What is in the database must not be told: where nodes can be reached.
func TestAddressesOfNodesAreNotServed(t *testing.T) {
	r := reader(t)
	for _, c := range contracts() {
		_, body := r.ask(http.MethodGet, c.path)
		for _, secret := range []string{"12D3KooW", `"addr"`, `"port"`, "networkId", "NetworkID"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s tells %s", c.path, secret)
			}
		}
	}
}

func TestNothingFound(t *testing.T) {
	r := reader(t)
	empty := &rig{t: t}
	empty.Gateway = serve(t, open(t), r.World)
	type want struct {
		status int
		body   string
	}
	single, lists := want{204, ""}, want{200, "[]"}
	routes := map[string]want{
		"/candidate/X": single, "/nominatorstake/X": single, "/nominatorstake/X/1000": single, "/nominatorstake/X/last/3": lists,
		"/nominator/X": single, "/nominations/X/5": lists, "/erapoints/X": lists, "/score/X": single, "/score/X/6000": single,
		"/validators/activeeras/X": {200, "0"}, "/validator/X": single, "/location/validator/X": single, "/rewards/validator/X": lists,
		"/rewards/nominator/X": lists, "/rewards/validator/X/total": {200, `{"validator":"X","total":0,"rewardCount":0}`},
		"/rewards/validator/X/stats":         {200, `{"total":0,"rewardCount":0,"avgEfficiency":null,"avgStake":null}`},
		"/rewards/nominator/X/total":         {200, `{"total":0,"rewardCount":0}`},
		"/nominatorstake/" + stash(0) + "/7": single, "/score/" + stash(0) + "/7": single, "/scoremetadata/7": single, "/locationstats/7": single,
	}
	for path, w := range routes {
		for _, x := range strangers {
			resp, body := r.ask(http.MethodGet, strings.ReplaceAll(path, "/X", "/"+x))
			if resp.StatusCode != w.status || body != strings.ReplaceAll(w.body, `"X"`, `"`+x+`"`) {
				t.Errorf("%s of %s: %d %s", path, x, resp.StatusCode, body)
			}
			if w.status == 204 && resp.Header.Get("Content-Type") != "" {
				t.Errorf("%s: an empty answer has the type %s", path, resp.Header.Get("Content-Type"))
			}
		}
	}
	for path, w := range map[string]want{
		"/candidates": lists, "/candidates/rank": lists, "/candidates/valid": lists, "/candidates/invalid": lists, "/nominators": lists,
		"/nominations": lists, "/proxytxs": lists, "/totalerapoints": lists, "/scoremetadata": single, "/validators/current": single,
		"/validators": lists, "/validators/beefy/dummy": lists, "/location/currentvalidatorset": lists, "/locationstats": single,
		"/erastats": lists, "/rewards/validators/total": lists, "/rewards/validators/stats": lists, "/rewards/nominators/total": lists,
		"/blockindex": {200, `{"blocksIndexed":0}`}, "/release": single, "/nominators/status": lists,
		"/locationstats/valid": {200, `{"totalNodes":0,"locations":[],"regions":[],"countries":[],"providers":[]}`},
	} {
		if resp, body := empty.ask(http.MethodGet, path); resp.StatusCode != w.status || body != w.body {
			t.Errorf("%s on an empty database: %d %s", path, resp.StatusCode, body)
		}
	}
	for _, path := range []string{"/lastnomination", "/validators/beefy", "/erapoints/" + stash(0)} {
		if resp, body := empty.ask(http.MethodGet, path); resp.StatusCode != http.StatusOK || body == "" {
			t.Errorf("%s on an empty database: %d %s", path, resp.StatusCode, body)
		}
	}
}

func TestDocumentedErrors(t *testing.T) {
	r := reader(t)
	one := stash(0)
	for _, path := range []string{
		"/nominatorstake/" + one + "/now", "/nominatorstake/" + one + "/last/some", "/score/" + one + "/-1", "/scoremetadata/x", "/locationstats/1e3",
		"/score/" + one + "/99999999999999999999", "/nominatorstake/" + one + "/1.5",
	} {
		resp, body := r.ask(http.MethodGet, path, "Origin", "https://page.example")
		var told struct {
			Status int
			Detail string
		}
		if err := json.Unmarshal([]byte(body), &told); resp.StatusCode != http.StatusBadRequest || err != nil || told.Status != 400 || !strings.Contains(told.Detail, "whole number") {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "https://page.example" {
			t.Errorf("%s: the page cannot read the error", path)
		}
	}
	for _, c := range contracts() {
		full, body := r.ask(http.MethodGet, c.path)
		// HEAD is GET without a body.
		if resp, b := r.ask(http.MethodHead, c.path); resp.StatusCode != full.StatusCode || b != "" {
			t.Errorf("HEAD %s: %d %q", c.path, resp.StatusCode, b)
		}
		// A slash at the end is none, and capitals in the fixed parts do not count.
		parts := strings.SplitN(c.path, "/", 3)
		parts[1] = strings.ToUpper(parts[1])
		for _, path := range []string{c.path + "/", strings.Join(parts, "/")} {
			resp, b := r.ask(http.MethodGet, path)
			if resp.StatusCode != full.StatusCode || b != body && !strings.HasPrefix(c.path, "/stats") {
				t.Errorf("%s: %d %.80s, want %d %.80s", path, resp.StatusCode, b, full.StatusCode, body)
			}
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
			if resp, b := r.ask(method, c.path); resp.StatusCode != http.StatusNotFound || b != "Not Found" || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
				t.Errorf("%s %s: %d %q", method, c.path, resp.StatusCode, b)
			}
		}
		resp, _ := r.ask(http.MethodOptions, c.path, "Origin", "https://page.example", "Access-Control-Request-Method", "GET")
		if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Access-Control-Allow-Origin") != "https://page.example" {
			t.Errorf("preflight of %s: %d %v", c.path, resp.StatusCode, resp.Header)
		}
	}
	if resp, body := r.ask(http.MethodGet, "/healthcheck"); resp.StatusCode != http.StatusOK || body != "Good!" {
		t.Errorf("healthcheck: %d %s", resp.StatusCode, body)
	}
}

// The order of lists and the values that consumers rely on.
func TestValuesOfCompatibleRoutes(t *testing.T) {
	r := reader(t)
	list := func(path string) []map[string]any {
		t.Helper()
		_, body := r.ask(http.MethodGet, path)
		var out []map[string]any
		if err := json.Unmarshal([]byte(body), &out); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return out
	}
	for path, member := range map[string]string{"/candidates": "total", "/candidates/rank": "rank", "/rewards/validators/total": "total", "/rewards/validators/stats": "avgEfficiency"} {
		l := list(path)
		for i := 1; i < len(l); i++ {
			if l[i][member].(float64) > l[i-1][member].(float64) {
				t.Errorf("%s: entry %d is out of order", path, i)
				break
			}
		}
	}
	if top := list("/candidates/rank")[0]; top["slotId"] != 1.0 || top["rank"] != 6.0 || top["faults"] != 1.0 {
		t.Errorf("the first by rank: %v %v %v", top["slotId"], top["rank"], top["faults"])
	}
	invalid := list("/candidates/invalid")
	if len(invalid) != 1 || invalid[0]["slotId"] != 2.0 {
		t.Errorf("%d invalid candidates", len(invalid))
	}
	for _, c := range list("/candidates") {
		if c["slotId"] == 3.0 {
			t.Error("a candidate that has left is listed")
		}
	}
	_, body := r.ask(http.MethodGet, "/candidate/"+stash(1))
	for _, want := range []string{`"commission":20,`, `"type":"COMMISION"`, `"name":"Parent"`, `"bonded":5001`, `"memory":"67446890496"`, `"coreCount":"8"`} {
		if !strings.Contains(body, want) {
			t.Errorf("slot 2 lacks %s:\n%s", want, body)
		}
	}
	_, body = r.ask(http.MethodGet, "/candidate/"+stash(3))
	if !strings.Contains(body, `"offlineAccumulated":7200000`) || strings.Contains(body, `"offlineSince":0`) {
		t.Errorf("a node that is away for two hours:\n%s", body)
	}
	reward := list("/rewards/validator/" + stash(0))
	if v, n := reward[0], reward[1]; v["role"] != "validator" || v["rewardAmount"] != 2.5 || v["usd"] != 2.5*20.5 || v["eur"] != 2.5*19.0 || v["chf"] != 0.0 ||
		n["role"] != "nominator" || n["exposurePercentage"].(float64) < 16.6 || v["date"] != "01-03-2026" {
		t.Errorf("rewards: %v\n%v", v, n)
	}
	// An account is found by any of its addresses.
	generic := "5" // prefix 42
	for _, c := range r.World.List[:1] {
		generic = reencode(t, c.Stash)
	}
	if resp, other := r.ask(http.MethodGet, "/candidate/"+generic); resp.StatusCode != http.StatusOK || !strings.Contains(other, stash(0)) {
		t.Errorf("another form of the address: %d", resp.StatusCode)
	}
	states := list("/nominators/status")
	if states[0]["state"] != "Nominating" && states[0]["state"] != "Nominated" || states[1]["state"] != "Awaiting Proxy Execution" {
		t.Errorf("states %v, %v", states[0]["state"], states[1]["state"])
	}
	tx := states[1]["proxyTxs"].([]any)[0].(map[string]any)
	if tx["executionTime"] != 600*6000.0 {
		t.Errorf("time left: %v", tx["executionTime"])
	}
}
