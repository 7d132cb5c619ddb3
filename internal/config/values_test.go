package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/internal/programme"
)

// TestValues has a case for every reason to refuse or doubt a value.
func TestValues(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`"server": {"enable": 1}`, "*main.json:2: server.enable: 1 is neither true nor false"},
		{`"server": {"enable": "true"}`, `*main.json:2: server.enable: "true" is neither true nor false; remove the quotes`},
		{`"server": {"enable": false}`, "main.json:2: server.enable: false counts now; it had no effect before"},
		{`"score": {"useRank": false}`, "main.json:2: score.useRank: false switches the factor off; it had no effect before"},
		{`"cron": {"validityEnabled": false}`, "main.json:2: cron.validityEnabled: false switches the job off; before, it switched it on like any other value"},
		{`"cron": {"validityEnabled": null}`, ""},
		{`"server": {"port": "3300"}`, ""},
		{`"prices": {"source": "file"}`, "*main.json:2: prices.source: it needs prices.file"},
		{`"prices": {"source": "coingecko", "currencies": []}`, "*main.json:2: prices.source: it needs prices.url, prices.asset and prices.currencies"},
		{`"prices": {"currencies": ["USD"]}`, `*main.json:2: prices.currencies[0]: "USD" is not a currency such as usd`},
		{`"location": {"lifetime": "31d"}`, "*main.json:2: location.lifetime: 31d is more than location.maxAge, 30d"},
		{`"location": {"mmdbFiles": ["x.csv"]}`, "*main.json:2: location.mmdbFiles: [0] x.csv: it is no .mmdb file"},
		{`"location": {"sources": ["ipinfo", "maxmind"]}`, `*main.json:2: location.sources[1]: "maxmind" is not one of mmdb, ipinfo, telemetry`},
		{`"constraints": {"kusamaRank": {"cache": "2d"}}`, "*main.json:2: constraints.kusamaRank.cache: 2d is more than constraints.holdRemote, 1d"},
		{`"constraints": {"clientUpgrade": {"repository": "polkadot-sdk"}}`, `*main.json:2: constraints.clientUpgrade.repository: "polkadot-sdk" is not a repository such as paritytech/polkadot-sdk`},
		{`"constraints": {"clientUpgrade": {"repository": ""}}`, "*main.json:2: constraints.clientUpgrade.repository: it is empty"},
		{`"server": {"port": 0}`, "*main.json:2: server.port: 0 is less than 1"},
		{`"server": {"port": 65536}`, "*main.json:2: server.port: 65536 is more than 65535"},
		{`"server": {"port": 1.5}`, "*main.json:2: server.port: 1.5 is not a whole number"},
		{`"server": {"port": []}`, "*main.json:2: server.port: a list is not a whole number"},
		{`"server": 5`, "*main.json:2: server: a number is not an object with keys"},
		{`"server": {"prot": 5}`, "*main.json:2: server.prot: there is no such key; did you mean port?"},
		{`"server": {"commission": 5}`, "*main.json:2: server.commission: there is no such key; did you mean constraints.commission?"},
		{`"sever": {}`, "*main.json:2: sever: there is no such key; did you mean server?"},
		{`"quux": {}`, "*main.json:2: quux: there is no such key"},
		{`"server": {"port": 1, "port": 2}`, "*main.json:2: server.port: it is given twice"},
		{`"server": {"cache": 18000}`, ""},
		{`"server": {"cache": "18s"}`, ""},
		{`"server": {"cache": -1}`, "*main.json:2: server.cache: -1 is less than 0"},
		{`"constraints": {"connectionTime": 604800000}`, `*main.json:2: constraints.connectionTime: 604800000 is not a duration; it needs a unit, such as "16h"`},
		{`"constraints": {"connectionTime": "a week"}`, `*main.json:2: constraints.connectionTime: "a week" is not a duration such as "16h", "7d" or "90s"`},
		{`"constraints": {"connectionTime": "4000d"}`, `*main.json:2: constraints.connectionTime: "4000d" is more than ten years`},
		{`"constraints": {"connectionTime": "1us"}`, `*main.json:2: constraints.connectionTime: "1us" is not a duration such as "16h", "7d" or "90s"`},
		{`"constraints": {"connectionTime": "1d-1h"}`, `*main.json:2: constraints.connectionTime: "1d-1h" is not a duration such as "16h", "7d" or "90s"`},
		{`"constraints": {"offlineAllowed": "8d"}`, "*main.json:2: constraints.offlineAllowed: 8d is more than constraints.offlineWindow, 7d"},
		{`"constraints": {"commission": 2000000000}`, "*main.json:2: constraints.commission: 2000000000 is more than 1000000000 (100 %)"},
		{`"constraints": {"commission": "101 %"}`, "*main.json:2: constraints.commission: 101 % is more than 100 %"},
		{`"constraints": {"commission": -1}`, "*main.json:2: constraints.commission: -1 is less than 0"},
		{`"constraints": {"commission": "0.00000001%"}`, "*main.json:2: constraints.commission: 0.00000001% is finer than one part per billion"},
		{`"constraints": {"commission": "some"}`, `*main.json:2: constraints.commission: "some" is neither a number of perbill nor a percentage such as "5 %"`},
		{`"constraints": {"commission": 5}`, `main.json:2: constraints.commission: 5 perbill is 0.0000005 %; write "5 %" if percent is meant`},
		{`"constraints": {"commission": 100}`, `main.json:2: constraints.commission: 100 perbill is 0.00001 %; write "100 %" if percent is meant`},
		{`"constraints": {"commission": 101}`, ""},
		{`"constraints": {"commission": 0}`, ""},
		{`"constraints": {"minSelfStake": "10 DOT"}`, `*main.json:2: constraints.minSelfStake: "10 DOT" is not in the token of Kusama, which is KSM`},
		{`"constraints": {"minSelfStake": "ten"}`, `*main.json:2: constraints.minSelfStake: "ten" is not an amount; write planck, or tokens with a blank and the symbol, such as "10 KSM"`},
		{`"constraints": {"minSelfStake": -1}`, `*main.json:2: constraints.minSelfStake: "-1" is less than 0`},
		{`"constraints": {"minSelfStake": 1e40}`, `*main.json:2: constraints.minSelfStake: "1e40" is more than a chain can hold (2^128-1 planck)`},
		{`"constraints": {"minSelfStake": 1e999999999}`, `*main.json:2: constraints.minSelfStake: "1e999999999" is more than a chain can hold (2^128-1 planck)`},
		{`"constraints": {"minSelfStake": "0.0000000000001 KSM"}`, `*main.json:2: constraints.minSelfStake: "0.0000000000001 KSM" is not a whole number of planck`},
		{`"constraints": {"minSelfStake": {}}`, "*main.json:2: constraints.minSelfStake: an object is not an amount"},
		{`"constraints": {"clientUpgrade": {"forcedVersion": "1.15"}}`, `*main.json:2: constraints.clientUpgrade.forcedVersion: "1.15" is not a full version such as 1.15.2`},
		{`"constraints": {"clientUpgrade": {"releaseTagFormat": "(?=x)"}}`, "*main.json:2: constraints.clientUpgrade.releaseTagFormat: \"(?=x)\" is not a regular expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`"},
		{`"constraints": {"clientUpgrade": {"forcedSince": "yesterday"}}`, `*main.json:2: constraints.clientUpgrade.forcedSince: "yesterday" is not a time such as "2025-11-05T12:00:00Z" or "2025-11-05"`},
		{`"constraints": {"clientUpgrade": {"mainClient": ""}}`, "*main.json:2: constraints.clientUpgrade.mainClient: it is empty"},
		{`"constraints": {"clientUpgrade": {"exemptClients": [""]}}`, "*main.json:2: constraints.clientUpgrade.exemptClients[0]: it is empty"},
		{`"constraints": {"clientUpgrade": {"exemptClients": ["x", 1]}}`, "*main.json:2: constraints.clientUpgrade.exemptClients[1]: 1 is not a text"},
		{`"constraints": {"sanctionedGeoArea": {"sanctionedCountries": ["RU", "XXX"]}}`, `main.json:2: constraints.sanctionedGeoArea.sanctionedCountries[1]: "XXX" matches no country: codes have two letters`},
		{`"constraints": {"skipClientUpgrade": true}`, "main.json:2: constraints.skipClientUpgrade: it has no effect; set constraints.clientUpgrade.skip"},
		{`"subscan": {"baseV1Url": 5}`, "main.json:2: subscan: it has no effect"},
		{`"db": {"mongo": {"uri": 5}}`, "main.json:2: db: it has no effect: no MongoDB is used; see database.url"},
		{`"score": {"rank": "5"}`, ""},
		{`"score": {"rank": 1e10}`, "*main.json:2: score.rank: 1e10 is more than 1000000000"},
		{`"score": {"rank": "-1"}`, `*main.json:2: score.rank: "-1" is less than 0`},
		{`"score": {"rank": "0x10"}`, `*main.json:2: score.rank: "0x10" is not a number`},
		{`"score": {"rank": "Infinity"}`, `*main.json:2: score.rank: "Infinity" is not a number`},
		{`"score": {"spanEras": 84, "inclusionEras": 50}`, "*main.json:2: score.spanEras: 84 is more than score.inclusionEras, 50"},
		{`"cron": {"monitor": "0 */15* * * *"}`, `*main.json:2: cron.monitor: "0 */15* * * *" is not a schedule: it has 5 of the six fields (second, minute, hour, day, month, weekday)`},
		{`"cron": {"monitor": "0 0 99 * * *"}`, `*main.json:2: cron.monitor: "0 0 99 * * *" is not a schedule: end of range (99) above maximum (23): 99`},
		{`"cron": {"monitor": "TZ=UTC 0 0 * * *"}`, `*main.json:2: cron.monitor: "TZ=UTC 0 0 * * *" is not a schedule: time zones are not accepted, schedules are in UTC`},
		{`"cron": {"monitor": ""}`, "*main.json:2: cron.monitor: it is empty"},
		{`"rules": {"brakes": {"maxFlips": "20 %"}}`, ""},
		{`"rules": {"brakes": {"maxFlips": 101}}`, "*main.json:2: rules.brakes.maxFlips: 101 is not a whole percentage from 0 to 100"},
		{`"rules": {"profile": "old"}`, `*main.json:2: rules.profile: "old" is not one of programme, reference`},
		{`"rules": {"switches": {"seededDraw": false}}`, ""},
		{`"act": {"mode": "act"}`, "main.json:2: act.mode: no nominator has a seed, so nothing can be signed"},
		{`"act": {"mode": "act"}, "scorekeeper": {"dryRun": true, "nominators": [{"seed": "//A"}]}`, "*main.json:2: scorekeeper.dryRun: it contradicts act.mode act; remove one of them"},
		{`"scorekeeper": {"nominating": true}`, "main.json:2: scorekeeper.nominating: nothing is signed, because act.mode is propose; set act.mode to act to nominate"},
		{`"scorekeeper": {"forceRound": true}`, "main.json:2: scorekeeper.forceRound: it has no effect on planning; use --force"},
		{`"proxy": {"blacklistedAnnouncements": ["0x12"]}`, `*main.json:2: proxy.blacklistedAnnouncements[0]: "0x12" is not a hash: 0x and 64 hexadecimal digits`},
		{`"telemetry": {"enable": true}`, "*main.json:2: telemetry.enable: it needs telemetry.host, the address of the feed"},
		{`"telemetry": {"chains": ["0x91b171bb158e2d3848fa23a9f1c25182fb8e20313b2c1eb49219da7a70ce90c3"]}`, "main.json:2: telemetry.chains: the genesis hash of Kusama, 0xb0a8d493285c2df73290dfb7e61f870f17b41801197a149ca93654499ea3dafe, is not among them"},
		{`"telemetry": {"host": "https://x.example"}`, `*main.json:2: telemetry.host: "https://x.example" is not a URL that starts with ws:// or wss://`},
		{`"telemetry": {"blacklistedProviders": "Hetzner"}`, `*main.json:2: telemetry.blacklistedProviders: "Hetzner" is not a list`},
		{`"telemetry": {"ipinfoToken": 12345}`, "*main.json:2: telemetry.ipinfoToken: it is not a text"},
		{`"matrix": {"enabled": true, "room": "!x:y"}`, "main.json:2: matrix.enabled: no messages can be sent without matrix.baseUrl, matrix.userId, matrix.accessToken"},
		{`"matrix": {"room": " !x:y"}`, `*main.json:2: matrix.room: " !x:y" has blanks around it or line breaks in it`},
		{`"logger": {"level": "loud"}`, `*main.json:2: logger.level: "loud" is not one of debug, info, warn, error`},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		got := problems(t, minimal(c.in), "", Options{})
		if strings.Contains(c.in, "//A") { // seeds in main.json have warnings of their own
			got = slices.DeleteFunc(got, func(p string) bool { return p[0] != '*' })
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", c.in, d)
		}
	}
}

// TestMinSelfStakeIsExact: the number is greater than what a float can hold.
func TestMinSelfStakeIsExact(t *testing.T) {
	for in, want := range map[string]string{
		"9007199254740993": "9007199254740993", `"9007199254740993"`: "9007199254740993", "10000000000000000001": "10000000000000000001",
		"1e13": "10000000000000", "1.5e1": "15", `"10 KSM"`: "10000000000000", `"0.000000000001 ksm"`: "1", `"7 planck"`: "7",
		"340282366920938463463374607431768211455": "340282366920938463463374607431768211455",
	} {
		c := mustLoad(t, minimal(`"constraints": {"minSelfStake": `+in+`}`), "", Options{})
		if got := c.rules.Limits.MinSelfStake.String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestDefaultsReadBack: what print shows of every key can be put into a file and means the same.
func TestDefaultsReadBack(t *testing.T) {
	for _, n := range Networks() {
		for _, p := range []programme.Profile{programme.ProfileProgramme, programme.ProfileReference} {
			d := defaults(n, p)
			for _, k := range Keys() {
				if k.optional || k.Secret {
					continue
				}
				readsBack(t, k, n, k.fetch(d))
			}
		}
	}
}

type fataler interface {
	Helper()
	Errorf(string, ...any)
}

func readsBack(t fataler, k Key, n Network, v any) {
	t.Helper()
	shown := k.show(n, v)
	tree, err := jsontree.Parse([]byte(encode(shown)))
	if err != nil {
		t.Errorf("%s: %v", k.Path, err)
		return
	}
	s := scope{network: n}
	back := k.read(&s, input{tree, false})
	if fmt.Sprint(back) != fmt.Sprint(v) {
		t.Errorf("%s: %v is shown as %v and read as %v (%v)", k.Path, v, shown, back, s.problems)
	}
	for _, p := range s.problems {
		if p.Severity == Error && !strings.Contains(p.Reason, "empty") {
			t.Errorf("%s: %v is shown as %v, which is refused: %s", k.Path, v, shown, p.Reason)
		}
	}
}

func TestQuantitiesReadBack(t *testing.T) {
	kusama, _ := NetworkByName("kusama")
	rapid.Check(t, func(t *rapid.T) {
		a := programme.PlanckFromParts(rapid.Uint64().Draw(t, "lo"), rapid.Uint64().Draw(t, "hi"))
		readsBack(t, key("amount", amount, func(*Config) *programme.Planck { return nil }, ""), kusama, a)
		p := programme.Perbill(rapid.Uint32Range(0, everything).Draw(t, "perbill"))
		readsBack(t, key("share", share, func(*Config) *programme.Perbill { return nil }, ""), kusama, p)
		d := programme.Millis(rapid.Int64Range(0, int64(maxSpan)).Draw(t, "ms"))
		readsBack(t, key("span", span, func(*Config) *programme.Millis { return nil }, ""), kusama, d)
		readsBack(t, key("moment", moment, func(*Config) *programme.Millis { return nil }, ""), kusama, d)
		w := rapid.Float64Range(0, 1e9).Draw(t, "weight")
		readsBack(t, key("points", points, func(*Config) *float64 { return nil }, ""), kusama, w)
	})
}
