package location

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/sources/fetchtest"
)

func TestCorrections(t *testing.T) {
	clock, m := fetchtest.NewClock(), fetchtest.NewMemory()
	s := &scripted{places: map[netip.Addr]outside.Place{addr1: oslo}}
	l := locator(clock, m, s)
	l.o.Corrections = filepath.Join(t.TempDir(), "corrections.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(l.o.Corrections, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"corrections": [
		{"name": "node-1", "provider": "Home", "reason": "told us"},
		{"slot": 1, "stash": "stash-1", "city": "Bodø", "region": "Nordland", "country": "NO", "reason": "seen"},
		{"slot": 1, "stash": "other", "country": "SE", "reason": "not this one"},
		{"slot": 9, "country": "FI", "reason": "has no node now"}]}`)
	refresh(t, l, node(1, addr1), Node{Slot: 9})
	want := outside.Place{City: "Bodø", Region: "Nordland", Country: "NO", Provider: "Home"}
	if got := m.Places[1]; !got.Place.Same(want) || got.Confidence != outside.High || got.Source != "correction" {
		t.Errorf("%+v", got)
	}
	if got := m.Places[9]; got.Place.Country != "FI" {
		t.Errorf("%+v", got)
	}
	// A broken file leaves the corrections in force and says so.
	write(`{"corrections": [{"slot": 1}]}`)
	clock.Advance(2 * time.Hour)
	refresh(t, l, node(1, addr1))
	if got, h := m.Places[1], m.Healths["n location"]; got.Place.City != "Bodø" || !strings.Contains(h.Detail, "stay in force") {
		t.Errorf("%+v, %+v", got, h)
	}
	write(`{"corrections": []}`)
	refresh(t, l, node(1, addr1))
	if got := m.Places[1]; !got.Place.Same(oslo) {
		t.Errorf("after the corrections were removed: %+v", got)
	}
}

func TestParseCorrectionsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"corrections": [{"country": "NO", "reason": "x"}]}`:                           "names no slot",
		`{"corrections": [{"slot": 1, "country": "NO"}]}`:                               "has no reason",
		`{"corrections": [{"slot": 1, "country": "Norway", "reason": "x"}]}`:            "two capital letters",
		`{"corrections": [{"slot": 1, "country": "no", "reason": "x"}]}`:                "two capital letters",
		`{"corrections": [{"slot": 1, "city": "None", "reason": "x"}]}`:                 "no name of a place",
		`{"corrections": [{"slot": 1, "reason": "x"}]}`:                                 "corrects nothing",
		`{"corrections": [{"slot": 1, "asn": 5, "country": "NO", "reason": "x"}]}`:      "but no name",
		"{\"corrections\": [\n{\"slott\": 1, \"country\": \"NO\", \"reason\": \"x\"}]}": "near line 2: unknown field",
		`{"corrections": []} {}`: "more text", `[]`: "near line 1",
	} {
		if _, err := ParseCorrections([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func FuzzCorrections(f *testing.F) {
	f.Add(`{"corrections": [{"slot": 1, "name": "n", "country": "NO", "provider": "P", "asn": 5, "reason": "x"}]}`)
	f.Add(`{"corrections": null}`)
	f.Fuzz(func(t *testing.T, s string) {
		list, err := ParseCorrections([]byte(s))
		if err != nil {
			return
		}
		for i := range list {
			checkPlace(t, list[i].place())
			if list[i].Reason == "" || !list[i].place().Known() {
				t.Fatalf("accepted %+v", list[i])
			}
		}
	})
}
