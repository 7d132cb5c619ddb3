package config

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Initial says for which case configuration files are to be written.
type Initial struct {
	Network string // one of InitialNetworks
	Arch    string // ArchCurrent or ArchMicroservice
	Env     string // EnvProduction or EnvDev
}

// The architectures and environments.
const (
	ArchCurrent      = "current"      // one process with all roles and a SQLite file
	ArchMicroservice = "microservice" // a process for each role, sharing a PostgreSQL database
	EnvProduction    = "production"
	EnvDev           = "dev" // frequent jobs, no waiting for new nodes, debug messages
)

// InitialNetworks are the networks for which files can be written.
func InitialNetworks() []string { return []string{"kusama", "polkadot", "westend", "paseo"} }

// InitialFile is a file to be written.
type InitialFile struct {
	Path string // relative to the folder
	Mode fs.FileMode
	Data []byte
	// Secret files are never overwritten.
	Secret bool
}

// SchemaFile is the name of the JSON Schema beside the files.
const SchemaFile = "config.schema.json"

// service is a process of an architecture.
type service struct {
	dir  string // folder of its files, empty for the only process
	role Role   // empty for all of them
	port int
	// sections are what it reads; nil is everything.
	sections []string
}

func services(arch string) []service {
	if arch == ArchCurrent {
		return []service{{port: 3300}}
	}
	common := []string{"global", "database", "server", "logger", "health", "run"}
	return []service{
		{"core", RoleCore, 3300, nil},
		{"gateway", RoleGateway, 3301, common},
		{"telemetry", RoleTelemetry, 3302, append([]string{"constraints", "telemetry", "location"}, common...)},
		{"worker", RoleWorker, 3303, append([]string{"constraints", "scorekeeper", "score", "rules", "rank", "telemetry", "location", "prices", "cron", "retention"}, common...)},
	}
}

// Files makes the files: main.json with every key that the process reads, the decided ones set and the others as
// comments with their defaults; secret.json for what must not be seen; and the JSON Schema.
func (p Initial) Files() ([]InitialFile, error) {
	n, ok := NetworkByName(p.Network)
	switch {
	case !ok || !slices.Contains(InitialNetworks(), p.Network):
		return nil, fmt.Errorf("there are no files for the network %q; the networks are %s", p.Network, strings.Join(InitialNetworks(), ", "))
	case p.Arch != ArchCurrent && p.Arch != ArchMicroservice:
		return nil, fmt.Errorf("the architecture %q is neither %s nor %s", p.Arch, ArchCurrent, ArchMicroservice)
	case p.Env != EnvProduction && p.Env != EnvDev:
		return nil, fmt.Errorf("the environment %q is neither %s nor %s", p.Env, EnvProduction, EnvDev)
	}
	schemaText, err := JSONSchema()
	if err != nil {
		return nil, err
	}
	out := []InitialFile{{Path: SchemaFile, Mode: 0o644, Data: schemaText}}
	if p.testNetwork() {
		out = append(out, InitialFile{Path: "candidates.json", Mode: 0o644, Data: sampleList(n)})
	}
	for _, s := range services(p.Arch) {
		out = append(out,
			InitialFile{Path: filepath.Join(s.dir, MainFile), Mode: 0o644, Data: p.main(n, s)},
			InitialFile{Path: filepath.Join(s.dir, SecretFile), Mode: 0o600, Data: p.secret(s), Secret: true})
	}
	return out, nil
}

func (p Initial) testNetwork() bool { return p.Network == "westend" || p.Network == "paseo" }

// sampleList has two of the accounts that every development tool knows, so that there is a list to begin with.
func sampleList(n Network) []byte {
	type entry struct {
		SlotID int    `json:"slotId"`
		Name   string `json:"name"`
		Stash  string `json:"stash"`
		Handle string `json:"riotHandle"`
		KYC    bool   `json:"kyc"`
	}
	var list struct {
		Candidates []entry `json:"candidates"`
	}
	for i, x := range []struct{ name, id string }{
		{"alice-validator", "be5ddb1579b72e84524fc29e78609e3caf42e85aa118ebfe0b0ad404b5bdd25f"}, // //Alice//stash
		{"bob-validator", "fe65717dad0447d715f660a0a58411de509b42e6efb8375f562f58a554d5860e"},   // //Bob//stash
	} {
		b, _ := hex.DecodeString(x.id) // the texts above are hexadecimal
		list.Candidates = append(list.Candidates, entry{i, x.name, ss58.EncodeAccount(n.SS58Prefix, [32]byte(b)), "@" + x.name + ":example.org", false})
	}
	b, _ := json.MarshalIndent(list, "", "  ") // nothing in it can fail
	return append(b, '\n')
}

// chosen are the values that a case decides.
func (p Initial) chosen(n Network, s service) map[string]any {
	up := ""
	if s.dir != "" {
		up = "../"
	}
	v := map[string]any{
		"global.network":              p.Network,
		"global.apiEndpoints":         n.Endpoints.Relay,
		"global.apiAssetHubEndpoints": n.Endpoints.AssetHub,
		"global.apiPeopleEndpoints":   n.Endpoints.People,
		"global.candidatesUrl":        "https://raw.githubusercontent.com/w3f/1k-validators-be/master/candidates/" + p.Network + ".json",

		"constraints.minSelfStake":          amount.show(n, n.MinSelfStake),
		"constraints.commission":            share.show(n, n.MaxCommission),
		"constraints.unclaimedEraThreshold": n.UnclaimedEras,
		"constraints.skipConnectionTime":    p.Env == EnvDev,
		"constraints.skipIdentity":          p.testNetwork(),
		"constraints.skipUnclaimed":         p.Network == "polkadot",

		"telemetry.enable":               !p.testNetwork(),
		"telemetry.host":                 "wss://telemetry-backend.w3f.community/feed",
		"telemetry.blacklistedProviders": []string{"Hetzner Online GmbH", "Contabo Inc.", "Contabo GmbH"},

		"act.mode":      ActPropose,
		"server.port":   s.port,
		"logger.level":  "info",
		"logger.format": "text",
	}
	if p.testNetwork() {
		v["global.candidatesUrl"] = up + "candidates.json"
		v["telemetry.blacklistedProviders"] = []string{}
		v["telemetry.host"] = "wss://feed.telemetry.polkadot.io/feed"
	} else {
		v["constraints.sanctionedGeoArea.sanctionedCountries"] = []string{"RU", "IR", "CU", "KP", "SY"}
		v["constraints.sanctionedGeoArea.sanctionedRegions"] = sanctionedRegions()
	}
	if p.Env == EnvDev {
		v["logger.level"] = "debug"
		for _, j := range jobs() {
			v["cron."+j.name] = "0 * * * * *"
		}
		v["cron.cleanUp"] = "0 0 * * * *"
		v["cron.monitor"], v["cron.eraPoints"] = "0 */15 * * * *", "0 */10 * * * *"
	}
	if p.Arch == ArchCurrent {
		v["database.url"] = "otv.db"
		return v
	}
	v["database.url"] = "postgres://otv@127.0.0.1:5432/otv_" + p.Network
	v["server.onlyHealth"] = s.role != RoleGateway
	c := Config{}
	v["health.address"] = c.HealthAddress([]Role{s.role})
	if s.role == RoleCore {
		v["admin.address"] = DefaultAdmin
	}
	return v
}

// sanctionedRegions are the spellings of regions under sanctions that location services use.
func sanctionedRegions() []string {
	return []string{
		"Crimea", "Autonomous Republic of Crimea", "Republic of Crimea", "Luhansk", "Luhanska Oblast", "Luhanska",
		"Luganskaya Oblast’", "Luganskaya", "Donetsk", "Donetska Oblast", "Donetskaya Oblast’", "Donetska", "Donetskaya",
		"Sevastopol City", "Sevastopol", "Gorod Sevastopol",
	}
}

// unwritten are keys that no new file should have: older selectors and switches, and the facts of custom networks.
func unwritten(path string) bool {
	return path == "global.networkPrefix" || strings.HasPrefix(path, "global.customNetwork.") ||
		path == "scorekeeper.nominating" || path == "scorekeeper.dryRun" || path == "scorekeeper.forceRound"
}

// main is the text of main.json.
func (p Initial) main(n Network, s service) []byte {
	d := defaults(n, programme.ProfileProgramme)
	d.Chains = n.Endpoints
	chosen := p.chosen(n, s)
	up, run := "", "otv run --config DIR"
	if s.dir != "" {
		up, run = "../", fmt.Sprintf("otv run %s --config DIR/%s", s.role, s.dir)
	}
	w := fileWriter{}
	w.comment(0, fmt.Sprintf("%s, %s, %s: made by otv config init --network %s --arch %s --env %s.", n.Label, p.Arch, p.Env, p.Network, p.Arch, p.Env))
	w.comment(0, "Lines that are comments show the defaults: take the slashes away to change one. Comments and commas at the end are allowed here. "+
		"`otv config check` says what is wrong, `otv config print` what counts. docs/configuration.md explains everything.")
	w.comment(0, "Start with: "+run)
	w.line(0, "{")
	w.line(1, `"$schema": `+encode(up+SchemaFile)+",")
	for _, k := range bySection(Keys()) {
		section, _, _ := strings.Cut(k.Path, ".")
		if unwritten(k.Path) || s.sections != nil && !slices.Contains(s.sections, section) {
			continue
		}
		value, decided := chosen[k.Path]
		if !decided && (k.Secret || k.optional) {
			continue
		}
		if !decided {
			value = k.show(n, k.fetch(d))
		}
		w.key(k, value, decided)
	}
	w.within(nil)
	w.line(0, "}")
	return []byte(w.String())
}

// secret is the text of secret.json.
func (p Initial) secret(s service) []byte {
	w := fileWriter{}
	w.comment(0, "Secrets. Only the owner may read this file: chmod 600 secret.json. It is never overwritten by otv config init. "+
		"Every key can be given by an environment variable instead, for example OTV_DATABASE__URL.")
	w.line(0, "{")
	section := func(name string, lines ...string) {
		w.line(1, encode(name)+": {")
		for _, l := range lines {
			w.line(2, l)
		}
		w.line(1, "},")
	}
	if s.role == "" || s.role == RoleCore {
		w.comment(1, "The nominators, in the order in which they choose. Without a seed one is planned for, but nothing is signed. Fields: "+
			"seed, address, isProxy, proxyFor, proxyDelay (blocks), maxTargets.")
		section("scorekeeper", `"nominators": [`,
			`  // {"seed": "twelve or more words", "isProxy": true, "proxyFor": "ADDRESS", "proxyDelay": 10850},`,
			`  // {"address": "ADDRESS"},`, "],")
		section("matrix", `// "accessToken": "token of matrix.userId",`)
		section("admin", `// "token": "at least 16 characters; without it one is made up",`)
	}
	if s.role == "" || s.role == RoleTelemetry || s.role == RoleWorker {
		section("telemetry", `// "ipinfoToken": "token of the location service",`)
	}
	if p.Arch == ArchMicroservice {
		w.comment(1, "With a password the URL of the database belongs here; it counts more than the one in main.json.")
		section("database", `// "url": "postgres://otv:password@127.0.0.1:5432/otv_`+p.Network+`",`)
	}
	w.line(0, "}")
	return []byte(w.String())
}

// fileWriter writes JSON with comments.
type fileWriter struct {
	strings.Builder
	open []string // sections that are open
}

// width of a line.
const width = 118

func (w *fileWriter) line(depth int, text string) {
	w.WriteString(strings.Repeat("  ", depth) + text + "\n")
}

// comment writes a text in lines that are not too long.
func (w *fileWriter) comment(depth int, text string) {
	line := "//"
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word)+2*depth > width {
			w.line(depth, line)
			line = "//"
		}
		line += " " + word
	}
	w.line(depth, line)
}

// within opens and closes sections until the given one is open.
func (w *fileWriter) within(sections []string) {
	same := 0
	for same < len(w.open) && same < len(sections) && w.open[same] == sections[same] {
		same++
	}
	for len(w.open) > same {
		w.line(len(w.open), "},")
		w.open = w.open[:len(w.open)-1]
	}
	for _, s := range sections[same:] {
		w.line(len(w.open)+1, encode(s)+": {")
		w.open = append(w.open, s)
	}
}

// key writes a key with its meaning, as a comment unless its value was decided.
func (w *fileWriter) key(k Key, value any, decided bool) {
	parts := strings.Split(k.Path, ".")
	w.within(parts[:len(parts)-1])
	depth := len(parts)
	text := k.Meaning
	if k.Type != boolean.name && k.Type != plain.name {
		text += " (" + k.Type
		if k.Unit != "" {
			text += ", " + k.Unit
		}
		text += ")"
	}
	w.comment(depth, text)
	name := encode(parts[len(parts)-1])
	lines := valueLines(value)
	lines[0] = name + ": " + lines[0]
	lines[len(lines)-1] += ","
	for _, l := range lines {
		if !decided {
			l = "// " + l
		}
		w.line(depth, l)
	}
}

// valueLines is a value in one line, or a long list with a line for each element.
func valueLines(v any) []string {
	text := encode(v)
	var items []string
	if len(text) <= 80 || json.Unmarshal([]byte(text), &items) != nil {
		return []string{text}
	}
	lines := []string{"["}
	for _, item := range items {
		lines = append(lines, "  "+encode(item)+",")
	}
	return append(lines, "]")
}

// ErrExists means that a file is there already.
var ErrExists = errors.New("it exists already; --force writes main.json anew, and never touches secret.json")

// bySection brings the keys of a section, and of each section in it, together, in the order in which they first appear: an
// object can be written once only.
func bySection(keys []Key) []Key {
	first := map[string]int{}
	place := func(k Key) []int {
		var out []int
		for i, r := range k.Path + "." {
			if r == '.' {
				out = append(out, first[k.Path[:i]])
			}
		}
		return out
	}
	for _, k := range keys {
		for i, r := range k.Path + "." {
			if r == '.' {
				if _, known := first[k.Path[:i]]; !known {
					first[k.Path[:i]] = len(first)
				}
			}
		}
	}
	out := slices.Clone(keys)
	slices.SortStableFunc(out, func(a, b Key) int { return slices.Compare(place(a), place(b)) })
	return out
}
