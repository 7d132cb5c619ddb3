package chain

import (
	"cmp"
	"encoding/hex"
	"math/big"
	"slices"
	"unicode/utf8"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/substrate/ss58"
)

// prediction tells what a snapshot of a world must say, in the plainest way.
type prediction struct {
	*world
	prefix uint16
	keyset []string
}

func (p prediction) address(id account) programme.Address {
	return programme.Address(ss58.EncodeAccount(p.prefix, id))
}

func sortedAddresses(list []programme.Address) []programme.Address {
	slices.Sort(list)
	return list
}

// facts fills in all of a snapshot but network, topology, blocks, limits and what the metadata alone decides of the eras.
func (p prediction) facts(s *programme.Snapshot) {
	s.Eras.Active, s.Eras.Planned = programme.Era(p.active), programme.Era(p.planned)
	s.Eras.ActiveStart, s.Eras.Session = programme.Millis(p.start), programme.Session(p.session)
	for _, id := range p.validators {
		s.ValidatorSet = append(s.ValidatorSet, p.address(id))
	}
	sortedAddresses(s.ValidatorSet)
	s.IntentionCount = len(p.intentions)
	exposures := p.exposures
	for at, e := range exposures {
		if at.era == p.active {
			s.Elected = append(s.Elected, programme.Elected{Stash: p.address(at.stash), Total: programme.NewPlanck(e.total())})
		}
	}
	slices.SortFunc(s.Elected, func(a, b programme.Elected) int { return cmp.Compare(a.Stash, b.Stash) })
	for era := range p.points {
		if p.inWindow(era) {
			total := uint32(0)
			for _, n := range p.points[era] {
				total += n
			}
			s.PointEras = append(s.PointEras, programme.EraTotal{Era: programme.Era(era), Total: total})
		}
	}
	slices.SortFunc(s.PointEras, func(a, b programme.EraTotal) int { return cmp.Compare(a.Era, b.Era) })
	seen := map[account]bool{}
	for _, id := range p.candidates {
		if !seen[id] {
			seen[id] = true
			s.Candidates = append(s.Candidates, p.candidate(id))
		}
	}
	slices.SortFunc(s.Candidates, func(a, b programme.ChainCandidate) int { return cmp.Compare(a.Stash, b.Stash) })
	for id, v := range p.votes {
		b := programme.Backer{Stash: p.address(id)}
		for _, t := range v.targets {
			if slices.Contains(p.candidates, t) {
				b.Targets = append(b.Targets, p.address(t))
			}
		}
		if len(b.Targets) == 0 {
			continue
		}
		sortedAddresses(b.Targets)
		if l, _, ok := p.ledger(id); ok {
			b.Active = programme.NewPlanck(l.active)
		}
		s.Backers = append(s.Backers, b)
	}
	slices.SortFunc(s.Backers, func(a, b programme.Backer) int { return cmp.Compare(a.Stash, b.Stash) })
	for _, id := range p.nominators {
		s.Nominators = append(s.Nominators, p.nominator(id))
	}
}

// inWindow tells whether an era is one of the complete eras looked at: at most 84, and in the history of 84 eras.
func (p prediction) inWindow(era uint32) bool {
	return era < p.active && era+84 >= p.active && era+84 >= p.planned
}

func (p prediction) ledger(stash account) (ledgerOf, account, bool) {
	c, ok := p.controller[stash]
	if !ok {
		return ledgerOf{}, account{}, false
	}
	l, ok := p.ledgers[c]
	return l, c, ok && l.stash == stash
}

func (p prediction) bond(stash account) programme.Bond {
	l, c, ok := p.ledger(stash)
	if !ok {
		return programme.Bond{}
	}
	return programme.Bond{Bonded: true, Controller: p.address(c), Total: programme.NewPlanck(l.total), Active: programme.NewPlanck(l.active)}
}

func (p prediction) payee(stash account) string {
	d, ok := p.payees[stash]
	switch {
	case ok && d.kind == "Account":
		return string(p.address(d.to))
	case ok:
		return d.kind
	}
	if _, _, bonded := p.ledger(stash); bonded && p.gen == "A" {
		return "Staked" // the default of generation A
	}
	return ""
}

func (p prediction) candidate(id account) programme.ChainCandidate {
	c := programme.ChainCandidate{Stash: p.address(id), Bond: p.bond(id), Payee: p.payee(id)}
	if i, ok := p.intentions[id]; ok {
		c.Intention = programme.Intention{Present: true, Commission: programme.Perbill(i.commission), Blocked: i.blocked}
	}
	if b, ok := p.keys[id]; ok {
		for _, name := range p.keyset {
			c.Keys = append(c.Keys, programme.SessionKey{Name: name, Key: "0x" + hex.EncodeToString(slices.Repeat([]byte{b}, keySize(name)))})
		}
	}
	c.Identity = p.identity(id)
	if e, ok := p.exposures[eraStash{p.active, id}]; ok {
		c.Exposure = p.exposure(e)
	}
	for era, points := range p.points {
		if n := points[id]; n > 0 && p.inWindow(era) {
			if c.Points == nil {
				c.Points = map[programme.Era]uint32{}
			}
			c.Points[programme.Era(era)] = n
			if u, open := p.unclaimed(era, id); open {
				c.Unclaimed = append(c.Unclaimed, u)
			}
		}
	}
	slices.SortFunc(c.Unclaimed, func(a, b programme.UnclaimedEra) int { return cmp.Compare(a.Era, b.Era) })
	c.Slashes = p.slashes(id)
	return c
}

func (p prediction) identity(id account) *programme.Identity {
	judgements := func(r registered) []programme.Judgement {
		var list []programme.Judgement
		for i, kind := range r.judgements {
			list = append(list, programme.Judgement{Registrar: uint32(i), Kind: kind})
		}
		return list
	}
	if r, ok := p.identities[id]; ok {
		return &programme.Identity{Display: shown(r.display, r.hashed), Judgements: judgements(r)}
	}
	s, ok := p.supers[id]
	if !ok {
		return nil
	}
	r, ok := p.identities[s.parent]
	if !ok {
		return nil
	}
	return &programme.Identity{
		Display: shown(r.display, r.hashed) + " / " + shown(s.name, false), Super: p.address(s.parent), Judgements: judgements(r),
	}
}

func shown(b []byte, hashed bool) string {
	if hashed {
		b = slices.Repeat([]byte{0xab}, 32)
	}
	if hashed || !utf8.Valid(b) {
		return "0x" + hex.EncodeToString(b)
	}
	return string(b)
}

func (p prediction) exposure(e exposure) *programme.Exposure {
	sums := map[account]uint64{}
	for _, page := range e.pages {
		for _, b := range page {
			sums[b.who] += b.value
		}
	}
	out := &programme.Exposure{Total: programme.NewPlanck(e.total()), Own: programme.NewPlanck(e.own)}
	for id, v := range sums {
		out.Others = append(out.Others, programme.Backing{Who: p.address(id), Value: programme.NewPlanck(v)})
	}
	slices.SortFunc(out.Others, func(a, b programme.Backing) int { return cmp.Compare(a.Who, b.Who) })
	return out
}

func (p prediction) unclaimed(era uint32, id account) (programme.UnclaimedEra, bool) {
	if !p.rewards[era] {
		return programme.UnclaimedEra{}, false
	}
	l, _, bonded := p.ledger(id)
	if bonded && slices.Contains(l.claimed, era) {
		return programme.UnclaimedEra{}, false
	}
	if p.gen == "A" {
		return programme.UnclaimedEra{Era: programme.Era(era), Pages: 1}, bonded
	}
	pages := 0
	if e, ok := p.exposures[eraStash{era, id}]; ok {
		pages = len(e.pages)
		if pages == 0 && e.own > 0 {
			pages = 1
		}
	} else if _, ok := p.legacy[eraStash{era, id}]; ok {
		pages = 1
	}
	u := programme.UnclaimedEra{Era: programme.Era(era), Pages: uint32(pages)}
	for i := range uint32(pages) {
		if slices.Contains(p.claimed[eraStash{era, id}], i) {
			u.Claimed = append(u.Claimed, i)
		}
	}
	return u, len(u.Claimed) < pages
}

func (p prediction) slashes(id account) []programme.Slash {
	byEra := map[uint32]programme.Slash{}
	for _, u := range p.unapplied {
		if u.stash == id {
			s := byEra[u.era]
			s.Own = s.Own.Add(programme.NewPlanck(u.own))
			if p.gen == "C" {
				s.Fraction = programme.Perbill(u.fraction)
			}
			byEra[u.era] = s
		}
	}
	for at, fraction := range p.queued {
		if at.stash == id {
			byEra[at.era] = programme.Slash{Fraction: programme.Perbill(fraction)}
		}
	}
	if at := p.processing; at != nil && at.stash == id {
		byEra[at.era] = programme.Slash{Fraction: 77}
	}
	for at, r := range p.reported {
		if at.stash == id {
			_, open := byEra[at.era]
			s := programme.Slash{Fraction: programme.Perbill(r.fraction), Own: programme.NewPlanck(r.own), Applied: !open}
			if p.gen == "C" { // the entry holds the stake, not the slash
				s.Own = fractionOf(r.fraction, r.own)
			}
			byEra[at.era] = s
		}
	}
	var list []programme.Slash
	for era, s := range byEra {
		s.Era = programme.Era(era)
		if s.Era >= programme.Era(max(p.active, 84)-84) && s.Era+84 >= programme.Era(p.planned) {
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b programme.Slash) int { return cmp.Compare(a.Era, b.Era) })
	return list
}

func fractionOf(fraction uint32, of uint64) programme.Planck {
	r := new(big.Rat).Mul(new(big.Rat).SetUint64(of), big.NewRat(int64(fraction), 1_000_000_000))
	whole := new(big.Int).Quo(r.Num(), r.Denom())
	rest := new(big.Rat).Sub(r, new(big.Rat).SetInt(whole))
	if rest.Cmp(big.NewRat(1, 2)) > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	v, _ := programme.PlanckFromBig(whole)
	return v
}

func (p prediction) nominator(id account) programme.ChainNominator {
	stash, bond := id, p.bond(id)
	if l, ok := p.ledgers[id]; ok {
		stash = l.stash
		bond = programme.Bond{Bonded: true, Controller: p.address(id), Total: programme.NewPlanck(l.total), Active: programme.NewPlanck(l.active)}
	}
	n := programme.ChainNominator{Address: p.address(id), Stash: p.address(stash), Bond: bond, Payee: p.payee(stash)}
	if n.Payee == "" && bond.Bonded && p.gen == "A" {
		n.Payee = "Staked"
	}
	n.Free, n.Reserved = programme.NewPlanck(p.balances[stash][0]), programme.NewPlanck(p.balances[stash][1])
	if v, ok := p.votes[stash]; ok {
		n.SubmittedIn = programme.Era(v.submitted)
		for _, t := range v.targets {
			n.Targets = append(n.Targets, p.address(t))
		}
		sortedAddresses(n.Targets)
	}
	return n
}
