package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// shown makes a dynamic value ready for printing: accounts become addresses of the chain.
func (v *chainView) shown(value any) any {
	return codec.WithAddresses(value, v.client.Chain().SS58Prefix)
}

// oneLine writes a value as JSON on one line.
func oneLine(value any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// plain is a value in a table: JSON, without the quotes of a single text.
func plain(value any) (string, error) {
	text, err := oneLine(value)
	if err != nil {
		return "", err
	}
	var s string
	if strings.HasPrefix(text, `"`) && json.Unmarshal([]byte(text), &s) == nil {
		text = s
	}
	return printable(text), nil
}

// keyArgs reads the key parts of a map from the command line: addresses, 0x bytes, integers, names of enum variants, or
// JSON for anything that has parts.
func (v *chainView) keyArgs(entry *metadata.StorageEntry, args []string) ([]any, error) {
	if len(args) > len(entry.Keys) {
		return nil, fmt.Errorf("%s.%s takes %s, not %d", entry.Pallet, entry.Name, plural(len(entry.Keys), "key"), len(args))
	}
	types := v.block.Runtime().Metadata.Types
	keys := make([]any, len(args))
	for i, arg := range args {
		key, err := v.keyArg(arg)
		if err == nil {
			_, err = codec.Encode(types, entry.Keys[i], key)
		}
		if err != nil {
			return nil, fmt.Errorf("key %d of %s.%s (%s): %q is not usable: %w", i+1, entry.Pallet, entry.Name, types.Name(entry.Keys[i]), shorten(arg, 80), err)
		}
		keys[i] = key
	}
	return keys, nil
}

func (v *chainView) keyArg(arg string) (any, error) {
	if strings.HasPrefix(arg, "[") || strings.HasPrefix(arg, "{") {
		d := json.NewDecoder(strings.NewReader(arg))
		d.UseNumber()
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, fmt.Errorf("it is not JSON: %w", err)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, errors.New("there is more behind the JSON")
		}
		return value, nil
	}
	// An address of another network is somebody else's account, or a slip; it would silently be found absent.
	if prefix, id, err := ss58.DecodeAccount(arg); err == nil {
		if want := v.client.Chain().SS58Prefix; prefix != want {
			return nil, fmt.Errorf("it is an address of network %d; on this chain, network %d, the account is %s", prefix, want, ss58.EncodeAccount(want, id))
		}
	}
	return arg, nil
}
