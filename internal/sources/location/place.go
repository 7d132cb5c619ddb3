package location

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/thousand-validators/otv/internal/programme/outside"
)

// maxName bounds the name of a place or provider, in bytes.
const maxName = 128

// name is a name as it may be kept: without control characters and surrounding blanks, and not one of the words that
// stand for a missing name.
func name(s string) string {
	if len(s) > 4*maxName || !utf8.ValidString(s) {
		return ""
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, s))
	switch strings.ToLower(s) {
	case "none", "null", "unknown", "n/a", "-":
		return ""
	}
	if len(s) > maxName {
		return ""
	}
	return s
}

// country is an ISO 3166 code of two letters in capitals, or nothing.
func country(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) != 2 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return ""
	}
	return s
}

// asn reads the number of an autonomous system: "AS64500" or "64500".
func asn(s string) uint32 {
	s = strings.TrimSpace(s)
	if len(s) > 2 && strings.EqualFold(s[:2], "AS") {
		s = s[2:]
	}
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// organisation splits "AS64500 Example Hosting".
func organisation(s string) (number uint32, owner string) {
	first, rest, _ := strings.Cut(strings.TrimSpace(s), " ")
	if n := asn(first); n != 0 && len(first) > 2 && strings.EqualFold(first[:2], "AS") {
		return n, name(rest)
	}
	return 0, name(s)
}

// complete reports whether no further source can add to a place.
func complete(p outside.Place) bool {
	return p.City != "" && p.Region != "" && p.Country != "" && p.Provider != "" && p.ASN != 0
}
