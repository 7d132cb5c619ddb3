package presence_test

import (
	"maps"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
)

// clerk is an independent model of presence. It writes down every stay of a node on a feed, and at the end looks at
// every second: who was there, and could the observer see? Nothing in it knows of intervals, graces that run, or what
// is due next. Times are seconds.
type clerk struct {
	grace    int
	names    []string // of the slots, by index
	feeds    []*feedLog
	stays    []stay
	dim      []span // when the observer could not see
	blind    bool
	order    int
	lastTick int
}

type feedLog struct {
	open, complete bool
	dead           bool // what the connection still says does not count
	heard          int
	nodes          map[uint64]int // index of the stay
	falls          []fall         // sizes before each departure of this subscription
	trouble        *trouble
	size, sizeAt   int // of the subscription before
}

type fall struct{ size, at int }

type trouble struct{ from, base int }

type stay struct {
	name, network string
	feed          int
	from, to      int // to < 0: still there
	ended         int // in which order it ended
}

type span struct{ from, to int } // to < 0: still runs

const (
	mMinute = 60
	mDay    = 24 * 60 * 60
)

func newClerk(feeds int, names []string, grace, now int) *clerk {
	c := &clerk{grace: grace, names: names, lastTick: now, blind: true, dim: []span{{now, -1}}}
	for range feeds {
		c.feeds = append(c.feeds, &feedLog{nodes: map[uint64]int{}})
	}
	return c
}

func (c *clerk) clone() *clerk {
	d := *c
	d.stays, d.dim = slices.Clone(c.stays), slices.Clone(c.dim)
	d.feeds = nil
	for _, f := range c.feeds {
		g := *f
		g.nodes, g.falls = maps.Clone(f.nodes), slices.Clone(f.falls)
		if f.trouble != nil {
			tr := *f.trouble
			g.trouble = &tr
		}
		d.feeds = append(d.feeds, &g)
	}
	return &d
}

func (f *feedLog) inSight() bool { return f.open && f.complete && f.trouble == nil }

// look decides whether the observer can see, from everything written down so far.
func (c *clerk) look(at int) {
	any, all := false, true
	for _, f := range c.feeds {
		any = any || f.inSight()
		all = all && f.inSight()
	}
	blind := !any
	if any && !all {
		for _, name := range c.names {
			newest, there := -1, false
			for _, s := range c.stays {
				if s.name == name {
					there = there || s.to < 0
					newest = max(newest, s.ended)
				}
			}
			shown := false
			for _, s := range c.stays {
				if s.name == name && s.ended == newest && c.feeds[s.feed].inSight() {
					shown = true
				}
			}
			if newest >= 0 && !there && !shown {
				blind = true
			}
		}
	}
	if blind && c.blind {
		c.dim[len(c.dim)-1].from = min(at, c.dim[len(c.dim)-1].from)
	}
	if blind == c.blind {
		return
	}
	c.blind = blind
	if blind {
		c.dim = append(c.dim, span{at, -1})
	} else {
		c.dim[len(c.dim)-1].to = at
	}
}

// pass moves the clock; previous is the time of the event before.
func (c *clerk) pass(now int) {
	previous := c.lastTick
	c.lastTick = now
	if now-previous > 30 {
		from := previous
		var hit []int
		for i, f := range c.feeds {
			if f.open {
				f.dead = true
				from = min(from, f.heard)
				hit = append(hit, i)
			}
		}
		c.drop(hit...)
		if hit != nil {
			c.look(from)
		}
	}
	for _, f := range c.feeds {
		if f.trouble == nil {
			continue
		}
		for at := previous; at <= now; at++ { // second by second
			if c.calm(f, at) {
				f.trouble, f.falls = nil, nil
				c.look(at)
				break
			}
		}
	}
}

func (c *clerk) calm(f *feedLog, at int) bool {
	n := len(f.nodes)
	switch {
	case float64(n) >= 0.9*float64(f.trouble.base):
		return true
	case at >= f.trouble.from+15*mMinute && n*2 >= f.trouble.base:
		return true
	}
	return at >= f.trouble.from+mDay
}

func (c *clerk) end(i, at int) {
	c.order++
	c.stays[i].to, c.stays[i].ended = at, c.order
}

// drop: nothing of what the feeds showed counts after their last message. A node that another feed has shown since was
// there until then.
func (c *clerk) drop(feeds ...int) {
	for _, i := range feeds {
		f := c.feeds[i]
		if f.complete {
			f.size, f.sizeAt = len(f.nodes), f.heard
			if f.trouble != nil {
				f.size = max(f.size, f.trouble.base)
			}
		}
		for _, s := range f.nodes {
			at := f.heard
			for _, o := range c.stays {
				switch {
				case o.name != c.stays[s].name:
				case o.to >= 0:
					at = max(at, o.to)
				case !slices.Contains(feeds, o.feed):
					at = max(at, c.feeds[o.feed].heard)
				}
			}
			c.end(s, at)
		}
		f.nodes = map[uint64]int{}
		f.open, f.complete, f.trouble, f.falls = false, false, nil, nil
	}
}

func (c *clerk) opened(i, now int) {
	c.pass(now)
	f := c.feeds[i]
	if f.open {
		heard := f.heard
		c.drop(i)
		c.look(heard)
	}
	f.open, f.dead, f.heard = true, false, now
}

func (c *clerk) lost(i, now int) {
	c.pass(now)
	f := c.feeds[i]
	f.dead = false
	if f.open {
		c.drop(i)
		c.look(f.heard)
	}
}

func (c *clerk) complete(i, now int) {
	c.pass(now)
	f := c.feeds[i]
	if f.dead || !f.open || f.complete {
		return
	}
	f.complete, f.heard = true, now
	if now-f.sizeAt <= mDay && lossTooGreat(f.size, len(f.nodes)) {
		f.trouble = &trouble{now, f.size}
	}
	c.look(now)
}

func lossTooGreat(before, after int) bool {
	if after == 0 && before >= 3 {
		return true
	}
	return before-after >= 20 && float64(before-after) > 0.25*float64(before)
}

func (c *clerk) message(i, now int) *feedLog {
	c.pass(now)
	f := c.feeds[i]
	if f.dead || !f.open {
		return nil
	}
	f.heard = now
	return f
}

func (c *clerk) added(i int, id uint64, name, network string, now int) {
	f := c.message(i, now)
	if f == nil {
		return
	}
	if s, ok := f.nodes[id]; ok {
		if c.stays[s].name == name && c.stays[s].network == network {
			return
		}
		c.end(s, now)
	}
	c.stays = append(c.stays, stay{name: name, network: network, feed: i, from: now, to: -1, ended: -1})
	f.nodes[id] = len(c.stays) - 1
	if f.trouble != nil && c.calm(f, now) {
		f.trouble, f.falls = nil, nil
	}
	c.look(now)
}

// gone: nodes left together; all of them when ids is nil.
func (c *clerk) gone(i int, ids []uint64, now int) {
	f := c.message(i, now)
	if f == nil {
		return
	}
	if ids == nil {
		ids = slices.Collect(maps.Keys(f.nodes))
	} else if _, ok := f.nodes[ids[0]]; !ok {
		return
	}
	if f.complete && f.trouble == nil {
		f.falls = append(f.falls, fall{len(f.nodes), now})
	}
	for _, id := range ids {
		c.end(f.nodes[id], now)
		delete(f.nodes, id)
	}
	cause := now
	if f.complete && f.trouble == nil {
		var top fall
		for _, p := range f.falls {
			if p.at > now-mMinute && p.size >= top.size {
				top = p
			}
		}
		if lossTooGreat(top.size, len(f.nodes)) {
			f.trouble = &trouble{top.at, top.size}
			cause = top.at
		}
	}
	c.look(cause)
}

// crash: all that was learned after the copy was taken is lost; it knew everything up to seen.
func (c *clerk) crash(seen, now int) {
	c.order++
	for _, f := range c.feeds {
		if f.complete {
			f.size, f.sizeAt = len(f.nodes), c.lastTick
			if f.trouble != nil {
				f.size = max(f.size, f.trouble.base)
			}
		}
		for _, s := range f.nodes {
			c.stays[s].to, c.stays[s].ended = max(seen, c.stays[s].from), c.order
		}
		f.nodes = map[uint64]int{}
		f.open, f.complete, f.dead, f.trouble, f.falls = false, false, false, nil, nil
	}
	if !c.blind {
		c.blind = true
		c.dim = append(c.dim, span{seen, -1})
	}
	c.lastTick = now
}

// seen is the moment up to which all is known.
func (c *clerk) seen() int {
	at := c.lastTick
	for _, f := range c.feeds {
		if f.inSight() {
			at = min(at, f.heard)
		}
	}
	return at
}

// dark tells for every second whether the observer was blind.
func (c *clerk) dark(end int) []bool {
	out := make([]bool, end)
	for _, d := range c.dim {
		for t := d.from; t < end && (d.to < 0 || t < d.to); t++ {
			out[t] = true
		}
	}
	return out
}

// outages looks at every second of a slot.
func (c *clerk) outages(name string, end int) (out []programme.Interval, first, last int) {
	dark := c.dark(end)
	there, begins := make([]bool, end), make([]bool, end+1)
	first, last = -1, -1
	for _, s := range c.stays {
		if s.name != name {
			continue
		}
		if first < 0 || s.from < first {
			first = s.from
		}
		to := s.to
		if to < 0 {
			to = end
		}
		last = max(last, to)
		begins[s.from] = true
		for t := s.from; t < to; t++ {
			there[t] = true
		}
	}
	if first < 0 {
		return nil, first, last
	}
	for t := first; t < end; {
		if there[t] {
			t++
			continue
		}
		start, watched, longest := t, 0, 0
		for ; t < end && !there[t] && (t == start || !begins[t]); t++ {
			if dark[t] {
				watched = 0
			} else {
				watched++
			}
			longest = max(longest, watched)
		}
		if longest > c.grace {
			iv := programme.Interval{From: ms(start)}
			if t < end || begins[t] {
				iv.To = ms(t)
			}
			out = append(out, iv)
		}
	}
	return out, first, last
}

func ms(seconds int) programme.Millis { return programme.Millis(seconds) * 1000 }
