package presence

import (
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// blindness is the record of the moments in which the observer could not see: disjoint intervals, ascending, the last
// of which may still run.
type blindness struct {
	list []memory.Blind
	// horizon is the end of the newest interval that is not kept here any more. Nothing is concluded from before.
	horizon programme.Millis
}

// maxBlind bounds the intervals kept in memory; a feed that fails all day makes about a thousand.
const maxBlind = 4096

func (b *blindness) running() bool {
	n := len(b.list)
	return n > 0 && b.list[n-1].To == 0
}

// since is the beginning of the interval that runs.
func (b *blindness) since() programme.Millis { return b.list[len(b.list)-1].From }

// end is when the last interval ended.
func (b *blindness) end() programme.Millis {
	if n := len(b.list); n > 0 {
		return max(b.list[n-1].To, b.horizon)
	}
	return b.horizon
}

// open begins an interval. It may begin in the past: that a feed fell silent is noticed later. Intervals it reaches
// become part of it.
func (b *blindness) open(from programme.Millis, reason string) {
	n := len(b.list)
	for n > 0 && (b.list[n-1].To >= from || b.list[n-1].To == 0) {
		n--
		from = min(from, b.list[n].From)
	}
	b.list = append(b.list[:n], memory.Blind{Interval: programme.Interval{From: from}, Reason: reason})
	if len(b.list) > maxBlind {
		drop := len(b.list) - maxBlind*3/4
		b.horizon = b.list[drop-1].To
		b.list = slices.Clone(b.list[drop:])
	}
}

// close ends the running interval. One without any length was none.
func (b *blindness) close(to programme.Millis) {
	n := len(b.list) - 1
	if b.list[n].From >= to {
		b.list = b.list[:n]
		return
	}
	b.list[n].To = to
}

// observed reports whether more than the grace of an absence was observed in one piece: only then it is an outage.
// An absence that was seen in shorter pieces may have been several ones that the grace forgives.
func (b *blindness) observed(absence programme.Interval, grace programme.Millis) bool {
	from := max(absence.From, b.horizon)
	i, _ := slices.BinarySearchFunc(b.list, from, func(iv memory.Blind, at programme.Millis) int {
		if iv.To != 0 && iv.To <= at {
			return -1
		}
		return 1
	})
	for ; i < len(b.list) && b.list[i].From < absence.To; i++ {
		if b.list[i].From-from > grace {
			return true
		}
		if b.list[i].To == 0 {
			return false
		}
		from = max(from, b.list[i].To)
	}
	return absence.To-from > grace
}
