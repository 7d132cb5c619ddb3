package app

import (
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/jobs/work"
	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/rounds"
	"github.com/thousand-validators/otv/internal/sources"
	"github.com/thousand-validators/otv/internal/sources/location"
	"github.com/thousand-validators/otv/internal/sources/prices"
	"github.com/thousand-validators/otv/internal/sources/release"
	"github.com/thousand-validators/otv/internal/sources/remote"
	"github.com/thousand-validators/otv/internal/store"
)

// The database is what every service remembers in.
var (
	_ jobs.Database       = (*store.Store)(nil)
	_ work.Memory         = (*store.Store)(nil)
	_ rounds.Memory       = (*store.Store)(nil)
	_ rounds.OutsideStore = (*store.Store)(nil)
	_ nominator.Store     = (*store.Store)(nil)
	_ presence.Memory     = (*store.Store)(nil)
	_ presence.Reader     = (*store.Store)(nil)
	_ sources.HealthStore = (*store.Store)(nil)
	_ location.Store      = (*store.Store)(nil)
	_ prices.Store        = (*store.Store)(nil)
	_ release.Store       = (*store.Store)(nil)
	_ remote.Store        = (*store.Store)(nil)
	_ StatusStore         = (*store.Store)(nil)
)
