package nominator_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/nominator/fakechain"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store"
	"github.com/thousand-validators/otv/substrate/keys"
)

// effects are the nominations in final blocks from start on.
func (r *rig) effects(start uint32) []fakechain.Effect {
	return slices.DeleteFunc(r.chain.Effects(), func(e fakechain.Effect) bool { return e.Number < start })
}

// broken compares the chain with the database and says which promise is broken: that nothing is signed without a stored
// intent, that nobody nominates twice in an era, and that what is called a success is one. It holds at any moment.
func (r *rig) broken(s *store.Store, start uint32, submitted int) string {
	ctx := context.Background()
	intents, err := s.Intents(ctx, plan.IntentFilter{})
	if err != nil {
		return err.Error()
	}
	stored := map[string]plan.Intent{}
	for _, i := range intents {
		stored[i.Hash] = i
	}
	for _, x := range r.chain.Submitted()[submitted:] {
		h := "0x" + hex.EncodeToString(x.Hash[:])
		i, ok := stored[h]
		switch {
		case !ok:
			return fmt.Sprintf("the transaction %s (%s) was submitted without a stored intent", h, x.Call)
		case i.Status == plan.Prepared || i.Status == plan.Abandoned:
			return fmt.Sprintf("the transaction %s (%s) was submitted, its intent is %s", h, x.Call, i.Status)
		}
	}
	count := map[string]bool{}
	for _, e := range r.effects(start) {
		k := fmt.Sprintf("%s in era %d", r.who(e.Stash), e.Era)
		if count[k] {
			return "two nominations by " + k
		}
		count[k] = true
	}
	plans, err := s.Plans(ctx, plan.Filter{})
	if err != nil {
		return err.Error()
	}
	for _, p := range plans {
		if p.State == plan.Succeeded && !slices.ContainsFunc(r.effects(start), func(e fakechain.Effect) bool { return r.isOf(e, &p) }) {
			return fmt.Sprintf("the plan of %s succeeded in block %d without an effect", p.Nominator, p.Effect.Number)
		}
	}
	return ""
}

// unexplained names a nomination on chain without a plan that succeeded. It holds when everything has come to rest.
func (r *rig) unexplained(s *store.Store, start uint32) string {
	plans, err := s.Plans(context.Background(), plan.Filter{})
	if err != nil {
		return err.Error()
	}
	for _, e := range r.effects(start) {
		if !slices.ContainsFunc(plans, func(p plan.Plan) bool { return p.State == plan.Succeeded && r.isOf(e, &p) }) {
			return fmt.Sprintf("the nomination of %s in block %d has no plan that succeeded", r.who(e.Stash), e.Number)
		}
	}
	return ""
}

// isOf reports whether a nomination can be the one of a plan.
func (r *rig) isOf(e fakechain.Effect, p *plan.Plan) bool {
	var targets []programme.Address
	for _, id := range e.Targets {
		targets = append(targets, programme.Address(ss58Of(r.prefix, id)))
	}
	return r.who(e.Stash) == p.Nominator && e.Number <= p.Effect.Number && plan.SameSet(targets, p.Targets)
}

func (r *rig) who(id fakechain.ID) programme.Address {
	for _, p := range []*keys.Pair{r.direct, r.proxied, r.delayed} {
		if p.AccountID() == id {
			return r.address(p)
		}
	}
	return "somebody else"
}
