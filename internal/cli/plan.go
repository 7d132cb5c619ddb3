package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
)

func newRoundPlanCommand(env *Env) *cobra.Command {
	var p app.Plan
	var profile, out string
	var asJSON bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "plan --config DIR",
		Short: "Decide a nomination round from the chains and the candidate list; nothing is signed",
		Long: `Read the chains at one finalised block and the candidate list, check every candidate, score the valid ones, and say
who would be nominated by which nominator and why. Nothing is signed and no key is needed.

What the chains do not know (presence, locations, releases, ranks, history) comes from --facts; without it the checks
that need it are unknown, or do not apply when the configuration switches their source off. --previous compares with
an earlier record and lets its answers stand in for unknown ones for a while. --out writes the record; --json prints
it. --snapshot plans from the facts written by "otv chain snapshot", without any chain.

Exit code 0: decided. 3: the configuration, the list or a file is not usable. 4: a chain or the list's source did not
deliver. 5: decided and written, but a brake forbids acting on it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch p.Profile = programme.Profile(profile); p.Profile {
			case "", programme.ProfileProgramme, programme.ProfileReference:
			default:
				return exit(ExitUsage, fmt.Errorf("--profile %q is neither %s nor %s", profile, programme.ProfileProgramme, programme.ProfileReference))
			}
			if p.ConfigDir == "" {
				return exit(ExitUsage, errors.New("--config DIR is needed: the folder with main.json"))
			}
			if p.Snapshot != "" && p.At != "" {
				return exit(ExitUsage, errors.New("--at asks a chain for a block and --snapshot asks no chain: give one of them"))
			}
			log, err := logger(cmd, env)
			if err != nil {
				return exit(ExitUsage, err)
			}
			p.Environ, p.Now, p.Logger = env.Environ(), env.Now, log
			p.Warn = func(text string) { fmt.Fprintf(env.Stderr, "warning: %s\n", printable(text)) }
			progress := newProgress(env)
			p.Progress = progress.show
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, fmt.Errorf("not finished after %s (--timeout)", timeout))
			defer cancel()
			r, err := p.Run(ctx)
			progress.clear()
			if err != nil {
				return exit(planExit(ctx, err), err)
			}
			return deliverRecord(env, r, out, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.ConfigDir, "config", "", "folder with main.json and, optionally, secret.json")
	f.StringArrayVar(&p.Set, "set", nil, "key=value, overrides the configuration; repeatable")
	f.StringVar(&p.At, "at", "", "finalised block of the staking chain: number or 0x hash (default: the newest)")
	f.StringVar(&p.Facts, "facts", "", "file with what the chains do not know; docs/facts.md describes it")
	f.StringVar(&p.Snapshot, "snapshot", "", "file with the chain facts; no chain is asked")
	f.StringVar(&p.Previous, "previous", "", "record of the round before")
	f.StringVar(&profile, "profile", "", "rule set, programme or reference (default: as configured)")
	f.BoolVar(&p.Force, "force", false, "include every bonded nominator, due or not")
	f.StringVar(&out, "out", "", "write the record to this file")
	f.BoolVar(&asJSON, "json", false, "print the record instead of tables")
	f.DurationVar(&timeout, "timeout", 10*time.Minute, "give up after this time")
	return cmd
}

// deliverRecord writes and prints a decided round.
func deliverRecord(env *Env, r *decision.Record, out string, asJSON bool) error {
	b, err := r.Bytes()
	if err != nil {
		return err
	}
	if out != "" {
		if err := writeFile(out, b); err != nil {
			return exit(ExitInput, err)
		}
	}
	if asJSON {
		if _, err := env.Stdout.Write(b); err != nil {
			return exit(ExitInput, fmt.Errorf("print record: %w", err))
		}
	} else {
		printRound(env, env.Stdout, r)
	}
	if tripped := decision.Tripped(&r.Decision); len(tripped) > 0 {
		names := make([]string, len(tripped))
		for i, b := range tripped {
			names[i] = b.Name + " (" + b.Detail + ")"
		}
		return exit(ExitBraked, fmt.Errorf("the round must not be acted on, brakes tripped: %s", strings.Join(names, "; ")))
	}
	return nil
}

// planExit is the exit code of a failure to plan.
func planExit(ctx context.Context, err error) int {
	var source *app.SourceError
	if ctx.Err() != nil || errors.Is(err, chain.ErrUnavailable) || errors.As(err, &source) {
		return ExitNetwork
	}
	return ExitInput
}

// progress shows on a terminal what is being read, on one line that is overwritten.
type progress struct{ env *Env }

func newProgress(env *Env) *progress { return &progress{env} }

func (p *progress) show(s chain.Progress) {
	if !p.env.Progress {
		return
	}
	fmt.Fprintf(p.env.Stderr, "\r\x1b[Kreading %s: %d", s.Part, s.Read)
}

func (p *progress) clear() {
	if p.env.Progress {
		fmt.Fprint(p.env.Stderr, "\r\x1b[K")
	}
}
