package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// Rules are the rules of a round. An override other than the empty one replaces rules.profile, with that profile's
// defaults and its reading of zeros.
func (c *Config) Rules(override programme.Profile) (programme.Rules, error) {
	switch override {
	case "", c.rules.Profile:
	case programme.ProfileProgramme, programme.ProfileReference:
		c = c.under(override)
	default:
		return programme.Rules{}, fmt.Errorf("profile %q is not one of %s, %s", override, programme.ProfileProgramme, programme.ProfileReference)
	}
	r := c.rules
	if r.Switches.ZeroWeight { // the old backend never read score.use*
		for i, f := range factors {
			if !c.use[i] {
				*f.weight(&r.Weights) = 0
			}
		}
	}
	l := &r.Limits
	for _, list := range []*[]string{&l.BannedProviders, &l.SanctionedCountries, &l.SanctionedRegions, &l.ExemptClients} {
		*list = slices.Clone(*list)
	}
	l.BannedASNs = slices.Clone(l.BannedASNs)
	return r, nil
}

// Value is an effective value with its origin.
type Value struct {
	Key    string `json:"key"`
	Value  any    `json:"value"` // as it may stand in a file; secrets are masked
	Origin Origin `json:"origin"`
}

// Text is the value in one line for people.
func (v Value) Text() string {
	if s, ok := v.Value.(string); ok {
		return s
	}
	return encode(v.Value)
}

// Effective lists every key with the value that counts and where it comes from. Keys that describe another kind of
// network than the chosen one are left out.
func (c *Config) Effective() []Value {
	var out []Value
	for _, k := range Keys() {
		if k.optional && !c.given(k.Path) {
			continue
		}
		out = append(out, Value{Key: k.Path, Value: k.show(c.Network, k.fetch(c)), Origin: c.origin[k.Path]})
	}
	return out
}

// encode writes a value as JSON, without the escapes that only HTML needs.
func encode(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}
