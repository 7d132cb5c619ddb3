package eval

import (
	"fmt"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// Where the old backend never came to an end, only our documented bound is a match.
func TestDoesNotTerminateDemandsTheBound(t *testing.T) {
	const file = `{"schema":"num-nominations/1","cases":[{"id":"a","network":"Kusama","denom":1e12,"stash":"s","free":"%s","reserved":"0",
	 "electedTotals":["%[2]s","%[2]s","%[2]s","%[2]s","%[2]s","%[2]s","%[2]s"],"networkRecord":"present","expect":{"outcome":"does-not-terminate"}}]}`
	for name, tt := range map[string]struct {
		balance, seat string
		mismatches    int
	}{
		"the balance exceeds all seats":     {"100000000000000", "1000000000000", 0},
		"the balance covers one of the two": {"21500000000000", "1000000000000", 1},
	} {
		report, err := Run(KindNumNominations, fmt.Appendf(nil, file, tt.balance, tt.seat), programme.ProfileReference)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Mismatches) != tt.mismatches {
			t.Errorf("%s: %v", name, report.Mismatches)
		}
	}
}

// Of the stored ranges those with the latest time count, not those of the highest session.
func TestLatestRangesByTime(t *testing.T) {
	const file = `{"schema":"population/1","populations":[{"id":"p","clockMs":9,"session":%s,"candidates":[{"slotId":1,"stash":"s","valid":true,"rank":5}],
	 "earlierMetadata":[{"session":7,"updated":%d,"stats":{}},{"session":8,"updated":%d,"stats":{}}],"runs":[{"id":"r"}]}]}`
	for name, tt := range map[string]struct {
		session     string
		first, then int
		want        any
	}{
		"the lower session is newer":          {"null", 6, 5, 7.0},
		"the higher session is newer":         {"null", 5, 6, 8.0},
		"this pass is the newest":             {"3", 5, 6, 3.0},
		"this pass is older than stored ones": {"3", 5, 10, 8.0},
		"this pass replaces its own session":  {"8", 5, 10, 8.0},
	} {
		report, err := Run(KindScore, fmt.Appendf(nil, file, tt.session, tt.first, tt.then), programme.ProfileReference)
		if err != nil {
			t.Fatal(err)
		}
		if got := report.Cases[1].Result.(tree)["metadataUsedSession"]; got != tt.want {
			t.Errorf("%s: session %v, want %v", name, got, tt.want)
		}
	}
}

// A weight of 0 means the default in the old backend; by the programme's rules it switches the factor off.
func TestWeightsOfNothing(t *testing.T) {
	const file = `{"schema":"population/1","populations":[{"id":"p","clockMs":9,"session":1,"candidates":[{"slotId":1,"stash":"s","valid":true}],
	 "runs":[{"id":"r","scoreConfig":{"client":0,"bonded":"0","rank":" ","faults":null,"offline":false,"region":"no number"}}]}]}`
	for profile, want := range map[programme.Profile]map[string]float64{
		programme.ProfileReference: {"client": 200, "bonded": 50, "rank": 5, "faults": 5, "offline": 2, "region": 10},
		programme.ProfileProgramme: {"client": 0, "bonded": 0, "rank": 5, "faults": 5, "offline": 0, "region": 10},
	} {
		report, err := Run(KindScore, []byte(file), profile)
		if err != nil {
			t.Fatal(err)
		}
		got := report.Cases[1].Result.(tree)["effectiveWeights"].(tree)
		for key, w := range want {
			if got[key] != w {
				t.Errorf("%s: %s is %v, want %v", profile, key, got[key], w)
			}
		}
	}
}
