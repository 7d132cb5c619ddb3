package config

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/robfig/cron/v3"

	"github.com/thousand-validators/otv/internal/jsontree"
)

// refined is plain text that must pass a further test, unless it is empty.
func refined(name string, test func(text string) (warning string, err error)) kind[string] {
	return kind[string]{name: name, read: func(s *scope, in input) string {
		before := len(s.problems)
		t := plain.read(s, in)
		if len(s.problems) > before || t == "" {
			return t
		}
		warning, err := test(t)
		if err != nil {
			s.fail(in, "%v", err)
		} else if warning != "" {
			s.report(Warning, in.Line, "%s", warning)
		}
		return t
	}, show: same[string], schema: schema{"type": "string"}}
}

// filled is text that must not be empty.
var filled = kind[string]{name: "text", read: func(s *scope, in input) string {
	t := plain.read(s, in)
	if in.Kind == jsontree.String && t == "" {
		s.fail(in, "it is empty")
	}
	return t
}, show: same[string], schema: schema{"type": "string", "minLength": 1}}

// address is a URL of one of the given schemes.
func address(schemes ...string) kind[string] {
	k := refined(strings.Join(schemes, " or ")+" URL", func(t string) (string, error) {
		u, err := url.Parse(t)
		if err != nil || u.Host == "" || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme) {
			return "", fmt.Errorf("%q is not a URL that starts with %s://", shorten(t), strings.Join(schemes, ":// or "))
		}
		return "", nil
	})
	k.schema = schema{"type": "string", "pattern": "^((" + strings.Join(schemes, "|") + ")://.+)?$"}
	return k
}

// network is a range of IP addresses.
var network = refined("network like 10.0.0.0/8", func(t string) (string, error) {
	if _, err := netip.ParsePrefix(t); err != nil {
		return "", fmt.Errorf("%q is no network such as 10.0.0.0/8 or fd00::/8", shorten(t))
	}
	return "", nil
})

func shorten(t string) string {
	if len(t) > 100 {
		return strings.ToValidUTF8(t[:100], "") + "…"
	}
	return t
}

// location is a URL or a file path.
var location = refined("http or https URL, or file path", func(t string) (string, error) {
	scheme, _, ok := strings.Cut(t, "://")
	if !ok {
		return "", nil
	}
	if !IsURL(t) {
		return "", fmt.Errorf("%q: lists are fetched by http or https, or read from a file path, not by %s", shorten(t), shorten(scheme))
	}
	u, err := url.Parse(t)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("%q is not a usable URL", shorten(t))
	}
	return "", nil
})

// pattern is a regular expression.
var pattern = refined("regular expression (RE2)", func(t string) (string, error) {
	if _, err := regexp.Compile(t); err != nil {
		return "", fmt.Errorf("%q is not a regular expression: %w", shorten(t), err)
	}
	return "", nil
})

// version is a full semantic version, with or without v.
var version = refined("version like 1.15.2", func(t string) (string, error) {
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(t, "v")); err != nil {
		return "", fmt.Errorf("%q is not a full version such as 1.15.2", shorten(t))
	}
	return "", nil
})

// hash32 is a 32-byte hash in hexadecimal.
var hash32 = refined("hash, 0x and 64 hex digits", func(t string) (string, error) {
	digits, ok := strings.CutPrefix(t, "0x")
	if b, err := hex.DecodeString(digits); !ok || err != nil || len(b) != 32 {
		return "", fmt.Errorf("%q is not a hash: 0x and 64 hexadecimal digits", shorten(t))
	}
	return "", nil
})

// country is a two-letter code. Old sample files carry the placeholder XXX, so other text is a warning only.
var country = refined("ISO 3166 code of two letters", func(t string) (string, error) {
	if len(t) != 2 || strings.Trim(strings.ToUpper(t), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return fmt.Sprintf("%q matches no country: codes have two letters", shorten(t)), nil
	}
	return "", nil
})

var metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// metricPrefix begins names of metrics.
var metricPrefix = refined("prefix of metric names", func(t string) (string, error) {
	if !metricName.MatchString(t) {
		return "", fmt.Errorf("%q cannot begin the name of a metric: only letters, digits, _ and :, no digit first", shorten(t))
	}
	return "", nil
})

// symbol is the name of a token.
var symbol = refined("token symbol", func(t string) (string, error) {
	if strings.ContainsAny(t, " \t") || len(t) > 12 {
		return "", fmt.Errorf("%q is not a token symbol: no blanks, at most 12 characters", shorten(t))
	}
	return "", nil
})

// schedule is a cron expression with seconds.
var schedule = kind[string]{name: "schedule of six fields, seconds first", read: func(s *scope, in input) string {
	t := filled.read(s, in)
	if in.Kind != jsontree.String || t == "" {
		return t
	}
	// The library would take a time zone from TZ=; schedules here are in UTC.
	fields := strings.Fields(t)
	if len(fields) != 6 {
		s.fail(in, "%s is not a schedule: it has %d of the six fields (second, minute, hour, day, month, weekday)", in, len(fields))
		return t
	}
	if strings.Contains(fields[0], "=") {
		s.fail(in, "%s is not a schedule: time zones are not accepted, schedules are in UTC", in)
		return t
	}
	if _, err := cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(t); err != nil {
		s.fail(in, "%s is not a schedule: %s", in, shorten(err.Error()))
	}
	return t
}, show: same[string], schema: schema{"type": "string", "pattern": `^\s*\S+(\s+\S+){5}\s*$`}}

// hidden is a secret text. Nothing of it gets into a message.
func hidden(name string, strip string) kind[Secret] {
	return kind[Secret]{name: name, read: func(s *scope, in input) Secret {
		if in.Kind != jsontree.String {
			s.fail(in, "it is not a text")
			return Secret{}
		}
		return NewSecret(strings.TrimPrefix(in.Text, strip))
	}, show: func(_ Network, v Secret) any { return v.String() }, schema: schema{"type": "string"}}
}
