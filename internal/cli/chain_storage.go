package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
)

func newChainStorageCommand(env *Env) *cobra.Command {
	var o chainOptions
	var limit int
	cmd := &cobra.Command{
		Use:   "storage PALLET.ITEM [KEY...] --uri URI",
		Short: "Print decoded values of a storage item",
		Long: `Print what the chain's storage holds at a block. With all keys of a map, or for an item without keys, that is one value;
with fewer keys all entries that begin with them, in the order of the chain, as they arrive.

A key is an address of the chain, 0x bytes, an integer, the name of an enum's variant, or JSON for a key with parts.
Accounts are printed as addresses of the chain, integers of more than 64 bits as text.

With --json an entry of a map is one line {"keys": [...], "value": ...}; a single value is {"found": ..., "value": ...},
where found is false when the chain holds none and value is the item's default, or null.

Exit code 0: read. 3: no such pallet, item or block, or a key that does not fit. 4: the node did not deliver.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return exit(ExitUsage, fmt.Errorf("--limit %d is negative", limit))
			}
			return o.run(cmd, env, func(ctx context.Context, v *chainView) error {
				entry, err := v.storage(args[0])
				if err != nil {
					return err
				}
				keys, err := v.keyArgs(entry, args[1:])
				if err != nil {
					return exit(ExitInput, err)
				}
				if len(keys) == len(entry.Keys) {
					return v.printValue(ctx, entry, keys, o.asJSON)
				}
				return v.printMap(ctx, entry, keys, limit, o.asJSON)
			})
		},
	}
	o.register(cmd)
	cmd.Flags().IntVar(&limit, "limit", 0, "print so many entries of a map at most (default: all)")
	return cmd
}

func (v *chainView) printValue(ctx context.Context, entry *metadata.StorageEntry, keys []any, asJSON bool) error {
	var value any
	found, err := v.block.Get(ctx, entry.Pallet, entry.Name, &value, keys...)
	if err != nil {
		return err
	}
	value = v.shown(value)
	if asJSON {
		return writeJSON(v.env.Stdout, struct {
			Found bool `json:"found"`
			Value any  `json:"value"`
		}{found, value})
	}
	if !found {
		if entry.Optional {
			fmt.Fprintln(v.env.Stderr, "The chain holds no value.")
			return nil
		}
		fmt.Fprintln(v.env.Stderr, "The chain holds no value; this is the default.")
	}
	if text, ok := value.(string); ok {
		_, err = fmt.Fprintln(v.env.Stdout, printable(text))
		return err
	}
	return writeJSON(v.env.Stdout, value)
}

// mapEntry is a line of JSON.
type mapEntry struct {
	Keys  []any `json:"keys"`
	Value any   `json:"value"`
}

func (v *chainView) printMap(ctx context.Context, entry *metadata.StorageEntry, prefix []any, limit int, asJSON bool) error {
	out := bufio.NewWriterSize(v.env.Stdout, 1<<15)
	types := v.block.Runtime().Metadata.Types
	count := 0
	err := v.block.Iterate(ctx, entry.Pallet, entry.Name, prefix, func(keys []any, raw []byte) error {
		value, err := codec.Decode(types, entry.Value, raw)
		if err != nil {
			text, keyErr := plain(v.shown(keys))
			return fmt.Errorf("%s block %d: %s.%s%s: %w", v.client.Chain().Name, v.block.Number, entry.Pallet, entry.Name, text, errors.Join(err, keyErr))
		}
		line, err := v.line(keys, value, asJSON)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
		if count++; count == limit {
			return substrate.ErrStop
		}
		return nil
	})
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	if !asJSON && count == 0 {
		fmt.Fprintln(v.env.Stderr, "The chain holds no entries.")
	}
	return nil
}

// line is an entry of a map as one line.
func (v *chainView) line(keys []any, value any, asJSON bool) (string, error) {
	for i := range keys {
		keys[i] = v.shown(keys[i])
	}
	value = v.shown(value)
	if asJSON {
		return oneLine(mapEntry{keys, value})
	}
	cells := make([]string, 0, len(keys)+1)
	for _, part := range append(keys, value) {
		text, err := plain(part)
		if err != nil {
			return "", err
		}
		cells = append(cells, text)
	}
	return strings.Join(cells, "  "), nil
}
