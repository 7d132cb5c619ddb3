package app

import (
	"errors"

	"github.com/thousand-validators/otv/internal/config"
)

// DatabaseTarget is the database that a command is to work on: --db, or that of the configuration, which is read only
// when it is needed.
func (a Act) DatabaseTarget() (string, error) {
	if a.ConfigDir == "" {
		if a.Database == "" {
			return "", input(errors.New("neither a configuration nor a database is named"))
		}
		return a.database(nil)
	}
	cfg, err := config.Load(a.ConfigDir, config.Options{Environ: a.Environ, Set: a.Set})
	if err != nil {
		return "", input(err)
	}
	for _, w := range cfg.Warnings {
		a.Warn(w.String())
	}
	return a.database(cfg)
}
