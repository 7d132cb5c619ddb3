package eval

import (
	"math"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
)

// Outcomes of a check.
const (
	outcomeValid   = "valid"
	outcomeInvalid = "invalid"
	outcomeError   = "error"
	outcomeUnknown = "unknown" // by the programme's rules only
)

// checkCodes are the checks by the names the files give them.
var checkCodes = map[string]programme.Code{
	"online": programme.CodeOnline, "validateIntention": programme.CodeIntention,
	"clientVersion": programme.CodeClientUpgrade, "connectionTime": programme.CodeConnectionTime,
	"identity": programme.CodeIdentity, "offlineAccumulated": programme.CodeOfflineTime,
	"commission": programme.CodeCommission, "selfStake": programme.CodeSelfStake, "unclaimed": programme.CodeUnclaimed,
	"blocked": programme.CodeBlocked, "kusamaRank": programme.CodeKusamaRank, "provider": programme.CodeProvider,
	"beefyKeys": programme.CodeBeefy, "sanctionedArea": programme.CodeSanctionedGeo,
}

// outcome is what a check came to in the old backend's terms.
type outcome struct {
	result   string
	silent   bool // the reason is left alone
	facts    tree // what the text of a negative reason states
	requests []string
	fetches  int // of client releases
	verdict  programme.Verdict
}

// runCheck computes a single check.
func runCheck(report *Report, id string, n node) {
	n.object("id", "check", "note", "clockMs", "candidate", "expect", "config", "stored", "chain", "args", "remote")
	code, ok := checkCodes[n.get("check").needed().text()]
	if !ok {
		n.get("check").fail("%s is no check", describe(n.get("check")))
		return
	}
	c := readCase(n, report.Profile)
	args := n.get("args").object("validators", "maxCommission", "minSelfStake", "unclaimedEraThreshold")
	c.listed = args.get("validators").texts()
	c.limits = limits{minSelfStake: args.get("minSelfStake"), commission: args.get("maxCommission"), unclaimed: args.get("unclaimedEraThreshold")}
	if n.r.err != nil {
		return
	}
	o := c.check(code)
	after, recorded := c.file(c.reasons, code, o)
	if n.r.err != nil {
		return
	}
	result := tree{"outcome": o.result, "recorded": recorded, "reasonType": string(code)}
	if recorded {
		result["recordedValid"] = o.result == outcomeValid
		result["detailsEmpty"] = o.result == outcomeValid
		if o.result != outcomeValid {
			result["facts"] = o.facts
		}
	}
	if c.stored {
		types := make([]any, len(after))
		for i, r := range after {
			types[i] = r.code
		}
		result["reasonTypesAfter"] = types
	}
	if len(o.requests) > 0 {
		result["remoteRequests"] = list(o.requests)
	}
	if o.fetches > 0 {
		result["releaseFetches"] = float64(o.fetches)
	}
	report.add(Case{ID: id, Result: result, Verdicts: verdicts(o)}, n.get("expect"), 0)
}

func verdicts(o outcome) []programme.Verdict {
	if o.verdict.Code == "" {
		return nil
	}
	return []programme.Verdict{o.verdict}
}

func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

// file writes the reason of a check. Online, validate intention and sanctioned area always write, the others only
// when the candidate had any reason before; an error writes nothing, except that of the version check. By the
// programme's rules every answer but unknown is written.
func (c *oldCase) file(reasons []reason, code programme.Code, o outcome) ([]reason, bool) {
	always := code == programme.CodeOnline || code == programme.CodeIntention || code == programme.CodeSanctionedGeo
	writes := !o.silent && (always || c.known())
	if o.result == outcomeError && code != programme.CodeClientUpgrade {
		writes = false
	}
	if c.profile == programme.ProfileProgramme {
		writes = o.result != outcomeUnknown
	}
	if !writes {
		return reasons, false
	}
	r := reason{code: string(code), valid: o.result == outcomeValid, updated: float64(c.now)}
	if !r.valid {
		r.details, r.facts = "text", o.facts
	}
	return write(reasons, r), true
}

// check makes one check.
func (c *oldCase) check(code programme.Code) outcome {
	if c.profile == programme.ProfileProgramme {
		return c.byProgramme(code)
	}
	o := outcome{result: outcomeError}
	var ask bool // whether the rule decides
	switch code {
	case programme.CodeOnline:
		// The record is read anew for the text, and there must be one.
		ask = c.settle(&o, !c.stored || c.unreachable["candidates"], !c.record.get("onlineSince").present())
	case programme.CodeIntention:
		_, err := account(c.stash)
		prefixless := !c.config.get("global").given()
		ask = c.settle(&o, len(c.listed) > 0 && (err != nil || prefixless), false)
	case programme.CodeClientUpgrade:
		ask = c.releaseQuirks(&o)
	case programme.CodeConnectionTime:
		ask = c.settle(&o, false, !c.record.get("discoveredAt").present())
	case programme.CodeIdentity:
		ask = c.settle(&o, c.lookupFails("identity"), false)
	case programme.CodeOfflineTime:
		ask = c.settle(&o, false, !c.record.get("offlineAccumulated").present())
	case programme.CodeCommission:
		ask = c.settle(&o, c.lookupFails("commission"), false)
		if _, why := pairOf(c.chain.get("commission").get("returns")); ask && why != "" {
			o.result, o.silent = outcomeInvalid, true
			return o
		}
	case programme.CodeSelfStake:
		ask = c.settle(&o, !c.exempt && c.bondFails(), false)
	case programme.CodeUnclaimed:
		ask = c.settle(&o, c.lookupFails("activeEra"), false)
	case programme.CodeBlocked:
		ask = c.settle(&o, c.chain.get("blocked").get("throws").present(), false)
	case programme.CodeKusamaRank:
		ask = c.remoteQuirks(&o)
	case programme.CodeProvider:
		ask = c.settle(&o, c.unreachable["locations"], false)
	case programme.CodeBeefy:
		ask = c.settle(&o, c.unreachable["validatorKeys"], false)
	case programme.CodeSanctionedGeo:
		ask = c.settle(&o, c.unreachable["locations"], false)
	}
	if ask {
		o.verdict = c.verdict(code)
		o.result = outcomeValid
		if o.verdict.State == programme.Fail {
			o.result = outcomeInvalid
		}
	}
	if o.result != outcomeValid {
		o.facts = c.facts(code)
	}
	return o
}

// settle decides what the old backend never asked its rule for: an error of a lookup, and a number that is absent,
// with which every comparison was false.
func (c *oldCase) settle(o *outcome, fails, absent bool) (ask bool) {
	switch {
	case fails:
		o.result = outcomeError
	case absent:
		o.result = outcomeValid
	default:
		return true
	}
	return false
}

func (c *oldCase) lookupFails(name string) bool {
	answer := c.chain.get(name)
	return answer.get("throws").present() || !answer.get("returns").given()
}

// bondFails: the lookup failed, or returned neither an amount nor an error.
func (c *oldCase) bondFails() bool {
	if c.lookupFails("bonded") {
		return true
	}
	value, why := pairOf(c.chain.get("bonded").get("returns"))
	return why == "" && !value.given()
}

// releaseQuirks: the settings of the check must exist; a release is fetched when none is stored, even if the check
// is switched off.
func (c *oldCase) releaseQuirks(o *outcome) (ask bool) {
	upgrade := c.config.get("constraints").get("clientUpgrade")
	if !upgrade.given() {
		return c.settle(o, true, false)
	}
	if !truthy(upgrade.get("forcedVersion")) {
		if c.unreachable["releases"] {
			return c.settle(o, true, false)
		}
		if len(c.releases) == 0 {
			o.fetches++
		}
	}
	return true
}

// remoteQuirks: the request is made unless the candidate is exempt from the self stake and names no other stash.
func (c *oldCase) remoteQuirks(o *outcome) (ask bool) {
	if c.exempt && c.kusamaStash == "" {
		return c.settle(o, false, true)
	}
	stash := c.record.get("kusamaStash")
	o.requests = []string{"/candidate/" + inText(stash)}
	return c.settle(o, c.remote.get("throws").present() || !c.remote.get("body").given(), false)
}

// byProgramme asks the programme's rules and nothing else.
func (c *oldCase) byProgramme(code programme.Code) outcome {
	o := outcome{verdict: c.verdict(code)}
	switch o.verdict.State {
	case programme.Fail:
		o.result, o.facts = outcomeInvalid, c.facts(code)
	case programme.Unknown:
		o.result = outcomeUnknown
	default:
		o.result = outcomeValid
	}
	if code == programme.CodeKusamaRank && c.kusamaStash != "" {
		o.requests = []string{"/candidate/" + c.kusamaStash}
	}
	return o
}

// facts are what the text of a negative reason states, numbers as they were printed.
func (c *oldCase) facts(code programme.Code) tree {
	f := tree{"name": c.name}
	kind := map[programme.Code]string{
		programme.CodeOnline: "offline", programme.CodeIntention: "no-validate-intention",
		programme.CodeClientUpgrade: "client-not-latest", programme.CodeConnectionTime: "connected-too-short",
		programme.CodeOfflineTime: "offline-minutes", programme.CodeCommission: "commission-too-high",
		programme.CodeSelfStake: "self-stake-too-low", programme.CodeUnclaimed: "unclaimed-eras",
		programme.CodeBlocked: "blocks-nominations", programme.CodeKusamaRank: "kusama-rank-too-low",
		programme.CodeProvider: "banned-provider", programme.CodeBeefy: "beefy-keys-not-set",
		programme.CodeSanctionedGeo: "sanctioned-area", programme.CodeIdentity: "no-identity",
	}[code]
	switch code {
	case programme.CodeOnline:
		f["name"], f["lastSeenOnline"] = c.field("name").text(), inText(c.field("onlineSince"))
	case programme.CodeIdentity:
		if pair := c.chain.get("identity").get("returns").items(); len(pair) == 2 && pair[0].boolean() {
			kind = "identity-not-verified"
		}
	case programme.CodeOfflineTime:
		f["minutes"] = printed(loose(c.record.get("offlineAccumulated")) / 1000 / 60)
	case programme.CodeCommission:
		value, _ := pairOf(c.chain.get("commission").get("returns"))
		f["setPercent"], f["allowedPercent"] = printed(value.number()/1e7), printed(c.limits.maxCommission()/1e7)
	case programme.CodeSelfStake:
		value, why := pairOf(c.chain.get("bonded").get("returns"))
		if why != "" {
			kind, f["error"] = "self-stake-lookup-error", why
			break
		}
		f["bonded"] = printed(bondedNumber(value))
	case programme.CodeUnclaimed:
		era, _ := pairOf(c.chain.get("activeEra").get("returns"))
		f["eras"], f["beforeEra"] = inText(c.record.get("unclaimedEras")), printed(era.number()-c.limits.unclaimedEras())
	case programme.CodeKusamaRank:
		body := c.remote.get("body")
		if reasons := body.get("invalidityReasons"); truthy(reasons) {
			kind, f["reasons"] = "kusama-node-invalid", inText(reasons)
			break
		}
		f["rank"] = inText(body.get("rank"))
	}
	f["kind"] = kind
	return f
}

// isTrue: a check was switched off by nothing but the boolean true.
func isTrue(n node) bool {
	return n.given() && n.v.Kind == jsontree.Bool && n.v.True
}

// stamp is a stored moment, null when there is none.
func stamp(n node) any {
	if !n.given() {
		return nil
	}
	if f := n.number(); !math.IsNaN(f) {
		return num(f)
	}
	return nil
}
