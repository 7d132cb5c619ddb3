package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/lifecycle"
)

func newRunCommand(env *Env) *cobra.Command {
	s := app.Service{Random: rand.Reader}
	var passwordFile string
	cmd := &cobra.Command{
		Use:   "run [ROLE...] --config DIR",
		Short: "Run the programme: all roles, or the given ones",
		Long: `Run until told to stop. Without a role the process does everything; the roles are

  core       rounds, the nominators and their keys, the job board
  worker     jobs that need no keys
  telemetry  the telemetry feed and what follows from it
  gateway    the REST API

Several processes with different roles, or several workers, share one database. Nothing is signed unless act.mode is
act. Health and metrics are served at health.address, see docs/operating.md.

SIGTERM or SIGINT ends the process in order: jobs are finished or handed back within run.stopTimeout. A second signal
ends it at once; the next start takes up what was left.

Exit code 0: stopped in order. 1: something did not stop in time, or failed for good. 3: configuration, database or
an address are not usable.`,
		ValidArgs: roleNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if s.ConfigDir == "" {
				return exit(ExitUsage, errors.New("--config DIR is needed: the folder with main.json; otv config init makes one"))
			}
			for _, a := range args {
				r := config.Role(a)
				if !slices.Contains(config.Roles(), r) {
					return exit(ExitUsage, fmt.Errorf("there is no role %q; the roles are %s", a, strings.Join(roleNames(), ", ")))
				}
				if !slices.Contains(s.Roles, r) {
					s.Roles = append(s.Roles, r)
				}
			}
			if f := cmd.Flags().Lookup("log-level"); f.Changed {
				var level slog.Level
				if err := level.UnmarshalText([]byte(f.Value.String())); err != nil {
					return exit(ExitUsage, fmt.Errorf("--log-level %q is not one of debug, info, warn, error", f.Value))
				}
				s.Level = &level
			}
			s.Environ, s.Now, s.Log, s.Pace = env.Environ(), env.Now, env.Stderr, env.Pace
			s.Password = func(string) ([]byte, error) {
				k := keyOptions{passwordFile: passwordFile}
				return k.password(env, false)
			}
			err := s.Run(cmd.Context())
			var in *app.InputError
			if errors.As(err, &in) || lifecycle.IsPermanent(err) {
				return exit(ExitInput, err)
			}
			return exit(ExitFailed, err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.ConfigDir, "config", "", "folder with main.json and secret.json")
	f.StringArrayVar(&s.Set, "set", nil, "key=value, overrides the configuration; repeatable")
	f.StringArrayVar(&s.Keys, "key", nil, "file with the secret of a signing account, for nominators without a seed; repeatable")
	f.StringVar(&passwordFile, "password-file", "", "file with the password of key files")
	return cmd
}

func roleNames() []string {
	var names []string
	for _, r := range config.Roles() {
		names = append(names, string(r))
	}
	return names
}
