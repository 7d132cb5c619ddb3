package simulate_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/thousand-validators/otv/internal/nominator"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/programme/rank"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/internal/simnet/simchain"
)

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errBroken, fmt.Sprintf(format, args...))
}

// check compares chain and database with the promises. It holds after every step.
func (r *run) check() error {
	plans, err := r.all()
	if err != nil {
		return err
	}
	intents, err := r.db.Intents(r.ctx, plan.IntentFilter{})
	if err != nil {
		return err
	}
	err = errors.Join(r.explained(intents), r.decided(plans), r.once(plans), r.honest(plans, intents), r.signing(plans, intents))
	if r.step%8 != 4 { // what changes with the jobs only
		return err
	}
	return errors.Join(err, r.ranks(), r.presence(), r.verdicts())
}

// explained: whatever our keys have signed has an intent that was stored before, and a document that explains it and, for
// a round, recomputes to the same bytes.
func (r *run) explained(intents []plan.Intent) error {
	ours := map[simchain.Account]bool{}
	for _, n := range r.net.Nominators() {
		ours[n.Signer] = true
	}
	stored := map[string]*plan.Intent{}
	for i := range intents {
		stored[intents[i].Hash] = &intents[i]
	}
	unknown := 0
	for _, t := range r.net.Staking().Transactions() {
		if !ours[t.Signer] {
			continue
		}
		i := stored["0x"+hex.EncodeToString(t.Hash[:])]
		if i == nil && unknown < r.foreign {
			unknown++
			continue
		}
		switch {
		case r.mode() != nominator.ModeAct:
			return broken("the transaction %x was signed although act.mode is %s", t.Hash, r.mode())
		case i == nil:
			return broken("the transaction %x in block %d has no intent", t.Hash, t.Number)
		case i.Status == plan.Prepared || i.Status == plan.Abandoned || i.Status == plan.Expired:
			return broken("the transaction %x is in block %d, its intent is %s", t.Hash, t.Number, i.Status)
		}
		if _, err := r.document(i.Round); err != nil {
			return broken("nothing explains the transaction %x: %v", t.Hash, err)
		}
	}
	return nil
}

// document reads what explains plans, the record of a round or an order, and verifies it. It returns the targets that a
// record gives to each nominator.
func (r *run) document(digest string) (map[programme.Address][]programme.Address, error) {
	if targets, known := r.records[digest]; known {
		return targets, nil
	}
	doc, err := r.db.Document(r.ctx, digest)
	if err != nil {
		return nil, err
	}
	targets := map[programme.Address][]programme.Address{}
	if doc.Kind == plan.DocumentRound {
		rec, err := decision.Verify(doc.Bytes)
		if err != nil {
			return nil, fmt.Errorf("the record %s does not recompute: %w", digest, err)
		}
		for _, n := range rec.Decision.Nominators {
			targets[n.Address] = n.Targets
		}
	}
	r.records[digest] = targets
	return targets, nil
}

// effects are the final nominations by our nominators.
func (r *run) effects() []simchain.Nominated {
	ours := map[simchain.Account]bool{}
	for _, n := range r.net.Nominators() {
		ours[n.Account] = true
	}
	return slices.DeleteFunc(r.net.Staking().Nominations(), func(n simchain.Nominated) bool { return !ours[n.Stash] })
}

// once: nobody nominates twice in an era.
func (r *run) once(plans []plan.Plan) error {
	seen := map[string]uint32{}
	for _, e := range r.effects() {
		k := fmt.Sprintf("%s in era %d", r.address(e.Stash), e.Era)
		if first, twice := seen[k]; twice {
			return broken("%s nominated in blocks %d and %d", k, first, e.Number)
		}
		seen[k] = e.Number
	}
	open := map[programme.Address]int{}
	for _, p := range plans {
		if !p.State.Closed() && p.Mode != plan.Removal {
			if open[p.Nominator]++; open[p.Nominator] > 1 {
				return broken("%s has two open plans", p.Nominator)
			}
		}
	}
	return nil
}

// honest: what is called a success is one, and what was sent was fit to succeed.
func (r *run) honest(plans []plan.Plan, intents []plan.Intent) error {
	effects := r.effects()
	surprised := r.surprised(intents)
	for _, p := range plans {
		switch p.State {
		case plan.Succeeded:
			if !slices.ContainsFunc(effects, func(e simchain.Nominated) bool { return r.isOf(e, &p) }) {
				return broken("the plan of %s (%s) succeeded without an effect: %s", p.Nominator, p.Mode, p.Reason)
			}
		case plan.Failed:
			for _, bad := range []string{"Unannounced", "NotProxy", "BadTarget", "inside failed", "failed in block"} {
				if surprised[p.Key] {
					continue
				}
				if strings.Contains(p.Reason, bad) {
					return broken("the plan of %s (%s) sent what could not succeed: %s", p.Nominator, p.Mode, p.Reason)
				}
			}
		}
	}
	return nil
}

// surprised are the plans whose last transaction was made on a block before the one in which a target turned bad: nobody
// could have known.
func (r *run) surprised(intents []plan.Intent) map[plan.Key]bool {
	if r.traitor == 0 {
		return nil
	}
	known := uint32(math.MaxUint32)
	for _, t := range r.net.Staking().Transactions() {
		if t.Signer == r.turned && t.Number > r.betrayed {
			known = t.Number
			break
		}
	}
	births := map[plan.Key]uint32{}
	for i := range intents {
		births[intents[i].Key] = max(births[intents[i].Key], intents[i].Birth)
	}
	out := map[plan.Key]bool{}
	for k, birth := range births {
		out[k] = birth < known
	}
	return out
}

// signing: nothing is signed for those who cannot nominate, during a pause, twice at a time with one key, or for an
// announcement that is too young or too old.
func (r *run) signing(plans []plan.Plan, intents []plan.Intent) error {
	byKey := map[plan.Key]*plan.Plan{}
	for i := range plans {
		byKey[plans[i].Key] = &plans[i]
	}
	for _, n := range r.net.Nominators() {
		if i := slices.IndexFunc(plans, func(p plan.Plan) bool { return p.Nominator == programme.Address(n.Address()) }); n.Unbonded && i >= 0 {
			return broken("%s has nothing bonded, but a plan", n.Address())
		}
	}
	type use struct {
		signer programme.Address
		nonce  uint64
	}
	nonces := map[use]string{}
	for i := range intents {
		n := &intents[i]
		if n.Hash == "" {
			continue // it was not signed
		}
		if from := r.paused.From; from != 0 && n.Created > from && (r.paused.To == 0 || n.Created <= r.paused.To) {
			return broken("%s was signed at %s, during a pause", n.Kind, n.Created)
		}
		if u := (use{n.Signer, n.Nonce}); n.Status.Open() || n.Status == plan.Done || n.Status == plan.Failing {
			if first := nonces[u]; first != "" {
				return broken("the key %s has signed %s and %s with the nonce %d", n.Signer, first, n.Kind, n.Nonce)
			}
			nonces[u] = string(n.Kind)
		}
		p := byKey[n.Key]
		if n.Kind != plan.KindExecute || p == nil || p.Announcement == nil || p.Announcement.Number == 0 {
			continue
		}
		// The relay chain's clock and the own one may be some blocks apart.
		age := int(n.Birth) - int(p.Announcement.Number)
		if age < int(p.Delay)-2 || age > max(int(p.Delay)*6/5, int(p.Delay)+youngest)+4 {
			return broken("an announcement with a delay of %d blocks was executed %d blocks after it was made", p.Delay, age)
		}
	}
	return nil
}

// isOf reports whether a nomination can be that of a plan.
func (r *run) isOf(e simchain.Nominated, p *plan.Plan) bool {
	var targets []programme.Address
	for _, id := range e.Targets {
		targets = append(targets, r.address(id))
	}
	return r.address(e.Stash) == p.Nominator && p.Effect != nil && e.Number <= p.Effect.Number && plan.SameSet(targets, p.Targets)
}

// ranks: a rank is what its events come to.
func (r *run) ranks() error {
	rankings, err := r.db.Rankings(r.ctx)
	if err != nil {
		return err
	}
	events, err := r.db.RankEvents(r.ctx)
	if err != nil {
		return err
	}
	bySlot := map[int][]rank.Event{}
	for _, e := range events {
		bySlot[e.Slot] = append(bySlot[e.Slot], e.Event)
	}
	have := map[int]memory.Ranking{}
	for _, x := range rankings {
		have[x.Slot] = x
	}
	for slot, list := range bySlot {
		s, _, err := rank.Fold(list)
		if err != nil {
			return broken("the events of slot %d: %v", slot, err)
		}
		x := have[slot]
		if x.Rank != s.Rank || x.Faults != s.Faults || (x.Suspend != nil) != (s.Suspend != nil) {
			return broken("slot %d has rank %d with %d faults, its events come to %d with %d", slot, x.Rank, x.Faults, s.Rank, s.Faults)
		}
	}
	return nil
}

// slack is how far apart the moments may be at which a node goes and at which that is seen.
const slack = 6 * 6_000 // a few blocks, in ms

// presence: nobody is charged for time in which its node was there.
func (r *run) presence() error {
	rules, err := r.cfg.Rules("")
	if err != nil {
		return err
	}
	f, err := presence.Read(r.ctx, r.db, rules.Limits.OfflineWindow, r.now())
	if err != nil {
		return err
	}
	blind := f.Source.Blindness(r.now())
	for _, c := range r.net.Candidates() {
		if c.Behaviour == simnet.Renames {
			continue // its node is there under a name that is not listed
		}
		for _, iv := range f.Candidates[c.Slot].Charged(blind, rules.Limits.DisconnectionGrace, r.now()) {
			to := iv.To
			if to == 0 {
				to = r.now()
			}
			var away programme.Millis
			for _, t := range r.truth[c.Slot] {
				end := t.To
				if end == 0 {
					end = r.now()
				}
				away += max(0, min(end+slack, to)-max(t.From-slack, iv.From))
			}
			if away < to-iv.From {
				return broken("%s is charged for %s to %s, its node was away %v", c.Name, iv.From, iv.To, r.truth[c.Slot])
			}
		}
	}
	return nil
}

// verdicts: what is not known is never held against anybody. Candidates that do nothing wrong fail no check, unless a node
// lied, which nobody can see from a single one.
func (r *run) verdicts() error {
	if r.step-r.lied < 2*sessionBlocks {
		return nil
	}
	standings, err := r.db.Standings(r.ctx)
	if err != nil {
		return err
	}
	steady := map[int]string{}
	for _, c := range r.net.Candidates() {
		if c.Slot == r.traitor {
			continue
		}
		if c.Behaviour == simnet.Steady && c.Super == (simchain.Account{}) {
			steady[c.Slot] = c.Name
		}
	}
	for i := range standings {
		s := &standings[i]
		if steady[s.Slot] == "" {
			continue
		}
		for _, v := range s.Verdicts {
			if v.State == programme.Fail {
				return broken("%s, which does nothing wrong, fails %s: %s", steady[s.Slot], v.Code, v.Detail)
			}
		}
	}
	return nil
}

// decided: the targets of a plan are those that its record gives the nominator.
func (r *run) decided(plans []plan.Plan) error {
	for _, p := range plans {
		if p.Mode == plan.Removal {
			continue
		}
		targets, err := r.document(p.Round)
		if err != nil {
			return broken("nothing explains the plan of %s: %v", p.Nominator, err)
		}
		if !plan.SameSet(targets[p.Nominator], p.Targets) {
			return broken("the plan of %s is not what its record decided", p.Nominator)
		}
	}
	return nil
}
