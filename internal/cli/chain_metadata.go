package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/substrate/metadata"
)

func newChainMetadataCommand(env *Env) *cobra.Command {
	var o chainOptions
	var raw string
	cmd := &cobra.Command{
		Use:   "metadata [PALLET] --uri URI",
		Short: "List the pallets of the runtime, or what one of them has",
		Long: `List the pallets and runtime APIs of the runtime at a block; with a pallet its storage items, constants, calls,
events and errors.

--raw saves the metadata blob as the chain gives it, in the best version that chain and program both know.

Exit code 0: done. 3: no such pallet or block, or the file cannot be written. 4: the node did not deliver.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, func(_ context.Context, v *chainView) error {
				if raw != "" {
					if err := writeFile(raw, v.block.Runtime().Blob); err != nil {
						return exit(ExitInput, err)
					}
				}
				if len(args) == 1 {
					p, err := v.pallet(args[0])
					if err != nil {
						return err
					}
					return v.printPallet(describePallet(v.block.Runtime().Metadata, p), o.asJSON)
				}
				if raw != "" && !o.asJSON {
					rt := v.block.Runtime()
					_, err := fmt.Fprintf(env.Stdout, "%s: metadata of %s %d, version %d, %d bytes\n", raw, printable(rt.SpecName), rt.SpecVersion, rt.Metadata.Version, len(rt.Blob))
					return err
				}
				return v.printRuntime(o.asJSON)
			})
		},
	}
	o.register(cmd)
	cmd.Flags().StringVar(&raw, "raw", "", "save the metadata blob to this file")
	return cmd
}

// shownRuntime is a runtime in JSON.
type shownRuntime struct {
	SpecName        string      `json:"specName"`
	SpecVersion     uint32      `json:"specVersion"`
	MetadataVersion int         `json:"metadataVersion"`
	Types           int         `json:"types"`
	Pallets         []palletRow `json:"pallets"`
	APIs            []apiRow    `json:"apis"`
}

type palletRow struct {
	Name      string `json:"name"`
	Index     uint8  `json:"index"`
	Storage   int    `json:"storage"`
	Constants int    `json:"constants"`
	Calls     int    `json:"calls"`
	Events    int    `json:"events"`
	Errors    int    `json:"errors"`
}

type apiRow struct {
	Name    string   `json:"name"`
	Methods []string `json:"methods"`
}

func (v *chainView) printRuntime(asJSON bool) error {
	rt := v.block.Runtime()
	m := rt.Metadata
	shown := shownRuntime{
		SpecName: rt.SpecName, SpecVersion: rt.SpecVersion, MetadataVersion: m.Version, Types: m.Types.Len(),
		Pallets: []palletRow{}, APIs: []apiRow{},
	}
	for i := range m.Pallets {
		p := &m.Pallets[i]
		shown.Pallets = append(shown.Pallets, palletRow{
			p.Name, p.Index, len(p.Storage), len(p.Constants), len(variants(m, p.Calls)), len(variants(m, p.Events)), len(variants(m, p.Errors)),
		})
	}
	for _, a := range m.APIs {
		row := apiRow{Name: a.Name, Methods: []string{}}
		for _, f := range a.Methods {
			row.Methods = append(row.Methods, f.Name)
		}
		shown.APIs = append(shown.APIs, row)
	}
	if asJSON {
		return writeJSON(v.env.Stdout, shown)
	}
	fmt.Fprintf(v.env.Stdout, "%s %d, metadata version %d, %d types\n\n", printable(rt.SpecName), rt.SpecVersion, m.Version, m.Types.Len())
	t := newTable(v.env, "index", "pallet", "storage", "constants", "calls", "events", "errors").numbers(0, 2, 3, 4, 5, 6)
	for _, p := range shown.Pallets {
		t.row(p.Index, p.Name, p.Storage, p.Constants, p.Calls, p.Events, p.Errors)
	}
	t.print(v.env.Stdout)
	if len(shown.APIs) == 0 {
		return nil
	}
	fmt.Fprintln(v.env.Stdout)
	t = newTable(v.env, "runtime API", "functions")
	for _, a := range shown.APIs {
		t.row(a.Name, strings.Join(a.Methods, ", "))
	}
	t.print(v.env.Stdout)
	return nil
}

// shownPallet is a pallet in JSON.
type shownPallet struct {
	Name      string         `json:"name"`
	Index     uint8          `json:"index"`
	Storage   []shownItem    `json:"storage"`
	Constants []shownTyped   `json:"constants"`
	Calls     []shownVariant `json:"calls"`
	Events    []shownVariant `json:"events"`
	Errors    []shownVariant `json:"errors"`
}

type shownItem struct {
	Name     string   `json:"name"`
	Optional bool     `json:"optional"`
	Hashers  []string `json:"hashers"`
	Keys     []string `json:"keys"`
	Value    string   `json:"value"`
	Docs     string   `json:"docs"`
}

type shownTyped struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Docs string `json:"docs"`
}

type shownVariant struct {
	Name   string       `json:"name"`
	Index  uint8        `json:"index"`
	Fields []shownField `json:"fields"`
	Docs   string       `json:"docs"`
}

type shownField struct {
	Name string `json:"name,omitempty"`
	Type string `json:"type"`
}

func describePallet(m *metadata.Metadata, p *metadata.Pallet) *shownPallet {
	shown := &shownPallet{
		Name: p.Name, Index: p.Index, Storage: []shownItem{}, Constants: []shownTyped{},
		Calls: describeVariants(m, p.Calls), Events: describeVariants(m, p.Events), Errors: describeVariants(m, p.Errors),
	}
	for _, e := range p.Storage {
		item := shownItem{e.Name, e.Optional, []string{}, []string{}, m.Types.Name(e.Value), firstSentence(e.Docs)}
		for i, h := range e.Hashers {
			item.Hashers = append(item.Hashers, h.String())
			item.Keys = append(item.Keys, m.Types.Name(e.Keys[i]))
		}
		shown.Storage = append(shown.Storage, item)
	}
	for _, c := range p.Constants {
		shown.Constants = append(shown.Constants, shownTyped{c.Name, m.Types.Name(c.Type), firstSentence(c.Docs)})
	}
	return shown
}

func variants(m *metadata.Metadata, id metadata.TypeID) []metadata.Variant {
	if t, ok := m.Types.Type(id); ok {
		return t.Variants
	}
	return nil
}

func describeVariants(m *metadata.Metadata, id metadata.TypeID) []shownVariant {
	shown := []shownVariant{}
	for _, x := range variants(m, id) {
		s := shownVariant{x.Name, x.Index, []shownField{}, firstSentence(x.Docs)}
		for _, f := range x.Fields {
			s.Fields = append(s.Fields, shownField{f.Name, m.Types.Name(f.Type)})
		}
		shown = append(shown, s)
	}
	return shown
}

// firstSentence is the beginning of a documentation text, up to the first full stop or empty line.
func firstSentence(docs []string) string {
	var b strings.Builder
	for _, line := range docs {
		line = strings.TrimSpace(line)
		if line == "" && b.Len() > 0 {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(line)
		if strings.HasSuffix(line, ".") {
			break
		}
	}
	text := b.String()
	if at := strings.Index(text, ". "); at >= 0 {
		text = text[:at+1]
	}
	return text
}

func (v *chainView) printPallet(p *shownPallet, asJSON bool) error {
	if asJSON {
		return writeJSON(v.env.Stdout, p)
	}
	w := v.env.Stdout
	fmt.Fprintf(w, "%s, index %d\n", printable(p.Name), p.Index)
	if len(p.Storage) > 0 {
		t := newTable(v.env, "storage", "keys", "value", "absent", "meaning")
		for _, e := range p.Storage {
			keys := make([]string, len(e.Keys))
			for i := range e.Keys {
				keys[i] = e.Keys[i] + " (" + e.Hashers[i] + ")"
			}
			absent := "default"
			if e.Optional {
				absent = "none"
			}
			t.row(e.Name, strings.Join(keys, ", "), shorten(e.Value, 60), absent, shorten(e.Docs, 80))
		}
		section(w, t)
	}
	if len(p.Constants) > 0 {
		t := newTable(v.env, "constant", "type", "meaning")
		for _, c := range p.Constants {
			t.row(c.Name, shorten(c.Type, 60), shorten(c.Docs, 80))
		}
		section(w, t)
	}
	for _, part := range []struct {
		name string
		list []shownVariant
	}{{"call", p.Calls}, {"event", p.Events}, {"error", p.Errors}} {
		if len(part.list) == 0 {
			continue
		}
		t := newTable(v.env, "index", part.name, "fields", "meaning").numbers(0)
		for _, x := range part.list {
			fields := make([]string, len(x.Fields))
			for i, f := range x.Fields {
				fields[i] = f.Type
				if f.Name != "" {
					fields[i] = f.Name + ": " + f.Type
				}
			}
			t.row(x.Index, x.Name, shorten(strings.Join(fields, ", "), 80), shorten(x.Docs, 80))
		}
		section(w, t)
	}
	return nil
}

func section(w io.Writer, t *table) {
	fmt.Fprintln(w)
	t.print(w)
}
