package validity_test

import (
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

func overruled(in *programme.Inputs, code programme.Code, s programme.State) {
	in.Candidates[0].Overrides = []programme.Override{{
		Code: code, State: s, Author: "ada", Reason: "the registrar is on leave", At: now - programme.Hour, Expires: now + programme.Day,
	}}
}

func TestOverrideCountsAndTheOwnAnswerStays(t *testing.T) {
	for _, profile := range []programme.Profile{programme.ProfileProgramme, programme.ProfileReference} {
		in := goodRound(profile)
		in.Snapshot.Candidates[0].Identity = nil
		own := ask(in, programme.CodeIdentity)
		if own.State != programme.Fail || own.Own() != programme.Fail {
			t.Fatalf("%+v", own)
		}
		overruled(in, programme.CodeIdentity, programme.Pass)
		v := ask(in, programme.CodeIdentity)
		if v.State != programme.Pass || v.Effective() != programme.Pass || v.Own() != programme.Fail || v.Changes != now+programme.Day {
			t.Errorf("%+v", v)
		}
		if v.Value != own.Value || v.Limit != own.Limit || v.Source != own.Source || v.At != own.At {
			t.Errorf("what was seen is lost: %+v, before %+v", v, own)
		}
		want := "An operator (ada) made this pass until 2026-03-02T12:00:00Z: the registrar is on leave. The check itself says fail: " + own.Detail
		if v.Detail != want {
			t.Errorf("%q, want %q", v.Detail, want)
		}
		verdicts := validity.Evaluate(in, validity.NewIndex(in), &in.Candidates[0])
		if validity.Overall(verdicts) != programme.Valid {
			t.Error("it does not make the candidate valid")
		}
		for _, v := range verdicts {
			if v.Code != programme.CodeIdentity && v.Overridden != "" {
				t.Errorf("%s is overridden as well", v.Code)
			}
		}
	}
}

func TestOverrideOfWhatPassesAndOfWhatIsUnknown(t *testing.T) {
	in := goodRound(programme.ProfileProgramme)
	overruled(in, programme.CodeProvider, programme.Fail)
	if v := ask(in, programme.CodeProvider); v.State != programme.Fail || v.Own() != programme.Pass || !strings.HasSuffix(v.Detail, "The check itself says pass.") {
		t.Errorf("%+v", v)
	}
	in = goodRound(programme.ProfileProgramme)
	state(in, programme.SourceRemote, programme.SourceDown)
	in.Candidates[0].Remote = nil
	before(in, programme.CodeKusamaRank, programme.Fail, programme.Hour)
	overruled(in, programme.CodeKusamaRank, programme.Pass)
	if v := ask(in, programme.CodeKusamaRank); v.Effective() != programme.Pass || v.Own() != programme.Unknown || v.Held != programme.Fail || v.HeldAt != now-programme.Hour {
		t.Errorf("what is held is lost: %+v", v)
	}
}

// An answer that both give changes when the later of the two says so, as far as that can be known.
func TestOverrideOfWhatSaysTheSame(t *testing.T) {
	in := goodRound(programme.ProfileProgramme)
	in.Candidates[0].Presence.Version = "1.15.1"
	in.Release.PublishedAt = now - programme.Hour // in grace
	own := ask(in, programme.CodeClientUpgrade)
	if own.State != programme.Pass || own.Changes <= now {
		t.Fatalf("%+v", own)
	}
	overruled(in, programme.CodeClientUpgrade, programme.Pass)
	for expires, want := range map[programme.Millis]programme.Millis{own.Changes - 1: own.Changes, own.Changes + 1: own.Changes + 1} {
		in.Candidates[0].Overrides[0].Expires = expires
		if v := ask(in, programme.CodeClientUpgrade); v.Changes != want {
			t.Errorf("expiring at %s it changes at %s, want %s", expires, v.Changes, want)
		}
	}
}

func TestOverridable(t *testing.T) {
	for _, c := range []struct {
		code  programme.Code
		state programme.State
		ok    bool
	}{
		{programme.CodeIdentity, programme.Pass, true},
		{programme.CodeIdentity, programme.Fail, true},
		{programme.CodeBlocked, programme.Fail, true},
		{programme.CodeBlocked, programme.Pass, false},
		{programme.CodeIntention, programme.Pass, false},
		{programme.CodeIdentity, programme.Unknown, false},
		{programme.CodeIdentity, "", false},
		{"IDENTITIES", programme.Pass, false},
		{"", programme.Pass, false},
	} {
		if err := validity.Overridable(c.code, c.state); (err == nil) != c.ok {
			t.Errorf("%q %q: %v", c.code, c.state, err)
		}
	}
}
