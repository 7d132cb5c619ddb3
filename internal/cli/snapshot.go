package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/programme"
)

// snapshotSource is where a snapshot comes from: a configuration, or endpoints and accounts of the command line.
type snapshotSource struct {
	plan       app.Plan
	chains     chain.Config
	candidates []string
	nominators []string
}

func newChainSnapshotCommand(env *Env) *cobra.Command {
	var s snapshotSource
	var out string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "snapshot --config DIR | --uri URI",
		Short: "Read all chain facts of a round at one block and write them as JSON",
		Long: `Read everything a nomination round takes from the chains, for the configured candidates and nominators, at one
finalised block of the staking chain and the matching blocks of the others. docs/snapshot.md says what is read from
which chain, and describes the file. "otv round plan --snapshot FILE" decides a round from it without any chain.

Without a configuration --uri names a node of the relay (or only) chain, --asset-hub-uri and --people-uri nodes of the
others, and --stash and --nominator the accounts asked about.

Parts that could not be read are listed as gaps, on standard error and in the file; everything else in it is usable.

Exit code 0: read. 3: the configuration, the list, an account or the block asked for is not usable, or a chain is not
the one expected. 4: a chain or the list's source did not deliver.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (s.plan.ConfigDir == "") == (len(s.chains.Relay) == 0) {
				return exit(ExitUsage, errors.New("give either --config DIR, the folder with main.json, or --uri URI, a node of the relay or only chain"))
			}
			if s.plan.ConfigDir != "" && len(s.chains.AssetHub)+len(s.chains.People)+len(s.candidates)+len(s.nominators) > 0 {
				return exit(ExitUsage, errors.New("--asset-hub-uri, --people-uri, --stash and --nominator go with --uri; with --config the configuration has them"))
			}
			log, err := logger(cmd, env)
			if err != nil {
				return exit(ExitUsage, err)
			}
			progress := newProgress(env)
			s.plan.Environ, s.plan.Now, s.plan.Logger, s.plan.Progress = env.Environ(), env.Now, log, progress.show
			s.plan.Warn = func(text string) { fmt.Fprintf(env.Stderr, "warning: %s\n", printable(text)) }
			ctx, cancel := context.WithTimeoutCause(cmd.Context(), timeout, fmt.Errorf("not finished after %s (--timeout)", timeout))
			defer cancel()
			snapshot, err := s.read(ctx)
			progress.clear()
			if err != nil {
				return exit(planExit(ctx, err), err)
			}
			return deliverSnapshot(env, snapshot, out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.plan.ConfigDir, "config", "", "folder with main.json and, optionally, secret.json")
	f.StringArrayVar(&s.plan.Set, "set", nil, "key=value, overrides the configuration; repeatable")
	f.StringVar(&s.plan.At, "at", "", "finalised block of the staking chain: number or 0x hash (default: the newest)")
	f.StringArrayVar(&s.chains.Relay, "uri", nil, "node of the relay or only chain, instead of --config; repeatable")
	f.StringArrayVar(&s.chains.AssetHub, "asset-hub-uri", nil, "node of Asset Hub; repeatable")
	f.StringArrayVar(&s.chains.People, "people-uri", nil, "node of the People chain; repeatable")
	f.StringArrayVar(&s.candidates, "stash", nil, "address of a candidate's stash; repeatable")
	f.StringArrayVar(&s.nominators, "nominator", nil, "address of a nominator of the programme; repeatable")
	f.StringVar(&out, "out", "", "write the snapshot to this file and print a summary")
	f.DurationVar(&timeout, "timeout", 10*time.Minute, "give up after this time")
	return cmd
}

func (s *snapshotSource) read(ctx context.Context) (*programme.Snapshot, error) {
	if s.plan.ConfigDir != "" {
		return s.plan.TakeSnapshot(ctx)
	}
	s.chains.Logger = s.plan.Logger
	chains, err := chain.Open(ctx, s.chains)
	if err != nil {
		return nil, err
	}
	defer chains.Close()
	req := chain.Request{At: s.plan.At, Progress: s.plan.Progress}
	for _, a := range s.candidates {
		req.Candidates = append(req.Candidates, programme.Address(a))
	}
	for _, a := range s.nominators {
		req.Nominators = append(req.Nominators, programme.Address(a))
	}
	return chains.Snapshot(ctx, req)
}

// deliverSnapshot writes the file and prints a summary, or prints the snapshot itself. What was odd goes to Stderr.
func deliverSnapshot(env *Env, s *programme.Snapshot, out string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	b = append(b, '\n')
	for _, w := range s.Warnings {
		fmt.Fprintf(env.Stderr, "warning: %s\n", printable(w))
	}
	for _, part := range slices.Sorted(maps.Keys(s.Gaps)) {
		fmt.Fprintf(env.Stderr, "gap: %s unknown: %s\n", part, printable(s.Gaps[part]))
	}
	if out == "" {
		if _, err := env.Stdout.Write(b); err != nil {
			return exit(ExitInput, fmt.Errorf("print snapshot: %w", err))
		}
		return nil
	}
	if err := writeFile(out, b); err != nil {
		return exit(ExitInput, err)
	}
	printSnapshot(env, s)
	return nil
}

// printSnapshot sums a snapshot up.
func printSnapshot(env *Env, s *programme.Snapshot) {
	w := env.Stdout
	fmt.Fprintf(w, "%s (%s, generation %s): era %d, session %d\n\n", printable(s.Network.Name), printable(s.Network.Chain),
		s.Topology.Generation, s.Eras.Active, s.Eras.Session)
	blocks := newTable(env, "role", "chain", "runtime", "block", "time").numbers(3)
	for _, b := range s.Blocks {
		blocks.row(b.Role, b.Chain, fmt.Sprintf("%s %d", b.SpecName, b.SpecVersion), b.Number, b.Time)
	}
	blocks.print(w)
	fmt.Fprintln(w)
	var bonded, intending, elected, identified int
	for i := range s.Candidates {
		c := &s.Candidates[i]
		bonded += count(c.Bond.Bonded)
		intending += count(c.Intention.Present)
		elected += count(c.Exposure != nil)
		identified += count(c.Identity != nil)
	}
	known := func(n int, part programme.Part) cell {
		if _, gap := s.Gaps[part]; gap {
			return cell{"unknown", yellow}
		}
		return cell{text: strconv.Itoa(n)}
	}
	facts := newTable(env, "fact", "number").numbers(1)
	facts.row("candidates", len(s.Candidates))
	facts.row("... bonded", bonded)
	facts.row("... intending to validate", intending)
	facts.row("... elected", known(elected, programme.PartExposures))
	facts.row("... with an identity", known(identified, programme.PartIdentity))
	facts.row("nominators of the programme", len(s.Nominators))
	facts.row("backers of the candidates", known(len(s.Backers), programme.PartBackers))
	facts.row("intentions on the chain", s.IntentionCount)
	facts.row("elected validators", known(len(s.Elected), programme.PartExposures))
	facts.row("validators of the session", len(s.ValidatorSet))
	facts.row("eras with reward points", known(len(s.PointEras), programme.PartPoints))
	facts.print(w)
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
