package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/config"
)

func newConfigInitCommand(env *Env) *cobra.Command {
	var p config.Initial
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "init --network NETWORK --out DIR",
		Short: "Write the files of a new configuration",
		Long: `Write complete, commented configuration files for a network: what the case decides is set, every other key stands there
as a comment with its default. With --arch current one process does everything, on a SQLite file in DIR. With --arch
microservice each role has a folder of its own in DIR, and all share a PostgreSQL database. --env dev runs the jobs every
minute, does not wait for new nodes and logs more.

secret.json is made with mode 0600 and never overwritten, not even with --force. Files that exist are left alone.

Exit code 0: written. 3: a file exists or cannot be written; then nothing was changed.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if out == "" {
				return exit(ExitUsage, errors.New("--out DIR is needed: the folder for the files"))
			}
			files, err := p.Files()
			if err != nil {
				return exit(ExitUsage, err)
			}
			written, err := writeInitial(out, files, force)
			for _, name := range written {
				fmt.Fprintf(env.Stdout, "wrote %s\n", name)
			}
			if err != nil {
				return exit(ExitInput, fmt.Errorf("write configuration: %w", err))
			}
			fmt.Fprintln(env.Stdout, nextSteps(p, out))
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.Network, "network", "", strings.Join(config.InitialNetworks(), ", "))
	f.StringVar(&p.Arch, "arch", config.ArchCurrent, "current (one process) or microservice (one per role)")
	f.StringVar(&p.Env, "env", config.EnvProduction, "production or dev")
	f.StringVar(&out, "out", "", "folder for the files, made when it does not exist")
	f.BoolVar(&force, "force", false, "write files anew that exist, except secret.json")
	return cmd
}

func nextSteps(p config.Initial, out string) string {
	if p.Arch == config.ArchCurrent {
		return fmt.Sprintf("next: read %s, then otv run --config %s", filepath.Join(out, config.MainFile), out)
	}
	return fmt.Sprintf("next: read the main.json of every role, then start each, for example otv run core --config %s", filepath.Join(out, "core"))
}

// writeInitial writes the files after it has made sure that none is in the way. It returns the names of those written.
func writeInitial(dir string, files []config.InitialFile, force bool) (written []string, err error) {
	var todo []config.InitialFile
	var existing []error
	for _, f := range files {
		name := filepath.Join(dir, f.Path)
		_, err := os.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			todo = append(todo, f)
		case err != nil:
			return nil, err
		case f.Secret && force:
		case force:
			todo = append(todo, f)
		default:
			existing = append(existing, fmt.Errorf("%s: %w", name, config.ErrExists))
		}
	}
	if existing != nil {
		return nil, errors.Join(existing...)
	}
	for _, f := range todo {
		name := filepath.Join(dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return written, err
		}
		if err := writeWhole(name, f.Data, f.Mode); err != nil {
			return written, err
		}
		written = append(written, name)
	}
	return written, nil
}

// writeWhole writes a file that is there whole or as it was before.
func writeWhole(name string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone when all went well
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func newConfigSchemaCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of configurations, for editors",
		Long: `Print the JSON Schema (draft 7) of main.json and secret.json. "otv config init" puts it beside the files it writes, which
name it as their "$schema"; docs/config.schema.json is the same.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b, err := config.JSONSchema()
			if err != nil {
				return err
			}
			_, err = env.Stdout.Write(b)
			return err
		},
	}
}
