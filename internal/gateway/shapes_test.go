package gateway_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
)

// The shapes of the old API's answers, as its consumers know them. A kind ending in "?" may be null; a member ending in
// "?" may be absent. Members that are not named must not be there.
type (
	obj  map[string]any
	arr  [1]any
	dict [1]any // any names, one kind
)

var (
	hex24   = regexp.MustCompile(`^[0-9a-f]{24}$`)
	hash32  = regexp.MustCompile(`^0x[0-9a-f]{64}$`)
	dayText = regexp.MustCompile(`^\d\d-\d\d-\d{4}$`)
	decimal = regexp.MustCompile(`^\d+$`)
	account = regexp.MustCompile(`^[1-9A-HJ-NP-Za-km-z]{46,48}$`)
)

// kinds tell what a value of a kind must be.
var kinds = map[string]func(any) bool{
	"any":   func(any) bool { return true },
	"str":   is[string],
	"bool":  is[bool],
	"num":   is[float64],
	"int":   func(v any) bool { f, ok := v.(float64); return ok && f == math.Trunc(f) },
	"count": func(v any) bool { f, ok := v.(float64); return ok && f == math.Trunc(f) && f >= 0 && f < 1e6 },
	"ms": func(v any) bool {
		f, ok := v.(float64)
		return ok && f == math.Trunc(f) && (f == 0 || f > 1.5e12 && f < 2e12)
	},
	"dur": func(v any) bool { f, ok := v.(float64); return ok && f == math.Trunc(f) && f >= 0 && f < 1e10 },
	"era": func(v any) bool {
		f, ok := v.(float64)
		return ok && f == math.Trunc(f) && (f == 0 || f > 900 && f < 1100)
	},
	"pct":  func(v any) bool { f, ok := v.(float64); return ok && f >= 0 && f <= 100 },
	"frac": func(v any) bool { f, ok := v.(float64); return ok && f >= 0 && f <= 1 },
	// Whole tokens of the test's world are below a million, planck above.
	"tok":    func(v any) bool { f, ok := v.(float64); return ok && f >= 0 && f < 1e6 },
	"planck": func(v any) bool { f, ok := v.(float64); return ok && f > 1e12 },
	"id":     text(hex24),
	"hash":   text(hash32),
	"day":    text(dayText),
	"digits": text(decimal),
	"addr":   text(account),
	"empty":  func(v any) bool { return v == "" },
	"zero":   func(v any) bool { return v == 0.0 },
	"type": func(v any) bool {
		return slices.Contains([]any{"ONLINE", "VALIDATE_INTENTION", "CLIENT_UPGRADE", "CONNECTION_TIME", "IDENTITY", "ACCUMULATED_OFFLINE_TIME", "COMMISION",
			"SELF_STAKE", "UNCLAIMED_REWARDS", "BLOCKED", "KUSAMA_RANK", "PROVIDER", "BEEFY", "SANCTIONED_GEO_AREA", "SUSPENDED"}, v)
	},
}

func is[T any](v any) bool { _, ok := v.(T); return ok }

func text(r *regexp.Regexp) func(any) bool {
	return func(v any) bool { s, ok := v.(string); return ok && r.MatchString(s) }
}

// fits describes every place at which a value has not the shape it should have.
func fits(path string, want, have any) []string {
	switch want := want.(type) {
	case string:
		if kind, ok := strings.CutSuffix(want, "?"); ok {
			if have == nil {
				return nil
			}
			want = kind
		}
		if !kinds[want](have) {
			return []string{fmt.Sprintf("%s: %v is no %s", path, have, want)}
		}
	case arr:
		l, ok := have.([]any)
		if !ok {
			return []string{path + ": no list"}
		}
		var out []string
		for i, v := range l {
			out = append(out, fits(fmt.Sprintf("%s[%d]", path, i), want[0], v)...)
		}
		return out
	case dict:
		m, ok := have.(map[string]any)
		if !ok {
			return []string{path + ": no object"}
		}
		var out []string
		for k, v := range m {
			out = append(out, fits(path+"."+k, want[0], v)...)
		}
		return out
	case nullable:
		if have == nil {
			return nil
		}
		return fits(path, want[0], have)
	case obj:
		return members(path, want, have)
	}
	return nil
}

// nullable is a shape that may be null.
type nullable [1]any

func members(path string, want obj, have any) []string {
	m, ok := have.(map[string]any)
	if !ok {
		return []string{path + ": no object"}
	}
	var out []string
	known := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		name, optional := strings.CutSuffix(key, "?")
		known[name] = true
		v, there := m[name]
		switch {
		case there:
			out = append(out, fits(path+"."+name, want[key], v)...)
		case !optional:
			out = append(out, path+"."+name+": absent")
		}
	}
	for name := range m {
		if !known[name] {
			out = append(out, path+"."+name+": unexpected")
		}
	}
	return out
}

func parse(body string) (v any, err error) {
	err = json.Unmarshal([]byte(body), &v)
	return v, err
}

// with is a shape with more members.
func with(a, b obj) obj {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

var (
	doc      = obj{"_id": "id", "__v": "zero"}
	identity = obj{
		"name": "str", "address": "addr", "verified": "bool", "subIdentities": arr{obj{"_id": "id", "name": "str", "address": "addr"}},
		"judgements": arr{"str"}, "display?": "str",
	}
	score = obj{
		"updated": "ms", "session": "int", "address": "addr", "total": "num", "aggregate": "num", "inclusion": "num", "spanInclusion": "num",
		"discovered": "num", "nominated": "num", "rank": "num", "unclaimed": "num", "bonded": "num", "faults": "num", "offline": "num",
		"location": "num", "region": "num", "country": "num", "provider": "num", "nominatorStake": "num", "client": "num", "randomness": "num",
	}
	candidate = obj{
		"slotId": "count", "kyc": "bool", "discoveredAt": "ms", "nominatedAt": "era", "offlineSince": "ms", "offlineAccumulated": "dur",
		"rank": "count", "faults": "count", "invalidityReasons": "empty", "unclaimedEras": arr{"era"}, "inclusion": "frac", "spanInclusion": "frac",
		"name": "str", "stash": "addr", "kusamaStash": "str", "commission?": "pct", "identity?": with(identity, obj{"_id": "id"}), "active?": "bool",
		"bonded": "tok?", "valid": "bool",
		"validity": arr{obj{"_id": "id", "valid": "bool", "type": "type", "details": "str", "updated": "ms"}},
		"score":    nullable{score}, "total": "num", "location?": "str", "provider?": "str", "cpu?": "str", "memory?": "digits", "coreCount?": "digits",
		"vm?": "bool", "region?": "str", "country?": "str", "matrix": arr{"str"}, "version?": "str", "implementation?": "str",
		"rewardDestination?": "str",
		"nominations":        obj{"totalStake?": "tok", "inactiveStake?": "tok", "activeNominators?": "count", "inactiveNominators?": "count"},
	}
	backer = obj{"_id": "id", "address": "addr", "bonded": "tok"}
	stake  = with(doc, obj{
		"validator": "addr", "era": "era", "totalStake": "tok", "inactiveStake": "tok", "activeNominators": arr{backer}, "inactiveNominators": arr{backer}, "updated": "ms",
	})
	nominator = with(doc, obj{
		"address": "addr", "stash": "addr", "proxy": "str", "bonded": "planck", "bondedPlanck": "digits", "avgStake": "zero", "nominateAmount": "zero",
		"proxyDelay": "int", "rewardDestination": "str", "current": arr{obj{"name": "str", "stash": "addr", "identity": nullable{identity}}},
		"lastNomination": "ms", "createdAt": "ms",
	})
	nomination = with(doc, obj{
		"address": "addr", "era": "era", "validators": arr{"addr"}, "timestamp": "ms", "bonded": "tok", "blockHash": "hash",
	})
	proxyTx = with(doc, obj{"number": "int", "controller": "addr", "targets": arr{"addr"}, "callHash": "hash"})
	points  = obj{"_id": "id", "era": "era", "address": "addr", "eraPoints": "count"}
	stats   = obj{
		"values": arr{"num"}, "absoluteMin": "num", "absoluteMax": "num", "q10": "num", "q25": "num", "q50": "num", "q75": "num", "q90": "num",
		"mean": "num", "standardDeviation": "num",
	}
	place         = obj{"_id": "id", "name": "str", "numberOfNodes": "count"}
	placeStats    = with(stats, obj{"values": arr{place}})
	scoreMetadata = with(doc, obj{
		"session": "int", "updated": "ms",
		"bondedStats": with(stats, obj{"values": arr{"planck"}}), "bondedWeight": "num", "faultsStats": stats, "faultWeight": "num",
		"inclusionStats": with(stats, obj{"values": arr{"frac"}}), "inclusionWeight": "num",
		"spanInclusionStats": with(stats, obj{"values": arr{"frac"}}), "spanInclusionWeight": "num",
		"discoveredAtStats": with(stats, obj{"values": arr{"ms"}}), "discoveredAtWeight": "num", "nominatedAtStats": stats, "nominatedAtWeight": "num",
		"offlineStats": stats, "offlineWeight": "num", "rankStats": stats, "rankWeight": "num", "locationStats": placeStats, "locationWeight": "num",
		"regionStats": placeStats, "regionWeight": "num", "countryStats": placeStats, "countryWeight": "num", "providerStats": placeStats,
		"providerWeight": "num", "nominatorStakeStats": stats, "nominatorStakeWeight": "num", "unclaimedWeight": "num", "clientWeight": "num",
	})
	keys  = with(doc, obj{"address": "addr", "keys": dict{"str"}})
	beefy = obj{
		"beefy1KVCount": "count", "activeBeefy1KVCount": "count", "activeBeefy1KVPercentage": "pct", "total1KVValidatorCount": "count",
		"beefyTotalValidatorCount": "count", "activeBeefyValidatorCount": "count", "activeBeefyPercentage": "pct", "activeValidatorCount": "count",
		"totalValidators": "count", "totalBeefyValidators": "pct",
	}
	seat = obj{
		"name": "str", "address": "addr", "city": "str", "region": "str", "country": "str", "provider": "str", "updated": "ms", "session": "int", "source": "str",
	}
	location = with(with(doc, seat), obj{
		"slotId": "count", "vpn?": "bool", "cpu?": "str", "memory?": "digits", "coreCount?": "digits", "vm?": "bool",
	})
	locationStats = obj{
		"totalNodes": "count", "session": "int", "updated": "ms", "locations": arr{place}, "regions": arr{place}, "countries": arr{place},
		"providers": arr{place}, "locationVariance": "num", "regionVariance": "num", "countyVariance": "num", "countryVariance": "num",
		"providerVaraince": "num", "providerVariance": "num", "decentralization": "num",
	}
	scoredPlace = obj{"name": "str", "numberOfNodes": "count", "score": "num"}
	validStats  = obj{"totalNodes": "count", "locations": arr{scoredPlace}, "regions": arr{scoredPlace}, "countries": arr{scoredPlace}, "providers": arr{scoredPlace}}
	reward      = obj{
		"role": "str", "exposurePercentage": "pct", "exposure": "tok", "totalStake": "tok", "commission": "pct", "era": "era", "validator": "addr",
		"nominator": "addr", "rewardAmount": "tok", "rewardDestination": "str", "erasMinStake": "tok", "validatorStakeEfficiency": "pct",
		"blockHash": "hash", "blockNumber": "int", "timestamp": "ms", "date": "day", "chf": "num", "usd": "num", "eur": "num",
	}
	job = obj{
		"name": "str", "status": "str", "updated": "ms", "enabled": "bool", "frequency?": "str", "runCount?": "count", "executedAt?": "ms",
		"progress?": "pct", "iteration?": "str", "error?": "str",
	}
	statusTarget = obj{"stash": "addr", "name": "str", "kyc": "bool", "score": "num"}
	status       = obj{
		"state": "str", "status": "str", "bondedAddress": "addr", "stashAddress": "addr", "bondedAmount": "tok", "isBonded": "bool", "isProxy": "bool",
		"proxyDelay": "int", "proxyAddress": "addr", "rewardDestination?": "str", "lastNominationEra": "era", "currentTargets": arr{statusTarget},
		"nextTargets?": arr{"addr"}, "updated": "ms", "stale": "bool", "dryRun": "bool", "shouldNominate": "bool",
		"proxyTxs": arr{with(doc, obj{"number": "int", "controller": "addr", "targets": arr{statusTarget}, "callHash": "hash", "executionTime": "dur"})},
	}
)
