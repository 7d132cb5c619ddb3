package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	planning "github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
)

func networkLabel(t *testing.T, dir string) string {
	t.Helper()
	cfg, err := config.Load(dir, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Network.Label
}

// storeRound keeps a record in the database of a configuration, as the round that was held at a moment.
func storeRound(t *testing.T, dir string, b []byte, at programme.Millis) *decision.Record {
	t.Helper()
	r, err := decision.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), filepath.Join(dir, "otv.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.SaveDocument(t.Context(), planning.Document{Digest: r.Digest, Kind: planning.DocumentRound, Bytes: b, Created: at}); err != nil {
		t.Fatal(err)
	}
	for _, l := range []outside.Located{
		{Network: networkLabel(t, dir), Slot: 2, Stash: "another", Name: "x", Place: outside.Place{City: "Lima"}, Source: "mmdb", Confidence: outside.Low, Since: 1, At: 2},
		{Network: networkLabel(t, dir), Slot: 2, Stash: programme.Address(addressOf(2, 42)), Name: "x", Place: outside.Place{City: "Oslo", Country: "NO", Provider: "Nordic Hosting AS", ASN: 64500}, Source: "ipinfo", Confidence: outside.Medium, Since: 10, At: 20},
	} {
		if err := s.SaveLocation(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveSourceHealth(t.Context(), outside.Health{Network: networkLabel(t, dir), Name: "location", State: programme.SourceDown, Detail: "no answer within 20s"}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCandidatesStatus(t *testing.T) {
	n := village(t)
	dir := folder(t, "local", n.URL())
	if code, _, errs := run(t, "candidates", "status", "1", "--config", dir); code != ExitFailed || !strings.Contains(errs, "holds no round yet") {
		t.Errorf("without a round: exit %d: %s", code, errs)
	}
	facts := map[string]any{
		"schema": "otv/facts/1", "at": 1_763_800_000_000,
		"sources": map[string]any{"telemetry": map[string]any{"state": "ok", "at": 1_763_800_000_000, "blind": []any{map[string]any{"from": 1_763_700_000_000, "to": 1_763_703_600_000}}}},
		"candidates": []any{map[string]any{"slot": 2, "presence": map[string]any{
			"firstSeen": 1_700_000_000_000, "lastSeen": 1_763_800_000_000, "live": 1, "implementation": "Parity Polkadot", "version": "1.15.2",
			"outages": []any{map[string]any{"from": 1_763_650_000_000, "to": 1_763_657_200_000}},
		}}},
	}
	facts["network"] = "westend"
	write(t, dir, "facts.json", facts)
	record := filepath.Join(dir, "record.json")
	if code, _, errs := run(t, "round", "plan", "--config", dir, "--facts", filepath.Join(dir, "facts.json"), "--out", record); code != ExitOK && code != ExitBraked {
		t.Fatalf("exit %d: %s", code, errs)
	}
	b, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	r := storeRound(t, dir, b, 5)
	for _, who := range []string{"node 2 🚀", addressOf(2, 42), addressOf(2, 0), "2"} {
		code, out, errs := run(t, "candidates", "status", who, "--config", dir)
		if code != ExitOK {
			t.Fatalf("%s: exit %d: %s", who, code, errs)
		}
		for _, want := range []string{
			"era 100", "slot 2, node 2 🚀", "COMMISION: Seen: 50 %", "Passes with: at most", "WHAT WOULD CHANGE IT",
			"1 connection now; first seen", "offline 2h of 3h21m36s allowed; the feed was blind for 1h",
			"offline from 2025-11-20T14:46:40Z to 2025-11-20T16:46:40Z (2h)", "Oslo", "AS64500", "medium", "The source location is down: no answer within 20s",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: nothing of %q:\n%s", who, want, out)
			}
		}
		if strings.Contains(out, "Lima") {
			t.Errorf("the location of another stash is shown:\n%s", out)
		}
	}
	code, out, errs := run(t, "candidates", "status", "2", "--config", dir, "--json")
	var got struct {
		Round     string
		Candidate programme.CandidateDecision
		Advice    []decision.Advice
		Presence  struct{ Offline, Allowed, Blind int64 }
		Locations []outside.Located
	}
	if err := json.Unmarshal([]byte(out), &got); code != ExitOK || err != nil {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	if got.Round != r.Digest || got.Candidate.Slot != 2 || len(got.Advice) == 0 || got.Presence.Offline != 7_200_000 || got.Presence.Blind != 3_600_000 || len(got.Locations) != 1 {
		t.Errorf("%+v", got)
	}
	// As soon as there is presence in the database, it outranks what the round was decided from.
	now := programme.Millis(time.Now().UnixMilli())
	watch := func(seen programme.Millis) {
		t.Helper()
		s, err := store.Open(t.Context(), filepath.Join(dir, "otv.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.SavePresence(t.Context(), memory.PresenceBatch{
			Observer: memory.Observer{Seen: seen, Feeds: []memory.Feed{{Key: "wss://feed.example/feed 0xaa", Nodes: 5, At: seen}}},
			Slots: []memory.Presence{{
				Slot: 2, Name: "node 2 🚀", Listed: true, FirstSeen: now - 50*programme.Day, LastSeen: now - 2*programme.Hour, Gone: now - 2*programme.Hour, Version: "1.9.9",
				Notices: []memory.Notice{{Kind: memory.NoticeNearMiss, Text: `telemetry shows "Node 2"`, Since: now - programme.Hour}},
			}},
			Outages: []memory.Outage{{Slot: 2, Interval: programme.Interval{From: now - 2*programme.Hour}}},
			Blind:   []memory.Blind{{Interval: programme.Interval{From: now - 3*programme.Day, To: now - 3*programme.Day + programme.Hour}, Reason: "x"}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	watch(now + programme.Minute) // so that nothing is missing at the end
	for _, want := range []string{
		"from the feed", `note: telemetry shows "Node 2", since `, "not connected, last seen ", "1.9.9", "offline 2h", "of 3h21m36s allowed; the feed was blind for 1h", "- offline from ",
	} {
		if code, out, errs := run(t, "candidates", "status", "2", "--config", dir); code != ExitOK || !strings.Contains(out, want) || strings.Contains(out, "nobody can see") {
			t.Errorf("exit %d, nothing of %q: %s%s", code, want, out, errs)
		}
	}
	watch(now - programme.Hour)
	for _, want := range []string{"nobody can see the feed since ", ": the feed has not been watched since then", "offline 1h of", "the feed was blind for 2h"} {
		if code, out, errs := run(t, "candidates", "status", "2", "--config", dir); code != ExitOK || !strings.Contains(out, want) {
			t.Errorf("exit %d, nothing of %q: %s%s", code, want, out, errs)
		}
	}
	// When nobody has watched for longer than the window, it is the time before that which is told.
	last := now - 300*programme.Day
	watch(last)
	if code, out, errs := run(t, "candidates", "status", "2", "--config", dir); code != ExitOK || !strings.Contains(out, " until "+last.String()+", from the feed") ||
		!strings.Contains(out, "nobody can see the feed since "+last.String()+": the feed has not been watched since then") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	watch(now - programme.Hour)
	if code, out, _ := run(t, "candidates", "status", "1", "--config", dir); code != ExitOK || !strings.Contains(out, "LOCATION unknown") || !strings.Contains(out, "never seen under this name") {
		t.Errorf("exit %d: %s", code, out)
	}
	if code, _, errs := run(t, "candidates", "status", "nobody", "--config", dir); code != ExitFailed || !strings.Contains(errs, `none with the slot, name or stash "nobody"`) {
		t.Errorf("exit %d: %s", code, errs)
	}
	if code, _, errs := run(t, "candidates", "status", "1"); code != ExitUsage || !strings.Contains(errs, "--config") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
