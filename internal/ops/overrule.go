package ops

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

// longestOverride bounds for how long an operator's answer counts: what is to hold for longer is a rule, and belongs into
// the configuration, where everybody sees it.
const longestOverride = 90 * programme.Day

// overrule answers a check of a listed candidate in its place. A later order about the same check replaces an earlier one.
func (d *Desk) overrule(ctx context.Context, b Book, o *Order, by plan.Order) (string, error) {
	if err := validity.Overridable(o.Check, o.State); err != nil {
		return "", refuse(http.StatusBadRequest, "%s", err)
	}
	expires := programme.Millis(o.Expires.UnixMilli())
	switch {
	case o.Expires.IsZero():
		return "", refuse(http.StatusBadRequest, "name the moment at which it expires, such as 2026-01-31T12:00:00Z")
	case expires <= by.At:
		return "", refuse(http.StatusBadRequest, "%s is over", expires)
	case expires > by.At+longestOverride:
		return "", refuse(http.StatusBadRequest, "an override counts for 90 days at most, until %s; what holds for longer is a rule of the configuration", by.At+longestOverride)
	}
	c, err := candidate(ctx, b, o)
	if err != nil {
		return "", err
	}
	return subject(c), b.SaveCheckOverride(ctx, memory.Override{Slot: c.Slot, Stash: c.Stash, Override: programme.Override{
		Code: o.Check, State: o.State, Author: by.Author, Reason: by.Reason, At: by.At, Expires: expires,
	}})
}

// restore ends an override before it expires.
func (d *Desk) restore(ctx context.Context, b Book, o *Order, by plan.Order) (string, error) {
	c, err := candidate(ctx, b, o)
	if err != nil {
		return "", err
	}
	err = b.EndCheckOverride(ctx, c.Slot, o.Check, by.At)
	if errors.Is(err, plan.ErrNotFound) {
		err = refuse(http.StatusConflict, "no override of %q counts for slot %d", o.Check, c.Slot)
	}
	return subject(c), err
}

func subject(c *memory.Candidate) string { return fmt.Sprintf("slot %d", c.Slot) }

// candidate is the listed one that an order names by its stash, or else by its slot.
func candidate(ctx context.Context, b Book, o *Order) (*memory.Candidate, error) {
	all, err := b.Candidates(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		c := &all[i]
		if c.Listed() && (o.Stash == "" && c.Slot == o.Slot || o.Stash != "" && c.Stash == o.Stash) {
			if o.Stash != "" && o.Slot != 0 && o.Slot != c.Slot {
				return nil, refuse(http.StatusBadRequest, "%s has slot %d, not %d", o.Stash, c.Slot, o.Slot)
			}
			return c, nil
		}
	}
	if o.Stash != "" {
		return nil, Unknown("no listed candidate has the stash %s", o.Stash)
	}
	return nil, Unknown("slot %d is not listed", o.Slot)
}
