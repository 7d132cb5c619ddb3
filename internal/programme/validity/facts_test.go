package validity_test

import (
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
)

func version(v string) func(*programme.Inputs) {
	return presence(func(p *programme.Presence) { p.Version = v })
}

func release(r programme.Release) func(*programme.Inputs) {
	return func(in *programme.Inputs) { in.Release = &r }
}

func implementation(name string) func(*programme.Inputs) {
	return presence(func(p *programme.Presence) { p.Implementation = name })
}

func TestClientUpgrade(t *testing.T) {
	const c = programme.CodeClientUpgrade
	tel, rel := programme.SourceTelemetry, programme.SourceRelease
	noRelease := func(in *programme.Inputs) { in.Release = nil }
	old := version("1.15.1")
	runCases(t, []checkCase{
		one("same version with a build hash", c, yes, "", nothing),
		one("newer", c, yes, "", version("1.16.0")),
		one("older patch", c, no, "reports version 1.15.1; release v1.15.2 is required since", old),
		one("numbers, not letters", c, no, "required", version("1.9.9")),
		one("two parts only", c, no, "required", version("1.15")),
		one("words before the number", c, yes, "", version("polkadot 1.15.2")),
		one("four parts", c, yes, "", version("1.15.2.99")),
		one("pre-release of the required one", c, yes, "", version("1.15.2-rc1")),
		one("no version", c, no, "version is unknown", version("")),
		one("no number in it", c, no, "required", version("latest")),
		one("number longer than any version", c, no, "required", version("12345678901234567")),
		one("not watched for yet", c, unknown, "listed a moment ago", func(in *programme.Inputs) {
			in.Candidates[0].Presence = &programme.Presence{Pending: true}
		}),
		one("never seen", c, no, "version is unknown", func(in *programme.Inputs) { in.Candidates[0].Presence = nil }),
		one("within the grace", c, yes, "must run from 2026-03-01T12:00:00Z", both2(old, release(programme.Release{Name: "v1.15.2", PublishedAt: now - 48*programme.Hour}))),
		one("grace just over", c, no, "required", both2(old, release(programme.Release{Name: "v1.15.2", PublishedAt: now - 48*programme.Hour - 1}))),
		two("forced within its grace", c, answer{yes, "must run from"}, answer{no, "required"},
			both2(old, release(programme.Release{Name: "1.15.2", PublishedAt: now - programme.Hour, Forced: true}))),
		two("forced long ago", c, answer{no, "required since"}, answer{no, "release 1.15.2 is required. It"}, both2(old, release(programme.Release{Name: "1.15.2", PublishedAt: now - programme.Week, Forced: true}))),
		one("forced without a moment", c, no, "release 1.15.2 is required. It", both2(old, release(programme.Release{Name: "1.15.2", Forced: true}))),
		two("unreadable release", c, answer{unknown, "not a full version"}, answer{no, "nobody meets it"}, release(programme.Release{Name: "stable2407", PublishedAt: 1})),
		two("two-part release", c, answer{unknown, "not a full version"}, answer{no, "nobody meets it"}, release(programme.Release{Name: "v1.15", PublishedAt: 1})),
		one("release with decorations", c, yes, "", release(programme.Release{Name: " =v1.15.2+build ", PublishedAt: 1})),
		one("release without a date", c, yes, "No release is known", release(programme.Release{Name: "v9.9.9"})),
		one("no release", c, yes, "No release is known", noRelease),
		one("no release, source down", c, unknown, "does not deliver", both2(noRelease, source(rel, programme.SourceDown))),
		one("release known, source down", c, no, "required", both2(old, source(rel, programme.SourceDown))),
		one("release source off", c, na, "switched off", source(rel, programme.SourceOff)),
		one("forced although the source is off", c, no, "required", func(in *programme.Inputs) {
			state(in, rel, programme.SourceOff)
			in.Release.Forced = true
			old(in)
		}),
		two("other client", c, answer{na, "counts its versions differently"}, answer{no, "required"}, both2(old, implementation("Gossamer"))),
		two("exempt client by the old list", c, answer{na, "Kagome Node"}, answer{na, "exempt"}, both2(old, implementation("Kagome Node"))),
		one("exempt client", c, na, "exempt", func(in *programme.Inputs) {
			in.Rules.Limits.ExemptClients = []string{"Parity Polkadot"}
			old(in)
		}),
		one("client without a name", c, no, "required", both2(old, implementation(""))),
		one("switched off", c, na, "switched off", both2(old, limits(func(l *programme.Limits) { l.SkipClientUpgrade = true }))),
		one("telemetry off", c, na, "switched off", source(tel, programme.SourceOff)),
		one("telemetry down, version good", c, yes, "", source(tel, programme.SourceDown)),
		one("telemetry down, version old: it may have upgraded", c, unknown, "does not deliver", both2(old, source(tel, programme.SourceDown))),
	})
}

func remote(change func(*programme.RemoteRank)) func(*programme.Inputs) {
	return func(in *programme.Inputs) { change(in.Candidates[0].Remote) }
}

func TestKusamaRank(t *testing.T) {
	const k = programme.CodeKusamaRank
	noStash := func(in *programme.Inputs) { in.Candidates[0].KusamaStash = "" }
	noAnswer := func(in *programme.Inputs) { in.Candidates[0].Remote = nil }
	down := source(programme.SourceRemote, programme.SourceDown)
	runCases(t, []checkCase{
		one("in good standing", k, yes, "", nothing),
		one("exactly the rank", k, yes, "", remote(func(r *programme.RemoteRank) { r.Rank = 100 })),
		one("one less", k, no, "is 99; it passes from 100", remote(func(r *programme.RemoteRank) { r.Rank = 99 })),
		two("invalid there", k, answer{no, "not valid"}, answer{yes, ""}, remote(func(r *programme.RemoteRank) { r.Valid = false })),
		one("invalid there for a reason", k, no, "BLOCKED, BEEFY", remote(func(r *programme.RemoteRank) { r.Valid, r.Failing = false, []string{"BLOCKED", "BEEFY"} })),
		two("unknown there", k, answer{no, "is not part of"}, answer{yes, "is not part of"}, remote(func(r *programme.RemoteRank) { *r = programme.RemoteRank{At: now} })),
		one("no stash there", k, na, "names no stash", noStash),
		one("no stash there, but demanded", k, no, "demands one", both2(noStash, limits(func(l *programme.Limits) { l.RequireKusamaStash = true }))),
		one("no answer", k, unknown, "has not answered", noAnswer),
		one("source down, answer known", k, yes, "", down),
		one("source down, answer just young enough", k, yes, "", both2(down, remote(func(r *programme.RemoteRank) { r.At = now - 24*programme.Hour }))),
		one("source down, answer too old", k, unknown, "does not deliver", both2(down, remote(func(r *programme.RemoteRank) { r.At = now - 24*programme.Hour - 1 }))),
		one("source off", k, na, "switched off", source(programme.SourceRemote, programme.SourceOff)),
		one("source absent", k, unknown, "Nothing supplies", both2(noAnswer, source(programme.SourceRemote, programme.SourceAbsent))),
	})
}

func place(change func(*programme.Location)) func(*programme.Inputs) {
	return func(in *programme.Inputs) { change(in.Candidates[0].Location) }
}

func TestLocationChecks(t *testing.T) {
	const p, g = programme.CodeProvider, programme.CodeSanctionedGeo
	loc := programme.SourceLocation
	nowhere := func(in *programme.Inputs) { in.Candidates[0].Location = nil }
	none := place(func(l *programme.Location) {
		*l = programme.Location{City: "None", Region: "None", Country: "None", Provider: "None"}
	})
	runCases(t, []checkCase{
		one("allowed", p, yes, "", nothing),
		one("banned", p, no, "hosted at Forbidden Hosting GmbH", place(func(l *programme.Location) { l.Provider = "Forbidden Hosting GmbH" })),
		two("banned in other letters", p, answer{no, "does not accept"}, answer{yes, ""}, place(func(l *programme.Location) { l.Provider = " FORBIDDEN hosting gmbh" })),
		two("banned by number", p, answer{no, "does not accept"}, answer{yes, ""}, place(func(l *programme.Location) { l.ASN = 64500 })),
		one("unknown provider", p, yes, "provider of the node is unknown", place(func(l *programme.Location) { l.Provider = "" })),
		two("placeholder of a failed lookup", p, answer{yes, "is unknown"}, answer{yes, ""}, none),
		one("no location", p, yes, "location of the node is unknown", nowhere),
		one("no location, source down", p, unknown, "does not deliver", both2(nowhere, source(loc, programme.SourceDown))),
		one("location known, source down", p, yes, "", source(loc, programme.SourceDown)),
		one("nothing banned", p, na, "No provider is banned", limits(func(l *programme.Limits) { l.BannedProviders, l.BannedASNs = nil, nil })),
		one("source off", p, na, "switched off", source(loc, programme.SourceOff)),

		one("allowed", g, yes, "", nothing),
		one("country", g, no, "Tyrol, xa, which is on the list", place(func(l *programme.Location) { l.Country, l.Region = "xa", "Tyrol" })),
		one("region", g, no, "on the list", place(func(l *programme.Location) { l.Region = " northern TEST" })),
		two("country without a region", g, answer{no, "in XA, which"}, answer{yes, ""}, place(func(l *programme.Location) { l.Country, l.Region = "XA", "" })),
		two("region without a country", g, answer{no, "in Northern Test, which"}, answer{yes, "country of the node is unknown"}, place(func(l *programme.Location) { l.Country, l.Region = "", "Northern Test" })),
		one("part of a listed name", g, yes, "", place(func(l *programme.Location) { l.Region = "Northern" })),
		one("no country", g, yes, "country of the node is unknown", place(func(l *programme.Location) { l.Country = "" })),
		two("placeholder of a failed lookup", g, answer{yes, "is unknown"}, answer{yes, ""}, none),
		one("no location", g, yes, "location of the node is unknown", nowhere),
		one("no location, source absent", g, unknown, "Nothing supplies", both2(nowhere, source(loc, programme.SourceAbsent))),
		one("no lists", g, na, "No area", limits(func(l *programme.Limits) { l.SanctionedCountries, l.SanctionedRegions = nil, nil })),
		one("switched off", g, na, "switched off", limits(func(l *programme.Limits) { l.SkipSanctioned = true })),
		one("source off", g, na, "switched off", source(loc, programme.SourceOff)),
	})
}

func TestSuspended(t *testing.T) {
	const s = programme.CodeSuspended
	suspend := func(in *programme.Inputs) {
		in.Candidates[0].History.Suspended = &programme.Suspension{Since: now - programme.Week, Reason: "slashed in era 990"}
	}
	fresh := func(in *programme.Inputs) { in.Candidates[0].History = nil }
	history := programme.SourceHistory
	old := answer{na, "knows no suspension"}
	runCases(t, []checkCase{
		two("free", s, answer{yes, ""}, old, nothing),
		two("suspended", s, answer{no, "since 2026-02-22T12:00:00Z (slashed in era 990)"}, old, suspend),
		two("suspended, source down", s, answer{no, "slashed"}, old, both2(suspend, source(history, programme.SourceDown))),
		two("nothing remembered", s, answer{yes, ""}, old, fresh),
		two("nothing remembered, source down", s, answer{unknown, "does not deliver"}, old, both2(fresh, source(history, programme.SourceDown))),
		two("no history kept", s, answer{na, "switched off"}, old, source(history, programme.SourceOff)),
	})
}
