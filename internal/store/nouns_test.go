package store

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/outside"
	"github.com/thousand-validators/otv/internal/store/storetest"
)

// noun is a thing that the database keeps: it is stored with every member set, and read back.
type noun struct {
	name string
	keep func(t *testing.T, s, again *Store)
}

// kept makes a noun. Fix gives members the values that the database demands, or takes away those that are kept elsewhere.
func kept[T any](fix func(*T), save func(ctx context.Context, s *Store, v T) error, read func(ctx context.Context, s *Store, v *T) (T, error)) noun {
	return noun{reflect.TypeFor[T]().Name(), func(t *testing.T, s, again *Store) {
		v := storetest.Fill[T]()
		if fix != nil {
			fix(&v)
		}
		check(t, save(t.Context(), s, v))
		got := must[T](t)(read(t.Context(), again, &v))
		same(t, got, v)
		check(t, save(t.Context(), s, v)) // and again
		same(t, must[T](t)(read(t.Context(), again, &v)), v)
	}}
}

// only takes the one member of a list.
func only[T any](list []T, err error) (T, error) {
	if err == nil && len(list) != 1 {
		return *new(T), ErrNotFound
	}
	if err != nil {
		return *new(T), err
	}
	return list[0], nil
}

func memoryNouns() []noun {
	return []noun{
		kept(nil, func(ctx context.Context, s *Store, v memory.Candidate) error {
			return s.SaveCandidates(ctx, []memory.Candidate{v})
		},
			func(ctx context.Context, s *Store, _ *memory.Candidate) (memory.Candidate, error) {
				return only(s.Candidates(ctx))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Entry) error {
			return s.SaveCandidates(ctx, []memory.Candidate{{Candidate: v.Candidate, Updated: v.From}})
		}, func(ctx context.Context, s *Store, v *memory.Entry) (memory.Entry, error) {
			return only(s.Entries(ctx, v.Slot))
		}),
		kept(func(v *memory.Standing) { v.Chain.Exposure, v.Chain.Points = nil, nil },
			func(ctx context.Context, s *Store, v memory.Standing) error {
				return s.SaveStandings(ctx, []memory.Standing{v})
			},
			func(ctx context.Context, s *Store, v *memory.Standing) (memory.Standing, error) {
				return s.Standing(ctx, v.Slot)
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.VerdictChange) error {
			return s.SaveStandings(ctx, []memory.Standing{{Slot: v.Slot, At: v.At + 5, Validity: programme.Valid, Verdicts: []memory.Verdict{{
				Since: v.At, Verdict: programme.Verdict{Code: v.Code, State: v.State, Detail: v.Detail, Value: v.Value, Limit: v.Limit},
			}}}})
		}, func(ctx context.Context, s *Store, v *memory.VerdictChange) (memory.VerdictChange, error) {
			return only(s.VerdictChanges(ctx, v.Slot, 0))
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.ValidityChange) error {
			return s.SaveStandings(ctx, []memory.Standing{{Slot: v.Slot, At: v.At, Validity: v.Validity}})
		}, func(ctx context.Context, s *Store, v *memory.ValidityChange) (memory.ValidityChange, error) {
			return only(s.ValidityChanges(ctx, v.Slot, 0))
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Score) error {
			return s.SaveScores(ctx, []memory.Score{v}, memory.ScoreStatistics{})
		}, func(ctx context.Context, s *Store, _ *memory.Score) (memory.Score, error) {
			return only(s.NewestScores(ctx))
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.ScoreStatistics) error { return s.SaveScores(ctx, nil, v) },
			func(ctx context.Context, s *Store, v *memory.ScoreStatistics) (memory.ScoreStatistics, error) {
				return s.ScoreStatistics(ctx, &v.Session)
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.RankEvent) error {
			return s.AddRankEvents(ctx, []memory.RankEvent{v})
		},
			func(ctx context.Context, s *Store, v *memory.RankEvent) (memory.RankEvent, error) {
				return only(s.RankEventsOf(ctx, v.Slot))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Ranking) error {
			return s.SaveRankings(ctx, []memory.Ranking{v})
		},
			func(ctx context.Context, s *Store, _ *memory.Ranking) (memory.Ranking, error) {
				return only(s.Rankings(ctx))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Round) error {
			v.Number = 1 // the database numbers
			return s.SaveRound(ctx, v)
		}, func(ctx context.Context, s *Store, v *memory.Round) (memory.Round, error) {
			v.Number = 1
			return s.Round(ctx, 1)
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Nominator) error {
			return s.SaveNominators(ctx, []memory.Nominator{v})
		},
			func(ctx context.Context, s *Store, _ *memory.Nominator) (memory.Nominator, error) {
				return only(s.Nominators(ctx))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Nomination) error { return s.SaveNomination(ctx, v) },
			func(ctx context.Context, s *Store, v *memory.Nomination) (memory.Nomination, error) {
				return only(s.NominationsOf(ctx, v.Nominator, 0))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Period) error { return s.SavePeriod(ctx, v) },
			func(ctx context.Context, s *Store, _ *memory.Period) (memory.Period, error) {
				return only(s.Periods(ctx))
			}),
		kept(func(v *memory.Override) { v.State, v.Expires = programme.Fail, v.At+1 },
			func(ctx context.Context, s *Store, v memory.Override) error { return s.SaveCheckOverride(ctx, v) },
			func(ctx context.Context, s *Store, _ *memory.Override) (memory.Override, error) {
				return only(s.CheckOverrides(ctx, 0))
			}),
		kept(func(v *memory.Action) { v.Seq = 1 }, func(ctx context.Context, s *Store, v memory.Action) error {
			if before, err := s.Actions(ctx, "", 0); err != nil || len(before) > 0 {
				return err // each is something that was done
			}
			return s.AddAction(ctx, v)
		}, func(ctx context.Context, s *Store, v *memory.Action) (memory.Action, error) {
			return only(s.Actions(ctx, v.Subject, 0))
		}),
	}
}

func networkNouns() []noun {
	return []noun{
		kept(nil, func(ctx context.Context, s *Store, v memory.EraPoints) error {
			return s.SaveEraPoints(ctx, memory.EraTotal{Era: v.Era}, []memory.EraPoints{v})
		}, func(ctx context.Context, s *Store, v *memory.EraPoints) (memory.EraPoints, error) {
			return only(s.EraPoints(ctx, v.Stash, v.Era))
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.EraTotal) error { return s.SaveEraPoints(ctx, v, nil) },
			func(ctx context.Context, s *Store, _ *memory.EraTotal) (memory.EraTotal, error) {
				return only(s.EraTotals(ctx))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.EraStatistics) error { return s.SaveEraStatistics(ctx, v) },
			func(ctx context.Context, s *Store, _ *memory.EraStatistics) (memory.EraStatistics, error) {
				return s.EraStatistics(ctx)
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.ValidatorSet) error { return s.SaveValidatorSet(ctx, v) },
			func(ctx context.Context, s *Store, _ *memory.ValidatorSet) (memory.ValidatorSet, error) {
				return s.ValidatorSet(ctx)
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.SessionKeys) error {
			return s.SaveSessionKeys(ctx, []memory.SessionKeys{v})
		},
			func(ctx context.Context, s *Store, _ *memory.SessionKeys) (memory.SessionKeys, error) {
				return only(s.SessionKeys(ctx))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Stake) error { return s.SaveStakes(ctx, []memory.Stake{v}) },
			func(ctx context.Context, s *Store, v *memory.Stake) (memory.Stake, error) {
				return s.Stake(ctx, v.Stash, &v.Era)
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.LocationStatistics) error {
			return s.SaveLocationStatistics(ctx, v)
		},
			func(ctx context.Context, s *Store, v *memory.LocationStatistics) (memory.LocationStatistics, error) {
				return s.LocationStatistics(ctx, &v.Session)
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Payout) error {
			return s.SavePayouts(ctx, []memory.Reward{{Payout: v, Account: "a", Role: memory.RoleValidator}})
		}, func(ctx context.Context, s *Store, _ *memory.Payout) (memory.Payout, error) {
			r, err := only(rewards(ctx, s, memory.RewardFilter{}))
			return r.Payout, err
		}),
		kept(func(v *memory.Reward) { v.Role, v.Prices = memory.RoleNominator, nil }, // prices have a table of their own
			func(ctx context.Context, s *Store, v memory.Reward) error {
				return s.SavePayouts(ctx, []memory.Reward{v})
			},
			func(ctx context.Context, s *Store, v *memory.Reward) (memory.Reward, error) {
				return only(rewards(ctx, s, memory.RewardFilter{Account: v.Account}))
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.BlockIndex) error { return s.SaveBlockIndex(ctx, v) },
			func(ctx context.Context, s *Store, _ *memory.BlockIndex) (memory.BlockIndex, error) {
				return s.BlockIndex(ctx)
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Chain) error { return s.SaveChain(ctx, v) },
			func(ctx context.Context, s *Store, _ *memory.Chain) (memory.Chain, error) { return s.Chain(ctx) }),

		kept(nil, func(ctx context.Context, s *Store, v memory.Observer) error {
			return s.SavePresence(ctx, memory.PresenceBatch{Observer: v})
		},
			func(ctx context.Context, s *Store, _ *memory.Observer) (memory.Observer, error) {
				h, err := s.PresenceSince(ctx, 0)
				return h.Observer, err
			}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Presence) error {
			return s.SavePresence(ctx, memory.PresenceBatch{Slots: []memory.Presence{v}})
		}, func(ctx context.Context, s *Store, _ *memory.Presence) (memory.Presence, error) {
			h, err := s.PresenceSince(ctx, 0)
			return only(h.Slots, err)
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Outage) error {
			return s.SavePresence(ctx, memory.PresenceBatch{Outages: []memory.Outage{v}})
		}, func(ctx context.Context, s *Store, _ *memory.Outage) (memory.Outage, error) {
			h, err := s.PresenceSince(ctx, 0)
			return only(h.Outages, err)
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.Blind) error {
			return s.SavePresence(ctx, memory.PresenceBatch{Blind: []memory.Blind{v}})
		}, func(ctx context.Context, s *Store, _ *memory.Blind) (memory.Blind, error) {
			h, err := s.PresenceSince(ctx, 0)
			return only(h.Blind, err)
		}),
		kept(nil, func(ctx context.Context, s *Store, v memory.SeenName) error {
			return s.SavePresence(ctx, memory.PresenceBatch{Names: []memory.SeenName{v}})
		}, func(ctx context.Context, s *Store, _ *memory.SeenName) (memory.SeenName, error) {
			l, err := s.LoadPresence(ctx)
			return only(l.Names, err)
		}),
	}
}

func outsideNouns() []noun {
	return []noun{
		kept(func(v *outside.Located) { v.Confidence = outside.High }, func(ctx context.Context, s *Store, v outside.Located) error { return s.SaveLocation(ctx, v) },
			func(ctx context.Context, s *Store, v *outside.Located) (outside.Located, error) {
				return only(s.Locations(ctx, v.Network))
			}),
		kept(nil, func(ctx context.Context, s *Store, v outside.Lookup) error { return s.SaveLookup(ctx, v) },
			func(ctx context.Context, s *Store, v *outside.Lookup) (outside.Lookup, error) {
				l, _, err := s.Lookup(ctx, v.Source, v.Key)
				return l, err
			}),
		kept(nil, func(ctx context.Context, s *Store, v outside.Release) error { return s.SaveRelease(ctx, v) },
			func(ctx context.Context, s *Store, v *outside.Release) (outside.Release, error) {
				r, _, err := s.Release(ctx, v.Network)
				return r, err
			}),
		kept(nil, func(ctx context.Context, s *Store, v outside.Remote) error { return s.SaveRemote(ctx, v) },
			func(ctx context.Context, s *Store, v *outside.Remote) (outside.Remote, error) {
				return only(s.Remotes(ctx, v.Network))
			}),
		kept(nil, func(ctx context.Context, s *Store, v outside.Price) error {
			return s.SavePrices(ctx, []outside.Price{v})
		},
			func(ctx context.Context, s *Store, v *outside.Price) (outside.Price, error) {
				return only(s.Prices(ctx, v.Asset, []string{v.Day}))
			}),
		kept(func(v *outside.Health) { v.State = programme.SourceDown }, func(ctx context.Context, s *Store, v outside.Health) error { return s.SaveSourceHealth(ctx, v) },
			func(ctx context.Context, s *Store, v *outside.Health) (outside.Health, error) {
				return only(s.SourceHealths(ctx, v.Network))
			}),
	}
}

func rewards(ctx context.Context, s *Store, by memory.RewardFilter) ([]memory.Reward, error) {
	var out []memory.Reward
	err := s.Rewards(ctx, by, func(r memory.Reward) error {
		out = append(out, r)
		return nil
	})
	return out, err
}

// Whatever a noun has, the tables have.
func TestNounsAreKeptWhole(t *testing.T) {
	nouns := slices.Concat(memoryNouns(), networkNouns(), outsideNouns())
	for _, n := range nouns {
		t.Run(n.name, func(t *testing.T) { both(t, n.keep) })
	}
}

// A new noun must be kept, or be named here with the reason why it is not by itself.
func TestNoNounIsForgotten(t *testing.T) {
	covered := map[string]string{
		"Verdict": "in Standing", "Feed": "in Observer", "Hardware": "in Presence", "Notice": "in Presence",
		"PresenceState": "made of others", "PresenceBatch": "made of others", "PresenceHistory": "made of others",
		"RewardFilter": "a question", "RewardSum": "computed; the conformance suite has it", "Job": "package jobs keeps it",
		"Place": "in Located and Lookup", "Retention": "a setting", "Cleaned": "a result",
	}
	for _, n := range slices.Concat(memoryNouns(), networkNouns(), outsideNouns()) {
		covered[n.name] = "kept"
	}
	there := map[string]bool{}
	for _, room := range []string{"memory", "outside"} {
		files, err := filepath.Glob(filepath.Join("..", "programme", room, "*.go"))
		check(t, err)
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			check(t, err)
			for name, object := range structs(f) {
				if there[name] = true; covered[name] == "" && object {
					t.Errorf("%s.%s has no table", room, name)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(covered)) {
		if !there[name] {
			t.Errorf("there is no %s any more", name)
		}
	}
}

// structs are the exported struct types of a file.
func structs(f *ast.File) map[string]bool {
	out := map[string]bool{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
				if _, ok := s.Type.(*ast.StructType); ok {
					out[s.Name.Name] = true
				}
			}
		}
	}
	return out
}
