package gateway

import (
	"context"
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// dummyBeefy begins the keys of validators that never set a BEEFY key: the text "beef" in hexadecimal, which a migration
// of the session pallet wrote.
const dummyBeefy = "0x62656566"

func (g *Gateway) mountValidators() {
	get[noParams, LegacyValidatorSet](g, old("getValidatorSet", "/validators/current", "Newest validator set", memory.SubjectValidators).orEmpty(),
		func(ctx context.Context, _ *noParams) (any, error) {
			s, err := g.Data.ValidatorSet(ctx)
			return orNothing(LegacyValidatorSet{
				ID: id("set", s.Session), Session: uint32(s.Session), Era: uint32(s.Era), Validators: texts(s.Validators),
			}, err)
		})
	get[addressParam, int](g, old("countActiveEras", "/validators/activeeras/{address}", "Eras whose stored validator set holds an account", memory.SubjectValidators, memory.SubjectChain),
		func(ctx context.Context, in *addressParam) (any, error) {
			c, err := g.network(ctx)
			if err != nil {
				return nil, err
			}
			return g.Data.ActiveEras(ctx, own(c, in.Address))
		})
	get[noParams, []LegacyKeys](g, old("listValidators", "/validators", "Session keys of all accounts with the intention to validate", memory.SubjectValidators),
		func(ctx context.Context, _ *noParams) (any, error) {
			return g.keys(ctx, func(*memory.SessionKeys) bool { return true })
		})
	get[addressParam, LegacyKeys](g, old("getValidator", "/validator/{address}", "Session keys of one account", memory.SubjectValidators, memory.SubjectChain).orEmpty(),
		func(ctx context.Context, in *addressParam) (any, error) {
			c, err := g.network(ctx)
			if err != nil {
				return nil, err
			}
			address := own(c, in.Address)
			l, err := g.keys(ctx, func(k *memory.SessionKeys) bool { return k.Stash == address })
			if err != nil || len(l) == 0 {
				return nil, err
			}
			return l[0], nil
		})
	get[noParams, []LegacyKeys](g, old("listDummyBeefy", "/validators/beefy/dummy", "Accounts whose BEEFY key is a placeholder", memory.SubjectValidators),
		func(ctx context.Context, _ *noParams) (any, error) {
			return g.keys(ctx, func(k *memory.SessionKeys) bool { return strings.HasPrefix(beefy(k), dummyBeefy) })
		})
	get[noParams, LegacyBeefy](g, old("countBeefy", "/validators/beefy", "Validators by their BEEFY key", populationSubjects()...), g.beefyCounts)
}

// beefy is the BEEFY key, empty when there is none.
func beefy(k *memory.SessionKeys) string {
	for _, key := range k.Keys {
		if key.Name == "beefy" {
			return key.Key
		}
	}
	return ""
}

// keys are the session keys of those that are wanted.
func (g *Gateway) keys(ctx context.Context, wanted func(*memory.SessionKeys) bool) ([]LegacyKeys, error) {
	all, err := g.Data.SessionKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read session keys: %w", err)
	}
	out := []LegacyKeys{}
	for i := range all {
		k := &all[i]
		if !wanted(k) {
			continue
		}
		l := LegacyKeys{ID: id("keys", k.Stash), Address: string(k.Stash), Keys: make(map[string]string, len(k.Keys))}
		for _, key := range k.Keys {
			l.Keys[legacyKeyName(key.Name)] = key.Key
		}
		out = append(out, l)
	}
	return out, nil
}

// legacyKeyName is a runtime's name of a key as the old API writes it: para_validator becomes paraValidator.
func legacyKeyName(name string) string {
	parts := strings.Split(name, "_")
	for i := 1; i < len(parts); i++ {
		if p := parts[i]; p != "" {
			parts[i] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// beefyCounts counts validators and candidates with a real BEEFY key. One without any key has none.
func (g *Gateway) beefyCounts(ctx context.Context, _ *noParams) (any, error) {
	p, err := g.population.get(ctx)
	if err != nil {
		return nil, err
	}
	all, err := g.Data.SessionKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read session keys: %w", err)
	}
	out := LegacyBeefy{Total1KVValidatorCount: len(p.listed()), ActiveValidatorCount: len(p.active), TotalValidators: len(all)}
	real := map[programme.Address]bool{}
	for i := range all {
		key := beefy(&all[i])
		if key == "" || strings.HasPrefix(key, dummyBeefy) {
			continue
		}
		real[all[i].Stash] = true
		out.BeefyTotalValidatorCount++
		if p.active[all[i].Stash] {
			out.ActiveBeefyValidators++
		}
	}
	for _, m := range p.listed() {
		if !real[m.Stash] {
			continue
		}
		out.Beefy1KVCount++
		if p.active[m.Stash] {
			out.ActiveBeefy1KVCount++
		}
	}
	out.ActiveBeefy1KVPercentage = share(float64(out.ActiveBeefy1KVCount), float64(out.ActiveValidatorCount))
	out.ActiveBeefyPercentage = share(float64(out.ActiveBeefyValidators), float64(out.ActiveValidatorCount))
	out.TotalBeefyValidators = share(float64(out.BeefyTotalValidatorCount), float64(out.TotalValidators))
	return out, nil
}
