package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/metadata"
)

func newTxCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tx",
		Short: "Look at transactions",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTxDecodeCommand(env))
	return cmd
}

func newTxDecodeCommand(env *Env) *cobra.Command {
	var o chainOptions
	var file string
	var isCall bool
	cmd := &cobra.Command{
		Use:   "decode HEX|- {--uri URI | --metadata FILE}",
		Short: "Decode a transaction",
		Long: `Decode the bytes of a transaction into its sender, signature, extensions and call, with the hash by which the chain
knows it. "-" reads the hexadecimal bytes from standard input. With --call the bytes are a call alone, such as one that
a proxy has announced by its hash.

The bytes have a meaning only for the runtime they were made for: that of the block --at for a node, or that of a
metadata file (otv chain metadata --raw saves one), for which no network is needed. Signatures are not verified.

Exit code 0: decoded. 3: the bytes are no transaction of this runtime. 4: the node did not deliver.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := txBytes(env, args[0])
			if err != nil {
				return exit(ExitInput, err)
			}
			if (file == "") == (len(o.uris) == 0) {
				return exit(ExitUsage, errors.New("give either --uri, to ask a node for its runtime, or --metadata"))
			}
			if file == "" {
				return o.run(cmd, env, func(_ context.Context, v *chainView) error {
					return decodeTx(env, v.block.Runtime().Metadata, v.client.Chain().SS58Prefix, raw, isCall, o.asJSON)
				})
			}
			md, err := readMetadata(env, file)
			if err != nil {
				return exit(ExitInput, err)
			}
			return decodeTx(env, md, metadataPrefix(md), raw, isCall, o.asJSON)
		},
	}
	o.register(cmd)
	cmd.Flags().StringVar(&file, "metadata", "", "file with the metadata of the runtime, raw or hexadecimal, instead of a node")
	cmd.Flags().BoolVar(&isCall, "call", false, "the bytes are a call and not a transaction")
	return cmd
}

func txBytes(env *Env, arg string) ([]byte, error) {
	if arg == "-" {
		b, err := readFile(env, arg)
		if err != nil {
			return nil, err
		}
		arg = string(b)
	}
	b, err := hex.DecodeString(strings.TrimPrefix(strings.TrimSpace(arg), "0x"))
	if err != nil {
		return nil, fmt.Errorf("the transaction is not given in hexadecimal: %w", err)
	}
	return b, nil
}

// readMetadata reads a blob as a node gives it, in bytes or in hexadecimal.
func readMetadata(env *Env, file string) (*metadata.Metadata, error) {
	b, err := readFile(env, file)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if text := strings.TrimSpace(string(b)); strings.HasPrefix(text, "0x") {
		if b, err = hex.DecodeString(text[2:]); err != nil {
			return nil, fmt.Errorf("metadata in %s: %w", file, err)
		}
	}
	md, err := metadata.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("metadata in %s: %w", file, err)
	}
	return md, nil
}

// metadataPrefix is the prefix of the chain's addresses, 42 when the metadata does not tell.
func metadataPrefix(md *metadata.Metadata) uint16 {
	prefix := uint16(42)
	if c, err := md.Constant("System", "SS58Prefix"); err == nil {
		var told uint16
		if codec.Unmarshal(md.Types, c.Type, c.Value, &told) == nil {
			prefix = told
		}
	}
	return prefix
}

// shownTx is a transaction in JSON.
type shownTx struct {
	Hash         string           `json:"hash"`
	Kind         extrinsic.Kind   `json:"kind"`
	Version      uint8            `json:"version"`
	Size         int              `json:"size"`
	Sender       any              `json:"sender,omitempty"`
	Scheme       keys.Scheme      `json:"scheme,omitempty"`
	Signature    codec.Bytes      `json:"signature,omitempty"`
	ExtensionSet *uint8           `json:"extensionSet,omitempty"`
	Extensions   []shownExtension `json:"extensions,omitempty"`
	Call         shownCall        `json:"call"`
}

type shownExtension struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type shownCall struct {
	Name  string      `json:"name"`
	Hash  string      `json:"hash"`
	Bytes codec.Bytes `json:"bytes"`
	Args  any         `json:"args"`
}

func decodeTx(env *Env, md *metadata.Metadata, prefix uint16, raw []byte, isCall, asJSON bool) error {
	if isCall {
		c, err := extrinsic.DecodeCall(md, raw)
		if err != nil {
			return exit(ExitInput, fmt.Errorf("%w; without --call the bytes are read as a transaction", err))
		}
		shown := showCall(c, prefix)
		if asJSON {
			return writeJSON(env.Stdout, shown)
		}
		t := newTable(env, "what", "value")
		if err := shown.rows(t, c); err != nil {
			return err
		}
		t.print(env.Stdout)
		return nil
	}
	x, err := extrinsic.Decode(md, raw)
	if err != nil {
		return exit(ExitInput, fmt.Errorf("%w; if the bytes are a call alone, add --call", err))
	}
	shown := shownTx{
		Hash: hexHash(x.Hash), Kind: x.Kind, Version: x.Version, Size: len(raw), Call: showCall(x.Call, prefix),
	}
	if x.Sender != nil {
		shown.Sender = codec.WithAddresses(x.Sender.Address, prefix)
		if x.Sender.Account != nil {
			shown.Sender = codec.WithAddresses(codec.AccountID(*x.Sender.Account), prefix)
		}
		shown.Scheme, shown.Signature = x.Sender.Scheme, x.Sender.Signature
	}
	if x.Kind == extrinsic.KindGeneral {
		shown.ExtensionSet = &x.ExtensionSet
	}
	for _, e := range x.Extensions {
		shown.Extensions = append(shown.Extensions, shownExtension{e.Identifier, codec.WithAddresses(e.Value, prefix)})
	}
	if asJSON {
		return writeJSON(env.Stdout, shown)
	}
	return shown.print(env, x.Call)
}

func hexHash(h [32]byte) string { return "0x" + hex.EncodeToString(h[:]) }

func showCall(c extrinsic.DecodedCall, prefix uint16) shownCall {
	return shownCall{
		Name: c.Pallet + "." + c.Name, Hash: hexHash(c.Hash()), Bytes: c.Bytes, Args: codec.WithAddresses(c.Args, prefix),
	}
}

func (s *shownTx) print(env *Env, call extrinsic.DecodedCall) error {
	t := newTable(env, "what", "value")
	t.row("transaction", fmt.Sprintf("%s, version %d, %d bytes", s.Kind, s.Version, s.Size))
	t.row("hash", s.Hash)
	if s.Sender != nil {
		text, err := plain(s.Sender)
		if err != nil {
			return err
		}
		t.row("sender", text)
		t.row("signature", strings.TrimSpace(string(s.Scheme)+" "+s.Signature.String()))
	}
	if s.ExtensionSet != nil {
		t.row("set of extensions", *s.ExtensionSet)
	}
	for _, e := range s.Extensions {
		if isEmptyValue(e.Value) {
			continue
		}
		text, err := plain(e.Value)
		if err != nil {
			return err
		}
		t.row(e.Name, text)
	}
	if err := s.Call.rows(t, call); err != nil {
		return err
	}
	t.print(env.Stdout)
	return nil
}

// isEmptyValue recognises what extensions without data send.
func isEmptyValue(v any) bool {
	switch v := v.(type) {
	case []any:
		return len(v) == 0
	case codec.Struct:
		return len(v) == 0
	}
	return false
}

func (s *shownCall) rows(t *table, c extrinsic.DecodedCall) error {
	name := s.Name
	if len(c.Docs) > 0 {
		name += ": " + c.Docs[0]
	}
	t.row("call", name)
	t.row("call hash", s.Hash)
	args, ok := s.Args.(codec.Struct)
	if !ok {
		return nil
	}
	for i, a := range args {
		text, err := plain(a.Value)
		if err != nil {
			return err
		}
		label := a.Name
		if label == "" {
			label = fmt.Sprint(i)
		}
		t.row("  "+label, text)
	}
	return nil
}
