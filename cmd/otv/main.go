// Command otv runs a validator nomination programme.
package main

import (
	"os"

	"github.com/thousand-validators/otv/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.SystemEnv()))
}
