package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/thousand-validators/otv/internal/app"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/store"
)

func newDBCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "db",
		Short: "Look after the database",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDBMigrateCommand(env), newDBStatusCommand(env), newDBBackupCommand(env), newDBCheckCommand(env))
	return cmd
}

// dbOptions are the flags of all commands on the database.
type dbOptions struct {
	app    app.Act
	asJSON bool
}

func (o *dbOptions) flags(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.StringVar(&o.app.ConfigDir, "config", "", "folder with main.json and secret.json")
	f.StringArrayVar(&o.app.Set, "set", nil, "key=value, overrides the configuration; repeatable")
	f.StringVar(&o.app.Database, "db", "", "database, a file or a postgres:// URL (default: database.url of the configuration)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	return cmd
}

// open opens the database in a way of the caller's choice.
func (o *dbOptions) open(ctx context.Context, env *Env, open func(context.Context, string) (*store.Store, error)) (*store.Store, error) {
	if o.app.ConfigDir == "" && o.app.Database == "" {
		return nil, exit(ExitUsage, errors.New("--config DIR or --db FILE is needed"))
	}
	o.app.Environ = env.Environ()
	o.app.Warn = func(text string) { fmt.Fprintf(env.Stderr, "warning: %s\n", printable(text)) }
	target, err := o.app.DatabaseTarget()
	if err != nil {
		return nil, exit(ExitInput, err)
	}
	s, err := open(ctx, target)
	return s, exit(ExitInput, err)
}

func newDBMigrateCommand(env *Env) *cobra.Command {
	var o dbOptions
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the tables of the database up to date, or make them",
		Long: `Bring the tables of the database up to date, or make them. The core and the other roles that write do so when they
start; this is for those who want to see it happen before. There is no way back but a backup.

Exit code 0: the tables are those of this version. 3: the database or the configuration cannot be used, or a newer version
has changed it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var before *store.Status
			s, err := o.open(cmd.Context(), env, func(ctx context.Context, target string) (*store.Store, error) {
				if s, err := store.OpenForCare(ctx, target); err == nil {
					before, err = s.Status(ctx)
					if err = errors.Join(err, s.Close()); err != nil {
						return nil, err
					}
				}
				return store.Open(ctx, target)
			})
			if err != nil {
				return err
			}
			after, err := s.Status(cmd.Context())
			if err = errors.Join(err, s.Close()); err != nil {
				return exit(ExitInput, err)
			}
			had := map[string]bool{}
			if before != nil {
				for _, m := range before.Migrations {
					had[m.Name] = m.Applied != 0
				}
			}
			ran := []string{}
			for _, m := range after.Migrations {
				if !had[m.Name] {
					ran = append(ran, m.Name)
				}
			}
			switch {
			case o.asJSON:
				return writeJSON(env.Stdout, map[string]any{"database": after.Database, "state": after.State, "ran": ran})
			case len(ran) == 0:
				fmt.Fprintf(env.Stdout, "%s is up to date\n", after.Database)
			default:
				fmt.Fprintf(env.Stdout, "%s is up to date now; ran %s\n", after.Database, strings.Join(ran, ", "))
			}
			return nil
		},
	}
	return o.flags(cmd)
}

func newDBStatusCommand(env *Env) *cobra.Command {
	var o dbOptions
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what the database is and holds",
		Long: `Show what the database is and holds: kind and version, size, migrations, and the number of rows of each table. Nothing is
changed, and the tables may be those of any version.

Exit code 0: the tables are those of this version. 1: they are not. 3: the database or the configuration cannot be read.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := o.open(cmd.Context(), env, store.OpenForCare)
			if err != nil {
				return err
			}
			st, err := s.Status(cmd.Context())
			if err = errors.Join(err, s.Close()); err != nil {
				return exit(ExitInput, err)
			}
			if o.asJSON {
				err = writeJSON(env.Stdout, st)
			} else {
				printDBStatus(env, st)
			}
			if err == nil && st.State != store.Current {
				err = exit(ExitFailed, errQuiet)
			}
			return err
		},
	}
	return o.flags(cmd)
}

func printDBStatus(env *Env, st *store.Status) {
	w := env.Stdout
	fmt.Fprintf(w, "%s: %s %s, %s\n", st.Database, st.Dialect, st.Version, bytesText(st.Size))
	state := map[string]string{
		store.Current: paint(env, green, "the tables are those of this version"), store.Outdated: paint(env, yellow, "the tables are of an older version; run otv db migrate"),
		store.Newer: paint(env, red, "a newer version has changed the tables: "+strings.Join(st.Unknown, ", ")), store.Edited: paint(env, red, "another form of the migrations has made the tables"),
		store.Foreign: paint(env, yellow, "there are no tables of this program; run otv db migrate"),
	}[st.State]
	fmt.Fprintf(w, "%s\n\n", state)
	t := newTable(env, "MIGRATION", "RAN")
	for _, m := range st.Migrations {
		at := "not yet"
		if m.Applied != 0 {
			at = programme.Millis(m.Applied).String()
		}
		t.row(m.Name, at)
	}
	t.print(w)
	fmt.Fprintln(w)
	t = newTable(env, "TABLE", "ROWS")
	for _, table := range st.Tables {
		t.row(table.Name, fmt.Sprint(table.Rows))
	}
	t.print(w)
}

func bytesText(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d KiB", (n+1023)/1024)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

func newDBBackupCommand(env *Env) *cobra.Command {
	var o dbOptions
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy a SQLite database into a new file while it is used",
		Long: `Copy a SQLite database, as it is at one moment, into a new file, while processes read and write it. The file appears
when the copy is complete, checked and on the disk; one that exists is never overwritten. To restore it, stop all processes
and put it in the place of the database, whose files -wal and -shm are removed. A PostgreSQL database is backed up
with pg_dump and restored with pg_restore.

Exit code 0: the file is there. 3: it exists already, the database cannot be read, or it is PostgreSQL.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := o.open(cmd.Context(), env, store.OpenForCare)
			if err != nil {
				return err
			}
			file, err := filepath.Abs(args[0])
			if err == nil {
				err = s.Backup(cmd.Context(), file)
			}
			if err = errors.Join(err, s.Close()); err != nil {
				return exit(ExitInput, err)
			}
			if o.asJSON {
				return writeJSON(env.Stdout, map[string]string{"database": s.Name(), "backup": file})
			}
			fmt.Fprintf(env.Stdout, "%s is a copy of %s\n", file, s.Name())
			return nil
		},
	}
	return o.flags(cmd)
}

func newDBCheckCommand(env *Env) *cobra.Command {
	var o dbOptions
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for damage in the database",
		Long: `Look for damage: in the file (SQLite), in the tables as far as they are not those that this version makes, in references
between rows, in the digests of all records, and in rows that cannot be read. Nothing is changed. For the files of a
PostgreSQL server there is pg_amcheck.

Exit code 0: nothing was found. 1: something was. 3: the database or the configuration cannot be read.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := o.open(cmd.Context(), env, store.OpenForCare)
			if err != nil {
				return err
			}
			c, err := s.Check(cmd.Context())
			if err = errors.Join(err, s.Close()); err != nil {
				return exit(ExitInput, err)
			}
			switch {
			case o.asJSON:
				err = writeJSON(env.Stdout, c)
			case len(c.Findings) == 0:
				fmt.Fprintf(env.Stdout, "%s is sound; the digests of %s are right\n", c.Database, plural(c.Records, "record"))
			default:
				for _, f := range c.Findings {
					fmt.Fprintf(env.Stdout, "%s: %s\n", paint(env, red, f.Kind), printable(f.Text))
				}
			}
			if err == nil && len(c.Findings) > 0 {
				err = exit(ExitFailed, errQuiet)
			}
			return err
		},
	}
	return o.flags(cmd)
}
