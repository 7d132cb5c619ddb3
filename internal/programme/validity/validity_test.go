package validity_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

func TestGoodCandidatePassesEverything(t *testing.T) {
	for _, profile := range []programme.Profile{programme.ProfileProgramme, programme.ProfileReference} {
		in := goodRound(profile)
		verdicts := validity.Evaluate(in, validity.NewIndex(in), &in.Candidates[0])
		for _, v := range verdicts {
			if v.State == programme.Fail || v.State == programme.Unknown {
				t.Errorf("%s: %s %s: %s", profile, v.Code, v.State, v.Detail)
			}
		}
		if got := validity.Overall(verdicts); got != programme.Valid {
			t.Errorf("%s: %s", profile, got)
		}
	}
}

func TestCatalogueIsInOrderAndComplete(t *testing.T) {
	want := []programme.Code{"ONLINE", "VALIDATE_INTENTION", "CLIENT_UPGRADE", "CONNECTION_TIME", "IDENTITY",
		"ACCUMULATED_OFFLINE_TIME", "COMMISION", "SELF_STAKE", "UNCLAIMED_REWARDS", "BLOCKED", "KUSAMA_RANK", "PROVIDER",
		"BEEFY", "SANCTIONED_GEO_AREA", "SUSPENDED"}
	var got []programme.Code
	for _, c := range validity.Catalogue() {
		got = append(got, c.Code)
		if c.Title == "" || !strings.HasSuffix(c.Question, "?") || len(c.Sources) == 0 {
			t.Errorf("%s is not described: %+v", c.Code, c)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	in := goodRound(programme.ProfileProgramme)
	got = nil
	for _, v := range validity.Evaluate(in, validity.NewIndex(in), &in.Candidates[0]) {
		got = append(got, v.Code)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	validity.Catalogue()[0].Sources[0] = "changed"
	if validity.Catalogue()[0].Sources[0] == "changed" {
		t.Error("the catalogue can be changed from outside")
	}
}

func TestOverall(t *testing.T) {
	v := func(s, held programme.State) programme.Verdict { return programme.Verdict{State: s, Held: held} }
	tests := []struct {
		name string
		in   []programme.Verdict
		want programme.Validity
	}{
		{"nothing", nil, programme.Valid},
		{"passes", []programme.Verdict{v(yes, ""), v(na, "")}, programme.Valid},
		{"one fails", []programme.Verdict{v(unknown, ""), v(no, ""), v(yes, "")}, programme.Invalid},
		{"one unknown", []programme.Verdict{v(yes, ""), v(unknown, "")}, programme.Undecided},
		{"unknown holds a pass", []programme.Verdict{v(unknown, yes)}, programme.Valid},
		{"unknown holds a fail", []programme.Verdict{v(unknown, no)}, programme.Invalid},
		{"unknown holds n/a", []programme.Verdict{v(unknown, na)}, programme.Valid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := validity.Overall(tt.in); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// An unknown answer holds the previous definite one for its time to the millisecond, and then stays unknown.
func TestUnknownHoldsThePreviousAnswer(t *testing.T) {
	tests := []struct {
		code   programme.Code
		source programme.SourceName
		blur   func(*programme.Inputs)
		hold   programme.Millis
	}{
		{programme.CodeOnline, programme.SourceTelemetry, nothing, 16 * programme.Hour},
		{programme.CodeConnectionTime, programme.SourceTelemetry, func(in *programme.Inputs) { in.Candidates[0].Presence = nil }, 6 * programme.Hour},
		{programme.CodeIdentity, programme.SourceChain, nothing, 6 * programme.Hour},
		{programme.CodeKusamaRank, programme.SourceRemote, func(in *programme.Inputs) { in.Candidates[0].Remote = nil }, 24 * programme.Hour},
		{programme.CodeProvider, programme.SourceLocation, func(in *programme.Inputs) { in.Candidates[0].Location = nil }, 6 * programme.Hour},
	}
	for _, tt := range tests {
		for _, s := range []programme.State{yes, no, na} {
			in := goodRound(programme.ProfileProgramme)
			state(in, tt.source, programme.SourceDown)
			tt.blur(in)
			before(in, tt.code, s, tt.hold)
			v := ask(in, tt.code)
			if v.State != unknown || v.Held != s || v.HeldAt != now-tt.hold || v.Changes != now+1 || v.Effective() != s {
				t.Errorf("%s: %s after exactly the time is %+v", tt.code, s, v)
			}
			before(in, tt.code, s, tt.hold+1)
			v = ask(in, tt.code)
			if v.State != unknown || v.Held != "" || v.Effective() != unknown || !strings.Contains(v.Detail, "too old") {
				t.Errorf("%s: %s after more than the time is %+v", tt.code, s, v)
			}
		}
	}
}

func TestHeldAnswersBelongToTheStash(t *testing.T) {
	in := goodRound(programme.ProfileProgramme)
	state(in, programme.SourceTelemetry, programme.SourceDown)
	before(in, programme.CodeOnline, no, programme.Minute)
	in.Previous.Candidates[0].Stash = "the-stash-before"
	if v := ask(in, programme.CodeOnline); v.Held != "" {
		t.Errorf("the slot's earlier stash answers for the new one: %+v", v)
	}
}

func TestMoments(t *testing.T) {
	in := goodRound(programme.ProfileProgramme)
	for code, want := range map[programme.Code]programme.Millis{
		programme.CodeOnline: now - 1000, programme.CodeIntention: now, programme.CodeIdentity: now - 6000,
		programme.CodeKusamaRank: now - programme.Hour, programme.CodeProvider: now, programme.CodeConnectionTime: now,
	} {
		if v := ask(in, code); v.At != want {
			t.Errorf("%s holds for %s, want %s", code, v.At, want)
		}
	}
	connected := presence(func(p *programme.Presence) { p.FirstSeen = now - programme.Hour })
	connected(in)
	if v := ask(in, programme.CodeConnectionTime); v.Changes != now-programme.Hour+programme.Week {
		t.Errorf("CONNECTION_TIME changes at %s", v.Changes)
	}
}

// When the newest outages are exactly what is allowed, the candidate passes as soon as the earlier one is out of the
// window, not later.
func TestOfflineTimePassesAtTheEarliestMoment(t *testing.T) {
	in := goodRound(programme.ProfileProgramme)
	early := programme.Interval{From: now - 3*programme.Day, To: now - 3*programme.Day + 2*programme.Hour}
	late := programme.Interval{From: now - programme.Day, To: now - programme.Day + in.Rules.Limits.OfflineAllowed}
	in.Candidates[0].Presence.Outages = []programme.Interval{early, late}
	if v := ask(in, programme.CodeOfflineTime); v.State != no || v.Changes != early.To+programme.Week {
		t.Errorf("%+v, want a fail until %s", v, early.To+programme.Week)
	}
}

// What a verdict says about the moment it changes comes true, if nothing else happens: the answer is the same just
// before that moment and another one at it.
func TestChangesComeTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := goodRound(programme.ProfileProgramme)
		p := in.Candidates[0].Presence
		p.FirstSeen = now - programme.Millis(rapid.Int64Range(0, int64(9*programme.Day)).Draw(t, "known for"))
		if rapid.Bool().Draw(t, "gone") {
			p.Live, p.LastSeen = 0, now-programme.Millis(rapid.Int64Range(0, int64(6*programme.Minute)).Draw(t, "gone for"))
		}
		at := now - 8*programme.Day
		for range rapid.IntRange(0, 6).Draw(t, "outages") {
			at += programme.Millis(rapid.Int64Range(1, int64(programme.Day)).Draw(t, "up"))
			to := at + programme.Millis(rapid.Int64Range(1, int64(3*programme.Hour)).Draw(t, "down"))
			if to > now {
				break
			}
			p.Outages = append(p.Outages, programme.Interval{From: at, To: to})
			at = to
		}
		p.Version = rapid.SampledFrom([]string{"1.15.2", "1.15.1", ""}).Draw(t, "version")
		in.Release.PublishedAt = now - programme.Millis(rapid.Int64Range(1, int64(3*programme.Day)).Draw(t, "published"))
		for _, v := range validity.Evaluate(in, validity.NewIndex(in), &in.Candidates[0]) {
			if v.Changes == 0 {
				continue
			}
			if v.Changes <= in.Now {
				t.Fatalf("%s changes in the past: %+v", v.Code, v)
			}
			later := *in
			later.Now = v.Changes - 1
			if got := ask(&later, v.Code); got.State != v.State {
				t.Fatalf("%s is %s until %s, but %s before", v.Code, v.State, v.Changes, got.State)
			}
			later.Now = v.Changes
			if got := ask(&later, v.Code); got.State == v.State {
				t.Fatalf("%s is still %s at %s", v.Code, v.State, v.Changes)
			}
		}
	})
}

// Whatever the inputs hold, every check answers, no unknown answer counts as a fail of its own, and nothing panics.
func TestEveryInputIsAnswered(t *testing.T) {
	states := []programme.SourceState{programme.SourceOK, programme.SourceOff, programme.SourceAbsent, programme.SourceDown, "", "odd"}
	rapid.Check(t, func(t *rapid.T) {
		in := goodRound(rapid.SampledFrom([]programme.Profile{programme.ProfileProgramme, programme.ProfileReference}).Draw(t, "profile"))
		for i := range in.Sources {
			in.Sources[i].State = rapid.SampledFrom(states).Draw(t, "state")
			in.Sources[i].At = programme.Millis(rapid.Int64().Draw(t, "at"))
		}
		c := &in.Candidates[0]
		ms := rapid.Custom(func(t *rapid.T) programme.Millis { return programme.Millis(rapid.Int64().Draw(t, "ms")) })
		c.Presence = &programme.Presence{FirstSeen: ms.Draw(t, "first"), LastSeen: ms.Draw(t, "last"), Live: rapid.Int().Draw(t, "live"),
			Outages: []programme.Interval{{From: ms.Draw(t, "from"), To: ms.Draw(t, "to")}, {From: ms.Draw(t, "from"), To: ms.Draw(t, "to")}},
			Version: rapid.String().Draw(t, "version"), Implementation: rapid.String().Draw(t, "implementation")}
		in.Release = &programme.Release{Name: rapid.String().Draw(t, "release"), PublishedAt: ms.Draw(t, "published"), Forced: rapid.Bool().Draw(t, "forced")}
		c.Location.Provider, c.Location.Country = rapid.String().Draw(t, "provider"), rapid.String().Draw(t, "country")
		for _, v := range validity.Evaluate(in, validity.NewIndex(in), c) {
			switch v.State {
			case yes, no, unknown, na:
			default:
				t.Fatalf("%s answers %q", v.Code, v.State)
			}
			if v.State == unknown && v.Effective() == no {
				t.Fatalf("%s is unknown and fails: %+v", v.Code, v)
			}
		}
	})
}
