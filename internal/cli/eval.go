package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/eval"
	"github.com/thousand-validators/otv/internal/programme"
)

// shownMismatches is how many differences a comparison prints.
const shownMismatches = 20

func newEvalCommand(env *Env) *cobra.Command {
	var profile string
	var check, asJSON bool
	var kinds []string
	for _, k := range eval.Kinds() {
		kinds = append(kinds, string(k))
	}
	cmd := &cobra.Command{
		Use:   "eval KIND FILE",
		Short: "Compute a file of cases by the rules, and compare with its expected results",
		Long: `Compute number lists (stats), populations to be scored (score), single checks (validity), complete passes over a
candidate (candidate-check) or numbers of nominations (num-nominations) by the rules of a profile. "-" reads standard
input. The results are printed as JSON, in the form of the file's expected results.

With --check they are compared with the expected results instead: numbers may differ by one part in 10^12. With the
profile reference the old backend is reproduced, bookkeeping included; with the profile programme the differences
are what changes by the recommended rules. To try other weights, change scoreConfig in a file of populations.

Exit code 0: done, and no mismatch. 1: mismatches. 3: the file is not usable.`,
		Args:      cobra.ExactArgs(2),
		ValidArgs: kinds,
		RunE: func(_ *cobra.Command, args []string) error {
			kind, err := eval.ParseKind(args[0])
			if err != nil {
				return exit(ExitUsage, err)
			}
			p := programme.Profile(profile)
			if p != programme.ProfileProgramme && p != programme.ProfileReference {
				return exit(ExitUsage, fmt.Errorf("--profile %q is neither %s nor %s", profile, programme.ProfileProgramme, programme.ProfileReference))
			}
			b, err := readFile(env, args[1])
			if err != nil {
				return exit(ExitInput, err)
			}
			report, err := eval.Run(kind, b, p)
			if err != nil {
				return exit(ExitInput, fmt.Errorf("%s: %w", args[1], err))
			}
			return printReport(env, report, check, asJSON)
		},
	}
	cmd.Flags().StringVar(&profile, "profile", string(programme.ProfileProgramme), "rule set: programme or reference")
	cmd.Flags().BoolVar(&check, "check", false, "compare with the expected results in the file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "with --check: print results and mismatches as JSON")
	return cmd
}

func printReport(env *Env, report *eval.Report, check, asJSON bool) error {
	if !check {
		report.Mismatches = nil
	}
	if asJSON || !check {
		enc := json.NewEncoder(env.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return fmt.Errorf("print results: %w", err)
		}
	} else {
		var b strings.Builder
		fmt.Fprintf(&b, "%d cases, %d mismatches", len(report.Cases), len(report.Mismatches))
		if report.Unchecked > 0 {
			fmt.Fprintf(&b, " (%d cases state no expected result)", report.Unchecked)
		}
		b.WriteByte('\n')
		for _, m := range report.Mismatches[:min(len(report.Mismatches), shownMismatches)] {
			b.WriteString(printable(m.String()) + "\n")
		}
		if more := len(report.Mismatches) - shownMismatches; more > 0 {
			fmt.Fprintf(&b, "and %d more; --json prints all\n", more)
		}
		fmt.Fprint(env.Stdout, b.String())
	}
	if check && len(report.Mismatches) > 0 {
		return exit(ExitFailed, errQuiet)
	}
	return nil
}
