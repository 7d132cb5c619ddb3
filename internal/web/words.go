package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
)

// moment is a moment as pages show it.
type moment struct {
	ISO    string // for the datetime attribute
	Text   string // 2026-06-01 12:00:00 UTC
	Millis int64  // for the script
}

func momentOf(t time.Time) moment {
	t = t.UTC()
	return moment{t.Format(time.RFC3339), t.Format("2006-01-02 15:04:05 UTC"), t.UnixMilli()}
}

// at is the moment, nil for never.
func at(m programme.Millis) *moment {
	if m == 0 {
		return nil
	}
	out := momentOf(m.Time())
	return &out
}

// span writes a duration with its two largest units.
func span(d time.Duration) string {
	s := int64(max(d, 0).Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%d h %02d min", s/3600, s/60%60)
	}
	return fmt.Sprintf("%d d %02d h", s/86400, s/3600%24)
}

// number groups the digits of a number by thousands.
func number[T ~uint32 | ~int | ~int64](n T) string {
	return grouped(strconv.FormatInt(int64(n), 10))
}

func grouped(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// tokens writes an amount in whole tokens.
func tokens(p programme.Planck, decimals int, symbol string) string {
	whole, _, _ := strings.Cut(p.Tokens(decimals), ".")
	return strings.TrimSpace(grouped(whole) + " " + symbol)
}

// short is an address or hash that the eye can compare.
func short[T ~string](s T) string {
	const ends = 6
	if len(s) <= 2*ends+3 {
		return string(s)
	}
	return string(s[:ends]) + "…" + string(s[len(s)-ends:])
}
