package ops

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
)

func TestOrdersHaveEffectAndAreWrittenDown(t *testing.T) {
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "otv.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx := t.Context()
	const own = programme.Address("HNominator")
	if err := errors.Join(
		s.SaveNominators(ctx, []memory.Nominator{{Nominator: programme.Nominator{Address: own}}}),
		s.SaveCandidates(ctx, []memory.Candidate{
			{Candidate: programme.Candidate{Slot: 4, Name: "four", Stash: "HFour"}},
			{Candidate: programme.Candidate{Slot: 5, Name: "five", Stash: "HFive"}, Delisted: 9},
		}),
		s.SaveChain(ctx, memory.Chain{Network: programme.Network{Genesis: "0xg"}, Eras: programme.Eras{Active: 1000}}),
	); err != nil {
		t.Fatal(err)
	}
	var asked []string
	d := &Desk{
		Book: func() (Book, error) { return s, nil }, Now: func() time.Time { return time.UnixMilli(1_780_000_000_000) },
		Rerun: func(_ context.Context, job string) error {
			if job == "NoJob" {
				return Unknown("there is no job %q", job)
			}
			asked = append(asked, job)
			return nil
		},
		Forgive: func(_ context.Context, slot int, fault, author, reason string) error {
			asked = append(asked, fault+" "+author+" "+reason)
			if slot == 9 {
				return errors.New("the chain is away")
			}
			return nil
		},
	}
	h := Protect("a token of sixteen", Admin{More: d.Routes()}.Handler())
	ask := func(method, path, body string, token bool) (int, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		if token {
			r.SetBasicAuth("alice", "a token of sixteen")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		path, body string
		status     int
	}{
		{"/pause", `{"reason":"maintenance"}`, 200},
		{"/pause", `{"reason":"again"}`, 409},
		{"/pause", `{"reason":" "}`, 400},
		{"/pause", `{"reason":"x","all":true}`, 400},
		{"/pause", `{"reason":"x"}{}`, 400},
		{"/pause", `{"reason":"x","nominator":"HStranger"}`, 404},
		{"/resume", `{"reason":"done"}`, 200},
		{"/resume", `{"reason":"done"}`, 409},
		{"/rerun", `{"reason":"look again","job":"ScoreJob"}`, 200},
		{"/rerun", `{"reason":"look again","job":"NoJob"}`, 404},
		{"/rerun", `{"reason":"look again"}`, 400},
		{"/override", `{"reason":"a slip","nominator":"HNominator","targets":["HA","HB"]}`, 200},
		{"/override", `{"reason":"a slip","nominator":"HNominator","targets":["HA"],"era":999}`, 400},
		{"/override", `{"reason":"a slip"}`, 400},
		{"/revoke", `{"reason":"appeal granted","slot":4,"fault":"OFFLINE@7"}`, 200},
		{"/revoke", `{"reason":"appeal granted","slot":4}`, 400},
		{"/lift", `{"reason":"appeal granted","slot":4}`, 200},
		{"/lift", `{"reason":"appeal granted","slot":9}`, 500},
		{"/overrule", `{"reason":"seen by us","slot":4,"check":"IDENTITY","state":"pass","expires":"2026-06-01T00:00:00Z"}`, 200},
		{"/overrule", `{"reason":"seen by us","stash":"HFour","check":"PROVIDER","state":"fail","expires":"2026-06-01T00:00:00+02:00"}`, 200},
		{"/overrule", `{"reason":"seen by us","slot":4,"check":"IDENTITY","state":"pass"}`, 400},
		{"/overrule", `{"reason":"seen by us","slot":4,"check":"IDENTITY","state":"pass","expires":"2026-05-28T20:26:40Z"}`, 400}, // now
		{"/overrule", `{"reason":"seen by us","slot":4,"check":"IDENTITY","state":"pass","expires":"2026-08-26T20:26:41Z"}`, 400},
		{"/overrule", `{"reason":"seen by us","slot":4,"check":"IDENTITY","state":"n/a","expires":"2026-06-01T00:00:00Z"}`, 400},
		{"/overrule", `{"reason":"seen by us","slot":4,"check":"BLOCKED","state":"pass","expires":"2026-06-01T00:00:00Z"}`, 400},
		{"/overrule", `{"reason":"seen by us","slot":4,"check":"FACE","state":"pass","expires":"2026-06-01T00:00:00Z"}`, 400},
		{"/overrule", `{"reason":"seen by us","slot":3,"check":"IDENTITY","state":"pass","expires":"2026-06-01T00:00:00Z"}`, 404},
		{"/overrule", `{"reason":"seen by us","slot":5,"check":"IDENTITY","state":"pass","expires":"2026-06-01T00:00:00Z"}`, 404},
		{"/overrule", `{"reason":"seen by us","stash":"HNone","check":"IDENTITY","state":"pass","expires":"2026-06-01T00:00:00Z"}`, 404},
		{"/overrule", `{"reason":"seen by us","stash":"HFour","slot":3,"check":"IDENTITY","state":"pass","expires":"2026-06-01T00:00:00Z"}`, 400},
		{"/restore", `{"reason":"a mistake","slot":4,"check":"PROVIDER"}`, 200},
		{"/restore", `{"reason":"a mistake","slot":4,"check":"PROVIDER"}`, 409},
		{"/restore", `{"reason":"a mistake","slot":3,"check":"PROVIDER"}`, 404},
	} {
		if status, body := ask(http.MethodPost, c.path, c.body, true); status != c.status {
			t.Errorf("%s %s: %d %s", c.path, c.body, status, body)
		}
	}
	if status, _ := ask(http.MethodPost, "/pause", `{"reason":"x"}`, false); status != http.StatusUnauthorized {
		t.Errorf("without the token: %d", status)
	}
	if ok, err := s.Overridden(ctx, "0xg", own, 1000, plan.TargetsDigest([]programme.Address{"HA", "HB"})); err != nil || !ok {
		t.Errorf("the override has no effect: %v", err)
	}
	// The log has what was done, and nothing of what was refused or failed.
	_, body := ask(http.MethodGet, "/actions", "", true)
	var log []memory.Action
	if err := json.Unmarshal([]byte(body), &log); err != nil {
		t.Fatal(err)
	}
	var verbs []string
	for _, a := range log {
		verbs = append(verbs, a.Verb)
		if a.Author != "alice" || a.Reason == "" || a.Subject == "" || a.Detail == "" || a.At == 0 {
			t.Errorf("entry %+v", a)
		}
	}
	if got := strings.Join(verbs, " "); got != "restore overrule overrule lift revoke override rerun resume pause" {
		t.Errorf("the log has %s", got)
	}
	want := `[{"slot":4,"stash":"HFour","code":"IDENTITY","state":"pass","author":"alice","reason":"seen by us","at":1780000000000,"expires":1780272000000}]`
	if _, body := ask(http.MethodGet, "/overrides", "", true); strings.TrimSpace(body) != want {
		t.Errorf("overrides %s", body)
	}
	if _, body := ask(http.MethodGet, "/pauses", "", true); strings.TrimSpace(body) != "[]" {
		t.Errorf("pauses %s", body)
	}
}
