package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/demo"
	"github.com/thousand-validators/otv/internal/lifecycle"
	"github.com/thousand-validators/otv/internal/simnet"
)

func newDemoCommand(env *Env) *cobra.Command {
	d := demo.Demo{Random: rand.Reader}
	var topology string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See the whole programme live on a simulated network",
		Long: `Start a simulated network in this process, and the whole programme on it, acting: candidates appear, go offline, fail
and pass, are scored, nominated, elected and ranked; announcements wait and are executed; an era passes in a minute.
Nothing outside of the process is needed, asked or changed. Keys, tokens and validators are made up.

It prints what happens and where to look: status page, API, Swagger UI, job board, metrics. Ctrl-C ends it.
The same seed gives the same network.

Exit code 0: stopped in order. 1: something failed. 3: the options or the folder are not usable.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case d.Speed < 0.1 || d.Speed > 60:
				return exit(ExitUsage, fmt.Errorf("--speed %g is not between 0.1 and 60", d.Speed))
			case topology != string(simnet.One) && topology != string(simnet.Three):
				return exit(ExitUsage, fmt.Errorf("--topology %q is not one of one, three", topology))
			case d.Candidates < 4 || d.Candidates > 2000:
				return exit(ExitUsage, fmt.Errorf("--candidates %d is not between 4 and 2000", d.Candidates))
			}
			d.Topology, d.Out, d.Now = simnet.Topology(topology), env.Stdout, env.Now
			err := d.Run(cmd.Context())
			var in *app.InputError
			if errors.As(err, &in) || lifecycle.IsPermanent(err) {
				return exit(ExitInput, err)
			}
			return exit(ExitFailed, err)
		},
	}
	f := cmd.Flags()
	f.Uint64Var(&d.Seed, "seed", 1, "tells simulated networks apart")
	f.Float64Var(&d.Speed, "speed", 6, "times as fast as the chains' clocks, on which an era lasts six minutes")
	f.StringVar(&topology, "topology", string(simnet.Three), strings.Join([]string{string(simnet.One), string(simnet.Three)}, " or ")+" chains")
	f.IntVar(&d.Candidates, "candidates", 40, "how many candidates there are")
	f.StringVar(&d.Dir, "data", "", "folder for database, configuration and log, which must be empty; without it a temporary one that is removed at the end")
	return cmd
}
