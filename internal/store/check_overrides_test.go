package store

import (
	"errors"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

func checkOverride(slot int, code programme.Code, expires programme.Millis) memory.Override {
	return memory.Override{Slot: slot, Stash: "HStash", Override: programme.Override{
		Code: code, State: programme.Pass, Author: "ada", Reason: "appeal granted", At: 1, Expires: expires,
	}}
}

func TestCheckOverrides(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		at := func(now programme.Millis) []memory.Override {
			t.Helper()
			return must[[]memory.Override](t)(again.CheckOverrides(ctx, now))
		}
		same(t, at(0), []memory.Override{})
		first, other, third := checkOverride(2, programme.CodeProvider, 100), checkOverride(1, programme.CodeProvider, 50), checkOverride(2, programme.CodeIdentity, 100)
		for _, o := range []memory.Override{first, other, third} {
			changes(t, again, func() error { return s.SaveCheckOverride(ctx, o) }, memory.SubjectOverrides)
		}
		same(t, at(0), []memory.Override{other, third, first})
		same(t, at(49), []memory.Override{other, third, first})
		same(t, at(50), []memory.Override{third, first})
		same(t, at(100), []memory.Override{})

		// The newest order about a check is the one that counts.
		first.State, first.Author, first.Expires, first.Stash = programme.Fail, "bob", 200, "HOther"
		check(t, s.SaveCheckOverride(ctx, first))
		same(t, at(100), []memory.Override{first})

		changes(t, again, func() error { return s.EndCheckOverride(ctx, 2, programme.CodeProvider, 100) }, memory.SubjectOverrides)
		same(t, at(0), []memory.Override{other, third})
		for _, gone := range []struct {
			slot int
			code programme.Code
			now  programme.Millis
		}{{2, programme.CodeProvider, 0}, {1, programme.CodeProvider, 50}, {9, programme.CodeProvider, 0}, {1, "X", 0}} {
			changes(t, again, func() error {
				if err := s.EndCheckOverride(ctx, gone.slot, gone.code, gone.now); !errors.Is(err, ErrNotFound) {
					t.Errorf("%+v: error is %v", gone, err)
				}
				return nil
			})
		}

		for what, change := range map[string]func(o *memory.Override){
			"nobody's":           func(o *memory.Override) { o.Author = "" },
			"without a reason":   func(o *memory.Override) { o.Reason = "" },
			"of an unknown kind": func(o *memory.Override) { o.State = programme.Unknown },
			"over at the outset": func(o *memory.Override) { o.Expires = o.At },
			"without an end":     func(o *memory.Override) { o.Expires = 0 },
		} {
			bad := checkOverride(3, programme.CodeBeefy, 100)
			change(&bad)
			if s.SaveCheckOverride(ctx, bad) == nil {
				t.Errorf("an override %s is stored", what)
			}
		}
	})
}

func TestCleanExpiredOverrides(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		ctx := t.Context()
		check(t, s.SaveCheckOverride(ctx, checkOverride(1, programme.CodeProvider, now-1)))
		check(t, s.SaveCheckOverride(ctx, checkOverride(2, programme.CodeProvider, now+1)))
		changes(t, again, func() error {
			same(t, clean(t, s, memory.Retention{}), map[string]int64{"expired overrides of checks": 1})
			return nil
		}, memory.SubjectOverrides, memory.SubjectChain)
		same(t, len(must[[]memory.Override](t)(again.CheckOverrides(ctx, 0))), 1)
	})
}
