package eval

import (
	"github.com/thousand-validators/otv/internal/programme"
)

// The least self stake, greatest commission and number of eras the old backend used when nothing was configured.
const (
	defaultMinSelfStake = 1e19
	defaultCommission   = 150_000_000
	defaultUnclaimed    = 4
)

// oldCase is a candidate of the old backend with the surroundings a check saw.
type oldCase struct {
	profile  programme.Profile
	now      programme.Millis
	config   node
	record   node // the candidate as it was handed to the check
	override node // fields in which the stored record differs
	// stored says that there is a stored record at all.
	stored      bool
	name, stash string
	kusamaStash string
	exempt      bool
	reasons     []reason
	// listed are the addresses of validators; withList says that a list was handed over.
	listed      []string
	chain       node
	remote      node
	unreachable map[string]bool
	locations   []node
	keys        []node
	releases    []node
	fetched     node
	limits      limits
}

// limits are the thresholds of a case.
type limits struct {
	minSelfStake, commission, unclaimed node
	defaults                            bool // whether 0 and nothing mean the built-in value
}

// reason is the stored outcome of a check.
type reason struct {
	code    string
	valid   bool
	details string
	updated float64
	facts   tree // what a text written now states
	now     bool // written in this pass
}

// readCase reads what single checks and complete passes have in common.
func readCase(n node, profile programme.Profile) *oldCase {
	c := &oldCase{
		profile: profile, now: programme.Millis(n.get("clockMs").needed().millis()), config: n.get("config"),
		record: n.get("candidate").needed(), chain: n.get("chain"), remote: n.get("remote"), stored: true,
		unreachable: map[string]bool{},
	}
	c.record.object("slotId", "name", "stash", "onlineSince", "discoveredAt", "offlineAccumulated", "version",
		"implementation", "unclaimedEras", "skipSelfStake", "kusamaStash", "valid", "lastValid", "invalidity")
	c.name, c.stash = c.record.get("name").text(), c.record.get("stash").text()
	c.kusamaStash, c.exempt = c.record.get("kusamaStash").text(), c.record.get("skipSelfStake").boolean()
	for _, r := range c.record.get("invalidity").items() {
		r.object("type", "valid", "details", "updated")
		c.reasons = append(c.reasons, reason{
			code: r.get("type").needed().text(), valid: r.get("valid").boolean(), details: r.get("details").text(),
			updated: r.get("updated").number(),
		})
	}
	s := n.get("stored")
	s.object("candidateMissing", "candidateOverrides", "locations", "validatorKeys", "releases", "unreachable", "fetchedRelease")
	c.stored, c.override = !s.get("candidateMissing").boolean(), s.get("candidateOverrides")
	for _, l := range s.get("locations").items() {
		c.locations = append(c.locations, l.object("slotId", "city", "region", "country", "provider", "updated"))
	}
	for _, k := range s.get("validatorKeys").items() {
		c.keys = append(c.keys, k.object("address", "keys"))
	}
	for _, r := range s.get("releases").items() {
		c.releases = append(c.releases, r.object("name", "publishedAt"))
	}
	c.fetched = s.get("fetchedRelease").object("name", "publishedAt")
	for _, u := range s.get("unreachable").items() {
		switch what := u.text(); what {
		case "candidates", "locations", "validatorKeys", "releases":
			c.unreachable[what] = true
		default:
			u.fail("%s is none of candidates, locations, validatorKeys, releases", describe(u))
		}
	}
	c.chain.object("identity", "commission", "bonded", "activeEra", "blocked")
	for _, name := range []string{"identity", "commission", "bonded", "activeEra", "blocked"} {
		c.chain.get(name).object("returns", "throws")
	}
	c.remote.object("body", "throws")
	return c
}

// field is a field of the stored record.
func (c *oldCase) field(name string) node {
	if f := c.override.get(name); f.present() {
		return f
	}
	return c.record.get(name)
}

// known says whether any reason was stored before; most checks write nothing otherwise.
func (c *oldCase) known() bool { return len(c.reasons) > 0 }

// place is the newest place record of the candidate's slot, nil when there is none.
func (c *oldCase) place() *programme.Location {
	slot := c.record.get("slotId").number()
	var newest node
	for _, l := range c.locations {
		if l.get("slotId").number() != slot {
			continue
		}
		if !newest.present() || l.get("updated").number() > newest.get("updated").number() {
			newest = l
		}
	}
	if !newest.present() {
		return nil
	}
	return location(newest)
}

// number reads a threshold, or the built-in value where 0 and nothing mean that.
func (l limits) number(n node, def float64) float64 {
	if l.defaults {
		return orDefault(n, def)
	}
	if !n.given() {
		return def
	}
	return n.number()
}

func (l limits) selfStake() float64 { return l.number(l.minSelfStake, defaultMinSelfStake) }
func (l limits) maxCommission() float64 {
	return l.number(l.commission, defaultCommission)
}
func (l limits) unclaimedEras() float64 { return l.number(l.unclaimed, defaultUnclaimed) }

// write files a reason: in the place of an older one of the same type, else at the end.
func write(list []reason, r reason) []reason {
	r.now = true
	for i := range list {
		if list[i].code == r.code {
			list[i] = r
			return list
		}
	}
	return append(list, r)
}
