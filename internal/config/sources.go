package config

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// LocationSource names a source of locations.
type LocationSource string

// The sources of locations.
const (
	LocationFiles     LocationSource = "mmdb"
	LocationIPInfo    LocationSource = "ipinfo"
	LocationTelemetry LocationSource = "telemetry"
)

// Location says where locations of nodes come from. See docs/sources.md.
type Location struct {
	Sources     []LocationSource // in the order of trust; those that are not set up are passed over
	Files       []string         // .mmdb files; paths relative to Dir
	Plan        string           // product of ipinfo: legacy, lite or core
	URL         string           // of ipinfo, empty means the product's own
	Corrections string           // file of operators' corrections, relative to Dir; empty for none
	Lifetime    programme.Millis // of an answer about an address
	MaxAge      programme.Millis // after which a location counts as unknown
	PerMinute   int              // most requests to ipinfo
	PerMonth    int              // the same, 0 = no limit
}

// PriceSource names a source of prices.
type PriceSource string

// The sources of prices.
const (
	PricesOff       PriceSource = "off"
	PricesCoinGecko PriceSource = "coingecko"
	PricesFile      PriceSource = "file"
)

// Prices says where prices of the token come from.
type Prices struct {
	Source     PriceSource
	URL        string
	Asset      string // CoinGecko's name of the token
	Currencies []string
	Key        Secret
	File       string // CSV, relative to Dir; empty for none
}

// Releases says where client releases are found.
type Releases struct {
	URL           string // of GitHub's API; empty when only a file is read
	Repository    string
	Token         Secret
	File          string // relative to Dir; empty for none
	VersionFormat string // regular expression for the version in title or notes
	MaxAge        programme.Millis
}

// Remote says which other instance of the programme knows the operators' nodes on the other network.
type Remote struct {
	URL    string // of its API; empty switches the check off
	Prefix int    // address prefix of the other network
	Cache  programme.Millis
}

func sourceKeys() []Key {
	file := func(path string, at func(*Config) *string, meaning string) Key {
		return key(path, plain, at, meaning+"; a path starts at the configuration's folder")
	}
	return []Key{
		key("constraints.clientUpgrade.releasesUrl", address("http", "https"), func(c *Config) *string { return &c.Releases.URL },
			"GitHub's API; empty reads releases from the file only"),
		key("constraints.clientUpgrade.repository", repository, func(c *Config) *string { return &c.Releases.Repository },
			"repository whose releases count"),
		key("constraints.clientUpgrade.githubToken", hidden("text", ""), func(c *Config) *Secret { return &c.Releases.Token },
			"token for GitHub's API; without one it allows 60 requests an hour", secret),
		file("constraints.clientUpgrade.releasesFile", func(c *Config) *string { return &c.Releases.File },
			"list of releases that stands in for GitHub's, in the same form"),
		key("constraints.clientUpgrade.releaseVersionFormat", pattern, func(c *Config) *string { return &c.Releases.VersionFormat },
			"where title or notes of a release state the client's version, when its tag does not"),
		key("constraints.clientUpgrade.releaseMaxAge", span, func(c *Config) *programme.Millis { return &c.Releases.MaxAge },
			"how long a release is demanded that could not be confirmed"),
		key("constraints.kusamaRank.url", address("http", "https"), func(c *Config) *string { return &c.Remote.URL },
			"API of the programme on the other network; empty switches the check off"),
		key("constraints.kusamaRank.prefix", whole[int](0, 16383), func(c *Config) *int { return &c.Remote.Prefix },
			"address prefix of the other network"),
		key("constraints.kusamaRank.cache", span, func(c *Config) *programme.Millis { return &c.Remote.Cache },
			"how long an answer of the other programme is not asked for again"),
		key("location.sources", list(choice(LocationFiles, LocationIPInfo, LocationTelemetry)), func(c *Config) *[]LocationSource { return &c.Location.Sources },
			"sources of locations in the order of trust; those that are not set up are passed over, and an empty list switches the checks off"),
		key("location.mmdbFiles", list(filled), func(c *Config) *[]string { return &c.Location.Files },
			"files of MaxMind or ipinfo that locate addresses; paths start at the configuration's folder"),
		key("location.ipinfoPlan", choice("legacy", "lite", "core"), func(c *Config) *string { return &c.Location.Plan },
			"product of ipinfo that `telemetry.ipinfoToken` is for"),
		key("location.ipinfoUrl", address("http", "https"), func(c *Config) *string { return &c.Location.URL },
			"address of ipinfo; empty is the product's own"),
		file("location.corrections", func(c *Config) *string { return &c.Location.Corrections }, "file with operators' corrections of locations"),
		key("location.lifetime", span, func(c *Config) *programme.Millis { return &c.Location.Lifetime },
			"how long an answer about an address is not asked for again"),
		key("location.maxAge", span, func(c *Config) *programme.Millis { return &c.Location.MaxAge },
			"how long a location counts that could not be confirmed"),
		key("location.requestsPerMinute", whole[int](1, 10_000), func(c *Config) *int { return &c.Location.PerMinute },
			"most requests to ipinfo", unit("per minute")),
		key("location.requestsPerMonth", whole[int](0, 1_000_000_000), func(c *Config) *int { return &c.Location.PerMonth },
			"most requests to ipinfo; 0 is no limit", unit("per month")),
		key("prices.source", choice(PricesOff, PricesCoinGecko, PricesFile), func(c *Config) *PriceSource { return &c.Prices.Source },
			"where prices come from, with which rewards are valued"),
		key("prices.url", address("http", "https"), func(c *Config) *string { return &c.Prices.URL }, "address of CoinGecko's API"),
		key("prices.asset", plain, func(c *Config) *string { return &c.Prices.Asset }, "CoinGecko's name of the token"),
		key("prices.currencies", list(currency), func(c *Config) *[]string { return &c.Prices.Currencies }, "currencies"),
		key("prices.apiKey", hidden("text", ""), func(c *Config) *Secret { return &c.Prices.Key }, "key for CoinGecko's API", secret),
		file("prices.file", func(c *Config) *string { return &c.Prices.File }, "CSV file with days, currencies and prices"),
	}
}

var repositoryName = regexp.MustCompile(`^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$`)

// repository is a repository on GitHub.
var repository = refined("owner/name", func(t string) (string, error) {
	if !repositoryName.MatchString(t) {
		return "", fmt.Errorf("%q is not a repository such as paritytech/polkadot-sdk", shorten(t))
	}
	return "", nil
})

// currency is the short name of a currency.
var currency = refined("currency like usd", func(t string) (string, error) {
	if len(t) < 2 || len(t) > 8 || strings.Trim(t, "abcdefghijklmnopqrstuvwxyz") != "" {
		return "", fmt.Errorf("%q is not a currency such as usd", shorten(t))
	}
	return "", nil
})

// defaultSources sets what is known of outside sources when no layer says anything.
func (c *Config) defaultSources(n Network) {
	c.Location = Location{
		Sources: []LocationSource{LocationFiles, LocationIPInfo, LocationTelemetry}, Plan: "legacy",
		Lifetime: 2 * programme.Day, MaxAge: 30 * programme.Day, PerMinute: 60, PerMonth: 50_000,
	}
	c.Prices = Prices{Source: PricesOff, URL: "https://api.coingecko.com/api/v3", Currencies: []string{"chf", "eur", "usd"}}
	c.Releases = Releases{URL: "https://api.github.com", Repository: "paritytech/polkadot-sdk", MaxAge: 7 * programme.Day}
	c.Remote = Remote{Prefix: 2, Cache: programme.Hour}
	switch n.Name {
	case "polkadot":
		c.Remote.URL = "https://kusama.w3f.community"
		c.Prices.Source, c.Prices.Asset = PricesCoinGecko, n.Name
	case "kusama":
		c.Prices.Source, c.Prices.Asset = PricesCoinGecko, n.Name
	}
}

// Path is a file of the configuration: relative paths start at its folder. Empty stays empty.
func (c *Config) Path(file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(c.Dir, file)
}

// LocationSetUp says which sources of locations are named and have what they need.
func (c *Config) LocationSetUp() []LocationSource {
	var out []LocationSource
	for _, s := range c.Location.Sources {
		switch {
		case s == LocationFiles && len(c.Location.Files) == 0:
		case s == LocationIPInfo && c.Telemetry.IPInfoToken.IsZero() && c.Location.URL == "":
		default:
			out = append(out, s)
		}
	}
	return out
}

// checkSources looks for sources that cannot work as they are set up.
func (l *loader) checkSources(c *Config) {
	switch {
	case c.Prices.Source == PricesFile && c.Prices.File == "":
		l.about("prices.source", Error, "it needs prices.file")
	case c.Prices.Source == PricesCoinGecko && (c.Prices.URL == "" || c.Prices.Asset == "" || len(c.Prices.Currencies) == 0):
		l.about("prices.source", Error, "it needs prices.url, prices.asset and prices.currencies")
	}
	if !c.rules.Limits.SkipClientUpgrade && c.Release.ForcedVersion == "" && c.Releases.URL == "" && c.Releases.File == "" {
		l.about("constraints.clientUpgrade.releasesUrl", Warning, "without it and without constraints.clientUpgrade.releasesFile, no release is known and the check is unknown for everybody")
	}
	if c.Releases.URL != "" && c.Releases.Repository == "" {
		l.about("constraints.clientUpgrade.repository", Error, "it is empty")
	}
	if lim := c.rules.Limits; c.Remote.Cache > lim.HoldRemote {
		l.about("constraints.kusamaRank.cache", Error, "%s is more than constraints.holdRemote, %s", showSpan(c.Remote.Cache), showSpan(lim.HoldRemote))
	}
	if c.Location.Lifetime > c.Location.MaxAge {
		l.about("location.lifetime", Error, "%s is more than location.maxAge, %s", showSpan(c.Location.Lifetime), showSpan(c.Location.MaxAge))
	}
	for i, f := range c.Location.Files {
		if !strings.HasSuffix(strings.ToLower(f), ".mmdb") {
			l.about("location.mmdbFiles", Error, "[%d] %s: it is no .mmdb file", i, cmp.Or(shorten(f), "empty"))
		}
	}
}

// SourceStates are the states of sources that the configuration decides: switched off, or not set up.
func (c *Config) SourceStates() map[programme.SourceName]programme.Source {
	out := map[programme.SourceName]programme.Source{}
	set := func(name programme.SourceName, state programme.SourceState, detail string) {
		out[name] = programme.Source{Name: name, State: state, Detail: detail}
	}
	usable := slices.ContainsFunc(c.LocationSetUp(), func(s LocationSource) bool { return s != LocationTelemetry })
	switch {
	case len(c.Location.Sources) == 0:
		set(programme.SourceLocation, programme.SourceOff, "location.sources is empty")
	case !usable && c.Location.Corrections == "":
		set(programme.SourceLocation, programme.SourceAbsent, "neither location.mmdbFiles nor telemetry.ipinfoToken is set")
	}
	switch {
	case c.rules.Limits.SkipClientUpgrade:
		set(programme.SourceRelease, programme.SourceOff, "constraints.clientUpgrade.skip is true")
	case c.Releases.URL == "" && c.Releases.File == "":
		set(programme.SourceRelease, programme.SourceAbsent, "neither constraints.clientUpgrade.releasesUrl nor .releasesFile is set")
	}
	if c.Remote.URL == "" {
		set(programme.SourceRemote, programme.SourceOff, "constraints.kusamaRank.url is empty")
	}
	return out
}
