// Package validity checks every candidate against the programme's requirements. Each check is a pure function in
// a file of its own and gives one of four answers: pass, fail, unknown (the source did not tell) or not applicable.
// All checks are always made, so that a candidate sees everything that is wrong at once.
//
//	inputs ── NewIndex (once per round) ──┐
//	candidate ────────────────────────────┴─> Evaluate ─> verdicts ─> Overall
//
// Missing data is never bad data: an unknown answer holds the previous definite one for a while and then stays
// unknown; it never becomes a fail by itself. docs/rules.md explains every check to operators and validators.
package validity

import (
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// Check describes one requirement.
type Check struct {
	Code     programme.Code
	Title    string // a few words
	Question string // what is asked, as one sentence
	// Sources are the origins of the facts; the first is the one a verdict names.
	Sources []programme.SourceName
	// Limits are the keys of programme.Limits the check uses, Switches those of programme.Switches.
	Limits, Switches []string
}

// rule is a check with its function. The verdict it fills already has code, source, moment and limit.
type rule struct {
	Check
	run   func(*subject, *programme.Verdict)
	limit func(*programme.Inputs) string
}

// The sources of most checks.
var (
	chain     = []programme.SourceName{programme.SourceChain}
	telemetry = []programme.SourceName{programme.SourceTelemetry}
	location  = []programme.SourceName{programme.SourceLocation}
)

// rules are all checks in the order in which they are made and shown.
var rules = [...]rule{
	{Check{programme.CodeOnline, "Online", "Is the node connected to telemetry?", telemetry,
		[]string{"disconnectionGrace", "onlineLimit"}, []string{"presenceConnections"}}, online, onlineLimit},
	{Check{programme.CodeIntention, "Validate intention", "Has the stash declared that it wants to validate?", chain,
		nil, []string{"emptyIntentionsUnknown"}}, intention, nil},
	{Check{programme.CodeClientUpgrade, "Client upgrade", "Does the node run the newest release of its client?",
		[]programme.SourceName{programme.SourceTelemetry, programme.SourceRelease},
		[]string{"upgradeGrace", "mainClient", "exemptClients", "skipClientUpgrade"},
		[]string{"mainClientOnly", "forcedGrace", "unreadableRelease"}}, clientUpgrade, clientLimit},
	{Check{programme.CodeConnectionTime, "Connection time", "Has the node been known for long enough?", telemetry,
		[]string{"connectionTime", "skipConnectionTime"}, []string{"unseenFails"}}, connectionTime, connectionLimit},
	{Check{programme.CodeIdentity, "Identity", "Is there an on-chain identity that a registrar has verified?", chain,
		[]string{"skipIdentity"}, nil}, identity, identityLimit},
	{Check{programme.CodeOfflineTime, "Accumulated offline time", "Was the node offline for too long within the window?", telemetry,
		[]string{"offlineWindow", "offlineAllowed", "disconnectionGrace"}, []string{"rollingOffline"}}, offlineTime, offlineLimit},
	{Check{programme.CodeCommission, "Commission", "Is the commission low enough?", chain,
		[]string{"maxCommission"}, []string{"commissionOfValidators"}}, commission, commissionLimit},
	{Check{programme.CodeSelfStake, "Self stake", "Is the validator's own active bond high enough?", chain,
		[]string{"minSelfStake"}, nil}, selfStake, selfStakeLimit},
	{Check{programme.CodeUnclaimed, "Unclaimed rewards", "Are the rewards of past eras paid out?", chain,
		[]string{"unclaimedEras", "skipUnclaimed"}, nil}, unclaimed, unclaimedLimit},
	{Check{programme.CodeBlocked, "Blocked", "Does the validator accept nominations?", chain, nil, nil}, blocked, nil},
	{Check{programme.CodeKusamaRank, "Rank on the other network", "Is the operator's node in good standing in the other network's programme?",
		[]programme.SourceName{programme.SourceRemote},
		[]string{"remoteRank", "requireKusamaStash", "holdRemote"}, []string{"remoteValidity"}}, kusamaRank, kusamaLimit},
	{Check{programme.CodeProvider, "Provider", "Is the hosting provider allowed?", location,
		[]string{"bannedProviders", "bannedAsns"}, []string{"providerFolded", "noneIsMissing"}}, provider, nil},
	{Check{programme.CodeBeefy, "BEEFY key", "Are real session keys set, BEEFY included?", chain,
		[]string{"skipBeefy"}, []string{"keysRequired"}}, beefy, nil},
	{Check{programme.CodeSanctionedGeo, "Sanctioned area", "Is the node outside all sanctioned areas?", location,
		[]string{"sanctionedCountries", "sanctionedRegions", "skipSanctioned"},
		[]string{"geoSeparately", "noneIsMissing"}}, sanctioned, nil},
	{Check{programme.CodeSuspended, "Suspended", "Is the candidate free of a suspension?",
		[]programme.SourceName{programme.SourceHistory}, nil, []string{"suspension"}}, suspended, nil},
}

// Catalogue lists all checks in their fixed order.
func Catalogue() []Check {
	out := make([]Check, len(rules))
	for i := range rules {
		c := rules[i].Check
		c.Sources, c.Limits, c.Switches = slices.Clone(c.Sources), slices.Clone(c.Limits), slices.Clone(c.Switches)
		out[i] = c
	}
	return out
}

// Evaluate makes all checks for one candidate, in the order of the catalogue. The index is of the same inputs.
func Evaluate(in *programme.Inputs, idx *Index, c *programme.CandidateInput) []programme.Verdict {
	s := subject{in: in, idx: idx, c: c, chain: idx.chain[c.Stash]}
	if p := idx.previous[c.Slot]; p != nil && p.Stash == c.Stash {
		s.previous = p
	}
	out := make([]programme.Verdict, len(rules))
	for i := range rules {
		v := &out[i]
		v.Code, v.Source = rules[i].Code, rules[i].Sources[0]
		v.At, v.Limit = idx.at(v.Source), idx.limits[i]
		rules[i].run(&s, v)
	}
	for i := range c.Overrides {
		for k := range out {
			if out[k].Code == c.Overrides[i].Code {
				override(&c.Overrides[i], &out[k])
			}
		}
	}
	return out
}

// Overall is the conjunction: any check that counts as failed makes the candidate invalid, else any that counts as
// unknown leaves it undecided.
func Overall(verdicts []programme.Verdict) programme.Validity {
	out := programme.Valid
	for i := range verdicts {
		switch verdicts[i].Effective() {
		case programme.Fail:
			return programme.Invalid
		case programme.Unknown:
			out = programme.Undecided
		}
	}
	return out
}
