// Package cli is the command tree of otv: one file per command. Commands parse flags, call a service and print
// tables for people or JSON for machines; they hold no rules of their own.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/thousand-validators/otv/internal/app"
)

// Exit codes of the otv command, documented in docs/commands.md.
const (
	ExitOK      = 0 // done
	ExitFailed  = 1 // the command worked and the answer is no: findings, mismatches, a refused record
	ExitUsage   = 2 // unknown command, flag or argument
	ExitInput   = 3 // a file, a configuration or a value from outside is not usable
	ExitNetwork = 4 // a chain or another remote source did not deliver
	ExitBraked  = 5 // the round was decided, but a brake forbids acting on it
)

// Env is what a command may touch of the world around it.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        func() []string
	Now            func() time.Time
	// Terminal says that Stdout is a terminal, where colour is welcome.
	Terminal bool
	// Progress says that Stderr is a terminal, where a line may be overwritten.
	Progress bool
	// Pace is that of services; zero is the usual one.
	Pace app.Pace
	// Height is the number of lines that the terminal at Stdout has, 0 when unknown; nil for never.
	Height func() int
	// Context ends when the user interrupts; nil means context.Background.
	Context context.Context
}

// SystemEnv is the environment of the running process.
func SystemEnv() *Env {
	return &Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Environ: os.Environ, Now: time.Now,
		Terminal: term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == "",
		Progress: term.IsTerminal(int(os.Stderr.Fd())),
		Height: func() int {
			_, height, err := term.GetSize(int(os.Stdout.Fd()))
			if err != nil {
				return 0
			}
			return height
		},
	}
}

// exitError carries the exit code of a failure.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// exit attaches an exit code to err; nil stays nil.
func exit(code int, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code, err}
}

// errQuiet ends a command with an exit code when everything has been said already.
var errQuiet = errors.New("")

// Main runs the command line and returns the exit code. An error is printed once, as one line on Stderr.
func Main(args []string, env *Env) int {
	ctx := env.Context
	if ctx == nil {
		ctx = context.Background()
	}
	signals, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The first signal asks to stop. Before anybody hears of it, the next one is free: it finds nobody who catches it, and
	// ends the process at once.
	defer context.AfterFunc(signals, func() {
		stop()
		cancel(context.Cause(signals))
	})()
	root := newRoot(env)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return ExitOK
	}
	text, code := strings.TrimSpace(err.Error()), ExitUsage
	var ee *exitError
	switch {
	case errors.As(err, &ee):
		code = ee.code
	case !strings.Contains(text, "\n"): // of the command line's parser, which knows how it is meant
		text += "; see " + cmd.CommandPath() + " --help"
	}
	if text != "" {
		fmt.Fprintf(env.Stderr, "otv: %s\n", strings.ReplaceAll(text, "\n", "\n  "))
	}
	return code
}

func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:           "otv",
		Short:         "Run a validator nomination programme on Polkadot, Kusama and their kin",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.PersistentFlags().String("log-level", "warn", "log level on standard error: debug, info, warn or error")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(commands(env)...)
	return root
}

// logger writes to Stderr at the level of --log-level.
func logger(cmd *cobra.Command, env *Env) (*slog.Logger, error) {
	name, err := cmd.Flags().GetString("log-level")
	if err != nil {
		return nil, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return nil, fmt.Errorf("--log-level %q is not one of debug, info, warn, error", name)
	}
	return slog.New(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: level})), nil
}
