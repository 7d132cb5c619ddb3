package config

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// schema is a JSON Schema.
type schema map[string]any

// numeric is a number, which may be given as text.
func numeric(kind string, least, most int64, text string) schema {
	return schema{"type": []string{kind, "string"}, "minimum": least, "maximum": most, "pattern": text}
}

func nominatorSchema() schema {
	text, whole := schema{"type": "string"}, numeric("integer", 0, 1<<31-1, `^\s*[0-9]+\s*$`)
	one := schema{
		"type": "object", "additionalProperties": false,
		"properties": schema{
			"seed": text, "isProxy": schema{"type": "boolean"}, "proxyFor": text, "proxyDelay": whole,
			"address": text, "maxTargets": whole, "maxNominations": schema{},
		},
	}
	return schema{"type": "array", "items": schema{"anyOf": []any{one, schema{"type": "array", "items": one}}}}
}

// JSONSchema describes main.json and secret.json for editors: every key with its meaning, type and default. It is JSON
// Schema, draft 7. What it refuses, [Load] refuses too; Load looks at more than a schema can.
func JSONSchema() ([]byte, error) {
	root := schema{
		"$schema":     "http://json-schema.org/draft-07/schema#",
		"title":       "Configuration of otv",
		"description": "main.json and secret.json. Comments and trailing commas are allowed.",
		"type":        "object", "additionalProperties": false,
		"properties": schema{"$schema": schema{"type": "string", "description": "this schema, for editors"}},
	}
	for _, k := range Keys() {
		s := schema{"description": k.Meaning + "\n\n" + k.Type}
		if k.Unit != "" {
			s["description"] = k.Meaning + "\n\n" + k.Type + ", in " + k.Unit
		}
		for name, v := range k.schema {
			s[name] = v
		}
		if v, ok := commonDefault(k); ok {
			s["default"] = v
		}
		root.put(k.Path, s)
	}
	old := retired()
	for path, note := range old {
		s := schema{"description": note, "deprecated": true}
		root.put(strings.TrimSuffix(path, "."), s)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return b.Bytes(), err
}

// put adds the schema of a key in its sections.
func (s schema) put(path string, of schema) {
	properties := s["properties"].(schema)
	section, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		properties[section] = of
		return
	}
	inner, ok := properties[section].(schema)
	if !ok {
		inner = schema{"type": "object", "additionalProperties": false, "properties": schema{}}
		properties[section] = inner
	}
	inner.put(rest, of)
}

// commonDefault is the default of a key when it is the same on all networks.
func commonDefault(k Key) (any, bool) {
	if k.optional || k.Secret {
		return nil, false
	}
	var texts []string
	var v any
	for _, n := range Networks() {
		d := defaults(n, programme.ProfileProgramme)
		d.Chains = n.Endpoints
		v = k.show(n, k.fetch(d))
		texts = append(texts, encode(v))
	}
	slices.Sort(texts)
	return v, texts[0] == texts[len(texts)-1]
}
