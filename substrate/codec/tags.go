package codec

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/substrate/metadata"
)

// goField is an exported field of a Go struct that takes part in decoding.
type goField struct {
	index    []int
	typ      reflect.Type
	goName   string
	names    []string // from the tag, in order of preference; none means by goName
	optional bool
	used     bool
}

// label is how messages name the field.
func (f *goField) label() string {
	if len(f.names) > 0 {
		return strings.Join(f.names, "|")
	}
	return f.goName
}

// goStruct is what tags say about a Go struct.
type goStruct struct {
	fields  []goField
	first   bool  // of a tuple, the struct describes the first element
	variant []int // index of the string that takes the variant's name
}

// parseStruct reads the tags of a struct type.
func parseStruct(t reflect.Type) (*goStruct, error) {
	out := new(goStruct)
	if err := out.add(t, nil, MaxDepth); err != nil {
		return nil, fmt.Errorf("in Go type %s: %w", t, err)
	}
	return out, nil
}

func (g *goStruct) add(t reflect.Type, prefix []int, depth int) error {
	if depth == 0 {
		return ErrDepth
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("scale")
		if tag == "-" {
			continue
		}
		names, options, _ := strings.Cut(tag, ",")
		index := append(append([]int{}, prefix...), i)
		if f.Anonymous && names == "" && f.Type.Kind() == reflect.Struct && !special(f.Type) {
			if err := g.add(f.Type, index, depth-1); err != nil {
				return err
			}
			continue
		}
		if !f.IsExported() && !tagged {
			continue
		}
		field := goField{index: index, typ: f.Type, goName: f.Name}
		if names != "" {
			field.names = strings.Split(names, "|")
		}
		for _, o := range strings.Split(options, ",") {
			switch o {
			case "":
			case "optional":
				field.optional = true
			case "first":
				g.first = true
			case "variant":
				g.variant = index
			default:
				return fmt.Errorf("field %s: unknown option %q in its scale tag", f.Name, o)
			}
		}
		switch {
		case strings.Contains(","+options+",", ",first,"):
		case !f.IsExported():
			return fmt.Errorf("field %s has a scale tag but is not exported", f.Name)
		case strings.Contains(","+options+",", ",variant,"):
			if f.Type.Kind() != reflect.String {
				return fmt.Errorf("field %s: the option variant needs a string", f.Name)
			}
		default:
			g.fields = append(g.fields, field)
		}
	}
	return nil
}

// positional reports whether all fields have numbers as names.
func (g *goStruct) positional() bool {
	for i := range g.fields {
		if len(g.fields[i].names) == 0 {
			return false
		}
		for _, n := range g.fields[i].names {
			if _, err := strconv.ParseUint(n, 10, 16); err != nil {
				return false
			}
		}
	}
	return len(g.fields) > 0
}

// find returns the field for a name among all the names that the metadata has at that place. A field takes the first
// of its names that is there.
func (g *goStruct) find(name string, all []string) *goField {
	for i := range g.fields {
		f := &g.fields[i]
		if f.used {
			continue
		}
		if len(f.names) == 0 {
			if fold(f.goName) == fold(name) {
				return f
			}
			continue
		}
		if chosen, ok := firstPresent(f.names, all); ok && chosen == name {
			return f
		}
	}
	return nil
}

func firstPresent(names, all []string) (string, bool) {
	for _, n := range names {
		for _, a := range all {
			if n == a {
				return n, true
			}
		}
	}
	return "", false
}

// missing returns an error for the first field that must be there and was not found.
func (g *goStruct) missing(where string, have []string) error {
	for i := range g.fields {
		if f := &g.fields[i]; !f.used && !f.optional {
			return fmt.Errorf("%s has no %q (it has: %s): %w", where, f.label(), strings.Join(have, ", "), ErrMismatch)
		}
	}
	return nil
}

// fold makes names comparable that differ only in underscores and case: claimed_rewards and ClaimedRewards.
func fold(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// fieldNames are the names of fields, positions where there is none.
func fieldNames(fields []metadata.Field) []string {
	names := make([]string, len(fields))
	for i := range fields {
		if names[i] = fields[i].Name; names[i] == "" {
			names[i] = strconv.Itoa(i)
		}
	}
	return names
}
