package decision

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/blake2b"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/validity"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// Freeze brings inputs into the one form in which they are stored: lists in their order, text as it will read
// back. The order in which candidates, sources or chain facts were handed over does not matter afterwards.
func Freeze(in programme.Inputs) (*programme.Inputs, error) {
	in.Candidates = sorted(in.Candidates, func(a, b programme.CandidateInput) int { return cmp.Compare(a.Slot, b.Slot) })
	for i := range in.Candidates {
		c := &in.Candidates[i]
		c.Overrides = sorted(c.Overrides, func(a, b programme.Override) int { return cmp.Compare(a.Code, b.Code) })
	}
	in.Sources = sorted(in.Sources, func(a, b programme.Source) int { return cmp.Compare(a.Name, b.Name) })
	s := &in.Snapshot
	s.Candidates = sorted(s.Candidates, func(a, b programme.ChainCandidate) int { return cmp.Compare(a.Stash, b.Stash) })
	s.Backers = sorted(s.Backers, func(a, b programme.Backer) int { return cmp.Compare(a.Stash, b.Stash) })
	s.Elected = sorted(s.Elected, func(a, b programme.Elected) int { return cmp.Compare(a.Stash, b.Stash) })
	s.PointEras = sorted(s.PointEras, func(a, b programme.EraTotal) int { return cmp.Compare(a.Era, b.Era) })
	s.ValidatorSet = sorted(s.ValidatorSet, cmp.Compare)
	b, err := Canonical(in)
	if err != nil {
		return nil, fmt.Errorf("freeze inputs: %w", err)
	}
	var frozen programme.Inputs
	if err := ParseCanonical(b, &frozen); err != nil {
		return nil, fmt.Errorf("freeze inputs: %w", err)
	}
	return &frozen, nil
}

// sorted copies, because the caller's list is not ours to reorder.
func sorted[T any](list []T, less func(a, b T) int) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, less)
	return list
}

// check finds inputs that no round could be decided from.
func check(in *programme.Inputs) error {
	if in.Now <= 0 {
		return errors.New("the time of the block is missing")
	}
	for i, c := range in.Candidates {
		if i > 0 && c.Slot == in.Candidates[i-1].Slot {
			return fmt.Errorf("slot %d is listed twice", c.Slot)
		}
		if i > 0 && c.Slot < in.Candidates[i-1].Slot {
			return errors.New("candidates are not in the order of their slots")
		}
		if err := checkOverrides(c.Overrides, in.Now); err != nil {
			return fmt.Errorf("slot %d: %w", c.Slot, err)
		}
	}
	if err := unique(in.Candidates, func(c programme.CandidateInput) programme.Address { return c.Stash }, "stash"); err != nil {
		return err
	}
	if err := unique(in.Nominators, func(n programme.Nominator) programme.Address { return n.Address }, "nominator"); err != nil {
		return err
	}
	return unique(in.Snapshot.Candidates, func(c programme.ChainCandidate) programme.Address { return c.Stash }, "stash of the snapshot")
}

// checkOverrides finds orders that must not count: those that have expired, have no author or reason, or are none.
func checkOverrides(list []programme.Override, now programme.Millis) error {
	for i, o := range list {
		if err := validity.Overridable(o.Code, o.State); err != nil {
			return fmt.Errorf("override: %w", err)
		}
		switch {
		case i > 0 && o.Code <= list[i-1].Code:
			return fmt.Errorf("overrides are not in the order of their codes, or two are of %s", o.Code)
		case o.Expires <= now:
			return fmt.Errorf("the override of %s expired at %s", o.Code, o.Expires)
		case o.Author == "" || o.Reason == "":
			return fmt.Errorf("the override of %s has no author or no reason", o.Code)
		}
	}
	return nil
}

func unique[T any](list []T, key func(T) programme.Address, what string) error {
	seen := make(map[programme.Address]bool, len(list))
	for _, item := range list {
		k := key(item)
		if seen[k] {
			return fmt.Errorf("%s %s appears twice", what, k)
		}
		seen[k] = true
	}
	return nil
}

// Draw returns the random number in [0, 1) of each stash: the first eight bytes, little endian, of BLAKE2b-256
// over the seed (a block hash) and the account id, of which the upper 53 bits count. Everybody gets the same
// numbers from the same block, and nobody can know them before it exists.
func Draw(seed string) (func(programme.Address) float64, error) {
	block, err := hex.DecodeString(strings.TrimPrefix(seed, "0x"))
	if err != nil || len(block) != 32 {
		return nil, fmt.Errorf("the seed %q is not a block hash of 32 bytes", seed)
	}
	return func(a programme.Address) float64 {
		_, id, err := ss58.DecodeAccount(string(a))
		if err != nil {
			// A stash that is no address has no chain facts either, so it is never scored.
			return 0
		}
		var room [64]byte
		sum := blake2b.Sum256(append(append(room[:0], block...), id[:]...))
		return float64(binary.LittleEndian.Uint64(sum[:8])>>11) / (1 << 53)
	}, nil
}
