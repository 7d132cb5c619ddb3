package chain

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/thousand-validators/otv/substrate/hash"
)

// world is a population of a network, from which nodes are filled and snapshots are predicted.
type world struct {
	gen             string
	active, planned uint32
	start           uint64 // ms; 0 = not set
	session         uint32
	now             uint64 // ms

	candidates, nominators []account // asked for

	validators []account // of the session
	intentions map[account]prefs
	controller map[account]account    // by stash
	ledgers    map[account]ledgerOf   // by controller
	payees     map[account]payee      // by stash
	keys       map[account]byte       // filling byte of all session keys
	identities map[account]registered // registrations
	supers     map[account]super
	votes      map[account]vote
	balances   map[account][2]uint64

	exposures map[eraStash]exposure // paged form, in generation A the only form
	legacy    map[eraStash]exposure // generation B: the old form
	points    map[uint32]map[account]uint32
	rewards   map[uint32]bool
	claimed   map[eraStash][]uint32

	reported   map[eraStash]slash
	unapplied  []unapplied
	queued     map[eraStash]uint32 // fraction; generation C
	processing *eraStash
}

type (
	prefs struct {
		commission uint32
		blocked    bool
	}
	ledgerOf struct {
		stash         account
		total, active uint64
		claimed       []uint32
	}
	payee struct {
		kind string
		to   account
	}
	registered struct {
		display    []byte // nil: none
		hashed     bool
		judgements []string // by registrar 0, 1, ...
	}
	super struct {
		parent account
		name   []byte
	}
	vote struct {
		targets   []account
		submitted uint32
	}
	eraStash struct {
		era   uint32
		stash account
	}
	backing struct {
		who   account
		value uint64
	}
	exposure struct {
		own   uint64
		pages [][]backing
	}
	slash struct {
		fraction uint32
		own      uint64
	}
	unapplied struct {
		eraStash       // of the offence
		fraction, page uint32
		own            uint64
	}
)

func (e exposure) total() uint64 {
	sum := e.own
	for _, p := range e.pages {
		for _, b := range p {
			sum += b.value
		}
	}
	return sum
}

// someone is an account that is always the same for the same name.
func someone(format string, args ...any) account {
	return hash.Blake2b256(fmt.Appendf(nil, format, args...))
}

func newWorld(gen string) *world {
	return &world{
		gen: gen, active: 1000, planned: 1000, start: 1_700_000_000_000, session: 5000, now: 1_700_000_600_000,
		intentions: map[account]prefs{}, controller: map[account]account{}, ledgers: map[account]ledgerOf{},
		payees: map[account]payee{}, keys: map[account]byte{}, identities: map[account]registered{},
		supers: map[account]super{}, votes: map[account]vote{}, balances: map[account][2]uint64{},
		exposures: map[eraStash]exposure{}, legacy: map[eraStash]exposure{}, points: map[uint32]map[account]uint32{},
		rewards: map[uint32]bool{}, claimed: map[eraStash][]uint32{}, reported: map[eraStash]slash{},
		queued: map[eraStash]uint32{},
	}
}

// drawWorld draws a population with everything that can be told apart.
func drawWorld(t *rapid.T, gen string) *world {
	w := newWorld(gen)
	num := func(label string, low, high int) int { return rapid.IntRange(low, high).Draw(t, label) }
	flip := func(label string) bool { return rapid.Bool().Draw(t, label) }
	w.active = uint32(rapid.SampledFrom([]int{0, 1, 30, 84, 85, 1000}).Draw(t, "active era"))
	w.planned = w.active + uint32(num("planned", 0, 1))
	if flip("no start") {
		w.start = 0
	}
	for i := range num("candidates", 0, 8) {
		w.candidates = append(w.candidates, someone("candidate %d", i))
	}
	others := make([]account, num("others", 0, 3))
	for i := range others {
		others[i] = someone("other validator %d", i)
	}
	stashes := slices.Concat(w.candidates, others)
	pick := func(label string, of []account) []account {
		var out []account
		for i, id := range of {
			if flip(fmt.Sprintf("%s %d", label, i)) {
				out = append(out, id)
			}
		}
		return out
	}
	w.validators = pick("in the session", stashes)
	for _, id := range pick("intention", stashes) {
		w.intentions[id] = prefs{uint32(num("commission", 0, 1_000_000_000)), flip("blocked")}
	}
	for i, id := range stashes {
		w.drawBond(t, id, i)
		if gen != "A" || flip("payee") { // without an entry the default of generation A would have to be known here
			w.payees[id] = payee{rapid.SampledFrom([]string{"Staked", "Stash", "Controller", "Account", "None"}).Draw(t, "payee kind"), someone("payee %d", i)}
		}
	}
	for _, id := range pick("keys", w.candidates) {
		w.keys[id] = byte(num("key", 0, 255))
	}
	w.drawIdentities(t)
	w.drawVotes(t, stashes)
	w.drawEras(t, stashes)
	w.drawSlashes(t, stashes)
	return w
}

func (w *world) drawBond(t *rapid.T, stash account, i int) {
	amount := func(label string) uint64 { return rapid.Uint64().Draw(t, label) }
	l := ledgerOf{stash: stash, total: amount("total"), active: amount("active")}
	if w.gen != "C" {
		l.claimed = rapid.SliceOfN(rapid.Uint32Range(max(w.active, 90)-90, w.active), 0, 5).Draw(t, "claimed in the ledger")
	}
	switch rapid.IntRange(0, 4).Draw(t, "bond") {
	case 0: // not bonded
	case 1:
		w.controller[stash], w.ledgers[stash] = stash, l
	case 2:
		c := someone("controller %d", i)
		w.controller[stash], w.ledgers[c] = c, l
	case 3: // the controller has no ledger
		w.controller[stash] = someone("controller %d", i)
	case 4: // the controller's ledger is of another stash
		l.stash = someone("stranger %d", i)
		w.controller[stash], w.ledgers[someone("controller %d", i)] = someone("controller %d", i), l
	}
}

func (w *world) drawIdentities(t *rapid.T) {
	text := rapid.SampledFrom([][]byte{nil, []byte("Alice"), []byte("élan 🚀"), {0xff, 0xfe}, []byte("32 bytes of text that just fit in")[:32]})
	kinds := rapid.SampledFrom([]string{"Unknown", "FeePaid", "Reasonable", "KnownGood", "OutOfDate", "LowQuality", "Erroneous"})
	register := func(id account) {
		w.identities[id] = registered{
			display: text.Draw(t, "display"), hashed: rapid.IntRange(0, 5).Draw(t, "hashed") == 0,
			judgements: rapid.SliceOfN(kinds, 0, 3).Draw(t, "judgements"),
		}
	}
	for i, id := range w.candidates {
		parent := someone("parent %d", i%3)
		switch rapid.IntRange(0, 5).Draw(t, "identity") {
		case 0: // none
		case 1:
			register(id)
		case 2:
			register(parent)
			w.supers[id] = super{parent, text.Draw(t, "sub name")}
		case 3: // the parent has none (unless another candidate shares it)
			w.supers[id] = super{parent, text.Draw(t, "sub name")}
		case 4: // its own counts
			register(id)
			register(parent)
			w.supers[id] = super{parent, text.Draw(t, "sub name")}
		case 5: // the parent is a candidate too
			w.supers[id] = super{w.candidates[0], text.Draw(t, "sub name")}
		}
	}
}

func (w *world) drawVotes(t *rapid.T, stashes []account) {
	for i := range rapid.IntRange(0, 10).Draw(t, "nominators") {
		id := someone("nominator %d", i)
		w.drawBond(t, id, 1000+i)
		v := vote{submitted: rapid.Uint32Range(0, w.planned).Draw(t, "submitted")}
		for j, s := range stashes {
			if rapid.Bool().Draw(t, fmt.Sprintf("target %d", j)) {
				v.targets = append(v.targets, s)
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "votes") > 0 {
			w.votes[id] = v
		}
		if rapid.IntRange(0, 3).Draw(t, "ours") == 0 {
			ours := id
			if c, ok := w.controller[id]; ok && rapid.Bool().Draw(t, "by controller") {
				ours = c
			}
			w.nominators = append(w.nominators, ours)
			w.balances[id] = [2]uint64{rapid.Uint64().Draw(t, "free"), rapid.Uint64().Draw(t, "reserved")}
			w.payees[id] = payee{kind: "Stash"}
		}
	}
}

func (w *world) drawEras(t *rapid.T, stashes []account) {
	low := max(w.active, 90) - 90
	eras := rapid.SliceOfNDistinct(rapid.Uint32Range(low, w.planned), 0, 8, rapid.ID).Draw(t, "eras")
	if !slices.Contains(eras, w.active) {
		eras = append(eras, w.active)
	}
	for _, era := range eras {
		if rapid.IntRange(0, 5).Draw(t, "recorded") > 0 {
			w.points[era] = map[account]uint32{}
		}
		w.rewards[era] = rapid.IntRange(0, 4).Draw(t, "rewarded") > 0
		for _, s := range stashes {
			at := eraStash{era, s}
			if w.points[era] != nil && rapid.Bool().Draw(t, "points") {
				w.points[era][s] = rapid.Uint32Range(0, 1000).Draw(t, "points of one")
			}
			e := exposure{own: rapid.Uint64Range(0, 1000).Draw(t, "own") / 500 * 100}
			for p := range rapid.IntRange(0, 3).Draw(t, "pages") {
				e.pages = append(e.pages, []backing{{someone("backer %d", p), 7}, {someone("backer of all"), uint64(p)}})
			}
			switch form := rapid.IntRange(0, 3).Draw(t, "exposed"); {
			case form == 0:
			case w.gen == "A" && era != w.active: // nothing depends on them
			case w.gen == "B" && form == 1 && era != w.active:
				w.legacy[at] = e
			default:
				if w.gen == "A" {
					e.pages = e.pages[:min(1, len(e.pages))]
				}
				w.exposures[at] = e
			}
			if w.gen != "A" && rapid.Bool().Draw(t, "claimed") {
				w.claimed[at] = rapid.SliceOfN(rapid.Uint32Range(0, 3), 0, 4).Draw(t, "claimed pages")
			}
		}
	}
}

func (w *world) drawSlashes(t *rapid.T, stashes []account) {
	for i, s := range stashes {
		era := max(w.active, 90) - rapid.Uint32Range(0, 90).Draw(t, "era of the offence")
		if w.active < 90 {
			era = rapid.Uint32Range(0, w.active).Draw(t, "era of the offence")
		}
		at := eraStash{era, s}
		fraction := rapid.Uint32Range(1, 1_000_000_000).Draw(t, "fraction")
		what := rapid.IntRange(0, 6).Draw(t, "slash")
		if what == 1 || what == 2 || what == 5 {
			w.reported[at] = slash{fraction, rapid.Uint64().Draw(t, "slashed")}
		}
		if what == 2 || what == 3 || what == 4 {
			u := unapplied{eraStash: at, fraction: fraction, own: rapid.Uint64Range(0, 1<<62).Draw(t, "unapplied")}
			w.unapplied = append(w.unapplied, u)
			if what == 4 {
				u.page = 1
				w.unapplied = append(w.unapplied, u)
			}
		}
		if w.gen == "C" && what == 5 {
			w.queued[at] = fraction
		}
		if w.gen == "C" && what == 6 && i == 0 {
			w.processing = &at
		}
	}
}
