package programme

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestNormalised(t *testing.T) {
	tests := []struct {
		name string
		in   []Interval
		want []Interval
	}{
		{"nothing", nil, []Interval{}},
		{"running ends now", []Interval{{10, 0}}, []Interval{{10, 100}}},
		{"future is cut off", []Interval{{90, 120}, {110, 130}}, []Interval{{90, 100}}},
		{"backwards and empty are dropped", []Interval{{20, 10}, {30, 30}}, []Interval{}},
		{"sorted and merged", []Interval{{40, 60}, {10, 20}, {15, 30}, {50, 55}}, []Interval{{10, 30}, {40, 60}}},
		{"touching stay apart", []Interval{{10, 20}, {20, 30}}, []Interval{{10, 20}, {20, 30}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Normalised(tt.in, 100)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCharged(t *testing.T) {
	const grace = 5
	tests := []struct {
		name    string
		outages []Interval
		blind   []Interval
		want    []Interval
	}{
		{"within the grace", []Interval{{10, 15}}, nil, nil},
		{"one more counts whole", []Interval{{10, 16}}, nil, []Interval{{10, 16}}},
		{"running", []Interval{{94, 0}}, nil, []Interval{{94, 100}}},
		{"running within the grace", []Interval{{95, 0}}, nil, nil},
		{"blind in the middle", []Interval{{10, 30}}, []Interval{{15, 20}}, []Interval{{10, 15}, {20, 30}}},
		{"blind at both ends", []Interval{{10, 30}}, []Interval{{5, 12}, {28, 40}}, []Interval{{12, 28}}},
		{"wholly blind", []Interval{{10, 30}}, []Interval{{5, 40}}, nil},
		{"long only while blind", []Interval{{10, 30}}, []Interval{{12, 27}}, nil},
		{"two short ones do not add up", []Interval{{10, 15}, {15, 20}}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &Presence{Outages: tt.outages}
			if diff := cmp.Diff(tt.want, p.Charged(tt.blind, grace, 100), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := (*Presence)(nil).Charged(nil, grace, 100); got != nil {
		t.Errorf("a node that was never seen is charged %v", got)
	}
}

func TestBlindness(t *testing.T) {
	down := Source{State: SourceDown, At: 60, Blind: []Interval{{10, 20}}}
	if diff := cmp.Diff([]Interval{{10, 20}, {60, 100}}, down.Blindness(100)); diff != "" {
		t.Error(diff)
	}
	ok := Source{State: SourceOK, At: 60, Blind: []Interval{{10, 20}, {90, 0}}}
	if diff := cmp.Diff([]Interval{{10, 20}, {90, 100}}, ok.Blindness(100)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Interval{{10, 20}}, down.Blind); diff != "" {
		t.Errorf("the source itself was changed: %s", diff)
	}
}

// The charged time equals what a clerk counts who looks at every minute: within the window, the node gone, our feed
// watching, and the outage (the uninterrupted row of minutes without the node) watched for more than the grace.
func TestOfflineTimeAgainstMinuteCounter(t *testing.T) {
	const (
		length = 400
		grace  = 5
	)
	rapid.Check(t, func(t *rapid.T) {
		intervals := func(name string) []Interval {
			var out []Interval
			at := Millis(rapid.IntRange(1, 20).Draw(t, name+" start"))
			for at < length-2 {
				to := at + Millis(rapid.IntRange(1, 40).Draw(t, name+" length"))
				out = append(out, Interval{at * Minute, min(to, length-1) * Minute})
				at = to + Millis(rapid.IntRange(1, 60).Draw(t, name+" gap"))
			}
			return out
		}
		p := &Presence{Outages: intervals("outage")}
		if n := len(p.Outages); n > 0 && rapid.Bool().Draw(t, "running") {
			p.Outages[n-1].To = 0
		}
		feed := Source{State: SourceOK, Blind: intervals("blind")}
		rules := DefaultRules(ProfileProgramme)
		rules.Limits.DisconnectionGrace = grace * Minute
		rules.Limits.OfflineWindow = Millis(rapid.IntRange(1, length).Draw(t, "window")) * Minute

		within := func(list []Interval, minute int) bool {
			for _, iv := range list {
				if m := Millis(minute) * Minute; m >= iv.From && (m < iv.To || iv.To == 0) {
					return true
				}
			}
			return false
		}
		var want Millis
		for start := 0; start < length; start++ {
			if !within(p.Outages, start) {
				continue
			}
			watched, counted, end := 0, 0, start
			for ; end < length && within(p.Outages, end); end++ {
				if within(feed.Blind, end) {
					continue
				}
				watched++
				if end >= length-int(rules.Limits.OfflineWindow/Minute) {
					counted++
				}
			}
			if watched > grace {
				want += Millis(counted) * Minute
			}
			start = end
		}
		if got := rules.OfflineTime(p, feed, length*Minute); got != want {
			t.Fatalf("offline time %d min, the clerk counts %d min\noutages %v\nblind %v", got/Minute, want/Minute, p.Outages, feed.Blind)
		}
	})
}

func TestOldOfflineTime(t *testing.T) {
	rules := DefaultRules(ProfileReference)
	p := &Presence{Outages: []Interval{{10, 12}, {20, 25}, {50, 0}}}
	if got := rules.OfflineTime(p, Source{State: SourceOK, Blind: []Interval{{0, 100}}}, 100); got != 7 {
		t.Errorf("the old rule gives %d, want the finished outages, 7", got)
	}
	if got := rules.OfflineTime(nil, Source{}, 100); got != 0 {
		t.Errorf("a node that was never seen was offline for %d", got)
	}
}

func TestProviderBanned(t *testing.T) {
	tests := []struct {
		name     string
		provider string
		asn      uint32
		folded   bool
		exact    bool
	}{
		{"as listed", "Forbidden Hosting GmbH", 0, true, true},
		{"other case and blanks", " forbidden hosting gmbh\u00a0", 0, true, false},
		{"by number", "Innocent Inc.", 64500, true, false},
		{"part of a name", "Forbidden Hosting", 0, false, false},
		{"unknown", "", 0, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for profile, want := range map[Profile]bool{ProfileProgramme: tt.folded, ProfileReference: tt.exact} {
				r := DefaultRules(profile)
				r.Limits.BannedProviders = []string{"Forbidden Hosting GmbH"}
				r.Limits.BannedASNs = []uint32{64500}
				if got := r.ProviderBanned(tt.provider, tt.asn); got != want {
					t.Errorf("%s: banned %v, want %v", profile, got, want)
				}
			}
		})
	}
}

func TestSameName(t *testing.T) {
	for _, pair := range [][2]string{{"xa", " XA\t"}, {"Île-de-Test", "\u00a0ÎLE-DE-TEST"}, {"", "\ufeff"}} {
		if !SameName(pair[0], pair[1]) {
			t.Errorf("%q and %q differ", pair[0], pair[1])
		}
	}
	if SameName("Northern", "Northern Test") {
		t.Error("a part of a name is the same as the name")
	}
}

func TestPercent(t *testing.T) {
	for p, want := range map[Perbill]string{
		0: "0", 1: "0.0000001", 150_000_000: "15", 150_000_001: "15.0000001", 33_500_000: "3.35", 1_000_000_000: "100",
		4_294_967_295: "429.4967295",
	} {
		if got := p.Percent(); got != want {
			t.Errorf("%d is %s %%, want %s %%", uint32(p), got, want)
		}
	}
}

func TestPlanckArithmetic(t *testing.T) {
	most := PlanckFromParts(^uint64(0), ^uint64(0))
	if got := most.Mul(2); got != most {
		t.Errorf("twice the greatest amount is %s", got)
	}
	if got := NewPlanck(7).Mul(0); !got.IsZero() {
		t.Errorf("7 x 0 = %s", got)
	}
	if got := NewPlanck(999).Div(500); got != NewPlanck(1) {
		t.Errorf("999 / 500 = %s", got)
	}
	if got := NewPlanck(999).Div(0); !got.IsZero() {
		t.Errorf("999 / 0 = %s", got)
	}
}
