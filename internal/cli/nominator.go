package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	planning "github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate"
	"github.com/thousand-validators/otv/substrate/ss58"
)

func newNominatorCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "nominator",
		Short: "See and steer the programme's nominators and their plans",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newNominatorListCommand(env), newNominatorStatusCommand(env), newNominatorReconcileCommand(env), newNominatorCancelCommand(env),
		newNominatorPauseCommand(env, true), newNominatorPauseCommand(env, false))
	return cmd
}

func newNominatorListCommand(env *Env) *cobra.Command {
	var o actOptions
	cmd := &cobra.Command{
		Use:   "list --config DIR",
		Short: "List the nominators as the chain sees them, with what keeps them from nominating",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd, env, func(ctx context.Context, a *app.Acting) error {
				head, list, err := statuses(ctx, a)
				if err != nil {
					return exit(ExitNetwork, overdue(ctx, err))
				}
				if o.asJSON {
					return writeJSON(env.Stdout, list)
				}
				printStatuses(env, a.Info, head, list)
				return nil
			})
		},
	}
	o.flags(cmd, false)
	return cmd
}

func statuses(ctx context.Context, a *app.Acting) (planning.Head, []nominator.Status, error) {
	rules, err := a.Config.Rules("")
	if err != nil {
		return planning.Head{}, nil, err
	}
	return a.Statuses(ctx, rules.Limits.EraBuffer)
}

// story is everything about the plans of one or all nominators.
type story struct {
	Plans  []planStory        `json:"plans"`
	Pauses []planning.Pause   `json:"pauses"`
	Alerts []planning.Warning `json:"alerts"`
}

type planStory struct {
	planning.Plan
	History []planning.Event  `json:"history"`
	Intents []planning.Intent `json:"intents"`
}

func newNominatorStatusCommand(env *Env) *cobra.Command {
	var o actOptions
	var limit int
	cmd := &cobra.Command{
		Use:   "status [ADDRESS] --config DIR",
		Short: "Show plans with their history and transactions, pauses and alerts, from the database",
		Long: `Show what the database knows: the newest plans with their history and every transaction that was signed for them,
the pauses that run, and the alerts. No chain is asked; "otv nominator reconcile" brings the database up to date.

Exit code 0: shown. 2: the address is none. 3: configuration or database are not usable.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.prepare(cmd, env); err != nil {
				return err
			}
			cfg, s, err := o.app.OpenStore(cmd.Context())
			if err != nil {
				return exit(ExitInput, err)
			}
			var who programme.Address
			if len(args) == 1 {
				if who, err = addressIn(args[0], cfg.Network.SS58Prefix); err != nil {
					return errors.Join(err, s.Close())
				}
			}
			out, err := tell(cmd.Context(), s, who, limit)
			if err := errors.Join(err, s.Close()); err != nil {
				return exit(ExitInput, err)
			}
			if o.asJSON {
				return writeJSON(env.Stdout, out)
			}
			printStory(env, out)
			return nil
		},
	}
	o.flags(cmd, false)
	cmd.Flags().IntVar(&limit, "limit", 10, "show so many plans, the newest first")
	return cmd
}

// tell reads the story.
func tell(ctx context.Context, s nominator.Store, who programme.Address, limit int) (*story, error) {
	plans, err := s.Plans(ctx, planning.Filter{Nominator: who, Limit: limit})
	if err != nil {
		return nil, err
	}
	out := &story{Plans: []planStory{}}
	for _, p := range plans {
		x := planStory{Plan: p}
		if x.History, err = s.History(ctx, p.Key); err != nil {
			return nil, err
		}
		if x.Intents, err = s.Intents(ctx, planning.IntentFilter{Round: p.Round, Nominator: p.Nominator}); err != nil {
			return nil, err
		}
		out.Plans = append(out.Plans, x)
	}
	if out.Pauses, err = s.Pauses(ctx); err != nil {
		return nil, err
	}
	out.Alerts, err = s.Alerts(ctx, "", 20)
	return out, err
}

func printStory(env *Env, s *story) {
	if len(s.Plans) == 0 {
		fmt.Fprintln(env.Stdout, "no plans are stored")
	}
	for i := range s.Plans {
		p := &s.Plans[i]
		fmt.Fprintf(env.Stdout, "%s, era %d, %s\n  record %s\n", p.Nominator, p.Era, planMode(&p.Plan), p.Round)
		for _, t := range p.Targets {
			fmt.Fprintf(env.Stdout, "  target %s\n", t)
		}
		fmt.Fprintf(env.Stdout, "  %s\n", printable(stateReason(p.State, planReason(&p.Plan))))
		for _, e := range p.History {
			fmt.Fprintf(env.Stdout, "    %s  %s\n", e.At, printable(stateReason(e.To, e.Text)))
		}
		for _, n := range p.Intents {
			fmt.Fprintf(env.Stdout, "  %s by %s, nonce %d: %s %s %s\n", n.Kind, n.Signer, n.Nonce, n.Status, n.Hash, printable(n.Error+n.Inner))
		}
		fmt.Fprintln(env.Stdout)
	}
	for _, p := range s.Pauses {
		who := string(p.Nominator)
		if who == "" {
			who = "everything"
		}
		fmt.Fprintf(env.Stdout, "paused: %s, by %s since %s: %s\n", who, printable(p.Author), p.At, printable(p.Reason))
	}
	if len(s.Alerts) > 0 {
		printAlerts(env, s.Alerts)
	}
}

func newNominatorReconcileCommand(env *Env) *cobra.Command {
	var o actOptions
	var follow bool
	cmd := &cobra.Command{
		Use:   "reconcile --config DIR",
		Short: "Compare plans with the chain and move them on",
		Long: `Find out what became of everything that was signed, compare the announcements on chain with the plans, and move every
open plan on. With act.mode act and --yes, what is due is signed: announcements are executed or removed. --follow goes
on at every finalised block until it is interrupted or no plan is open.

Exit code 0: done. 1: a plan failed. 3: configuration or database are not usable. 4: the chain did not deliver.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if follow && !cmd.Flags().Changed("timeout") {
				o.timeout = 1 << 62
			}
			return o.run(cmd, env, func(ctx context.Context, a *app.Acting) error { return reconcile(ctx, env, &o, a, follow) })
		},
	}
	o.flags(cmd, true)
	cmd.Flags().BoolVar(&follow, "follow", false, "go on at every finalised block until no plan is open")
	return cmd
}

func reconcile(ctx context.Context, env *Env, o *actOptions, a *app.Acting, follow bool) error {
	before, err := a.Store.Plans(ctx, planning.Filter{Network: a.Info.Genesis, Open: true})
	if err != nil {
		return exit(ExitInput, err)
	}
	if follow {
		err = a.Run(ctx, func(ctx context.Context) (bool, error) {
			open, err := a.Store.Plans(ctx, planning.Filter{Network: a.Info.Genesis, Open: true})
			return len(open) == 0, err
		})
	} else {
		err = a.Look(ctx)
	}
	if err != nil {
		return exit(ExitNetwork, overdue(ctx, err))
	}
	out := &nominator.Outcome{}
	plans, err := changed(ctx, a, before)
	if err != nil {
		return exit(ExitInput, err)
	}
	alerts, err := a.Store.Alerts(ctx, a.Info.Genesis, 20)
	if err != nil {
		return exit(ExitInput, err)
	}
	if o.asJSON {
		err = writeJSON(env.Stdout, struct {
			Plans  []planning.Plan    `json:"plans"`
			Alerts []planning.Warning `json:"alerts"`
		}{plans, alerts})
	} else {
		printPlans(env, plans)
		if len(alerts) > 0 {
			fmt.Fprintln(env.Stdout)
			printAlerts(env, alerts)
		}
		for _, p := range plans {
			if p.State.Closed() && p.Replan {
				fmt.Fprintf(env.Stdout, "\n%s needs a new round: %s\n", p.Nominator, printable(p.Reason))
			}
		}
	}
	return errors.Join(err, actExit(out, plans, 0))
}

// changed are the plans that were or are open.
func changed(ctx context.Context, a *app.Acting, before []planning.Plan) ([]planning.Plan, error) {
	out := []planning.Plan{}
	seen := map[planning.Key]bool{}
	now, err := a.Store.Plans(ctx, planning.Filter{Network: a.Info.Genesis, Open: true})
	if err != nil {
		return nil, err
	}
	for _, p := range append(before, now...) {
		if seen[p.Key] {
			continue
		}
		seen[p.Key] = true
		if p, err = a.Store.Plan(ctx, p.Key); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func newNominatorCancelCommand(env *Env) *cobra.Command {
	var o actOptions
	var callHash, reason, author string
	cmd := &cobra.Command{
		Use:   "cancel ADDRESS --reason TEXT --config DIR",
		Short: "Cancel the open plan of a nominator, or an announcement",
		Long: `Order an end to the open plan of a nominator. A plan that has signed nothing is closed; an announcement is removed,
which takes a transaction and so act.mode act and --yes, also during a pause. A transaction under way is not called
back, but nothing follows it. With --call the announcement of that call is removed, even if no plan explains it.

Exit code 0: ordered, and done as far as possible. 1: there is nothing to cancel. 2: the address or the hash is none.
3, 4: as for reconcile.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			who := authorOf(env, author)
			if reason == "" || who == "" {
				return exit(ExitUsage, errOrder)
			}
			if callHash != "" {
				h, err := substrate.ParseHash(callHash)
				if err != nil {
					return exit(ExitUsage, fmt.Errorf("--call: %w", err))
				}
				callHash = h.String()
			}
			return o.run(cmd, env, func(ctx context.Context, a *app.Acting) error {
				account, err := addressIn(args[0], a.Info.Prefix)
				if err != nil {
					return err
				}
				p, err := a.Cancel(ctx, account, callHash, who, reason)
				switch {
				case errors.Is(err, nominator.ErrNothing):
					return exit(ExitFailed, err)
				case err != nil:
					return exit(ExitInput, err)
				}
				if a.Mode == nominator.ModeAct && o.yes {
					err = a.Run(ctx, func(ctx context.Context) (bool, error) {
						p, err := a.Store.Plan(ctx, p.Key)
						return p.State.Closed(), err
					})
				} else {
					err = a.Look(ctx)
				}
				if err != nil {
					return exit(ExitNetwork, overdue(ctx, err))
				}
				if p, err = a.Store.Plan(ctx, p.Key); err != nil {
					return exit(ExitInput, err)
				}
				if o.asJSON {
					return writeJSON(env.Stdout, p)
				}
				printPlans(env, []planning.Plan{p})
				return nil
			})
		},
	}
	o.flags(cmd, true)
	f := cmd.Flags()
	f.StringVar(&callHash, "call", "", "hash of the announced call, 0x hex")
	f.StringVar(&reason, "reason", "", "why; it is kept")
	f.StringVar(&author, "author", "", "who orders it (default: the user's name)")
	return cmd
}

func newNominatorPauseCommand(env *Env, pause bool) *cobra.Command {
	var o actOptions
	var reason, author string
	use, short := "pause [ADDRESS] --reason TEXT --config DIR", "Stop signing, for one nominator or for all"
	if !pause {
		use, short = "resume [ADDRESS] --reason TEXT --config DIR", "End a pause"
	}
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Long: short + `. It works at once, for every process that uses the database, and asks no chain. What is under way on the
chain goes on; removals that an operator orders are still signed.

Exit code 0: done. 1: the pause runs already, or there is none to end. 3: configuration or database are not usable.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.prepare(cmd, env); err != nil {
				return err
			}
			who := authorOf(env, author)
			if reason == "" || who == "" {
				return exit(ExitUsage, errOrder)
			}
			return setPause(cmd.Context(), env, &o, args, planning.Order{Author: who, Reason: reason, At: programme.Millis(env.Now().UnixMilli())}, pause)
		},
	}
	o.flags(cmd, false)
	cmd.Flags().StringVar(&reason, "reason", "", "why; it is kept")
	cmd.Flags().StringVar(&author, "author", "", "who orders it (default: the user's name)")
	return cmd
}

func setPause(ctx context.Context, env *Env, o *actOptions, args []string, order planning.Order, pause bool) (err error) {
	cfg, s, err := o.app.OpenStore(ctx)
	if err != nil {
		return exit(ExitInput, err)
	}
	defer func() { err = errors.Join(err, exit(ExitInput, s.Close())) }()
	p := planning.Pause{Order: order}
	name := "everything"
	if len(args) == 1 {
		_, id, err := ss58.DecodeAccount(args[0])
		if err != nil {
			return exit(ExitUsage, err)
		}
		known := false
		for _, n := range cfg.Nominators {
			known = known || n.Account == id
		}
		if !known {
			return exit(ExitInput, fmt.Errorf("%s is not configured as a nominator", args[0]))
		}
		p.Nominator = programme.Address(ss58.EncodeAccount(cfg.Network.SS58Prefix, id))
		name = string(p.Nominator)
	}
	if !pause {
		err := s.Resume(ctx, p)
		if errors.Is(err, planning.ErrNotFound) {
			return exit(ExitFailed, fmt.Errorf("%s is not paused", name))
		}
		if err != nil {
			return exit(ExitInput, err)
		}
		fmt.Fprintf(env.Stdout, "resumed: %s\n", name)
		return nil
	}
	set, err := s.Pause(ctx, p)
	switch {
	case err != nil:
		return exit(ExitInput, err)
	case !set:
		return exit(ExitFailed, fmt.Errorf("%s is paused already; otv nominator status tells by whom", name))
	}
	fmt.Fprintf(env.Stdout, "paused: %s\n", name)
	return nil
}

// errOrder says what an order lacks.
var errOrder = errors.New("--reason is needed, and --author where the user's name is not known")

// addressIn is an address in the form of a network, whatever network's form it is given in.
func addressIn(text string, prefix uint16) (programme.Address, error) {
	_, id, err := ss58.DecodeAccount(text)
	if err != nil {
		return "", exit(ExitUsage, err)
	}
	return programme.Address(ss58.EncodeAccount(prefix, id)), nil
}
