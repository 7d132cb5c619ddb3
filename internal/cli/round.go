package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
)

func newRoundCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "round",
		Short: "Plan nomination rounds, verify and show their records",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRoundPlanCommand(env), newRoundVerifyCommand(env), newRoundShowCommand(env), newRoundActCommand(env))
	return cmd
}

func newRoundVerifyCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "verify RECORD.json",
		Short: "Recompute a record offline and refuse it when anything differs",
		Long: `Recompute a round from the inputs in its record and compare the decision, to the last bit, and the digest.
The first difference is named. Needs neither a network nor a configuration. "-" reads standard input.

Exit code 0: the record holds. 1: it is refused. 3: it cannot be read.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readFile(env, args[0])
			if err != nil {
				return exit(ExitInput, err)
			}
			r, err := decision.Verify(b)
			if err != nil {
				return exit(ExitFailed, fmt.Errorf("%s: %w", args[0], err))
			}
			c := &r.Decision.Counts
			fmt.Fprintf(env.Stdout, "verified: %s\n%s, active era %d: %d candidates, %d valid, %d targets for %d nominators\n",
				r.Digest, printable(r.Inputs.Snapshot.Network.Name), r.Inputs.Snapshot.Eras.Active, c.Listed, c.Valid, c.Assigned, c.Nominators)
			return nil
		},
	}
}

func newRoundShowCommand(env *Env) *cobra.Command {
	var who string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show RECORD.json",
		Short: "Show a record as tables, or explain one candidate of it",
		Long: `Show a record for people. With --candidate the checks and the score of one candidate are explained, named by slot,
name or stash. The record is not verified; see "otv round verify".`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := readFile(env, args[0])
			if err != nil {
				return exit(ExitInput, err)
			}
			r, err := decision.Read(b)
			if err != nil {
				return exit(ExitInput, fmt.Errorf("%s: %w", args[0], err))
			}
			if who == "" {
				if asJSON {
					return writeCanonical(env, r.Decision)
				}
				printRound(env, env.Stdout, r)
				return nil
			}
			c := findCandidate(&r.Decision, who)
			if c == nil {
				return exit(ExitFailed, fmt.Errorf("%s has no candidate with the slot, name or stash %q", args[0], who))
			}
			if asJSON {
				return writeCanonical(env, c)
			}
			printCandidate(env, env.Stdout, &r.Inputs.Snapshot.Network, c)
			return nil
		},
	}
	cmd.Flags().StringVar(&who, "candidate", "", "explain one candidate: slot, name or stash")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the decision as JSON, numbers as strings")
	return cmd
}

func findCandidate(d *programme.Decision, who string) *programme.CandidateDecision {
	for i := range d.Candidates {
		c := &d.Candidates[i]
		if string(c.Stash) == who || c.Name == who || strconv.Itoa(c.Slot) == who {
			return c
		}
	}
	return nil
}

// maxRecord bounds a record file; one of Kusama's size is about 10 MB.
const maxRecord = 256 << 20

// readFile reads a file, or standard input for "-".
func readFile(env *Env, name string) ([]byte, error) {
	r := env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, maxRecord+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(b) > maxRecord {
		return nil, fmt.Errorf("read %s: larger than %d MB", name, maxRecord>>20)
	}
	return b, nil
}

func writeCanonical(env *Env, v any) error {
	b, err := decision.Canonical(v)
	if err != nil {
		return err
	}
	_, err = env.Stdout.Write(append(b, '\n'))
	return err
}

// writeFile writes a file whole or not at all: under another name first, then renamed.
func writeFile(name string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", name, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Chmod(0o644); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
