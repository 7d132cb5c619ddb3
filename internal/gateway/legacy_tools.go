package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// id is the opaque text that stands for a document's key in the old database: the same for the same thing, always.
func id(kind string, parts ...any) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + fmt.Sprintln(parts...)))
	return hex.EncodeToString(sum[:12])
}

// tokens is an amount in tokens. The old API shows amounts as floats; the new one does not.
func tokens(p programme.Planck, decimals int) float64 {
	f, err := strconv.ParseFloat(strings.ReplaceAll(p.Tokens(decimals), ",", ""), 64)
	if err != nil {
		return p.Float64() / math.Pow10(decimals)
	}
	return f
}

// percent is a share in percent.
func percent(p programme.Perbill) float64 { return float64(p) / 1e7 }

// share is a part of a whole in percent, 0 of nothing.
func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * part / whole
}

// day is the day of a moment as the old API writes it.
func day(at programme.Millis) string { return at.Time().Format("02-01-2006") }

// dayAfter is a day later.
func dayAfter(at programme.Millis) int64 { return int64(at) + (24 * time.Hour).Milliseconds() }

// own writes an account in the network's form, so that it is found by any of its addresses. Something that is no address
// is nobody's: the old API found nothing then, and so does this one. Before the network is known, addresses stay as given.
func own(c memory.Chain, text string) programme.Address {
	prefix, account, err := ss58.Decode(text)
	if err != nil || c.Genesis == "" || prefix == c.SS58Prefix {
		return programme.Address(text)
	}
	out, err := ss58.Encode(c.SS58Prefix, account)
	if err != nil {
		return programme.Address(text)
	}
	return programme.Address(out)
}

// address is an account in the network's form.
func (p *population) address(text string) programme.Address { return own(p.chain, text) }

// network is what is known of the chain, zero before it was first read.
func (g *Gateway) network(ctx context.Context) (memory.Chain, error) { return g.chain.get(ctx) }

// readNetwork reads it from the database.
func (g *Gateway) readNetwork(ctx context.Context) (memory.Chain, error) {
	c, err := g.Data.Chain(ctx)
	if errors.Is(err, ErrNone) {
		return memory.Chain{}, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the network: %w", err)
	}
	return c, nil
}

// mean is a mean of amounts in planck, in tokens.
func mean(planck float64, decimals int) float64 { return planck / math.Pow10(decimals) }

// number reads a parameter that must be a number of eras, sessions or lines.
func number[T ~uint32](what, text string) (T, error) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, problem(http.StatusBadRequest, fmt.Sprintf("%s must be a whole number, not %s", what, shown(text)))
	}
	return T(n), nil
}

// limit reads the number of lines wanted: 0 means all, and a minus sign counts for nothing.
func limit(text string) (int, error) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, problem(http.StatusBadRequest, fmt.Sprintf("the limit must be a whole number, not %s", shown(text)))
	}
	return int(max(n, -n)), nil
}

// orNothing turns the absence of a single thing into an empty answer.
func orNothing[T any](v T, err error) (any, error) {
	if errors.Is(err, ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// list makes an empty list out of none, which is written [].
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
