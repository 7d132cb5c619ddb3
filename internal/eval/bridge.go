package eval

import (
	"encoding/hex"
	"math"
	"math/big"
	"strings"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/validity"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// verdict asks the rules: it puts an old case into the form of a round's inputs and returns the answer of one
// check. What the old backend could not read at that moment is a gap for this check.
func (c *oldCase) verdict(code programme.Code) programme.Verdict {
	in := c.inputs(code)
	for _, v := range validity.Evaluate(in, validity.NewIndex(in), &in.Candidates[0]) {
		if v.Code == code {
			return v
		}
	}
	return programme.Verdict{}
}

func (c *oldCase) inputs(code programme.Code) *programme.Inputs {
	rules := programme.DefaultRules(c.profile)
	c.configure(&rules)
	in := &programme.Inputs{Now: c.now, Rules: rules}
	in.Snapshot.Network.Decimals = 12
	if c.config.get("global").get("networkPrefix").number() == 0 {
		in.Snapshot.Network.Decimals = 10
	}
	in.Snapshot.Gaps = map[programme.Part]string{}
	in.Candidates = []programme.CandidateInput{{
		Candidate: programme.Candidate{Name: c.name, Stash: programme.Address(c.stash), KusamaStash: c.kusamaStash, SkipSelfStake: c.exempt},
		Facts:     programme.Facts{Presence: c.presence(), Location: c.place(), Remote: c.remoteRank(), History: &programme.History{}},
	}}
	if c.profile == programme.ProfileReference && c.kusamaStash == "" {
		in.Candidates[0].KusamaStash = inText(c.record.get("kusamaStash"))
	}
	state := map[programme.SourceName]programme.SourceState{}
	if c.unreachable["candidates"] {
		state[programme.SourceTelemetry] = programme.SourceDown
	}
	if c.unreachable["locations"] {
		state[programme.SourceLocation], in.Candidates[0].Location = programme.SourceDown, nil
	}
	if c.unreachable["validatorKeys"] {
		in.Snapshot.Gaps[programme.PartKeys] = "the record of keys cannot be read"
	}
	if c.remote.get("throws").present() || !c.remote.get("body").given() {
		state[programme.SourceRemote] = programme.SourceDown
	}
	in.Release = c.release()
	if c.unreachable["releases"] && in.Release == nil {
		state[programme.SourceRelease] = programme.SourceDown
	}
	for _, name := range []programme.SourceName{programme.SourceChain, programme.SourceTelemetry, programme.SourceLocation,
		programme.SourceRelease, programme.SourceRemote, programme.SourceHistory} {
		s := programme.Source{Name: name, State: programme.SourceOK, At: c.now}
		if st := state[name]; st != "" {
			s.State = st
		}
		in.Sources = append(in.Sources, s)
	}
	c.snapshot(in, code)
	return in
}

// configure takes limits and switches over from the old configuration.
func (c *oldCase) configure(r *programme.Rules) {
	l, constraints := &r.Limits, c.config.get("constraints")
	l.MinSelfStake = amount(c.limits.minSelfStake, c.limits.selfStake())
	l.MaxCommission = programme.Perbill(bounded32(c.limits.commission, c.limits.maxCommission()))
	l.UnclaimedEras = bounded32(c.limits.unclaimed, c.limits.unclaimedEras())
	l.BannedProviders = c.config.get("telemetry").get("blacklistedProviders").texts()
	geo := constraints.get("sanctionedGeoArea")
	l.SanctionedCountries, l.SanctionedRegions = geo.get("sanctionedCountries").texts(), geo.get("sanctionedRegions").texts()
	l.SkipConnectionTime = truthy(constraints.get("skipConnectionTime"))
	l.SkipClientUpgrade = truthy(constraints.get("clientUpgrade").get("skip"))
}

func (c *oldCase) presence() *programme.Presence {
	p := &programme.Presence{
		FirstSeen: programme.Millis(c.record.get("discoveredAt").millis()),
		LastSeen:  programme.Millis(c.record.get("onlineSince").millis()),
		Version:   c.record.get("version").text(), Implementation: c.record.get("implementation").text(),
	}
	if offline := programme.Millis(c.record.get("offlineAccumulated").millis()); offline != 0 {
		p.Outages = []programme.Interval{{From: c.now - offline, To: c.now}}
	}
	// The old record has no connections; its time of the last announcement is set back to 0 when a node is gone.
	if c.profile == programme.ProfileProgramme && p.LastSeen > 0 {
		p.Live = 1
	}
	return p
}

// release is what the version check would demand: the forced version, else the stored release with the latest time.
func (c *oldCase) release() *programme.Release {
	if forced := c.config.get("constraints").get("clientUpgrade").get("forcedVersion"); truthy(forced) {
		return &programme.Release{Name: inText(forced), Forced: true}
	}
	if c.unreachable["releases"] {
		return nil
	}
	var newest node
	for _, r := range c.releases {
		if !newest.present() || r.get("publishedAt").number() > newest.get("publishedAt").number() {
			newest = r
		}
	}
	if !newest.present() {
		newest = c.fetched
	}
	if !newest.present() {
		return nil
	}
	return &programme.Release{Name: newest.get("name").text(), PublishedAt: programme.Millis(newest.get("publishedAt").millis())}
}

// remoteRank is the answer of the other programme. A rank that is missing or no number passed every comparison.
func (c *oldCase) remoteRank() *programme.RemoteRank {
	body := c.remote.get("body")
	if !body.given() {
		return nil
	}
	r := &programme.RemoteRank{Found: true, Valid: true, Rank: math.MaxInt32, At: c.now}
	if c.profile == programme.ProfileProgramme {
		r.Found = body.get("rank").present()
	}
	if rank := loose(body.get("rank")); !math.IsNaN(rank) {
		r.Rank = int(min(max(math.Floor(rank), math.MinInt32), math.MaxInt32))
	}
	if reasons := body.get("invalidityReasons"); truthy(reasons) {
		r.Valid, r.Failing = false, []string{inText(reasons)}
	}
	return r
}

// snapshot fills in the chain facts that one check reads. A lookup that failed leaves them out.
func (c *oldCase) snapshot(in *programme.Inputs, code programme.Code) {
	cc := programme.ChainCandidate{Stash: programme.Address(c.stash)}
	in.Snapshot.IntentionCount = len(c.listed)
	// A single check of something else comes without a list of validators; the candidate counts as one then.
	cc.Intention.Present = c.intends() || (len(c.listed) == 0 && code != programme.CodeIntention)
	lookup := map[programme.Code]string{
		programme.CodeIdentity: "identity", programme.CodeCommission: "commission", programme.CodeSelfStake: "bonded",
		programme.CodeUnclaimed: "activeEra", programme.CodeBlocked: "blocked",
	}[code]
	answer := c.chain.get(lookup)
	returned := answer.get("returns")
	failed := lookup != "" && answer.get("throws").present()
	if lookup != "" && code != programme.CodeBlocked {
		failed = failed || !returned.given()
	}
	switch code {
	case programme.CodeIdentity:
		if pair := returned.items(); !failed && len(pair) == 2 && pair[0].boolean() {
			kind := "Unknown"
			if pair[1].boolean() {
				kind = "Reasonable"
			}
			cc.Identity = &programme.Identity{Judgements: []programme.Judgement{{Kind: kind}}}
		}
	case programme.CodeCommission:
		if value, why := pairOf(returned); !failed {
			cc.Intention.Commission = programme.Perbill(bounded32(value, value.number()))
			failed = why != ""
		}
	case programme.CodeSelfStake:
		if value, why := pairOf(returned); !failed {
			cc.Bond = programme.Bond{Bonded: why == "", Active: amount(value, bondedNumber(value))}
			failed = c.profile == programme.ProfileProgramme && why != "" && why != notBonded && why != emptyLedger
		}
	case programme.CodeUnclaimed:
		if value, why := pairOf(returned); !failed {
			in.Snapshot.Eras.Active = programme.Era(bounded32(value, value.number()))
			failed = c.profile == programme.ProfileProgramme && why != ""
		}
	case programme.CodeBlocked:
		cc.Intention.Blocked = !failed && returned.given() && returned.boolean()
	}
	for _, e := range c.record.get("unclaimedEras").items() {
		cc.Unclaimed = append(cc.Unclaimed, programme.UnclaimedEra{Era: programme.Era(e.needed().whole(0, math.MaxUint32))})
	}
	for _, k := range c.keys {
		if k.get("address").text() != c.stash || !k.get("keys").given() {
			continue
		}
		for _, m := range k.get("keys").v.Members {
			cc.Keys = append(cc.Keys, programme.SessionKey{Name: m.Name, Key: k.get("keys").get(m.Name).text()})
		}
	}
	if !failed {
		in.Snapshot.Candidates = []programme.ChainCandidate{cc}
	}
}

// The errors of the lookup of a bond that are facts about the candidate, not failures.
const (
	notBonded   = "Not bonded to any account."
	emptyLedger = "Ledger is empty."
)

// pairOf splits an answer of the form [value, error text or null].
func pairOf(n node) (value node, why string) {
	items := n.items()
	if len(items) != 2 {
		if n.given() {
			n.fail("is %s, expected a list of a value and an error text", describe(n))
		}
		return node{r: n.r, line: n.line, path: n.path}, ""
	}
	if !items[1].given() {
		return items[0], ""
	}
	return items[0], items[1].text()
}

// bondedNumber reads a bonded amount as the old backend did: hexadecimal or decimal text, or a number, of whose
// text only the digits before an exponent count.
func bondedNumber(n node) float64 {
	if n.given() && n.v.Kind == jsontree.String {
		return textNumber(n.v.Text)
	}
	f := n.number()
	if math.Abs(f) >= 1e21 {
		text := printed(f)
		return textNumber(text[:strings.IndexAny(text, ".e")])
	}
	return f
}

// amount is a float of planck as an exact amount.
func amount(n node, f float64) programme.Planck {
	if n.r == nil || math.IsNaN(f) {
		return programme.Planck{}
	}
	if math.IsInf(f, 0) || f != math.Trunc(f) {
		n.fail("%s is not a whole number of planck", describe(n))
		return programme.Planck{}
	}
	whole, _ := big.NewFloat(f).Int(nil)
	p, ok := programme.PlanckFromBig(whole)
	if !ok {
		n.fail("%s is not an amount of planck", describe(n))
	}
	return p
}

func bounded32(n node, f float64) uint32 {
	if math.IsNaN(f) {
		return 0
	}
	if f != math.Trunc(f) || f < 0 || f > math.MaxUint32 {
		n.fail("%s is not a whole number between 0 and %d", describe(n), uint32(math.MaxUint32))
		return 0
	}
	return uint32(f)
}

// prefix is the address format in which the old backend compared addresses: Kusama's on Kusama, else Polkadot's.
func (c *oldCase) prefix() uint16 {
	if c.config.get("global").get("networkPrefix").number() == 2 {
		return 2
	}
	return 0
}

// intends says whether the candidate's stash is among the listed validators. The old backend re-encoded the stash
// and compared text; by the programme's rules accounts are compared.
func (c *oldCase) intends() bool {
	id, err := account(c.stash)
	if err != nil {
		return false
	}
	own := ss58.EncodeAccount(c.prefix(), id)
	for _, listed := range c.listed {
		if listed == own {
			return true
		}
		if c.profile == programme.ProfileProgramme {
			if other, err := account(listed); err == nil && other == id {
				return true
			}
		}
	}
	return false
}

// account reads an address of any network, or a hexadecimal account id.
func account(s string) (id [32]byte, err error) {
	if text, ok := strings.CutPrefix(s, "0x"); ok && len(text) == 2*len(id) {
		_, err = hex.Decode(id[:], []byte(text))
		return id, err
	}
	_, id, err = ss58.DecodeAccount(s)
	return id, err
}
