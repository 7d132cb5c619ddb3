package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/sources/candidates"
)

func newCandidatesCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "candidates",
		Short: "Work with candidate lists",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCandidatesLintCommand(env), newCandidatesStatusCommand(env))
	return cmd
}

func newCandidatesLintCommand(env *Env) *cobra.Command {
	var network, previous string
	var asJSON, strict bool
	cmd := &cobra.Command{
		Use:   "lint FILE",
		Short: "Check a candidate list",
		Long: `Check a candidate list by the rules of docs/candidates.md, each finding with its line. "-" reads standard input.

Exit code 0: no errors, warnings perhaps. 1: errors; with --strict findings of any kind. 3: the file cannot be read.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			n, err := listNetwork(network)
			if err != nil {
				return exit(ExitUsage, err)
			}
			list, err := readList(env, args[0], n)
			if err != nil {
				return exit(ExitInput, err)
			}
			if previous != "" {
				old, err := readList(env, previous, n)
				if err != nil {
					return exit(ExitInput, err)
				}
				list.CompareSlots(old)
			}
			if strict {
				for i := range list.Findings {
					list.Findings[i].Severity = candidates.Error
				}
			}
			if asJSON {
				err = printLintJSON(env.Stdout, args[0], network, list)
			} else {
				printLint(env, args[0], list)
			}
			if err == nil && candidates.Count(list.Findings, candidates.Error) > 0 {
				return exit(ExitFailed, errQuiet)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&network, "network", "", "network of the list: "+strings.Join(config.NetworkNames()[:5], ", ")+", or the address prefix of another one")
	cmd.Flags().StringVar(&previous, "previous", "", "earlier version of the list, to find slots that are reused")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&strict, "strict", false, "treat warnings as errors")
	_ = cmd.MarkFlagRequired("network") // the flag exists
	return cmd
}

// listNetwork turns --network into what a list is checked against.
func listNetwork(name string) (candidates.Network, error) {
	if n, ok := config.NetworkByName(name); ok && name != "custom" {
		return candidates.Network{Label: n.Label, Prefix: n.SS58Prefix, Accept: n.ListPrefixes}, nil
	}
	prefix, err := strconv.ParseUint(name, 10, 14)
	if err != nil {
		return candidates.Network{}, fmt.Errorf("--network %q is neither one of %s nor an address prefix", name, strings.Join(config.NetworkNames()[:5], ", "))
	}
	return candidates.Network{Label: fmt.Sprintf("the network with prefix %d", prefix), Prefix: uint16(prefix), Accept: []uint16{uint16(prefix)}}, nil
}

func readList(env *Env, path string, n candidates.Network) (*candidates.List, error) {
	data, err := readFile(env, path)
	if err != nil {
		return nil, err
	}
	if len(data) > candidates.DefaultMaxBytes {
		return nil, fmt.Errorf("candidate list %s is greater than the limit of %d MiB", path, candidates.DefaultMaxBytes>>20)
	}
	return candidates.Parse(data, n), nil
}

func printLint(env *Env, path string, l *candidates.List) {
	name := filepath.Base(path)
	for _, f := range l.Findings {
		colour := red
		if f.Severity == candidates.Warning {
			colour = yellow
		}
		fmt.Fprintf(env.Stdout, "%s:%d: %s %s: %s\n", name, f.Line, paint(env, colour, string(f.Severity)), f.Rule, printable(f.Message))
	}
	fmt.Fprintf(env.Stdout, "%s: %s, %s, %s\n", name, plural(len(l.Entries), "usable candidate"),
		plural(candidates.Count(l.Findings, candidates.Error), "error"), plural(candidates.Count(l.Findings, candidates.Warning), "warning"))
}

func printLintJSON(w io.Writer, path, network string, l *candidates.List) error {
	findings := l.Findings
	if findings == nil {
		findings = []candidates.Finding{}
	}
	return writeJSON(w, struct {
		File     string               `json:"file"`
		Network  string               `json:"network"`
		Entries  int                  `json:"entries"`
		Errors   int                  `json:"errors"`
		Warnings int                  `json:"warnings"`
		Findings []candidates.Finding `json:"findings"`
	}{path, network, len(l.Entries), candidates.Count(findings, candidates.Error), candidates.Count(findings, candidates.Warning), findings})
}
