package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/presence/feed"
)

func newTelemetryCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "telemetry",
		Short: "Look at a telemetry feed",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTelemetryWatchCommand(env))
	return cmd
}

// feedWatch is what is to be watched and how it is shown.
type feedWatch struct {
	env              *Env
	url, chain       string
	configDir        string
	find             string
	rows             int
	asJSON, once     bool
	greeting, settle time.Duration
}

func newTelemetryWatchCommand(env *Env) *cobra.Command {
	w := feedWatch{env: env, settle: 2 * time.Minute}
	cmd := &cobra.Command{
		Use:   "watch [URL] [--chain CHAIN] [--config DIR]",
		Short: "Show what a telemetry feed shows, live",
		Long: `Connect to a telemetry feed and show the nodes of one chain as a table that follows the feed until interrupted: name,
client, peers, height, city, and since when the node has been connected. URL is the address of the feed, for example
wss://telemetry-backend.w3f.community/feed; with --config it and the chain are those of the configuration. Nothing is
stored, and no database is needed. Addresses of nodes are not shown.

Where standard output is no terminal, the table is printed once all nodes are known, and then a line for every node
that joins, changes or leaves. With --json it is one JSON object per line for everything that happens: "chain", "list",
"joined", "changed", "left", "best", "finalized", "complete", "emptied", "lost". A feed that is lost after it was seen
is connected to again, with growing pauses.

Exit code 0: interrupted, or --once and the table was printed. 2: no address, or one that cannot be a feed's. 3: the
configuration is not usable. 4: the feed cannot be reached, is something else, or does not show the chain.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				w.url = args[0]
			}
			if err := w.resolve(); err != nil {
				return err
			}
			log := slog.New(slog.DiscardHandler) // what matters is shown
			if cmd.Flags().Lookup("log-level").Changed {
				var err error
				if log, err = logger(cmd, env); err != nil {
					return exit(ExitUsage, err)
				}
			}
			return w.run(cmd.Context(), log)
		},
	}
	f := cmd.Flags()
	f.StringVar(&w.chain, "chain", "", "chain to watch: a network's name or a genesis hash (default: as configured, else polkadot)")
	f.StringVar(&w.configDir, "config", "", "folder with main.json, for the address and the chain")
	f.StringVar(&w.find, "find", "", "only nodes with this text in their name, whatever its case")
	f.IntVar(&w.rows, "rows", 0, "most rows of the table (default: what fits on the terminal, else all)")
	f.BoolVar(&w.asJSON, "json", false, "print a JSON object per line for everything that happens")
	f.BoolVar(&w.once, "once", false, "print the table when all nodes are known, and end")
	f.DurationVar(&w.greeting, "timeout", 15*time.Second, "give up when the feed has not answered, or not named the chain, after this time")
	return cmd
}

// resolve finds out the address and the chain.
func (w *feedWatch) resolve() error {
	if w.configDir != "" {
		cfg, err := config.Load(w.configDir, config.Options{Environ: w.env.Environ()})
		if err != nil {
			return exit(ExitInput, err)
		}
		if w.url == "" {
			w.url = cfg.Telemetry.Host
		}
		if w.chain == "" && len(cfg.Telemetry.Chains) > 0 {
			w.chain = cfg.Telemetry.Chains[0]
		}
		if w.url == "" {
			return exit(ExitInput, errors.New("the configuration names no feed; set telemetry.host, or give the address: otv telemetry watch wss://HOST/feed"))
		}
	}
	if w.url == "" {
		return exit(ExitUsage, errors.New("give the address of a feed, such as wss://telemetry-backend.w3f.community/feed, or --config DIR"))
	}
	u, err := url.Parse(w.url)
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return exit(ExitUsage, fmt.Errorf("%q cannot be the address of a feed; one begins with wss:// or ws:// and ends with /feed", printable(w.url)))
	}
	if strings.HasPrefix(u.Path, "/submit") {
		return exit(ExitUsage, fmt.Errorf("%s is where nodes report to; what they report is at /feed of the telemetry server", feed.Redacted(w.url)))
	}
	return w.resolveChain()
}

func (w *feedWatch) resolveChain() error {
	if w.chain == "" {
		w.chain = "polkadot"
	}
	if n, ok := config.NetworkByName(strings.ToLower(w.chain)); ok && n.Genesis != "" {
		w.chain = n.Genesis
		return nil
	}
	b, err := hex.DecodeString(strings.TrimPrefix(w.chain, "0x"))
	if err != nil || len(b) != 32 {
		return exit(ExitUsage, fmt.Errorf("--chain %q is neither a genesis hash (0x and 64 hexadecimal digits) nor one of polkadot, kusama, westend, paseo", printable(w.chain)))
	}
	w.chain = "0x" + hex.EncodeToString(b)
	return nil
}

// run shows the feed until it is interrupted. A feed that cannot be shown at all ends it.
func (w *feedWatch) run(parent context.Context, log *slog.Logger) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	s := &feedScreen{feedWatch: w, events: make(chan feed.Event, 1024)}
	s.table.Happened = func(e feed.Event) {
		select {
		case s.events <- e:
		case <-ctx.Done():
		}
	}
	timing := feed.DefaultTiming()
	timing.Dial, timing.Snapshot = min(timing.Dial, w.greeting), w.settle
	client := feed.Client{URL: w.url, Genesis: w.chain, Timing: timing, Now: w.env.Now, Logger: log}
	done := make(chan struct{})
	go func() {
		defer close(done)
		client.Follow(ctx, &s.table)
	}()
	err := s.follow(ctx)
	cancel(nil)
	<-done
	return err
}

// refusal says why there is nothing to show.
func (w *feedWatch) refusal(why string) error {
	return exit(ExitNetwork, fmt.Errorf("telemetry feed %s: %s", feed.Redacted(w.url), printable(why)))
}

// stranger says that the server does not show the chain, and which it shows.
func (w *feedWatch) stranger(chains []feed.Chain) error {
	if len(chains) == 0 {
		return w.refusal(fmt.Sprintf("it names no chain within %s; is it a telemetry feed?", w.greeting))
	}
	const few = 8
	var names []string
	for _, c := range chains[:min(len(chains), few)] {
		names = append(names, fmt.Sprintf("%s (%s)", c.Label, c.Genesis))
	}
	if n := len(chains) - few; n > 0 {
		names = append(names, fmt.Sprintf("and %d more", n))
	}
	return w.refusal(fmt.Sprintf("it does not show the chain %s; it shows %s; choose with --chain", w.chain, strings.Join(names, ", ")))
}
