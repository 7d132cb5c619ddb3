package simulate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/simnet"
)

// active is a fault that lasts.
type active struct {
	name  string
	until int // step
	end   func()
}

// deck holds the faults that can meet the programme here, by kind: the part that they hit is left out. Outside services
// are not asked; what happens when they fail has tests of its own.
type deck struct {
	kinds []string // in an order of no meaning, the same for every seed
	parts map[string][]string
}

func newDeck(list []simnet.Fault) deck {
	d := deck{parts: map[string][]string{}}
	for _, f := range list {
		part, kind, _ := strings.Cut(f.Name, "/")
		if !slices.Contains([]string{"relay", "hub", "people", "feed"}, part) {
			continue
		}
		if d.parts[kind] == nil {
			d.kinds = append(d.kinds, kind)
		}
		d.parts[kind] = append(d.parts[kind], part)
	}
	slices.Sort(d.kinds)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(d.kinds), func(i, k int) { d.kinds[i], d.kinds[k] = d.kinds[k], d.kinds[i] })
	return d
}

// sending are the kinds that are about transactions. They begin where and when some are due.
func sending(kind string) bool {
	return strings.HasSuffix(kind, "-pool") || strings.HasSuffix(kind, "nonce") ||
		slices.Contains([]string{"pool-full", "cut-submit", "take-and-cut", "no-dry-run"}, kind)
}

// firstSent is the step after which the first transactions are sent.
const firstSent = 5

// mischief begins a fault now and then, or ends the process. Two faults are dealt, so that all kinds come up in few seeds;
// the others are drawn.
func (r *run) mischief() {
	n := len(r.faultDeck.kinds)
	switch {
	case r.step == firstSent:
		r.begin(r.faultDeck.kinds[int(r.seed%uint64(n))*2%n])
	case r.step == firstSent+7+int(r.seed%20):
		r.begin(r.faultDeck.kinds[(int(r.seed%uint64(n))*2+1)%n])
	case len(r.faults) < 3 && r.rng.IntN(9) == 0:
		r.begin(r.faultDeck.kinds[r.rng.IntN(n)])
	}
	switch r.rng.IntN(60) {
	case 0:
		r.note("the process is ended and started again")
		r.restart()
	case 1, 2:
		r.fuse = 1 + r.rng.IntN(12)
	}
}

// begin begins a fault for some steps.
func (r *run) begin(kind string) {
	parts := r.faultDeck.parts[kind]
	part := parts[r.rng.IntN(len(parts))]
	if sending(kind) && r.rng.IntN(4) > 0 {
		if part = "relay"; r.net.Hub != nil {
			part = "hub"
		}
	}
	end, err := r.net.Break(part + "/" + kind)
	if err != nil {
		return // impossible at the moment, such as a second upgrade at once
	}
	if kind == "lie-other-chain" { // that is asked when connections are made
		if _, err := r.net.Break(part + "/cut"); err != nil {
			r.note("%v", err)
		}
	}
	if lies(kind) {
		r.lied = r.step
	}
	r.faults = append(r.faults, active{part + "/" + kind, r.step + 1 + r.rng.IntN(14), end})
}

// lies reports whether a node tells what is not so, in a way that nobody can see from its answers.
func lies(kind string) bool {
	return strings.HasPrefix(kind, "lie-") || slices.Contains([]string{"short-pages", "truncated-hex", "truncated", "wrong-id"}, kind)
}

// mend ends the faults whose time has come, or all of them.
func (r *run) mend(all bool) {
	kept := r.faults[:0]
	for _, f := range r.faults {
		if !all && r.step < f.until {
			kept = append(kept, f)
			continue
		}
		f.end()
		if strings.Contains(f.name, "lie-") {
			r.lied = r.step
		}
		r.note("fault %s ends", f.name)
	}
	r.faults = kept
}

// survived counts by fault how often it has acted, and in how many seeds, all of which kept the promises.
type survived map[string]survival

type survival struct{ acts, seeds int }

// add counts a seed.
func (s survived) add(r *run) {
	for _, kind := range r.faultDeck.kinds {
		for _, part := range r.faultDeck.parts[kind] {
			if _, ok := s[part+"/"+kind]; !ok {
				s[part+"/"+kind] = survival{} // it could have come up
			}
		}
	}
	for name, n := range r.net.Hits() {
		c := s[name]
		if c.acts += n; n > 0 {
			c.seeds++
		}
		s[name] = c
	}
}

// kinds adds up the parts: acts and seeds of each kind.
func (s survived) kinds() (acts, seeds map[string]int) {
	acts, seeds = map[string]int{}, map[string]int{}
	for name, c := range s {
		_, kind, _ := strings.Cut(name, "/")
		acts[kind] += c.acts
		seeds[kind] += c.seeds
	}
	return acts, seeds
}

// String is a table.
func (s survived) String() string {
	acts, seeds := s.kinds()
	var b strings.Builder
	fmt.Fprintf(&b, "%-24s %8s %7s  %s\n", "fault", "acts", "seeds", "of relay, hub, people, feed")
	for _, kind := range slices.Sorted(maps.Keys(acts)) {
		fmt.Fprintf(&b, "%-24s %8d %7d ", kind, acts[kind], seeds[kind])
		for _, part := range []string{"relay", "hub", "people", "feed"} {
			if c, ok := s[part+"/"+kind]; ok {
				fmt.Fprintf(&b, " %s %d", part, c.seeds)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
