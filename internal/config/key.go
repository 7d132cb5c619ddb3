package config

import (
	"reflect"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// Key is one setting of the schema.
type Key struct {
	Path    string // dotted: section.name
	Type    string // what values look like
	Unit    string
	Meaning string
	// Secret values are never shown. They may stand in secret.json.
	Secret bool

	// zero says that 0 stands for the default where the switch zeroWeight is off.
	zero bool
	// falseNote is the warning for false in a file, where false did not count before.
	falseNote string
	// optional keys have no default.
	optional bool

	read  func(s *scope, in input) any
	store func(c *Config, v any)
	fetch func(c *Config) any
	show  func(n Network, v any) any

	schema schema
}

// option refines a key.
type option func(*Key)

func unit(u string) option              { return func(k *Key) { k.Unit = u } }
func secret(k *Key)                     { k.Secret = true }
func zeroIsDefault(k *Key)              { k.zero = true }
func optional(k *Key)                   { k.optional = true }
func falseCountsNow(note string) option { return func(k *Key) { k.falseNote = note } }

// key ties a path to a type and to the place in Config that holds the value.
func key[T any](path string, of kind[T], at func(*Config) *T, meaning string, options ...option) Key {
	k := Key{
		Path: path, Type: of.name, Meaning: meaning,
		read:  func(s *scope, in input) any { return of.read(s, in) },
		store: func(c *Config, v any) { *at(c) = v.(T) },
		fetch: func(c *Config) any { return *at(c) },
		show:  func(n Network, v any) any { return of.show(n, v.(T)) },

		schema: of.schema,
	}
	for _, o := range options {
		o(&k)
	}
	return k
}

// Variable is the environment variable of the key: OTV_, the path in capitals, two underscores for each dot.
func (k Key) Variable() string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(k.Path, ".", "__"))
}

const variablePrefix = "OTV_"

// Keys is the whole schema, in the order of the documentation.
func Keys() []Key {
	var all []Key
	for _, part := range [][]Key{
		globalKeys(), constraintKeys(), scorekeeperKeys(), scoreKeys(), ruleKeys(), proxyKeys(), telemetryKeys(), sourceKeys(),
		cronKeys(), databaseKeys(), retentionKeys(), matrixKeys(), serverKeys(), serviceKeys(),
	} {
		all = append(all, part...)
	}
	return all
}

// job is one entry of the section cron, with its schedule in the old backend; that had none to delete what is old.
type job struct{ name, schedule, meaning string }

func jobs() []job {
	return []job{
		{"monitor", "0 */3 * * * *", "looking for a new client release"},
		{"validity", "0 0-59/5 * * * *", "checking all candidates"},
		{"score", "0 0-59/5 * * * *", "scoring all candidates"},
		{"scorekeeper", "0 0-59/5 * * * *", "nomination rounds"},
		{"execution", "0 0-59/3 * * * *", "sending due delayed proxy transactions"},
		{"cancel", "0 0-59/25 * * * *", "cancelling unwanted announcements"},
		{"stale", "0 0-59/5 * * * *", "warning of stale nominations"},
		{"eraStats", "0 0-59/1 * * * *", "statistics of eras"},
		{"eraPoints", "0 0-59/15 * * * *", "era points"},
		{"locationStats", "0 0-59/5 * * * *", "statistics of locations"},
		{"activeValidator", "0 0-59/5 * * * *", "the active validator set"},
		{"inclusion", "0 0-59/5 * * * *", "inclusion figures"},
		{"sessionKey", "0 0-59/5 * * * *", "session keys"},
		{"unclaimedEras", "0 0 0-23/1 * * *", "eras with unclaimed rewards"},
		{"validatorPref", "0 0-59/3 * * * *", "commission, payee and other preferences"},
		{"nominator", "0 0-59/5 * * * *", "nominators of candidates"},
		{"block", "0 0-59/1 * * * *", "indexing of blocks"},
		{"cleanUp", "0 30 */6 * * *", "deleting what is old"},
	}
}

// factor ties the keys score.<name> and score.use<Name> to a weight.
type factor struct {
	name    string
	weight  func(*programme.Weights) *float64
	meaning string
}

// factors are the parts of the score that have a weight.
var factors = [...]factor{
	{"inclusion", func(w *programme.Weights) *float64 { return &w.Inclusion }, "few eras with points among the last ones"},
	{"spanInclusion", func(w *programme.Weights) *float64 { return &w.SpanInclusion }, "the same over a shorter span"},
	{"discovered", func(w *programme.Weights) *float64 { return &w.Discovered }, "time since the node was first seen"},
	{"nominated", func(w *programme.Weights) *float64 { return &w.Nominated }, "time since the last nomination"},
	{"rank", func(w *programme.Weights) *float64 { return &w.Rank }, "rank"},
	{"unclaimed", func(w *programme.Weights) *float64 { return &w.Unclaimed }, "unclaimed eras, subtracted for each"},
	{"bonded", func(w *programme.Weights) *float64 { return &w.Bonded }, "own bond"},
	{"faults", func(w *programme.Weights) *float64 { return &w.Faults }, "few faults"},
	{"offline", func(w *programme.Weights) *float64 { return &w.Offline }, "little offline time"},
	{"location", func(w *programme.Weights) *float64 { return &w.Location }, "a city with few candidates"},
	{"region", func(w *programme.Weights) *float64 { return &w.Region }, "a region with few candidates"},
	{"country", func(w *programme.Weights) *float64 { return &w.Country }, "a country with few candidates"},
	{"provider", func(w *programme.Weights) *float64 { return &w.Provider }, "a provider with few candidates"},
	{"nominations", func(w *programme.Weights) *float64 { return &w.NominatorStake }, "much stake of independent nominators"},
	{"client", func(w *programme.Weights) *float64 { return &w.Client }, "a client other than the most used one"},
}

// switchNames are the JSON names of the switches, with their fields.
func switchFields(s *programme.Switches) map[string]*bool {
	fields := map[string]*bool{}
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		if p, ok := v.Field(i).Addr().Interface().(*bool); ok {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			fields[name] = p
		}
	}
	return fields
}
