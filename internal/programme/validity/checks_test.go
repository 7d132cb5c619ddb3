package validity_test

import (
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

// answer is what a profile makes of a case: the state, and words that the sentence must hold.
type answer struct {
	state programme.State
	says  string
}

// checkCase changes the round in which everything is in order.
type checkCase struct {
	name      string
	code      programme.Code
	change    func(*programme.Inputs)
	programme answer
	reference answer
}

func both(s programme.State, says string) (a, b answer) { return answer{s, says}, answer{s, says} }

// one is a case in which both rule sets agree.
func one(name string, code programme.Code, s programme.State, says string, change func(*programme.Inputs)) checkCase {
	p, r := both(s, says)
	return checkCase{name, code, change, p, r}
}

// two is a case in which they differ.
func two(name string, code programme.Code, p, r answer, change func(*programme.Inputs)) checkCase {
	return checkCase{name, code, change, p, r}
}

func runCases(t *testing.T, cases []checkCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(string(tt.code)+"/"+tt.name, func(t *testing.T) {
			for profile, want := range map[programme.Profile]answer{
				programme.ProfileProgramme: tt.programme, programme.ProfileReference: tt.reference,
			} {
				in := goodRound(profile)
				tt.change(in)
				v := ask(in, tt.code)
				if v.State != want.state || !strings.Contains(v.Detail, want.says) {
					t.Errorf("%s: %s %q, want %s with %q", profile, v.State, v.Detail, want.state, want.says)
				}
				if want.says == "" && want.state == programme.Pass && v.Detail != "" {
					t.Errorf("%s: passes with the remark %q", profile, v.Detail)
				}
				if v.State == programme.Fail && (v.Value == "" || v.Detail == "") {
					t.Errorf("%s: fails without saying what was seen: %+v", profile, v)
				}
				if v.State == programme.Unknown && v.Detail == "" {
					t.Errorf("%s: unknown without a reason", profile)
				}
				if v.At == 0 || v.Source == "" {
					t.Errorf("%s: no source or moment: %+v", profile, v)
				}
			}
		})
	}
}

const (
	yes     = programme.Pass
	no      = programme.Fail
	unknown = programme.Unknown
	na      = programme.NotApplicable
)

func presence(change func(*programme.Presence)) func(*programme.Inputs) {
	return func(in *programme.Inputs) { change(in.Candidates[0].Presence) }
}

func limits(change func(*programme.Limits)) func(*programme.Inputs) {
	return func(in *programme.Inputs) { change(&in.Rules.Limits) }
}

func onChain(change func(*programme.ChainCandidate)) func(*programme.Inputs) {
	return func(in *programme.Inputs) { change(&in.Snapshot.Candidates[0]) }
}

func source(name programme.SourceName, s programme.SourceState) func(*programme.Inputs) {
	return func(in *programme.Inputs) { state(in, name, s) }
}

func both2(a, b func(*programme.Inputs)) func(*programme.Inputs) {
	return func(in *programme.Inputs) { a(in); b(in) }
}

func gap(p programme.Part) func(*programme.Inputs) {
	return func(in *programme.Inputs) { in.Snapshot.Gaps = map[programme.Part]string{p: "the node went away"} }
}

func nothing(*programme.Inputs) {}

func notInSnapshot(in *programme.Inputs) { in.Snapshot.Candidates = nil }

func TestTelemetryChecks(t *testing.T) {
	const o, c, a = programme.CodeOnline, programme.CodeConnectionTime, programme.CodeOfflineTime
	tel := programme.SourceTelemetry
	unseen := func(in *programme.Inputs) { in.Candidates[0].Presence = nil }
	pending := func(in *programme.Inputs) { in.Candidates[0].Presence = &programme.Presence{Pending: true} }
	runCases(t, []checkCase{
		one("connected", o, yes, "", nothing),
		one("never seen", o, no, "ever seen", unseen),
		one("not watched for yet", o, unknown, "listed a moment ago", pending),
		one("first sight not watched for yet", c, unknown, "listed a moment ago", pending),
		one("seen by nobody", o, no, "ever seen", presence(func(p *programme.Presence) { *p = programme.Presence{} })),
		two("gone for exactly the grace", o, answer{yes, "gone for 5 min"}, answer{yes, ""},
			presence(func(p *programme.Presence) { p.Live, p.LastSeen = 0, now-5*programme.Minute })),
		two("gone for a moment longer", o, answer{no, "passes again as soon as"}, answer{yes, ""},
			presence(func(p *programme.Presence) { p.Live, p.LastSeen = 0, now-5*programme.Minute-1 })),
		two("announced 16 hours ago", o, answer{yes, ""}, answer{yes, ""},
			presence(func(p *programme.Presence) { p.LastSeen = now - 16*programme.Hour })),
		two("connected, but announced longer ago", o, answer{yes, ""}, answer{no, "more than 16 h ago"},
			presence(func(p *programme.Presence) { p.LastSeen = now - 16*programme.Hour - 1 })),
		two("gone while we were blind", o, answer{yes, "gone for 2 h"}, answer{yes, ""}, func(in *programme.Inputs) {
			in.Candidates[0].Presence.Live, in.Candidates[0].Presence.LastSeen = 0, now-2*programme.Hour
			in.Sources[1].Blind = []programme.Interval{{From: now - 2*programme.Hour, To: now - 4*programme.Minute}}
		}),
		one("feed off", o, na, "switched off", source(tel, programme.SourceOff)),
		one("feed absent", o, unknown, "Nothing supplies", source(tel, programme.SourceAbsent)),
		one("feed down", o, unknown, "does not deliver", source(tel, programme.SourceDown)),
		one("feed not named", o, unknown, "Nothing supplies", func(in *programme.Inputs) { in.Sources = in.Sources[:1] }),

		one("known long", c, yes, "", nothing),
		one("known for exactly a week", c, yes, "", presence(func(p *programme.Presence) { p.FirstSeen = now - programme.Week })),
		one("a moment too short", c, no, "it passes from 2026-03-01T12:00:00Z", presence(func(p *programme.Presence) { p.FirstSeen = now - programme.Week + 1 })),
		one("seen in the future", c, no, "it passes from", presence(func(p *programme.Presence) { p.FirstSeen = now + programme.Hour })),
		two("never seen", c, answer{no, "not seen yet"}, answer{yes, "not seen yet"}, unseen),
		one("switched off", c, na, "switched off", limits(func(l *programme.Limits) { l.SkipConnectionTime = true })),
		one("feed off", c, na, "switched off", source(tel, programme.SourceOff)),
		one("feed down, first sight known", c, yes, "", source(tel, programme.SourceDown)),
		one("feed down, never seen", c, unknown, "does not deliver", both2(unseen, source(tel, programme.SourceDown))),

		one("no outage", a, yes, "", nothing),
		one("never seen", a, yes, "", unseen),
		one("exactly what is allowed", a, yes, "", outage(now-programme.Day, 12_096_000)),
		one("a moment more", a, no, "201.6 min are allowed", outage(now-programme.Day, 12_096_001)),
		two("long ago", a, answer{yes, ""}, answer{no, "are allowed"}, outage(now-9*programme.Day, programme.Day)),
		two("still running", a, answer{no, "still offline"}, answer{yes, ""},
			presence(func(p *programme.Presence) { p.Outages = []programme.Interval{{From: now - programme.Day}} })),
		two("while we were blind", a, answer{yes, ""}, answer{no, "are allowed"}, func(in *programme.Inputs) {
			outage(now-programme.Day, 12*programme.Hour)(in)
			in.Sources[1].Blind = []programme.Interval{{From: now - 30*programme.Hour, To: now - 14*programme.Hour}}
		}),
		one("feed off", a, na, "switched off", source(tel, programme.SourceOff)),
		one("feed down, outages known", a, no, "are allowed", both2(outage(now-programme.Day, 12*programme.Hour), source(tel, programme.SourceDown))),
		one("feed down, never seen", a, unknown, "does not deliver", both2(unseen, source(tel, programme.SourceDown))),
		one("feed down since ever", a, unknown, "does not deliver", func(in *programme.Inputs) {
			in.Sources[1].State, in.Sources[1].At = programme.SourceDown, 0
		}),
		two("running, but the feed is down since", a, answer{yes, ""}, answer{yes, ""}, func(in *programme.Inputs) {
			in.Candidates[0].Presence.Outages = []programme.Interval{{From: now - programme.Day}}
			in.Sources[1].State, in.Sources[1].At = programme.SourceDown, now-23*programme.Hour
		}),
	})
}

func outage(from, length programme.Millis) func(*programme.Inputs) {
	return presence(func(p *programme.Presence) { p.Outages = []programme.Interval{{From: from, To: from + length}} })
}

func TestChainChecks(t *testing.T) {
	const i, d, c, s = programme.CodeIntention, programme.CodeIdentity, programme.CodeCommission, programme.CodeSelfStake
	const u, b, k = programme.CodeUnclaimed, programme.CodeBlocked, programme.CodeBeefy
	chainDown := source(programme.SourceChain, programme.SourceDown)
	idle := onChain(func(cc *programme.ChainCandidate) { cc.Intention = programme.Intention{} })
	runCases(t, []checkCase{
		one("declared", i, yes, "", nothing),
		one("not declared", i, no, "has not declared", idle),
		two("empty list", i, answer{unknown, "came back empty"}, answer{yes, "nobody was checked"},
			func(in *programme.Inputs) { in.Snapshot.IntentionCount = 0 }),
		one("not in the snapshot", i, unknown, "holds nothing about this stash", notInSnapshot),
		one("chain down", i, unknown, "does not deliver", chainDown),

		one("verified", d, yes, "", nothing),
		one("none", d, no, "no on-chain identity", onChain(func(cc *programme.ChainCandidate) { cc.Identity = nil })),
		one("not judged", d, no, "not verified", onChain(func(cc *programme.ChainCandidate) { cc.Identity = &programme.Identity{} })),
		one("judged badly, by the super-identity", d, no, "super-identity the-parent", onChain(func(cc *programme.ChainCandidate) {
			cc.Identity = &programme.Identity{Super: "the-parent", Judgements: []programme.Judgement{{Kind: "LowQuality"}}}
		})),
		one("known good", d, yes, "", onChain(func(cc *programme.ChainCandidate) { cc.Identity.Judgements[1].Kind = "KnownGood" })),
		one("out of reach", d, unknown, "the node went away", gap(programme.PartIdentity)),
		one("switched off", d, na, "switched off", limits(func(l *programme.Limits) { l.SkipIdentity = true })),
		one("not in the snapshot", d, unknown, "holds nothing", notInSnapshot),

		one("low", c, yes, "", nothing),
		one("at the limit", c, yes, "", onChain(func(cc *programme.ChainCandidate) { cc.Intention.Commission = 150_000_000 })),
		one("one part over", c, no, "15.0000001 %, at most 15 %", onChain(func(cc *programme.ChainCandidate) { cc.Intention.Commission = 150_000_001 })),
		two("not a validator", c, answer{unknown, "does not validate"}, answer{yes, ""}, idle),
		one("not in the snapshot", c, unknown, "holds nothing", notInSnapshot),

		one("enough", s, yes, "", nothing),
		one("exactly enough", s, yes, "", bond("10000000000000")),
		one("one planck short", s, no, "9.999999999999 KSM; at least 10 KSM", bond("9999999999999")),
		one("beyond 64 bits", s, yes, "", bond("340282366920938463463374607431768211455")),
		one("not bonded", s, no, "not bonded", onChain(func(cc *programme.ChainCandidate) { cc.Bond = programme.Bond{} })),
		one("exempt", s, na, "exempt", both2(bond("0"), func(in *programme.Inputs) { in.Candidates[0].SkipSelfStake = true })),
		one("not in the snapshot", s, unknown, "holds nothing", notInSnapshot),

		one("paid out", u, yes, "", nothing),
		one("the oldest that may be open", u, yes, "", open(996, 999)),
		one("one too old", u, no, "era 995 are not fully paid out; only era 996", open(995, 999)),
		one("many too old", u, no, "eras 900, 901, 902, 903, 904, 905, 906, 907 and 2 more", open(900, 901, 902, 903, 904, 905, 906, 907, 908, 909)),
		one("young chain", u, yes, "", func(in *programme.Inputs) { in.Snapshot.Eras.Active = 3; open(0, 1, 2)(in) }),
		one("not read", u, unknown, "the node went away", gap(programme.PartClaims)),
		one("switched off", u, na, "switched off", both2(open(1), limits(func(l *programme.Limits) { l.SkipUnclaimed = true }))),

		one("open", b, yes, "", nothing),
		one("blocked", b, no, "refuses nominations", onChain(func(cc *programme.ChainCandidate) { cc.Intention.Blocked = true })),
		one("not a validator", b, yes, "", idle),
		one("not in the snapshot", b, unknown, "holds nothing", notInSnapshot),

		one("set", k, yes, "", nothing),
		one("placeholder", k, no, "placeholder", onChain(func(cc *programme.ChainCandidate) { cc.Keys[1].Key = "0x626565660000" })),
		one("chain without BEEFY", k, yes, "", onChain(func(cc *programme.ChainCandidate) { cc.Keys = cc.Keys[:1] })),
		two("no keys", k, answer{no, "no session keys"}, answer{yes, ""}, onChain(func(cc *programme.ChainCandidate) { cc.Keys = nil })),
		one("not read", k, unknown, "the node went away", gap(programme.PartKeys)),
		one("switched off", k, na, "switched off", limits(func(l *programme.Limits) { l.SkipBeefy = true })),
	})
}

func bond(amount string) func(*programme.Inputs) {
	return onChain(func(cc *programme.ChainCandidate) {
		p, err := programme.ParsePlanck(amount)
		if err != nil {
			p = programme.Planck{}
		}
		cc.Bond.Active = p
	})
}

func open(eras ...programme.Era) func(*programme.Inputs) {
	return onChain(func(cc *programme.ChainCandidate) {
		for _, e := range eras {
			cc.Unclaimed = append(cc.Unclaimed, programme.UnclaimedEra{Era: e, Pages: 1})
		}
	})
}
