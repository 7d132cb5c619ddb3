package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/config"
)

func newConfigCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Write, check and show configurations",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigInitCommand(env), newConfigCheckCommand(env), newConfigPrintCommand(env), newConfigSchemaCommand(env))
	return cmd
}

// configOptions are the layers above the files.
func configOptions(env *Env, set []string) config.Options {
	return config.Options{Environ: env.Environ(), Set: set}
}

func newConfigCheckCommand(env *Env) *cobra.Command {
	var set []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Check a configuration and report every problem",
		Long: `Check the configuration in DIR, with the environment and --set on top, as every other command would
read it. All problems are reported at once, each with file, line, key and reason.

Exit code 0: no errors, warnings perhaps. 1: errors. 3: there is nothing to read.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := config.Load(args[0], configOptions(env, set))
			var invalid *config.InvalidError
			var problems []config.Problem
			switch {
			case err == nil:
				problems = c.Warnings
			case errors.As(err, &invalid):
				problems = invalid.Problems
			default:
				return exit(ExitInput, err)
			}
			if asJSON {
				if err := printCheckJSON(env.Stdout, args[0], problems); err != nil {
					return err
				}
			} else {
				printCheck(env, args[0], problems)
			}
			if invalid != nil {
				return exit(ExitFailed, errQuiet)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().StringArrayVar(&set, "set", nil, "key=value, overrides the configuration; repeatable")
	return cmd
}

func countProblems(problems []config.Problem, s config.Severity) int {
	n := 0
	for _, p := range problems {
		if p.Severity == s {
			n++
		}
	}
	return n
}

func printCheck(env *Env, dir string, problems []config.Problem) {
	for _, p := range problems {
		word, colour := "error", red
		if p.Severity == config.Warning {
			word, colour = "warning", yellow
		}
		fmt.Fprintf(env.Stdout, "%s: %s\n", paint(env, colour, word), printable(p.String()))
	}
	errs, warnings := countProblems(problems, config.Error), countProblems(problems, config.Warning)
	verdict := paint(env, green, "ok")
	if errs > 0 {
		verdict = paint(env, red, "not usable")
	}
	fmt.Fprintf(env.Stdout, "%s: %s, %s, %s\n", dir, verdict, plural(errs, "error"), plural(warnings, "warning"))
}

func printCheckJSON(w io.Writer, dir string, problems []config.Problem) error {
	if problems == nil {
		problems = []config.Problem{}
	}
	return writeJSON(w, struct {
		Dir      string           `json:"dir"`
		OK       bool             `json:"ok"`
		Errors   int              `json:"errors"`
		Warnings int              `json:"warnings"`
		Problems []config.Problem `json:"problems"`
	}{dir, countProblems(problems, config.Error) == 0, countProblems(problems, config.Error), countProblems(problems, config.Warning), problems})
}

// plural is "1 error" or "2 errors".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// paint colours a word on a terminal.
func paint(env *Env, sgr, text string) string {
	if !env.Terminal {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// writeJSON writes indented JSON without escapes that only HTML needs.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func newConfigPrintCommand(env *Env) *cobra.Command {
	var set []string
	var asJSON, changed bool
	cmd := &cobra.Command{
		Use:   "print DIR",
		Short: "Show the values in effect and where they come from",
		Long: `Show every key of the configuration in DIR with the value in effect and its origin: the default of a
network, a line of a file, an environment variable or --set. Secrets are masked.

Exit code 0: shown. 3: the configuration is not usable.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := config.Load(args[0], configOptions(env, set))
			if err != nil {
				return exit(ExitInput, err)
			}
			values := c.Effective()
			if changed {
				values = values[:0:0]
				for _, v := range c.Effective() {
					if v.Origin.Layer != config.LayerDefault {
						values = append(values, v)
					}
				}
			}
			if asJSON {
				return writeJSON(env.Stdout, struct {
					Dir     string         `json:"dir"`
					Network string         `json:"network"`
					Values  []config.Value `json:"values"`
				}{args[0], c.Network.Name, values})
			}
			t := newTable(env, "key", "value", "origin")
			for _, v := range values {
				origin := cell{text: v.Origin.String()}
				if v.Origin.Layer == config.LayerDefault {
					origin.sgr = dim
				}
				t.row(v.Key, shorten(v.Text(), 70), origin)
			}
			t.print(env.Stdout)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with values in full")
	cmd.Flags().BoolVar(&changed, "changed", false, "only values that are not defaults")
	cmd.Flags().StringArrayVar(&set, "set", nil, "key=value, overrides the configuration; repeatable")
	return cmd
}

// shorten cuts a text to n characters for a table.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
