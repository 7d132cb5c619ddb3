package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/nominator/onchain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate/keys"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Act says how nominators are to be acted for.
type Act struct {
	ConfigDir string
	Set       []string // key=value, the strongest layer of the configuration
	Environ   []string
	// Database is a file or a URL; empty: what the configuration says.
	Database string
	// Keys are files with one secret each, for nominators without a seed in the configuration. Password opens those that
	// are encrypted.
	Keys     []string
	Password func(file string) ([]byte, error)
	Facts    string // file with suspensions, empty for none
	// Consent says that the operator wants signatures.
	Consent bool
	Show    func(nominator.Exhibit)
	Now     func() time.Time
	Logger  *slog.Logger
	Warn    func(string)
}

// Acting is a service with what it stands on.
type Acting struct {
	*nominator.Service
	Config *config.Config
	Info   nominator.Info
	Store  *store.Store

	chains *chain.Chains
	pairs  []*keys.Pair
}

// Close ends everything and wipes the keys.
func (a *Acting) Close() error {
	if a.Service != nil {
		a.Service.Close()
	}
	if a.chains != nil {
		a.chains.Close()
	}
	for _, p := range a.pairs {
		p.Wipe()
	}
	if a.Store == nil {
		return nil
	}
	return a.Store.Close()
}

// Open reads the configuration, opens the database, connects to the chains and loads the keys. Errors are as those of
// [Plan.Run].
func (a Act) Open(ctx context.Context) (_ *Acting, err error) {
	out := &Acting{}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close())
		}
	}()
	if out.Config, out.Store, err = a.OpenStore(ctx); err != nil {
		return nil, err
	}
	cfg := out.Config
	rules, err := cfg.Rules("")
	if err != nil {
		return nil, input(err)
	}
	out.chains, err = chain.Open(ctx, chain.Config{
		Relay: cfg.Chains.Relay, AssetHub: cfg.Chains.AssetHub, People: cfg.Chains.People,
		Network: cfg.Network.Name, Genesis: cfg.Network.Genesis,
		Decimals: cfg.Network.Decimals, Symbol: cfg.Network.Symbol, Logger: a.Logger,
	})
	if err != nil {
		return nil, err
	}
	client, err := out.chains.Staking(ctx)
	if err != nil {
		return nil, err
	}
	on := onchain.New(client)
	out.Info = on.Info()
	accounts, err := a.accounts(ctx, cfg, on, &out.pairs)
	if err != nil {
		return nil, err
	}
	out.Service, err = nominator.New(nominator.Settings{
		Chain: on, Store: out.Store, Accounts: accounts, Mode: nominator.Mode(cfg.Act), Consent: a.Consent,
		Programme:     &listed{plan: Plan{Facts: a.Facts, Now: a.Now, Logger: a.Logger, Warn: a.Warn}, cfg: cfg, prefix: out.Info.Prefix},
		MaxCommission: rules.Limits.MaxCommission, Blacklist: cfg.Proxy.BlacklistedAnnouncements, CancelUnknown: cfg.Proxy.CancelUnknown,
		Now: a.Now, Logger: a.Logger, Show: a.Show,
	})
	return out, input(err)
}

// OpenStore reads the configuration and opens the database, for what needs no chain.
func (a Act) OpenStore(ctx context.Context) (*config.Config, *store.Store, error) {
	cfg, err := config.Load(a.ConfigDir, config.Options{Environ: a.Environ, Set: a.Set})
	if err != nil {
		return nil, nil, input(err)
	}
	for _, w := range cfg.Warnings {
		a.Warn(w.String())
	}
	target, err := a.database(cfg)
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, target)
	return cfg, s, input(err)
}

// database is the file or URL to open.
func (a Act) database(cfg *config.Config) (string, error) {
	if a.Database == "" {
		return cfg.DatabaseTarget(), nil
	}
	if store.Name(a.Database) != a.Database {
		return "", input(errors.New("--db: passwords must not stand on the command line, where other users see them; use database.url or OTV_DATABASE__URL"))
	}
	return a.Database, nil
}

// accounts are the configured nominators with their keys: the seed of the configuration, or a key file of the account
// itself or of a proxy that the chain knows.
func (a Act) accounts(ctx context.Context, cfg *config.Config, on *onchain.Chain, all *[]*keys.Pair) ([]nominator.Account, error) {
	var files []*keys.Pair
	for _, name := range a.Keys {
		p, err := a.keyFile(name)
		if err != nil {
			return nil, input(err)
		}
		files, *all = append(files, p), append(*all, p)
	}
	prefix := on.Info().Prefix
	address := func(id [32]byte) programme.Address { return programme.Address(ss58.EncodeAccount(prefix, id)) }
	var out []nominator.Account
	for _, n := range cfg.Nominators {
		x := nominator.Account{Nominator: address(n.Account), Proxy: n.IsProxy, Delay: n.Delay}
		var pair *keys.Pair
		var err error
		switch {
		case !n.Seed.IsZero():
			if pair, err = keys.FromURI(n.Seed.Reveal(), keys.Sr25519); err != nil {
				return nil, input(fmt.Errorf("key of the nominator %s: %w", x.Nominator, err))
			}
			*all = append(*all, pair)
		case len(files) > 0:
			if pair, err = fitting(ctx, on, &x, files, address); err != nil {
				return nil, err
			}
		}
		if pair != nil {
			x.Signer, x.Key = address(pair.AccountID()), pair
		}
		out = append(out, x)
	}
	return out, nil
}

// fitting finds the key file of a nominator: the one of its account, or for a proxy one that the chain has as its proxy.
func fitting(ctx context.Context, on *onchain.Chain, x *nominator.Account, files []*keys.Pair, address func([32]byte) programme.Address) (*keys.Pair, error) {
	var relations []plan.Relation
	if x.Proxy {
		head, err := on.Head(ctx)
		if err != nil {
			return nil, err
		}
		if relations, err = on.Relations(ctx, head, x.Nominator); err != nil {
			return nil, err
		}
	}
	for _, p := range files {
		account := address(p.AccountID())
		if !x.Proxy && account == x.Nominator {
			return p, nil
		}
		for _, r := range relations {
			if r.Delegate == account {
				return p, nil
			}
		}
	}
	return nil, nil
}

// maxKeyFile bounds a key file in bytes.
const maxKeyFile = 64 << 10

// keyFile reads a secret URI or a JSON key file. Others must not be able to read the file.
func (a Act) keyFile(name string) (*keys.Pair, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s: other users can read it; chmod 600 it", name)
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("key file %s: it has %d bytes, no secret is that long", name, info.Size())
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	defer clear(b)
	if !keys.IsKeystore(b) {
		p, err := keys.FromURI(strings.TrimSpace(string(b)), keys.Sr25519)
		if err != nil {
			return nil, fmt.Errorf("key file %s: %w", name, err)
		}
		return p, nil
	}
	needed, err := keys.NeedsPassword(b)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", name, err)
	}
	var password []byte
	if needed {
		if a.Password == nil {
			return nil, fmt.Errorf("key file %s: it needs a password", name)
		}
		if password, err = a.Password(name); err != nil {
			return nil, fmt.Errorf("key file %s: %w", name, err)
		}
		defer clear(password)
	}
	p, err := keys.FromKeystore(b, password)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", name, err)
	}
	return p, nil
}

// listed is what the candidate list and the facts say about stashes.
type listed struct {
	plan   Plan
	cfg    *config.Config
	prefix uint16
}

// Standing reads the list anew, so that it is as fresh as the blocks it is compared with.
func (l *listed) Standing(ctx context.Context) (map[programme.Address]nominator.Standing, error) {
	list, err := l.plan.list(ctx, l.cfg)
	if err != nil {
		return nil, err
	}
	suspended := map[int]string{}
	facts, err := l.plan.facts()
	if err != nil {
		return nil, err
	}
	if facts != nil {
		for _, c := range facts.Candidates {
			if c.History != nil && c.History.Suspended != nil {
				suspended[c.Slot] = c.History.Suspended.Reason
			}
		}
	}
	out := map[programme.Address]nominator.Standing{}
	for _, c := range list.Candidates(l.prefix) {
		out[c.Stash] = nominator.Standing{Suspended: suspended[c.Slot]}
	}
	return out, nil
}
