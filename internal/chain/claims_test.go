package chain

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/thousand-validators/otv/internal/programme"
)

func TestHistoryWindow(t *testing.T) {
	tests := []struct {
		name                   string
		active, planned, depth uint32
		from, to               programme.Era
	}{
		{"relay chain in the middle of an era", 1000, 1000, 84, 916, 1000},
		{"relay chain in the last session of an era", 1000, 1001, 84, 917, 1000},
		{"longer history than the window", 1000, 1001, 365, 916, 1000},
		{"shorter history", 1000, 1000, 10, 990, 1000},
		{"longer history of a young chain", 86, 86, 365, 2, 86},
		{"young chain", 5, 5, 84, 0, 5},
		{"first era", 0, 0, 84, 0, 0},
		{"no history at all", 10, 10, 0, 10, 10},
		{"planned era out of all proportion", 10, 4_000_000_000, 84, 10, 10},
	}
	for _, tt := range tests {
		from, to := historyWindow(programme.Eras{
			Active: programme.Era(tt.active), Planned: programme.Era(tt.planned), HistoryDepth: tt.depth,
		}, 84)
		if from != tt.from || to != tt.to {
			t.Errorf("%s: [%d, %d), want [%d, %d)", tt.name, from, to, tt.from, tt.to)
		}
	}
}

func TestPageCount(t *testing.T) {
	own := amount{programme.NewPlanck(7)}
	tests := []struct {
		name    string
		o       *overview
		unpaged bool
		want    uint32
	}{
		{"pages", &overview{Own: own, PageCount: 3}, false, 3},
		{"own stake only", &overview{Own: own}, false, 1},
		{"pages without own stake", &overview{PageCount: 2}, false, 2},
		{"no stake at all", &overview{}, false, 0},
		{"exposure of the old form", nil, true, 1},
		{"no exposure", nil, false, 0},
		{"both forms: the paged one counts", &overview{PageCount: 4}, true, 4},
	}
	for _, tt := range tests {
		if got := pageCount(tt.o, tt.unpaged); got != tt.want {
			t.Errorf("%s: %d pages, want %d", tt.name, got, tt.want)
		}
	}
}

func TestOpenEra(t *testing.T) {
	tests := []struct {
		name    string
		pages   uint32
		claimed []uint32
		want    *programme.UnclaimedEra
	}{
		{"nothing claimed", 3, nil, &programme.UnclaimedEra{Era: 9, Pages: 3}},
		{"some claimed, out of order and twice", 3, []uint32{2, 0, 2}, &programme.UnclaimedEra{Era: 9, Pages: 3, Claimed: []uint32{0, 2}}},
		{"all claimed", 3, []uint32{1, 2, 0}, nil},
		{"one page twice is not two pages", 2, []uint32{1, 1}, &programme.UnclaimedEra{Era: 9, Pages: 2, Claimed: []uint32{1}}},
		{"pages that do not exist do not count", 2, []uint32{1, 7}, &programme.UnclaimedEra{Era: 9, Pages: 2, Claimed: []uint32{1}}},
		{"nothing to claim", 0, nil, nil},
	}
	for _, tt := range tests {
		u, ok := openEra(9, tt.pages, tt.claimed)
		var got *programme.UnclaimedEra
		if ok {
			got = &u
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
