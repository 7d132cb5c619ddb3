package validity

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/thousand-validators/otv/internal/programme"
)

func clientLimit(in *programme.Inputs) string {
	if in.Release == nil || in.Release.Name == "" {
		return ""
	}
	return "at least " + in.Release.Name
}

// clientUpgrade: once the grace after the newest release is over, the reported version must be at least that
// release. It applies to the main client, because versions of other clients count differently; by the old rule to
// all but the exempt ones.
func clientUpgrade(s *subject, v *programme.Verdict) {
	limits, switches := &s.in.Rules.Limits, &s.in.Rules.Switches
	if limits.SkipClientUpgrade {
		notApplicable(v, "The check is switched off.")
		return
	}
	if s.off(v, programme.SourceTelemetry) {
		return
	}
	release := s.in.Release
	forced := release != nil && release.Forced
	if !forced && s.off(v, programme.SourceRelease) {
		return
	}
	var implementation, version string
	if p := s.c.Presence; p != nil {
		implementation, version = p.Implementation, p.Version
	}
	// A node that hides its name is treated like the main client, else hiding would exempt it.
	switch {
	case s.idx.exempt[implementation] && implementation != "":
		notApplicable(v, "The client "+implementation+" is exempt.")
		return
	case switches.MainClientOnly && implementation != "" && implementation != limits.MainClient:
		notApplicable(v, "The client "+implementation+" counts its versions differently from "+limits.MainClient+".")
		return
	}
	if !dated(s, v, release) {
		return
	}
	if p := s.c.Presence; p != nil && p.Pending {
		s.unknown(v, s.hold(), pending)
		return
	}
	value := version
	if value == "" {
		value = "unknown"
	}
	deadline, over := s.graceEnd(release)
	meets := s.idx.required != nil && satisfies(version, s.idx.required)
	if !over {
		pass(v, value, "")
		if !meets {
			v.Detail = "Release " + release.Name + " must run from " + deadline.String() + "."
			v.Changes = deadline + 1
		}
		return
	}
	switch {
	case s.idx.required == nil && switches.UnreadableRelease:
		s.unknown(v, s.hold(), "The required release \""+release.Name+"\" is not a full version.")
		return
	case s.idx.required == nil:
		fail(v, value, "The required release \""+release.Name+"\" is not a full version, so nobody meets it.")
		return
	case meets:
		pass(v, value, "")
		return
	}
	// Only a feed that works shows that the node still runs what it reported last.
	if ok, why := s.works(programme.SourceTelemetry); !ok {
		s.unknown(v, s.hold(), why)
		return
	}
	text := "The node reports version " + value
	if version == "" {
		text = "The node's version is unknown"
	}
	since := ""
	if deadline > 0 {
		since = " since " + deadline.String()
	}
	fail(v, value, text+"; release "+release.Name+" is required"+since+". It passes as soon as the node reports that version or a newer one.")
}

// dated reports whether there is a release to demand. A known one counts even when its source has trouble.
func dated(s *subject, v *programme.Verdict, release *programme.Release) bool {
	if release != nil && release.Forced && release.Name != "" {
		return true
	}
	if release == nil || release.Name == "" || release.PublishedAt <= 0 {
		if ok, why := s.works(programme.SourceRelease); !ok {
			s.unknown(v, s.hold(), why)
			return false
		}
		pass(v, "", "No release is known, so none is demanded.")
		return false
	}
	return true
}

// graceEnd is the last moment of the grace period and whether it is over. A forced release without a moment has
// none; by the old rule no forced release has.
func (s *subject) graceEnd(release *programme.Release) (deadline programme.Millis, over bool) {
	if release.Forced && (release.PublishedAt <= 0 || !s.in.Rules.Switches.ForcedGrace) {
		return 0, true
	}
	deadline = release.PublishedAt + s.in.Rules.Limits.UpgradeGrace
	return deadline, s.idx.now > deadline
}

// parseRelease reads the name of a release: a full version of three numbers, optionally after "v" or "=" and before
// a pre-release or build part, which do not count.
func parseRelease(name string) *semver.Version {
	v, err := semver.StrictNewVersion(strings.TrimLeft(strings.TrimSpace(name), "=v"))
	if err != nil {
		return nil
	}
	return v
}

// satisfies reports whether a reported version is at least the required one. Of a report, the first group of up to
// three numbers counts, missing ones are 0; a build hash or a pre-release part does not matter.
func satisfies(version string, required *semver.Version) bool {
	have, ok := firstTriple(version)
	if !ok {
		return false
	}
	return cmp.Or(
		cmp.Compare(have[0], required.Major()),
		cmp.Compare(have[1], required.Minor()),
		cmp.Compare(have[2], required.Patch())) >= 0
}

// maxDigits bounds a number in a version.
const maxDigits = 16

// firstTriple finds the first number in a text and the two that follow it after dots.
func firstTriple(text string) (triple [3]uint64, ok bool) {
	digits := func(i int) int {
		n := 0
		for i+n < len(text) && text[i+n] >= '0' && text[i+n] <= '9' {
			n++
		}
		return n
	}
	for i := 0; i < len(text); {
		n := digits(i)
		if n == 0 || n > maxDigits {
			i += max(n, 1)
			continue
		}
		for part := range triple {
			// At most sixteen digits always fit.
			triple[part], _ = strconv.ParseUint(text[i:i+n], 10, 64)
			i += n
			if i >= len(text) || text[i] != '.' {
				break
			}
			if n = digits(i + 1); n == 0 || n > maxDigits {
				break
			}
			i++
		}
		return triple, true
	}
	return triple, false
}
