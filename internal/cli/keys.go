package cli

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/substrate/keys"
)

// maxSecret is the greatest key file in bytes.
const maxSecret = 64 << 10

// passwordVariable is the environment variable with the password of a key file.
const passwordVariable = "OTV_KEY_PASSWORD"

func newKeysCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Look at the keys that sign",
		// cobra's own check would repeat the argument, which could be a secret
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("otv keys has no such command; otv keys --help lists them")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newKeysInspectCommand(env))
	return cmd
}

// keyOptions are the flags of otv keys inspect.
type keyOptions struct {
	scheme, passwordFile string
	networks             []string
	asJSON               bool
}

func newKeysInspectCommand(env *Env) *cobra.Command {
	var o keyOptions
	cmd := &cobra.Command{
		Use:   "inspect [FILE|-|SECRET]",
		Short: "Show the public key and the addresses of a secret",
		Long: `Show the public key, the account and the addresses of a secret, never the secret itself: a secret URI (a phrase or
a 0x seed, with derivation and password, or //Name of the development phrase) or a JSON key file of polkadot-js. The
rules are in docs/keys.md.

The secret is read from FILE, or from standard input for "-" or without an argument. An argument that names no file is
taken for the secret itself, with a warning: the command line is kept in the shell's history and visible to other users.
The password of a key file comes from --password-file, the environment variable OTV_KEY_PASSWORD, or the terminal.

Exit code 0: shown. 3: no usable secret, or a wrong password.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return o.inspect(cmd, env, args) },
	}
	f := cmd.Flags()
	f.StringVar(&o.scheme, "scheme", "sr25519", "sr25519, ed25519 or ecdsa; a key file says it itself")
	f.StringArrayVar(&o.networks, "network", nil, "show the address in this network too: a name or an address prefix; repeatable")
	f.StringVar(&o.passwordFile, "password-file", "", "file with the password of the key file")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

func (o *keyOptions) inspect(cmd *cobra.Command, env *Env, args []string) error {
	scheme, err := keys.ParseScheme(o.scheme)
	if err != nil {
		return exit(ExitUsage, errors.New("--scheme is not one of sr25519, ed25519, ecdsa"))
	}
	prefixes, err := o.prefixes()
	if err != nil {
		return exit(ExitUsage, err)
	}
	secret, fromStdin, err := readSecret(env, args)
	if err != nil {
		return exit(ExitInput, err)
	}
	defer clear(secret)
	var pair *keys.Pair
	development := false
	if keys.IsKeystore(secret) {
		pair, err = o.open(env, secret, fromStdin)
		if err == nil && cmd.Flags().Changed("scheme") && pair.Public().Scheme() != scheme {
			err = fmt.Errorf("the key file holds a key of scheme %s, not %s", pair.Public().Scheme(), scheme)
		}
	} else {
		uri := string(secret)
		pair, err = keys.FromURI(uri, scheme)
		development = keys.IsDevelopmentURI(uri)
	}
	if err != nil {
		return exit(ExitInput, err)
	}
	pub := pair.Public()
	pair.Wipe()
	if development {
		fmt.Fprintln(env.Stderr, "warning: this key stands on the public development phrase; anybody can sign with it")
	}
	return printKey(env, pub, prefixes, development, o.asJSON)
}

// networkPrefix is an address prefix with the names of the networks that use it.
type networkPrefix struct {
	prefix uint16
	label  string
}

// prefixes are those shown always, then those asked for.
func (o *keyOptions) prefixes() ([]networkPrefix, error) {
	out := []networkPrefix{{0, "Polkadot"}, {2, "Kusama"}, {42, "Westend, Paseo, generic"}}
	for _, name := range o.networks {
		n, err := listNetwork(name)
		if err != nil {
			return nil, fmt.Errorf("--network %q is neither one of %s nor an address prefix", name, strings.Join(config.NetworkNames()[:5], ", "))
		}
		known := false
		for _, p := range out {
			known = known || p.prefix == n.Prefix
		}
		if !known {
			out = append(out, networkPrefix{n.Prefix, "prefix " + strconv.Itoa(int(n.Prefix))})
		}
	}
	return out, nil
}

// readSecret reads the secret from where the argument says, without the line break at its end.
func readSecret(env *Env, args []string) (secret []byte, fromStdin bool, err error) {
	switch {
	case len(args) == 0 || args[0] == "-":
		secret, err = readLimited(env.Stdin, "standard input")
		return secret, true, err
	case isFile(args[0]):
		f, err := os.Open(args[0])
		if err != nil {
			return nil, false, errors.New("the file with the secret cannot be opened")
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && info.Mode().Perm()&0o077 != 0 {
			fmt.Fprintln(env.Stderr, "warning: other users can read the file with the secret; chmod 600 it")
		}
		secret, err = readLimited(f, "the file")
		return secret, false, err
	}
	fmt.Fprintln(env.Stderr, "warning: a secret on the command line is kept in the shell's history and visible to other users; use a file or -")
	return []byte(args[0]), false, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
}

func readLimited(r io.Reader, what string) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxSecret+1))
	if err != nil {
		return nil, fmt.Errorf("read the secret from %s: %w", what, err)
	}
	if len(b) > maxSecret {
		clear(b)
		return nil, fmt.Errorf("%s holds more than %d KiB: this is no secret", what, maxSecret>>10)
	}
	trimmed := bytes.TrimRight(b, "\r\n")
	if len(trimmed) == 0 {
		return nil, fmt.Errorf("%s holds no secret", what)
	}
	return trimmed, nil
}

// open opens a key file.
func (o *keyOptions) open(env *Env, file []byte, stdinUsed bool) (*keys.Pair, error) {
	needed, err := keys.NeedsPassword(file)
	if err != nil {
		return nil, err
	}
	var password []byte
	if needed {
		if password, err = o.password(env, stdinUsed); err != nil {
			return nil, err
		}
		defer clear(password)
	}
	return keys.FromKeystore(file, password)
}

func (o *keyOptions) password(env *Env, stdinUsed bool) ([]byte, error) {
	if o.passwordFile != "" {
		f, err := os.Open(o.passwordFile)
		if err != nil {
			return nil, fmt.Errorf("--password-file: %w", err)
		}
		defer f.Close()
		return readLimited(f, "the password file")
	}
	if p := env.Getenv(passwordVariable); p != "" {
		return []byte(p), nil
	}
	if f, ok := env.Stdin.(*os.File); ok && !stdinUsed && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(env.Stderr, "Password of the key file: ")
		p, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(env.Stderr)
		if err != nil {
			return nil, fmt.Errorf("read the password: %w", err)
		}
		return p, nil
	}
	return nil, fmt.Errorf("the key file is encrypted: give its password with --password-file or in %s", passwordVariable)
}

func printKey(env *Env, pub keys.Public, prefixes []networkPrefix, development, asJSON bool) error {
	id := pub.AccountID()
	publicKey, accountID := "0x"+hex.EncodeToString(pub.Bytes()), "0x"+hex.EncodeToString(id[:])
	if asJSON {
		addresses := map[string]string{}
		for _, p := range prefixes {
			addresses[strconv.Itoa(int(p.prefix))] = pub.Address(p.prefix)
		}
		return writeJSON(env.Stdout, struct {
			Scheme      keys.Scheme       `json:"scheme"`
			PublicKey   string            `json:"publicKey"`
			AccountID   string            `json:"accountId"`
			Addresses   map[string]string `json:"addresses"`
			Development bool              `json:"development"`
		}{pub.Scheme(), publicKey, accountID, addresses, development})
	}
	t := newTable(env, "what", "value")
	t.row("scheme", pub.Scheme())
	t.row("public key", publicKey)
	t.row("account id", accountID)
	for _, p := range prefixes {
		t.row("address, "+p.label, pub.Address(p.prefix))
	}
	t.print(env.Stdout)
	return nil
}
