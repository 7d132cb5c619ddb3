package cli

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const commandsHead = `# Commands

Generated from the command tree; a test compares this page with it (` + "`go test ./internal/cli -run Commands -update`" + `
rewrites it).

Tables go to standard output, coloured only on a terminal and never when ` + "`NO_COLOR`" + ` is set; progress and warnings go to
standard error. An error is one line on standard error.

| Exit code | Meaning |
|---|---|
| 0 | done |
| 1 | the command worked and the answer is no: findings, mismatches, a refused record |
| 2 | unknown command, flag or argument |
| 3 | a file, a configuration or a value from outside is not usable |
| 4 | a chain or another remote source did not deliver |
| 5 | the round was decided, but a brake forbids acting on it |

Flag of every command: ` + "`--log-level debug|info|warn|error`" + ` (default ` + "`warn`" + `).
`

// docs/commands.md is the command tree in words, and nothing else.
func TestCommandsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(commandsHead)
	document(&b, newRoot(&Env{}))
	const file = "../../docs/commands.md"
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), b.String()); diff != "" {
		t.Errorf("docs/commands.md differs from the command tree (run with -update and read it): %s", diff)
	}
}

func document(b *strings.Builder, cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if !c.HasSubCommands() {
			fmt.Fprintf(b, "\n## otv %s\n\n", strings.TrimPrefix(c.UseLine(), "otv "))
			text := c.Long
			if text == "" {
				text = c.Short + "."
			}
			b.WriteString(strings.TrimSpace(text) + "\n")
			var rows []string
			c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
				if f.Name != "help" {
					rows = append(rows, flagRow(f))
				}
			})
			if len(rows) > 0 {
				b.WriteString("\n| Flag | Default | Meaning |\n|---|---|---|\n" + strings.Join(rows, ""))
			}
		}
		document(b, c)
	}
}

func flagRow(f *pflag.Flag) string {
	name := "--" + f.Name
	if kind := f.Value.Type(); kind != "bool" {
		name += " " + kind
	}
	def := f.DefValue
	if def == "[]" || def == "false" {
		def = ""
	}
	if def != "" {
		def = "`" + def + "`"
	}
	return fmt.Sprintf("| `%s` | %s | %s |\n", name, def, strings.ReplaceAll(f.Usage, "|", "\\|"))
}
