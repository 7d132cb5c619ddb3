package eval

import (
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

// runPass computes a complete pass of all checks over one candidate.
func runPass(report *Report, id string, n node) {
	n.object("id", "note", "clockMs", "config", "validators", "candidate", "stored", "chain", "remote", "expect")
	c := readCase(n, report.Profile)
	c.listed = n.get("validators").texts()
	constraints := c.config.get("constraints")
	c.limits = limits{
		minSelfStake: constraints.get("minSelfStake"), commission: constraints.get("commission"),
		unclaimed: constraints.get("unclaimedEraThreshold"), defaults: true,
	}
	if n.r.err != nil {
		return
	}
	p := pass{oldCase: c, after: append([]reason{}, c.reasons...), returned: true, requests: []any{}}
	p.run()
	if n.r.err != nil {
		return
	}
	report.add(Case{ID: id, Result: p.result(), Verdicts: p.verdicts}, n.get("expect"), 0)
}

// pass is one run of all checks over a candidate.
type pass struct {
	*oldCase
	after    []reason
	requests []any
	verdicts []programme.Verdict
	returned bool
	aborted  bool
}

// run makes the checks in their order. An error ends the pass of the old backend; only that of the remote rank
// counts as in order.
func (p *pass) run() {
	for _, check := range validity.Catalogue() {
		if check.Code == programme.CodeSuspended || p.skipped(check.Code) {
			continue
		}
		o := p.check(check.Code)
		p.verdicts = append(p.verdicts, verdicts(o)...)
		p.requests = append(p.requests, list(o.requests)...)
		p.after, _ = p.file(p.after, check.Code, o)
		switch {
		case o.result == outcomeError && check.Code == programme.CodeKusamaRank:
		case o.result == outcomeError:
			p.returned, p.aborted = false, true
			return
		case o.result != outcomeValid:
			p.returned = false
		}
	}
}

// skipped are the checks that are not made: those switched off, and the remote rank without a stash there.
func (p *pass) skipped(code programme.Code) bool {
	constraints := p.config.get("constraints")
	switch code {
	case programme.CodeIdentity:
		return isTrue(constraints.get("skipIdentity"))
	case programme.CodeUnclaimed:
		return isTrue(constraints.get("skipUnclaimed"))
	case programme.CodeSanctionedGeo:
		return isTrue(constraints.get("sanctionedGeoArea").get("skip"))
	case programme.CodeKusamaRank:
		return p.kusamaStash == ""
	}
	return false
}

// result is what the old backend had stored and returned after the pass. The verdict is stored only for a candidate
// that had reasons before; the time of the last positive one always is.
func (p *pass) result() tree {
	var reasons, written []any
	for _, r := range p.after {
		t := tree{"type": r.code, "valid": r.valid, "updated": num(r.updated), "details": r.details}
		if r.facts != nil {
			t["facts"] = r.facts
		}
		reasons = append(reasons, t)
		if r.now {
			written = append(written, r.code)
		}
	}
	valid, last := p.storedVerdict()
	if !p.stored {
		reasons, written, valid, last = nil, nil, nil, nil
	}
	return tree{
		"returned": p.returned, "storedValid": valid, "storedLastValid": last,
		"effectiveLimits": tree{
			"minSelfStake": num(p.limits.selfStake()), "commission": num(p.limits.maxCommission()),
			"unclaimedEraThreshold": num(p.limits.unclaimedEras()),
		},
		"reasonsAfter": append([]any{}, reasons...), "writtenNow": append([]any{}, written...),
		"remoteRequests": p.requests,
	}
}

func (p *pass) storedVerdict() (valid, last any) {
	if f := p.field("valid"); f.given() {
		valid = f.boolean()
	}
	last = stamp(p.field("lastValid"))
	if p.aborted {
		return valid, last
	}
	if p.known() || p.profile == programme.ProfileProgramme {
		valid = p.returned
	}
	if p.returned {
		last = num(float64(p.now))
	}
	return valid, last
}
