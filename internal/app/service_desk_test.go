package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/rank"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/store"
)

// order sends an order to the admin listener of the process as alice.
func (s *service) order(path string, o map[string]any) (int, string) {
	s.t.Helper()
	token, err := os.ReadFile(filepath.Join(s.cfg.Dir, "admin.token"))
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := json.Marshal(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	address := s.addresses["admin"]
	s.mu.Unlock()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, "http://"+address+path, strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	req.SetBasicAuth("alice", strings.TrimSpace(string(token)))
	return s.send(req)
}

// must demands that an order is carried out.
func (s *service) must(path string, o map[string]any) {
	s.t.Helper()
	if status, body := s.order(path, o); status != http.StatusOK {
		s.t.Fatalf("%s %v: %d %s", path, o, status, body)
	}
}

// again has a job run once more, which makes something so.
func (s *service) again(db *store.Store, job, what string, yes func() bool) {
	s.t.Helper()
	runs := states(s.t, db)[job].RunCount
	s.must("/rerun", map[string]any{"job": job, "reason": "look again"})
	until(s.t, job+" ran again, and "+what, s.log, func() bool { return states(s.t, db)[job].RunCount > runs && yes() })
}

func standingOf(t testing.TB, db *store.Store, slot int) memory.Standing {
	t.Helper()
	st, err := db.Standing(t.Context(), slot)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func rankingOf(t testing.TB, db *store.Store, slot int) memory.Ranking {
	t.Helper()
	list, err := db.Rankings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Slot == slot {
			return r
		}
	}
	return memory.Ranking{}
}

// Orders through the admin listener of a real process have their effect on what it does, and are in the audit log.
func TestOrdersOfOperators(t *testing.T) {
	n := world(t, small(9))
	cfg := load(t, folder(t, n), within(n, "act.mode=act")...)
	s := begin(t, n, cfg)
	db := look(t, cfg)
	// Before anything was signed: nothing is, while it is paused.
	s.must("/pause", map[string]any{"reason": "maintenance"})
	if status, body := s.order("/pause", map[string]any{"reason": "again"}); status != http.StatusConflict {
		t.Errorf("a second pause: %d %s", status, body)
	}
	until(t, "the jobs have done their work", s.log, func() bool { return quiet(t, db) })
	before := nominated(t, db)
	for range 6 {
		if err := n.Step(); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the blocks were looked at", s.log, func() bool { return quiet(t, db) })
	if got := nominated(t, db); len(got) != len(before) {
		t.Errorf("%v nominated although it is paused, %v before", got, before)
	}
	s.must("/resume", map[string]any{"reason": "done"})
	drive(t, n, db, "all nominators have nominated", s, func() bool { return len(nominated(t, db)) == len(n.Nominators()) })
	until(t, "the jobs have done their work", s.log, func() bool { return quiet(t, db) })

	overrules(t, n, s, db)
	appeals(t, n, s, db)

	listed, err := db.Nominators(t.Context())
	if err != nil || len(listed) == 0 {
		t.Fatal(listed, err)
	}
	own := listed[0].Address
	for _, c := range []struct {
		path   string
		order  map[string]any
		status int
	}{
		{"/rerun", map[string]any{"job": "NoJob", "reason": "x"}, http.StatusNotFound},
		{"/revoke", map[string]any{"slot": 3, "fault": "OFFLINE_EVENT@s1", "reason": "twice"}, http.StatusNotFound},
		{"/revoke", map[string]any{"slot": 1, "fault": "COMMISION@never", "reason": "x"}, http.StatusNotFound},
		{"/lift", map[string]any{"slot": 1, "reason": "x"}, http.StatusNotFound},
		{"/override", map[string]any{"nominator": own, "targets": []string{"x"}, "reason": "a slip"}, http.StatusOK},
	} {
		if status, body := s.order(c.path, c.order); status != c.status {
			t.Errorf("%s: %d %s", c.path, status, body)
		}
	}
	if status, _ := s.get("admin", "/actions"); status != http.StatusUnauthorized {
		t.Errorf("the audit log without the token: %d", status)
	}
	actions, err := db.Actions(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var verbs []string
	for _, a := range slices.Backward(actions) {
		verbs = append(verbs, a.Verb)
		if a.Author != "alice" || a.Reason == "" || a.Subject == "" || a.At == 0 {
			t.Errorf("%+v", a)
		}
	}
	want := []string{"pause", "resume", "overrule", "rerun", "restore", "rerun", "revoke", "lift", "override"}
	if !slices.Equal(verbs, want) {
		t.Errorf("the log has %v, want %v", verbs, want)
	}
}

// overrules makes a candidate invalid by an order, which the next looks and the record of the next round show, and valid
// again.
func overrules(t *testing.T, n *simnet.Network, s *service, db *store.Store) {
	t.Helper()
	all, err := db.Candidates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(c memory.Candidate) bool { return standingOf(t, db, c.Slot).Validity == programme.Valid })
	if i < 0 {
		t.Fatal("nobody is valid")
	}
	c := all[i]
	s.must("/overrule", map[string]any{
		"stash": c.Stash, "check": programme.CodeProvider, "state": programme.Fail, "expires": n.Now().Add(24 * time.Hour), "reason": "the provider asked us to",
	})
	s.again(db, jobs.Validity, c.Name+" is invalid", func() bool { return standingOf(t, db, c.Slot).Validity == programme.Invalid })
	if status, body := s.get("api", fmt.Sprintf("/api/v1/candidates/%d", c.Slot)); status != http.StatusOK || !strings.Contains(body, `"failing":["PROVIDER"]`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := s.get("api", fmt.Sprintf("/candidate/%s", c.Stash)); status != http.StatusOK || !strings.Contains(body, "An operator (alice) made this fail until") {
		t.Errorf("%d %s", status, body)
	}
	held := len(rounds(t, db))
	drive(t, n, db, "another round", s, func() bool { return len(rounds(t, db)) > held })
	until(t, "the jobs have done their work", s.log, func() bool { return quiet(t, db) })
	last := rounds(t, db)[held]
	doc, err := db.Document(t.Context(), last.Digest)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := decision.Verify(doc.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	k := slices.IndexFunc(rec.Inputs.Candidates, func(x programme.CandidateInput) bool { return x.Slot == c.Slot })
	if got := rec.Inputs.Candidates[k].Overrides; len(got) != 1 || got[0].Author != "alice" || got[0].Reason != "the provider asked us to" {
		t.Errorf("the record has %+v", got)
	}
	if status, body := s.get("api", fmt.Sprintf("/api/v1/candidates/%d/explain?round=%d", c.Slot, last.Number)); status != http.StatusOK ||
		!strings.Contains(body, `"own":"pass"`) || !strings.Contains(body, "the provider asked us to") {
		t.Errorf("%d %s", status, body)
	}
	s.must("/restore", map[string]any{"slot": c.Slot, "check": programme.CodeProvider, "reason": "they changed their mind"})
	s.again(db, jobs.Validity, c.Name+" is valid", func() bool { return standingOf(t, db, c.Slot).Validity == programme.Valid })
}

// appeals takes a fault back and lifts a suspension.
func appeals(t *testing.T, n *simnet.Network, s *service, db *store.Store) {
	t.Helper()
	w, err := store.Open(t.Context(), s.target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	const slot = 3
	event := func(kind rank.Type, once string) string {
		t.Helper()
		id := rank.FaultID(kind, once)
		err := w.AddRankEvents(t.Context(), []memory.RankEvent{{Slot: slot, Event: rank.Event{
			ID: id, When: programme.Millis(n.Now().UnixMilli()), Kind: rank.Fault, Type: kind, Once: once, Reason: "for the test",
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	offline := event(rank.OfflineEvent, "s1")
	event(rank.Slash, "e0") // of an era that the chain does not tell of any more: a look does not take it back
	faults := rankingOf(t, db, slot).Faults
	s.must("/revoke", map[string]any{"slot": slot, "fault": offline, "reason": "appeal granted"})
	r := rankingOf(t, db, slot)
	if r.Faults != faults+1 {
		t.Errorf("%d faults after the appeal about one of two, %d before both", r.Faults, faults)
	}
	if r.Suspend == nil {
		t.Fatal("nobody is suspended")
	}
	s.must("/lift", map[string]any{"slot": slot, "reason": "the slash was a bug of the chain"})
	if r := rankingOf(t, db, slot); r.Suspend != nil {
		t.Errorf("still suspended: %+v", r.Suspend)
	}
}
