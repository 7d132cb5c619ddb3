package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
)

// get reads an answer of the API that explains decisions.
func get[T any](t testing.TB, r *rig, path string) T {
	t.Helper()
	resp, body := r.ask(http.MethodGet, gateway.V1+path)
	var out T
	if err := json.Unmarshal([]byte(body), &out); resp.StatusCode != http.StatusOK || err != nil {
		t.Fatalf("%s: %d %v %.300s", path, resp.StatusCode, err, body)
	}
	if resp.Header.Get("ETag") == "" {
		t.Errorf("%s has no entity tag", path)
	}
	return out
}

type page[T any] struct {
	Items []T
	Next  string
	Total *int
}

// stored is the decision of the newest round as it is in the database.
func stored(t testing.TB, r *rig) (doc []byte, candidates []json.RawMessage) {
	t.Helper()
	d, err := r.Store.Document(t.Context(), r.Record.Digest)
	if err != nil {
		t.Fatal(err)
	}
	var record struct {
		Decision struct{ Candidates []json.RawMessage }
	}
	if err := json.Unmarshal(d.Bytes, &record); err != nil {
		t.Fatal(err)
	}
	return d.Bytes, record.Decision.Candidates
}

// An override is told with its author, end and reason, and what the check itself says.
func TestExplanationsTellOfOverrides(t *testing.T) {
	r := reader(t)
	e := get[gateway.Explanation](t, r, "/candidates/5/explain")
	i := slices.IndexFunc(e.Checks, func(c gateway.ExplainedCheck) bool { return c.Code == programme.CodeCommission })
	c := e.Checks[i]
	if c.State != programme.Pass || c.Effective != programme.Pass || c.Own != programme.Fail || c.Changes == nil || c.Value == "" {
		t.Errorf("%+v", c)
	}
	for _, part := range []string{"An operator (operator) made this pass until", "a new owner, until the end of the month", "The check itself says fail:"} {
		if !strings.Contains(c.Detail, part) {
			t.Errorf("%q does not say %q", c.Detail, part)
		}
	}
	if e.Validity != programme.Valid || e.Advice[0].Code != programme.CodeCommission || !strings.HasPrefix(e.Advice[0].Text, "It passes until ") {
		t.Errorf("%s, %+v", e.Validity, e.Advice)
	}
}

// Every fact of an explanation is the stored one: as bytes where the decision itself is shown, and as the same value where
// it is told in another form.
func TestExplanationsAreTheStoredDecision(t *testing.T) {
	r := reader(t)
	_, raw := stored(t, r)
	for i := range r.Record.Decision.Candidates {
		c := &r.Record.Decision.Candidates[i]
		e := get[gateway.Explanation](t, r, fmt.Sprintf("/candidates/%s/explain", c.Stash))
		if !bytes.Equal(e.Decision, raw[i]) {
			t.Fatalf("slot %d: the decision shown is not the one stored:\n%s\n%s", c.Slot, e.Decision, raw[i])
		}
		_, answer := r.ask(http.MethodGet, gateway.V1+fmt.Sprintf("/candidates/%d/explain", c.Slot))
		if !strings.Contains(answer, string(raw[i])) {
			t.Errorf("slot %d: the answer does not hold the stored bytes", c.Slot)
		}
		// The same facts, put together again from the explanation, have the canonical bytes that are stored.
		again := programme.CandidateDecision{
			Slot: e.Slot, Name: e.Name, Stash: e.Stash, Validity: e.Validity, Position: e.Position, Nominator: e.Nominator, Reason: e.Reason,
		}
		for _, k := range e.Checks {
			again.Verdicts = append(again.Verdicts, programme.Verdict{
				Code: k.Code, State: k.State, Detail: k.Detail, Value: k.Value, Limit: k.Limit, Source: k.Source, At: millis(k.At),
				Changes: millis(k.Changes), Held: k.Held, HeldAt: millis(k.HeldAt), Overridden: k.Own,
			})
		}
		if e.Score != nil {
			again.Score = &programme.Score{Aggregate: e.Score.Aggregate, Randomness: e.Score.Randomness, Total: e.Score.Total}
			for _, p := range e.Score.Parts {
				again.Score.Parts = append(again.Score.Parts, p.Contribution)
			}
		}
		b, err := decision.Canonical(again)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b, raw[i]) {
			t.Errorf("slot %d: what the explanation states differs from what is stored:\n%s\n%s", c.Slot, b, raw[i])
		}
		if e.Round.Digest != r.Record.Digest || e.Outcome == "" || len(e.Advice) == 0 || len(e.Brakes) != 3 {
			t.Errorf("slot %d: %+v", c.Slot, e)
		}
	}
}

func millis(t *time.Time) programme.Millis {
	if t == nil {
		return 0
	}
	return programme.Millis(t.UnixMilli())
}

func TestExplanationOfACandidateThatFails(t *testing.T) {
	e := get[gateway.Explanation](t, reader(t), "/rounds/latest/why-not/2")
	i := slices.IndexFunc(e.Checks, func(c gateway.ExplainedCheck) bool { return c.Code == programme.CodeCommission })
	c := e.Checks[i]
	if c.State != programme.Fail || c.Value == "" || c.Limit == "" || c.Question == "" || c.Source != programme.SourceChain || c.At == nil || c.Since == nil {
		t.Errorf("the check that fails: %+v", c)
	}
	if e.Validity != programme.Invalid || e.Score != nil || e.Advice[0].Code != programme.CodeCommission || !strings.Contains(e.Outcome, "is not valid") {
		t.Errorf("explained as %+v", e)
	}
}

func TestARoundIsServedAsItIsStored(t *testing.T) {
	r := reader(t)
	doc, _ := stored(t, r)
	var parts struct{ Inputs, Decision json.RawMessage }
	if err := json.Unmarshal(doc, &parts); err != nil {
		t.Fatal(err)
	}
	for _, round := range []string{"latest", "1", r.Record.Digest} {
		for name, want := range map[string][]byte{"record": doc, "inputs": parts.Inputs, "decision": parts.Decision} {
			if _, body := r.ask(http.MethodGet, gateway.V1+"/rounds/"+round+"/"+name); body != string(want) {
				t.Errorf("%s of round %s differs from what is stored", name, round)
			}
		}
		if d := get[gateway.Digest](t, r, "/rounds/"+round+"/digest"); d.Digest != r.Record.Digest || d.Bytes != len(doc) {
			t.Errorf("digest of %s: %+v", round, d)
		}
	}
	if _, err := decision.Verify([]byte(func() string { _, b := r.ask(http.MethodGet, gateway.V1+"/rounds/1/record"); return b }())); err != nil {
		t.Errorf("what is served does not verify: %v", err)
	}
	if resp, _ := r.ask(http.MethodGet, gateway.V1+"/rounds/latest/diff"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the first round differs from nothing: %d", resp.StatusCode)
	}
}

func TestListsComeInPages(t *testing.T) {
	r := reader(t)
	for _, path := range []string{
		"/candidates?listed=any", "/candidates?sort=score", "/candidates/1/verdicts", "/candidates/1/ranks", "/eras", "/validators", "/rounds",
		"/nominations", "/plans", "/nominators", "/jobs", "/sources", "/networks", "/candidates/1/validity", "/candidates/1/scores",
		"/candidates/4/outages", "/candidates/3/entries", "/candidates/1/locations", "/rewards/sums", "/rewards?validator=" + stash(0),
		"/rewards/sums?group=era&validator=" + stash(0), "/rewards/sums?group=month&account=" + stash(0),
	} {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		whole := get[page[json.RawMessage]](t, r, path+mark+"limit=1000")
		if len(whole.Items) == 0 || whole.Next != "" || whole.Total != nil && *whole.Total != len(whole.Items) {
			t.Errorf("%s: %d items, then %q", path, len(whole.Items), whole.Next)
		}
		var walked []json.RawMessage
		next := ""
		for range 50 {
			p := get[page[json.RawMessage]](t, r, path+mark+"limit=3&cursor="+next)
			walked = append(walked, p.Items...)
			if next = p.Next; next == "" {
				break
			}
		}
		if n := min(len(whole.Items), 150); len(walked) != n {
			t.Errorf("%s: %d items by pages, %d at once", path, len(walked), n)
			continue
		}
		for i := range walked {
			if !bytes.Equal(walked[i], whole.Items[i]) {
				t.Errorf("%s: item %d differs by pages", path, i)
				break
			}
		}
		resp, body := r.ask(http.MethodGet, gateway.V1+path+mark+"format=csv&limit=1000")
		table, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(table) != len(whole.Items)+1 || resp.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			t.Errorf("%s as a table: %d lines, %v, %s", path, len(table), err, resp.Header.Get("Content-Type"))
		}
	}
}

func TestFieldsFiltersAndOrder(t *testing.T) {
	r := reader(t)
	_, body := r.ask(http.MethodGet, gateway.V1+"/candidates?fields=stash,slot,bonded&limit=1")
	if want := fmt.Sprintf(`{"items":[{"stash":"%s","slot":1,"bonded":"5000000000000000"}],`, stash(0)); !strings.HasPrefix(body, want) {
		t.Errorf("chosen members: %s", body)
	}
	for query, want := range map[string]string{
		"validity=invalid": "2", "failing=commision": "2", "listed=false": "3", "search=NODE-39": "40", "search=parent&validity=valid": "1",
		"country=c0&limit=2": "1 8", "provider=%20provider%201%20&limit=2": "2 14", "sort=rank&limit=1": "1", "active=false&limit=2": "2 4",
	} {
		var got []string
		for _, c := range get[page[gateway.Candidate]](t, r, "/candidates?"+query).Items {
			got = append(got, fmt.Sprint(c.Slot))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: slots %v, want %s", query, got, want)
		}
	}
	p := get[page[gateway.Candidate]](t, r, "/candidates?sort=score&limit=1000").Items
	for i := 1; i < len(p); i++ {
		if p[i].Score != nil && *p[i].Score > *p[i-1].Score {
			t.Errorf("item %d by score is out of order", i)
		}
	}
	if top := get[gateway.Candidate](t, r, "/candidates/"+reencode(t, r.World.List[0].Stash)); top.Rank != 6 || top.Commission != "5" || top.Identity.Display != "Parent / Sub 0" ||
		top.Node.Connections != 1 || top.Place.City != "City 0" || top.Stake.Total.String() != "6000000000000000" {
		t.Errorf("candidate %+v", top)
	}
	_, body = r.ask(http.MethodGet, gateway.V1+"/candidates?format=csv&fields=name,matrix,score&limit=1")
	if !strings.HasPrefix(body, "name,matrix,score\nnode-0,[],") {
		t.Errorf("table %s", body)
	}
}

func TestErrorsAreProblems(t *testing.T) {
	r := reader(t)
	for path, status := range map[string]int{
		"/candidates/nobody": 404, "/candidates/999999": 404, "/candidates/1/nothing": 404, "/rounds/7": 404, "/rounds/some": 404, "/rounds/sha256:00": 404,
		"/candidates?limit=0": 422, "/candidates?limit=x": 422, "/candidates?cursor=%21": 400, "/candidates?cursor=MTI": 400, "/candidates?fields=secret": 400, "/candidates?format=xml": 422,
		"/rewards": 400, "/rewards/sums?group=era": 400, "/plans/x/y": 404, "/nominators/x": 404, "/eras/7": 404, "/eras/x": 422, "/validators/x": 404,
		"/locations?session=7": 404, "/candidates?sort=color": 422, "/rewards?validator=x&cursor=zz": 400,
	} {
		resp, body := r.ask(http.MethodGet, gateway.V1+path)
		var p struct {
			Status        int
			Title, Detail string
		}
		if err := json.Unmarshal([]byte(body), &p); err != nil || resp.StatusCode != status || p.Status != status || p.Detail == "" ||
			resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s", path, resp.StatusCode, resp.Header.Get("Content-Type"), body)
		}
	}
	if resp, _ := r.ask(http.MethodPost, gateway.V1+"/candidates"); resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") == "" {
		t.Errorf("POST: %d", resp.StatusCode)
	}
}

func TestConditionalRequestsAndCompression(t *testing.T) {
	r := reader(t)
	for _, path := range []string{"/candidates", gateway.V1 + "/candidates", gateway.V1 + "/rounds/latest/decision"} {
		resp, _ := r.ask(http.MethodGet, path, "Accept-Encoding", "gzip")
		if resp.Header.Get("Content-Encoding") != "gzip" || resp.Header.Get("Vary") != "Origin, Accept-Encoding" {
			t.Errorf("%s: %v", path, resp.Header)
		}
		again, body := r.ask(http.MethodGet, path, "If-None-Match", resp.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified || body != "" {
			t.Errorf("%s again: %d", path, again.StatusCode)
		}
	}
}

// What changes is served from the next look at the versions on, and listeners are told.
func TestChangesAreServedAndTold(t *testing.T) {
	r := newRig(t, 4)
	srv := httptest.NewServer(r)
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+gateway.V1+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewReader(resp.Body)
	event := func() string {
		text := ""
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if line == "\n" {
				return text
			}
			text += line
		}
	}
	if e := event(); !strings.HasPrefix(e, "event: state\ndata: {") || !strings.Contains(e, `"scores":`) {
		t.Errorf("first event %s", e)
	}
	_, old := r.ask(http.MethodGet, gateway.V1+"/rounds")
	r.World.NextEra()
	if err := r.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.Changed()
	for told := ""; !strings.Contains(told, `"rounds":2`); told = event() {
	}
	_, fresh := r.ask(http.MethodGet, gateway.V1+"/rounds")
	if old == fresh || !strings.Contains(fresh, r.Record.Digest) {
		t.Errorf("after the second round: %s", fresh)
	}
	if d, body := r.ask(http.MethodGet, gateway.V1+"/rounds/2/diff"); d.StatusCode != http.StatusOK || !strings.Contains(body, `"digest":"sha256:`) {
		t.Errorf("difference: %d %s", d.StatusCode, body)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(lines); err != nil {
		t.Errorf("the stream does not end: %v", err)
	}
}

// Another process over the same database gives the same bytes and the same tags.
func TestGatewaysAgree(t *testing.T) {
	r := reader(t)
	other := &rig{r.Programme, serve(t, r.Store, r.World), t}
	paths := []string{gateway.V1 + "/candidates", gateway.V1 + "/candidates/1/explain", gateway.V1 + "/sources", gateway.V1 + "/glossary"}
	for _, c := range contracts() {
		if !strings.HasPrefix(c.path, "/stats") {
			paths = append(paths, c.path)
		}
	}
	for _, p := range paths {
		a, one := r.ask(http.MethodGet, p)
		b, two := other.ask(http.MethodGet, p)
		if one != two || a.Header.Get("ETag") != b.Header.Get("ETag") {
			t.Errorf("%s differs between two gateways", p)
		}
	}
}
