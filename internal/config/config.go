package config

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/thousand-validators/otv/internal/logging"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Config is a complete configuration: every value is set, by a layer or by default.
type Config struct {
	Dir string // the folder it was read from
	// Network is the chosen preset, with the facts of global.customNetwork filled in.
	Network Network
	Chains  Endpoints

	// Candidates is the place of the candidate list: an http(s) URL, or a file path relative to Dir.
	Candidates string
	// CacheDir is where the last good candidate list is kept; empty means the user's cache folder.
	CacheDir string
	// Database is the URL of a PostgreSQL database, or a file path relative to Dir; empty means otv.db there. See
	// [Config.DatabaseTarget].
	Database         Secret
	PrometheusPrefix string

	Act        ActMode
	RankMode   RankMode
	Schedules  []Schedule // one per job, in the order of Jobs
	Proxy      Proxy
	Matrix     Matrix
	Telemetry  Telemetry
	Release    Release
	Releases   Releases
	Remote     Remote
	Location   Location
	Prices     Prices
	Server     Server
	Health     Health
	Admin      Admin
	Run        Run
	Logger     Logger
	Retention  memory.Retention
	Nominators []Nominator
	Legacy     Legacy

	// Warnings are the problems that do not forbid using the configuration.
	Warnings []Problem

	selector selector
	rules    programme.Rules
	use      [len(factors)]bool // score.use*, in the order of factors

	values map[string]setting // what the layers set, by key; the strongest layer only
	origin map[string]Origin  // of every value
}

// selector holds the keys that choose the network.
type selector struct {
	network string
	prefix  int // -1 when not given
	custom  struct {
		name     string
		prefix   int
		genesis  string
		decimals int
		symbol   string
	}
}

// ActMode says what happens with a decision.
type ActMode string

// The modes of acting: decide only, write the plans, or sign and submit them too.
const (
	ActOff     ActMode = "off"
	ActPropose ActMode = "propose"
	ActAct     ActMode = "act"
)

// RankMode selects which of the two numbers kept per candidate is its rank.
type RankMode string

// The rank modes.
const (
	RankPeriods    RankMode = "periods"
	RankActiveEras RankMode = "activeEras"
)

// Schedule is when a job runs.
type Schedule struct {
	Job     string // name of the key under cron
	Cron    string // six fields, seconds first
	Enabled bool
}

// Proxy holds the settings of delayed proxy nominations.
type Proxy struct {
	// TimeDelayBlocks is the delay of nominators that name none of their own, in blocks.
	TimeDelayBlocks uint32
	// BlacklistedAnnouncements are call hashes (0x hex) of announcements to be cancelled.
	BlacklistedAnnouncements []string
	// CancelUnknown has announcements for our nominators cancelled that no plan explains.
	CancelUnknown bool
}

// Matrix holds the settings of chat messages.
type Matrix struct {
	Enabled               bool
	BaseURL, Room, UserID string
	AccessToken           Secret
}

// Telemetry holds the settings of the telemetry feed and of location look-ups.
type Telemetry struct {
	Enable      bool
	Host        string
	Chains      []string // genesis hashes
	IPInfoToken Secret
}

// Release says which client release candidates must run.
type Release struct {
	TagFormat string // regular expression
	// ForcedVersion replaces the newest release; ForcedSince starts its grace period, 0 means that none is left.
	ForcedVersion string
	ForcedSince   programme.Millis
}

// Server holds the settings of the HTTP server.
type Server struct {
	Enable                              bool
	Host                                string // empty: every address
	Port                                uint16
	OnlyHealth, ServeDocs, ServeSwagger bool
	Cache                               programme.Millis // lifetime of cached answers
	Origins                             []string         // sites whose pages may read; empty: all
	RateLimit, RateBurst                int              // requests per second of one client, and at once; 0 = no limit
	TrustedProxies                      []string         // networks of proxies whose X-Forwarded-For is believed
	MaxRequests                         int              // under way at once; 0 = no bound
}

// Logger holds the settings of the log.
type Logger struct {
	Level          string
	ExcludedLabels []string
	Format         logging.Format
}

// Legacy holds switches of the old backend that act.mode replaces. They are kept to explain themselves.
type Legacy struct{ Nominating, DryRun, ForceRound bool }

// CandidatesLocation is the URL or the file path of the candidate list. Relative paths start at the folder of the
// configuration, so that a folder can be moved as a whole.
func (c *Config) CandidatesLocation() string {
	if IsURL(c.Candidates) || filepath.IsAbs(c.Candidates) {
		return c.Candidates
	}
	return filepath.Join(c.Dir, c.Candidates)
}

// DatabaseTarget is the database that the configuration names: a URL, or the path of a file.
func (c *Config) DatabaseTarget() string {
	target := cmp.Or(c.Database.Reveal(), "otv.db")
	if strings.Contains(target, "://") || filepath.IsAbs(target) {
		return target
	}
	return filepath.Join(c.Dir, target)
}

// Cache is the folder where the last good candidate list is kept: global.cacheDir, relative to the configuration's
// folder, or otv in the given cache folder of the user (see [os.UserCacheDir]). Empty means that there is none.
func (c *Config) Cache(userCacheDir string) string {
	switch {
	case c.CacheDir == "" && userCacheDir == "":
		return ""
	case c.CacheDir == "":
		return filepath.Join(userCacheDir, "otv")
	case filepath.IsAbs(c.CacheDir):
		return c.CacheDir
	}
	return filepath.Join(c.Dir, c.CacheDir)
}

// IsURL reports whether a location is fetched rather than read from a file.
func IsURL(location string) bool {
	l := strings.ToLower(location)
	return strings.HasPrefix(l, "http://") || strings.HasPrefix(l, "https://")
}

// ForcedRelease is the release demanded by constraints.clientUpgrade.forcedVersion, nil when none is.
func (c *Config) ForcedRelease() *programme.Release {
	if c.Release.ForcedVersion == "" {
		return nil
	}
	return &programme.Release{
		Name:        "v" + strings.TrimPrefix(c.Release.ForcedVersion, "v"),
		PublishedAt: c.Release.ForcedSince, Forced: true,
	}
}

// Schedule returns when a job runs; ok is false when there is no such job.
func (c *Config) Schedule(job string) (s Schedule, ok bool) {
	for _, s := range c.Schedules {
		if s.Job == job {
			return s, true
		}
	}
	return Schedule{}, false
}
