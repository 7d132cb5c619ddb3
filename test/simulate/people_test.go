package simulate_test

import (
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/simnet"
	"github.com/thousand-validators/otv/substrate/keys"
)

// traits are what is special about a seed: who does what at the worst moment, and how the nominators are set up.
type traits struct {
	turncoat  plan.Mode // of the plan of which a target turns bad after it was decided on
	greedy    bool      // by its commission; else it blocks nominations
	thief     bool      // somebody announces with a key of ours
	holiday   bool      // everything is paused while an announcement stands, until that is too old
	banned    bool      // the call of an announcement is put on the blacklist
	twins     bool      // a second process does the same work at the same time
	shared    bool      // one key signs for both nominators with proxies, and announces for a stranger
	unbonded  bool      // one of the nominators has nothing bonded
	proxyType string    // of the relations on chain
}

func traitsOf(seed uint64) traits {
	t := traits{
		turncoat: []plan.Mode{"", plan.Direct, plan.Delayed, "", plan.Proxy, plan.Delayed}[seed%6], greedy: seed%4 < 2,
		thief: seed%4 == 0, holiday: seed%6 == 0, banned: seed%6 == 3, twins: seed%5 < 2, shared: seed%7 < 3, unbonded: seed%4 == 1,
		proxyType: []string{"Staking", "NonTransfer", "Any"}[seed/2%3],
	}
	return t
}

// people lets people do what they do.
func (r *run) people() {
	if r.is.thief && r.step == 22 {
		r.steal()
	}
	if r.is.shared && r.step == busySteps+2 {
		r.announce(r.net.Stranger(), "somebody outside the programme announces with the key of the delayed proxy")
	}
	if r.resume != 0 && r.step >= r.resume {
		r.returned()
	}
	if r.step > busySteps {
		return // nobody surprises the programme any more
	}
	plans, err := r.all()
	if err != nil {
		return // a later step does it
	}
	for i := range plans {
		p := &plans[i]
		if p.State == plan.Announced {
			r.leave(p)
			r.ban(p)
		}
		if p.Mode == r.is.turncoat && (p.State == plan.Announced || p.Mode != plan.Delayed && p.State == plan.Planned) {
			r.betray(p)
		}
	}
}

// betray has the best target of a plan turn bad, once.
func (r *run) betray(p *plan.Plan) {
	if r.traitor != 0 {
		return
	}
	list := r.net.Candidates()
	i := slices.IndexFunc(list, func(c simnet.Candidate) bool { return programme.Address(c.Address()) == p.Targets[0] })
	if i < 0 {
		return
	}
	how := map[string]any{"commission": uint32(0), "blocked": true}
	if r.is.greedy && p.Mode == plan.Delayed {
		how = map[string]any{"commission": uint32(300_000_000), "blocked": false}
	}
	r.traitor, r.turned = list[i].Slot, list[i].Stash
	r.betrayed, _ = r.net.Staking().Head()
	r.note("%s, a target of a plan that is %s, sets %v", list[i].Name, p.State, how)
	if p.Mode != plan.Delayed && r.seed/6%2 == 1 {
		r.begin("no-dry-run") // which would tell in time
	}
	if err := r.net.Act(list[i].Slot, "Staking", "validate", how); err != nil {
		r.note("it could not: %v", err)
	}
}

// steal announces something with the key of the delayed proxy, as a thief would.
func (r *run) steal() {
	for _, n := range r.net.Nominators() {
		if n.Delay > 0 {
			r.announce(n.Account, "a thief announces with the key of the delayed proxy")
		}
	}
}

// announce announces a call with the key of the delayed proxy, behind the programme's back.
func (r *run) announce(on [32]byte, what string) {
	for _, n := range r.net.Nominators() {
		if n.Delay == 0 {
			continue
		}
		key, err := keys.FromURI(n.Seed, keys.Sr25519)
		if err == nil {
			err = r.net.Staking().Act(key, "Proxy", "announce", on, [32]byte{0xbad % 256, byte(r.seed)})
			key.Wipe()
		}
		if err == nil {
			r.foreign++
		}
		r.note("%s: %v", what, err)
	}
}

// leave pauses everything until the announcement of a plan is too old to be executed, once.
func (r *run) leave(p *plan.Plan) {
	if !r.is.holiday || r.resume != 0 || r.acting == nil {
		return
	}
	_, err := r.acting.Pause(r.ctx, "", "operator", "holiday")
	r.resume, r.paused.From = r.step+int(p.Delay)+youngest+4, r.now()
	r.note("the operator pauses everything: %v", err)
}

func (r *run) returned() {
	if r.acting == nil || r.paused.To != 0 {
		return
	}
	err := r.acting.Resume(r.ctx, "", "operator", "back")
	r.paused.To = r.now()
	r.note("the operator resumes: %v", err)
}

// ban puts the call of a plan on the blacklist, for which the programme has to be started again.
func (r *run) ban(p *plan.Plan) {
	if !r.is.banned || r.blacklist != nil {
		return
	}
	r.blacklist = []string{p.CallHash}
	r.note("the call %s is put on the blacklist", p.CallHash)
	r.restart()
}

// meet lets the other process do its work in the middle of something.
func (r *run) meet() {
	if r.twin == nil || r.rng.IntN(5) != 0 {
		return
	}
	r.tried("the other process looks", r.twin.Look(r.ctx))
}
