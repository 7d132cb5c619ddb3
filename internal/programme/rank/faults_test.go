package rank

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

func TestFaults(t *testing.T) {
	const now = 100 * programme.Hour
	answer := func(code programme.Code, state programme.State, since programme.Millis) Answer {
		return Answer{programme.Verdict{Code: code, State: state, Detail: "because"}, since}
	}
	long, short := now-10*programme.Minute, now-10*programme.Minute+1
	tests := []struct {
		name string
		look Look
		want []string
	}{
		{"nothing", Look{Nominated: true}, nil},
		{"confirmed", Look{Nominated: true, Period: 7, Verdicts: []Answer{answer("COMMISION", "fail", long)}}, []string{"COMMISION@p7"}},
		{"seen too shortly", Look{Nominated: true, Verdicts: []Answer{answer("COMMISION", "fail", short)}}, nil},
		{"not nominated", Look{Verdicts: []Answer{answer("COMMISION", "fail", long)}}, nil},
		{"unknown is no fault", Look{Nominated: true, Verdicts: []Answer{answer("COMMISION", "unknown", long)}}, nil},
		{"passes", Look{Nominated: true, Verdicts: []Answer{answer("SELF_STAKE", "pass", long)}}, nil},
		{"no matter for faults", Look{Nominated: true, Verdicts: []Answer{answer("IDENTITY", "fail", long), answer("ONLINE", "fail", long), answer("SUSPENDED", "fail", long)}}, nil},
		{"once per release", Look{Nominated: true, Period: 7, Release: "v1.2.3", Verdicts: []Answer{answer("CLIENT_UPGRADE", "fail", long)}}, []string{"CLIENT_UPGRADE@v1.2.3"}},
		{"all of a period", Look{Nominated: true, Period: 2, Verdicts: []Answer{
			answer("VALIDATE_INTENTION", "fail", long), answer("SELF_STAKE", "fail", long), answer("ACCUMULATED_OFFLINE_TIME", "fail", long),
		}}, []string{"VALIDATE_INTENTION@p2", "SELF_STAKE@p2", "ACCUMULATED_OFFLINE_TIME@p2"}},
		{"slashed, nominated or not", Look{Admitted: 5, Slashes: []programme.Slash{{Era: 5, Fraction: 1}, {Era: 6, Own: programme.NewPlanck(1)}}}, []string{"SLASH@e5", "SLASH@e6"}},
		{"slashed for nothing", Look{Slashes: []programme.Slash{{Era: 5}}}, nil},
		{"slashed before admission", Look{Admitted: 6, Slashes: []programme.Slash{{Era: 5, Fraction: 1}}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.look.Now = now
			events := tt.look.Faults()
			var got []string
			for _, e := range events {
				got = append(got, e.ID)
				if e.When != now || e.Kind != Fault || e.Reason == "" || FaultID(e.Type, e.Once) != e.ID {
					t.Errorf("%+v", e)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if _, _, err := Fold(events); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWithdrawn(t *testing.T) {
	slash := Event{ID: "SLASH@e9", When: 1, Kind: Fault, Type: Slash, Once: "e9"}
	gone := Look{Now: 5, SlashesKnown: true}
	back := gone.Withdrawn([]Event{slash}, 3)
	if len(back) != 1 || back[0].Revokes != slash.ID {
		t.Fatalf("%+v", back)
	}
	s, _, err := Fold([]Event{{ID: "s", Kind: Seed, Rank: 9}, slash, back[0]})
	if err != nil || s.Rank != 9 || s.Suspend != nil {
		t.Errorf("%+v %v", s, err)
	}
	still := Look{Now: 5, SlashesKnown: true, Slashes: []programme.Slash{{Era: 9, Fraction: 1}}}
	for name, got := range map[string][]Event{
		"still there":           still.Withdrawn([]Event{slash}, 3),
		"slashes unknown":       (&Look{Now: 5}).Withdrawn([]Event{slash}, 3),
		"older than the look":   gone.Withdrawn([]Event{slash}, 9),
		"taken back already":    gone.Withdrawn([]Event{slash, back[0]}, 3),
		"other faults are none": gone.Withdrawn([]Event{{ID: "x", Kind: Fault, Type: Commission, Once: "p1"}}, 3),
	} {
		if len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestActiveEras(t *testing.T) {
	sets := []map[programme.Address]bool{{"a": true, "b": true}, {"b": true}, {"c": true}}
	if n := ActiveEras(sets, []programme.Address{"a", "c"}); n != 2 {
		t.Error(n)
	}
	if n := ActiveEras(sets, nil); n != 0 {
		t.Error(n)
	}
}
