package rounds

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

const goodFacts = `{
 "schema": "otv/facts/1", "network": "westend", "at": 1763800000000,
 "sources": {"telemetry": {"state": "ok", "blind": [{"from": 5, "to": 6}]}, "location": {"state": "down", "at": 7, "detail": "quota used up"}},
 "release": {"name": "v1.15.2", "publishedAt": 1763000000000, "forced": false},
 "candidates": [
  {"slot": 1, "presence": {"firstSeen": 1, "lastSeen": 2, "live": 1, "outages": [{"from": 1, "to": 2}, {"from": 3, "to": 0}]}},
  {"slot": 2, "history": {"rank": 3, "faults": 1, "nominatedEra": 4, "suspended": {"since": 9, "reason": "slash"}}}
 ]
}`

func TestParseFacts(t *testing.T) {
	f, err := ParseFacts(strings.NewReader(goodFacts))
	if err != nil {
		t.Fatal(err)
	}
	want := []CandidateFacts{
		{1, programme.Facts{Presence: &programme.Presence{FirstSeen: 1, LastSeen: 2, Live: 1, Outages: []programme.Interval{{From: 1, To: 2}, {From: 3}}}}},
		{2, programme.Facts{History: &programme.History{Rank: 3, Faults: 1, NominatedEra: 4, Suspended: &programme.Suspension{Since: 9, Reason: "slash"}}}},
	}
	if diff := cmp.Diff(want, f.Candidates); diff != "" {
		t.Error(diff)
	}
	got := f.state(programme.SourceTelemetry, programme.Source{})
	if diff := cmp.Diff(programme.Source{Name: "telemetry", State: "ok", At: 1763800000000, Blind: []programme.Interval{{From: 5, To: 6}}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseFactsRefuses(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"schema", "otv/facts/1", "otv/facts/2", `schema is "otv/facts/2"`},
		{"no time", `"at": 1763800000000,
`, "\n", "at: the moment"},
		{"unknown member", `"network"`, `"weather"`, `unknown field "weather"`},
		{"unknown source", `"location"`, `"weather"`, "sources.weather: no such source"},
		{"unknown state", `"down"`, `"broken"`, `sources.location.state: "broken"`},
		{"slot twice", `"slot": 2`, `"slot": 1`, "slot 1 appears twice"},
		{"wrong type", `"live": 1`, `"live": "one"`, "line 6: "},
		{"outage still running before another", `{"from": 1, "to": 2}`, `{"from": 1, "to": 0}`, "still runs, but is not the last"},
		{"outage ends before it starts", `{"from": 1, "to": 2}`, `{"from": 3, "to": 2}`, "ends before it starts"},
		{"outages overlap", `{"from": 3, "to": 0}`, `{"from": 1, "to": 0}`, "starts before the one before it ends"},
		{"seen backwards", `"lastSeen": 2`, `"lastSeen": 0`, "in order"},
		{"syntax", `"slot": 1,`, `"slot": 1`, "line 6: "},
		{"cut off", "\n ]\n}", "", "ends in the middle"},
		{"more text", "\n ]\n}", "\n ]\n} {}", "more text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := strings.Replace(goodFacts, tt.old, tt.new, 1)
			if bad == goodFacts {
				t.Fatal("the test changes nothing")
			}
			_, err := ParseFacts(strings.NewReader(bad))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func FuzzFacts(f *testing.F) {
	f.Add(goodFacts)
	f.Add(`{"schema":"otv/facts/1","at":1}`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, s string) {
		facts, err := ParseFacts(strings.NewReader(s))
		if err == nil && facts.check() != nil {
			t.Fatal("accepted facts that fail their own check")
		}
	})
}
