package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/substrate/metadata"
)

func newChainConstantsCommand(env *Env) *cobra.Command {
	var o chainOptions
	cmd := &cobra.Command{
		Use:   "constants [PALLET[.NAME]] --uri URI",
		Short: "Print the constants of the runtime",
		Long: `Print the constants of the runtime at a block: all, those of a pallet, or one.

Exit code 0: read. 3: no such pallet, constant or block. 4: the node did not deliver.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, func(_ context.Context, v *chainView) error {
				found, err := v.constants(args)
				if err != nil {
					return err
				}
				return v.printConstants(found, o.asJSON)
			})
		},
	}
	o.register(cmd)
	return cmd
}

// constants finds the constants asked for.
func (v *chainView) constants(args []string) ([]*metadata.Constant, error) {
	var found []*metadata.Constant
	collect := func(p *metadata.Pallet) {
		for i := range p.Constants {
			found = append(found, &p.Constants[i])
		}
	}
	if len(args) == 0 {
		m := v.block.Runtime().Metadata
		for i := range m.Pallets {
			collect(&m.Pallets[i])
		}
		return found, nil
	}
	pallet, name, one := strings.Cut(args[0], ".")
	p, err := v.pallet(pallet)
	if err != nil {
		return nil, err
	}
	collect(p)
	if !one {
		return found, nil
	}
	names := make([]string, len(found))
	for i, c := range found {
		if c.Name == name {
			return []*metadata.Constant{c}, nil
		}
		names[i] = c.Name
	}
	return nil, v.unknown("constant", args[0], prefixed(pallet, names), "otv chain constants "+pallet+" lists them")
}

// shownConstant is a constant in JSON.
type shownConstant struct {
	Pallet string `json:"pallet"`
	Name   string `json:"name"`
	Type   string `json:"type"`
	Value  any    `json:"value"`
}

func (v *chainView) printConstants(found []*metadata.Constant, asJSON bool) error {
	list := make([]shownConstant, 0, len(found))
	t := newTable(v.env, "constant", "type", "value")
	for _, c := range found {
		var value any
		if err := v.block.Constant(c.Pallet, c.Name, &value); err != nil {
			return err
		}
		value = v.shown(value)
		text, err := plain(value)
		if err != nil {
			return err
		}
		typ := v.block.Runtime().Metadata.Types.Name(c.Type)
		list = append(list, shownConstant{c.Pallet, c.Name, typ, value})
		if len(found) > 1 {
			text = shorten(text, 100)
		}
		t.row(c.Pallet+"."+c.Name, shorten(typ, 40), text)
	}
	if asJSON {
		return writeJSON(v.env.Stdout, list)
	}
	t.print(v.env.Stdout)
	return nil
}
