package cli

import "github.com/spf13/cobra"

// commands lists the top-level commands, each built in a file of its own.
func commands(env *Env) []*cobra.Command {
	return []*cobra.Command{newCandidatesCommand(env), newChainCommand(env), newConfigCommand(env), newDBCommand(env), newDemoCommand(env), newEvalCommand(env), newKeysCommand(env), newNominatorCommand(env), newRoundCommand(env), newRunCommand(env), newTelemetryCommand(env), newTxCommand(env)}
}
