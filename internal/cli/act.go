package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	planning "github.com/thousand-validators/otv/internal/programme/plan"
)

// actOptions are the flags of all commands that act for nominators.
type actOptions struct {
	app          app.Act
	passwordFile string
	yes          bool
	asJSON       bool
	timeout      time.Duration
}

// flags declares the flags; signing ones only for commands that may sign.
func (o *actOptions) flags(cmd *cobra.Command, signs bool) {
	f := cmd.Flags()
	f.StringVar(&o.app.ConfigDir, "config", "", "folder with main.json and secret.json")
	f.StringArrayVar(&o.app.Set, "set", nil, "key=value, overrides the configuration; repeatable")
	f.StringVar(&o.app.Database, "db", "", "database, a file or a postgres:// URL (default: database.url of the configuration)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "give up after this time; what is under way goes on, and the next command finds it")
	if !signs {
		return
	}
	f.BoolVar(&o.yes, "yes", false, "sign and submit; needs act.mode act")
	f.StringArrayVar(&o.app.Keys, "key", nil, "file with the secret of a signing account, for nominators without a seed; repeatable")
	f.StringVar(&o.passwordFile, "password-file", "", "file with the password of key files")
	f.StringVar(&o.app.Facts, "facts", "", "file with suspensions; docs/facts.md describes it")
}

// prepare fills in what comes from the environment.
func (o *actOptions) prepare(cmd *cobra.Command, env *Env) error {
	if o.app.ConfigDir == "" {
		return exit(ExitUsage, errors.New("--config DIR is needed: the folder with main.json"))
	}
	log, err := logger(cmd, env)
	if err != nil {
		return exit(ExitUsage, err)
	}
	o.app.Environ, o.app.Now, o.app.Logger, o.app.Consent = env.Environ(), env.Now, log, o.yes
	o.app.Warn = func(text string) { fmt.Fprintf(env.Stderr, "warning: %s\n", printable(text)) }
	o.app.Password = func(string) ([]byte, error) {
		k := keyOptions{passwordFile: o.passwordFile}
		return k.password(env, false)
	}
	if !o.asJSON {
		o.app.Show = func(e nominator.Exhibit) { printExhibit(env, e) }
	}
	return nil
}

// run opens everything, runs fn, and closes everything.
func (o *actOptions) run(cmd *cobra.Command, env *Env, fn func(ctx context.Context, a *app.Acting) error) (err error) {
	if err := o.prepare(cmd, env); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), o.timeout, fmt.Errorf("not finished after %s (--timeout)", o.timeout))
	defer cancel()
	a, err := o.app.Open(ctx)
	if err != nil {
		return exit(planExit(ctx, err), err)
	}
	defer func() { err = errors.Join(err, exit(ExitFailed, a.Close())) }()
	return fn(ctx, a)
}

func newRoundActCommand(env *Env) *cobra.Command {
	var o actOptions
	var only, reason, author string
	cmd := &cobra.Command{
		Use:   "act RECORD.json --config DIR",
		Short: "Bring the decision of a record to the chain",
		Long: `Verify a record, store it, and make a plan for every nominator that it gives targets. What stands in the way is said
for each nominator before anything is signed. The call and the fee of the first transaction are shown.

With act.mode act and --yes the plans are signed and submitted; the command returns when their transactions are final.
A delayed proxy's plan then waits for its announcement: "otv nominator reconcile --follow --yes" executes it in time.
With act.mode propose, which is the default, nothing is ever signed.

A second set of targets for one nominator in one era is refused. --override REASON permits the one of this record, for
the nominator named with --nominator; the reason and --author are kept.

Exit code 0: done, or proposed. 1: a nominator was refused, or a plan failed. 3: configuration, database or record are
not usable. 4: the chain did not deliver. 5: a brake of the record forbids acting on it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			record, err := readFile(env, args[0])
			if err != nil {
				return exit(ExitInput, err)
			}
			if reason != "" && only == "" {
				return exit(ExitUsage, errors.New("--override needs --nominator: it permits one set of one nominator"))
			}
			return o.run(cmd, env, func(ctx context.Context, a *app.Acting) error {
				var account programme.Address
				if only != "" {
					if account, err = addressIn(only, a.Info.Prefix); err != nil {
						return err
					}
				}
				if reason != "" {
					if err := override(ctx, env, a, record, account, author, reason); err != nil {
						return err
					}
				}
				return act(ctx, env, &o, a, record, account)
			})
		},
	}
	o.flags(cmd, true)
	f := cmd.Flags()
	f.StringVar(&only, "nominator", "", "act for this nominator only: its address")
	f.StringVar(&reason, "override", "", "reason for a second set of targets in one era")
	f.StringVar(&author, "author", "", "who overrides (default: the user's name)")
	return cmd
}

// override permits the targets that a record gives one nominator.
func override(ctx context.Context, env *Env, a *app.Acting, record []byte, only programme.Address, author, reason string) error {
	r, err := decision.Verify(record)
	if err != nil {
		return exit(ExitFailed, err)
	}
	for _, n := range r.Decision.Nominators {
		if n.Address == only {
			err := a.Override(ctx, only, r.Inputs.Snapshot.Eras.Active, n.Targets, authorOf(env, author), reason)
			return exit(ExitInput, err)
		}
	}
	return exit(ExitInput, fmt.Errorf("the record has no nominator %s", only))
}

// authorOf is who gives an order.
func authorOf(env *Env, author string) string {
	if author == "" {
		author = env.Getenv("USER")
	}
	return author
}

func act(ctx context.Context, env *Env, o *actOptions, a *app.Acting, record []byte, only programme.Address) error {
	out, err := a.Propose(ctx, record, only)
	if errors.Is(err, nominator.ErrRecord) {
		return exit(ExitInput, err)
	}
	if err != nil {
		return exit(ExitNetwork, overdue(ctx, err))
	}
	refused, planned := 0, 0
	for i := range out.Proposals {
		if p := &out.Proposals[i]; p.Plan == nil {
			refused++
		} else if !p.Plan.State.Closed() {
			planned++
		}
	}
	if !o.asJSON {
		printProposals(env, a.Info, out, namesIn(record))
	}
	signing := a.Mode == nominator.ModeAct && o.yes && len(out.Braked) == 0 && planned > 0
	if signing {
		if err := a.Run(ctx, func(ctx context.Context) (bool, error) { return a.AtRest(ctx, out.Digest) }); err != nil {
			return exit(ExitNetwork, overdue(ctx, err))
		}
	}
	plans, err := reread(ctx, a, out)
	if err != nil {
		return exit(ExitNetwork, err)
	}
	switch {
	case o.asJSON:
		if err := writeJSON(env.Stdout, out); err != nil {
			return err
		}
	case signing:
		fmt.Fprintln(env.Stderr) // after what was signed
		printPlans(env, plans)
	default:
		fmt.Fprintln(env.Stdout, notSigned(a, o, out, planned))
	}
	return actExit(out, plans, refused)
}

// namesIn are the names that a record has for its candidates.
func namesIn(record []byte) map[programme.Address]string {
	r, err := decision.Read(record)
	if err != nil {
		return nil // names are a courtesy; what cannot be read was refused already
	}
	return candidateNames(&r.Decision)
}

// reread reads the plans of a record as they are now.
func reread(ctx context.Context, a *app.Acting, out *nominator.Outcome) ([]planning.Plan, error) {
	var plans []planning.Plan
	for i := range out.Proposals {
		p := &out.Proposals[i]
		if p.Plan == nil {
			continue
		}
		now, err := a.Store.Plan(ctx, p.Plan.Key)
		if err != nil {
			return nil, err
		}
		p.Plan, plans = &now, append(plans, now)
	}
	return plans, nil
}

// notSigned says why nothing was signed.
func notSigned(a *app.Acting, o *actOptions, out *nominator.Outcome, planned int) string {
	switch {
	case len(out.Braked) > 0:
		return "nothing is signed: brakes of the record tripped"
	case planned == 0:
		return "nothing is signed: no plan is open"
	case a.Mode != nominator.ModeAct:
		return fmt.Sprintf("nothing is signed: act.mode is %s", a.Mode)
	case !o.yes:
		return "nothing is signed: add --yes"
	}
	return ""
}

func actExit(out *nominator.Outcome, plans []planning.Plan, refused int) error {
	var failed []string
	for _, p := range plans {
		if p.State == planning.Failed {
			failed = append(failed, fmt.Sprintf("the plan of %s failed: %s", p.Nominator, p.Reason))
		}
	}
	switch {
	case len(out.Braked) > 0:
		return exit(ExitBraked, fmt.Errorf("the record must not be acted on, brakes tripped: %s", strings.Join(out.Braked, "; ")))
	case len(failed) > 0:
		return exit(ExitFailed, errors.New(strings.Join(failed, "\n")))
	case refused > 0 && refused == len(out.Proposals):
		return exit(ExitFailed, errors.New("no nominator can act on this record"))
	case refused > 0:
		return exit(ExitFailed, fmt.Errorf("%d of %d nominators cannot act on this record", refused, len(out.Proposals)))
	}
	return nil
}

// overdue names the time-out of our own in an error that it caused.
func overdue(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}
