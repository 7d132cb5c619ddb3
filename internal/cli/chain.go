package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/jsontree"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/metadata"
	"github.com/thousand-validators/otv/substrate/rpc"
)

func newChainCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "chain",
		Short: "Look at a chain: what it is, what it holds",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newChainInfoCommand(env), newChainMetadataCommand(env), newChainStorageCommand(env), newChainConstantsCommand(env),
		newChainSnapshotCommand(env),
	)
	return cmd
}

// chainOptions are the flags of all commands that read one chain.
type chainOptions struct {
	uris    []string
	at      string
	asJSON  bool
	timeout time.Duration
}

func (o *chainOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.uris, "uri", nil, "ws:// or wss:// address of a node; repeatable, for nodes of the same chain")
	f.StringVar(&o.at, "at", "", "block: a number, a 0x hash, or best (default: the finalised head)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	f.DurationVar(&o.timeout, "timeout", 2*time.Minute, "give up after this time")
}

// chainView is an open chain at a block.
type chainView struct {
	env    *Env
	client *substrate.Client
	block  *substrate.Block
}

// run opens the chain at the block asked for, runs do, and gives errors their exit codes.
func (o *chainOptions) run(cmd *cobra.Command, env *Env, do func(context.Context, *chainView) error) error {
	if len(o.uris) == 0 {
		return exit(ExitUsage, errors.New("--uri is missing: give the ws:// or wss:// address of a node"))
	}
	for _, uri := range o.uris {
		if _, err := rpc.ParseEndpoint(uri); err != nil {
			return exit(ExitUsage, fmt.Errorf("--uri: %w", err))
		}
	}
	open, err := blockAt(o.at)
	if err != nil {
		return exit(ExitUsage, err)
	}
	log, err := logger(cmd, env)
	if err != nil {
		return exit(ExitUsage, err)
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), o.timeout, fmt.Errorf("not finished after %s (--timeout)", o.timeout))
	defer cancel()
	client, err := substrate.Dial(ctx, substrate.Config{Endpoints: o.uris, Logger: log})
	if err != nil {
		return exit(chainExit(err), err)
	}
	defer client.Close()
	block, err := open(ctx, client)
	if err == nil {
		err = do(ctx, &chainView{env, client, block})
	}
	var ee *exitError
	if err == nil || errors.As(err, &ee) {
		return err
	}
	return exit(chainExit(err), err)
}

// blockAt understands --at.
func blockAt(at string) (func(context.Context, *substrate.Client) (*substrate.Block, error), error) {
	switch {
	case at == "":
		return func(ctx context.Context, c *substrate.Client) (*substrate.Block, error) { return c.Finalised(ctx) }, nil
	case at == "best":
		return func(ctx context.Context, c *substrate.Client) (*substrate.Block, error) { return c.Best(ctx) }, nil
	case strings.HasPrefix(at, "0x"):
		hash, err := substrate.ParseHash(at)
		if err != nil {
			return nil, fmt.Errorf("--at %q is not a block hash: %w", at, err)
		}
		return func(ctx context.Context, c *substrate.Client) (*substrate.Block, error) {
			return c.BlockByHash(ctx, hash)
		}, nil
	}
	number, err := strconv.ParseUint(at, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("--at %q is neither a block number, nor a 0x hash, nor best", at)
	}
	return func(ctx context.Context, c *substrate.Client) (*substrate.Block, error) {
		return c.BlockAt(ctx, uint32(number))
	}, nil
}

// chainExit is the exit code for an error of reading a chain: what the caller asked for or named is not usable, or the
// network did not deliver.
func chainExit(err error) int {
	var wrong *substrate.WrongChainError
	var unknown *substrate.UnknownBlockError
	var call *rpc.CallError
	switch {
	case errors.As(err, &wrong), errors.As(err, &unknown), errors.Is(err, substrate.ErrNotFound):
		return ExitInput
	case errors.As(err, &call), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ExitNetwork
	}
	return ExitInput
}

// pallet finds a pallet, or suggests one.
func (v *chainView) pallet(name string) (*metadata.Pallet, error) {
	m := v.block.Runtime().Metadata
	if p, ok := m.Pallet(name); ok {
		return p, nil
	}
	names := make([]string, len(m.Pallets))
	for i := range m.Pallets {
		names[i] = m.Pallets[i].Name
	}
	return nil, v.unknown("pallet", name, names, "otv chain metadata lists them")
}

// storage finds a storage item given as Pallet.Item, or suggests one.
func (v *chainView) storage(path string) (*metadata.StorageEntry, error) {
	pallet, item, ok := strings.Cut(path, ".")
	if !ok || pallet == "" || item == "" {
		return nil, exit(ExitUsage, fmt.Errorf("%q is not a storage item: write Pallet.Item, such as Staking.Validators", path))
	}
	p, err := v.pallet(pallet)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(p.Storage))
	for i := range p.Storage {
		if p.Storage[i].Name == item {
			return &p.Storage[i], nil
		}
		names[i] = p.Storage[i].Name
	}
	return nil, v.unknown("storage item", path, prefixed(pallet, names), "otv chain metadata "+pallet+" lists them")
}

// unknown is the error for a name the runtime does not have.
func (v *chainView) unknown(kind, name string, known []string, help string) error {
	rt := v.block.Runtime()
	text := fmt.Sprintf("%s (%s %d) has no %s %s", v.client.Chain().Name, rt.SpecName, rt.SpecVersion, kind, shorten(printable(name), 80))
	if near, ok := jsontree.Nearest(name, known); ok {
		return exit(ExitInput, fmt.Errorf("%s; did you mean %s?", text, near))
	}
	return exit(ExitInput, fmt.Errorf("%s; %s", text, help))
}

func prefixed(pallet string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = pallet + "." + n
	}
	return out
}
