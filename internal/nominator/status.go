package nominator

import (
	"context"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// The public states of a nominator, by the names that consumers of the old backend know.
const (
	StateNominated     = "Nominated"
	StateReady         = "Ready to Nominate"
	StateNominating    = "Nominating"
	StateAwaiting      = "Awaiting Proxy Execution"
	StateNotNominating = "Not Nominating"
)

// Status is how one nominator stands.
type Status struct {
	Nominator programme.Address `json:"nominator"`
	Stash     programme.Address `json:"stash"`
	Signer    programme.Address `json:"signer,omitempty"`
	Proxy     bool              `json:"proxy"`
	HasKey    bool              `json:"hasKey"`
	// Type and Delay are those of the proxy relation on chain.
	Type   string           `json:"proxyType,omitempty"`
	Delay  uint32           `json:"delay"`
	Bonded bool             `json:"bonded"`
	Active programme.Planck `json:"active"`
	// Targets are those on chain, set in the planned era SubmittedIn.
	Targets     []programme.Address `json:"targets"`
	SubmittedIn programme.Era       `json:"submittedIn"`
	State       string              `json:"state"`
	// Problem is what keeps it from nominating; empty when nothing does.
	Problem string      `json:"problem,omitempty"`
	Plan    *plan.Plan  `json:"plan,omitempty"`
	Pause   *plan.Pause `json:"pause,omitempty"`
}

// Statuses tell how all nominators stand at the newest finalised block. A nominator is ready when so many eras have
// passed since its last nomination.
func (s *Service) Statuses(ctx context.Context, eras programme.Era) (plan.Head, []Status, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	head, err := s.head(ctx)
	if err != nil {
		return head, nil, err
	}
	open, err := s.Store.Plans(ctx, plan.Filter{Network: s.info.Genesis, Open: true})
	if err != nil {
		return head, nil, err
	}
	pauses, err := s.Store.Pauses(ctx)
	if err != nil {
		return head, nil, err
	}
	var out []Status
	for i := range s.Accounts {
		w, err := s.world(ctx, head, &s.Accounts[i], nil)
		if err != nil {
			return head, nil, fmt.Errorf("nominator %s: %w", s.Accounts[i].Nominator, err)
		}
		out = append(out, w.status(open, pauses, eras))
	}
	return head, out, nil
}

func (w *world) status(open []plan.Plan, pauses []plan.Pause, eras programme.Era) Status {
	a := w.account
	x := Status{
		Nominator: a.Nominator, Stash: w.bonded.Stash, Signer: a.Signer, Proxy: a.Proxy, HasKey: a.Key != nil,
		Bonded: w.bonded.OK, Active: w.bonded.Active, Targets: w.bonded.Targets, SubmittedIn: w.bonded.SubmittedIn,
	}
	for i := range open {
		if open[i].Nominator == a.Nominator && open[i].Mode != plan.Removal {
			x.Plan = &open[i]
		}
	}
	for i := range pauses {
		if pauses[i].Nominator == "" || sameAccount(pauses[i].Nominator, a.Nominator) {
			x.Pause = &pauses[i]
		}
	}
	switch {
	case !x.Bonded:
		x.Problem = "it is not bonded: it controls no staking ledger"
	case !x.HasKey:
		x.Problem = "there is no key for it"
	case !a.Proxy && a.Signer != a.Nominator:
		x.Problem = fmt.Sprintf("the configured key is that of %s", a.Signer)
	case a.Proxy:
		r, problem := w.relation()
		x.Type, x.Delay, x.Problem = r.Type, r.Delay, problem
	}
	x.State = w.state(x.Plan, eras)
	return x
}

func (w *world) state(p *plan.Plan, eras programme.Era) string {
	switch {
	case p != nil && p.Announcement != nil:
		return StateAwaiting
	case p != nil && p.Tx != nil:
		return StateNominating
	case w.bonded.OK && (len(w.bonded.Targets) == 0 || w.head.Era >= w.bonded.SubmittedIn+max(eras, 1)):
		return StateReady
	case len(w.bonded.Targets) == 0:
		return StateNotNominating
	}
	return StateNominated
}
