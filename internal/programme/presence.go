package programme

import (
	"cmp"
	"slices"
)

// Normalised are the intervals in ascending order as they were up to now: running ones end now, what lies in the
// future is cut off, and intervals that overlap are one. Intervals that only touch stay apart, because the node
// was connected between them.
func Normalised(list []Interval, now Millis) []Interval {
	out := make([]Interval, 0, len(list))
	for _, iv := range list {
		if iv.To == 0 || iv.To > now {
			iv.To = now
		}
		if iv.From < iv.To {
			out = append(out, iv)
		}
	}
	if !slices.IsSortedFunc(out, byStart) {
		slices.SortFunc(out, byStart)
	}
	merged := out[:0]
	for _, iv := range out {
		if n := len(merged); n > 0 && iv.From < merged[n-1].To {
			merged[n-1].To = max(merged[n-1].To, iv.To)
			continue
		}
		merged = append(merged, iv)
	}
	return merged
}

func byStart(a, b Interval) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) }

// Overlap is how much of [from, to) the intervals cover. They are normalised.
func Overlap(list []Interval, from, to Millis) Millis {
	var sum Millis
	for _, iv := range list {
		if a, b := max(iv.From, from), min(iv.To, to); a < b {
			sum += b - a
		}
	}
	return sum
}

// without are the parts of one interval that the cuts do not cover. Cuts are normalised.
func without(dst []Interval, iv Interval, cuts []Interval) []Interval {
	for _, c := range cuts {
		if c.To <= iv.From {
			continue
		}
		if c.From >= iv.To {
			break
		}
		if c.From > iv.From {
			dst = append(dst, Interval{iv.From, c.From})
		}
		iv.From = c.To
		if iv.From >= iv.To {
			return dst
		}
	}
	return append(dst, iv)
}

// Charged are the parts of a node's outages that count against it: outages of which more than the grace was
// really observed, counted from the disconnection itself, without the moments in which the observer was blind.
// A running outage counts up to now. Blind intervals are normalised.
func (p *Presence) Charged(blind []Interval, grace, now Millis) []Interval {
	if p == nil || len(p.Outages) == 0 {
		return nil
	}
	var out []Interval
	for _, iv := range Normalised(p.Outages, now) {
		if iv.To-iv.From <= grace {
			continue
		}
		n := len(out)
		out = without(out, iv, blind)
		if Overlap(out[n:], iv.From, iv.To) <= grace {
			out = out[:n]
		}
	}
	return out
}

// Finished is the plain sum of the outages that have ended: the old backend's figure.
func (p *Presence) Finished() Millis {
	var sum Millis
	if p != nil {
		for _, iv := range p.Outages {
			if iv.To != 0 {
				sum += iv.To - iv.From
			}
		}
	}
	return sum
}

// Blindness are the moments in which the source saw nothing, normalised. A source that is not in order has been
// blind since its newest good value.
func (s Source) Blindness(now Millis) []Interval {
	list := s.Blind
	if s.State != SourceOK {
		list = append(slices.Clone(list), Interval{From: s.At})
	}
	if len(list) == 0 {
		return nil
	}
	return Normalised(list, now)
}

// OfflineTime is a node's offline time in the sense of the rules: the charged part of the trailing window, or, by
// the old rule, the sum of all finished outages.
func (r *Rules) OfflineTime(p *Presence, telemetry Source, now Millis) Millis {
	if !r.Switches.RollingOffline {
		return p.Finished()
	}
	charged := p.Charged(telemetry.Blindness(now), r.Limits.DisconnectionGrace, now)
	return Overlap(charged, now-r.Limits.OfflineWindow, now)
}
