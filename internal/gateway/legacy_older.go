package gateway

import (
	"context"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// LegacyNode is a node on telemetry.
type LegacyNode struct {
	Name           string `json:"name"`
	Version        string `json:"version,omitempty"`
	Implementation string `json:"implementation,omitempty"`
	VPN            *bool  `json:"vpn,omitempty"`
	CPU            string `json:"cpu,omitempty"`
	Memory         string `json:"memory,omitempty" doc:"bytes"`
	CoreCount      string `json:"coreCount,omitempty"`
	VM             *bool  `json:"vm,omitempty"`
	Region         string `json:"region,omitempty"`
	Country        string `json:"country,omitempty"`
	Provider       string `json:"provider,omitempty"`
}

// LegacyAccounting is what an account was paid.
type LegacyAccounting struct {
	ID         string                `json:"_id"`
	Stash      string                `json:"stash"`
	Controller string                `json:"controller"`
	Total      string                `json:"total" doc:"tokens, as text"`
	Records    []LegacyAccountRecord `json:"records"`
	V          int                   `json:"__v"`
}

// LegacyAccountRecord is what an account was paid for an era.
type LegacyAccountRecord struct {
	ID     string  `json:"_id"`
	Era    string  `json:"era" doc:"an era, as text"`
	Reward float64 `json:"reward" doc:"tokens"`
	Block  uint32  `json:"block"`
}

// mountOlder mounts routes that only older versions of the old backend had, as far as there are facts for them.
func (g *Gateway) mountOlder() {
	get[noParams, []LegacyNode](g, old("listNodes", "/nodes", "Nodes of candidates, as far as telemetry shows them", populationSubjects()...),
		fromPopulation(g, func(p *population, _ *noParams) (any, error) {
			out := []LegacyNode{}
			for _, m := range p.listed() {
				if m.node == nil || m.node.FirstSeen == 0 {
					continue
				}
				n := LegacyNode{Name: m.Name, Version: m.node.Version, Implementation: m.node.Implementation}
				n.CPU, n.Memory, n.CoreCount, n.VM = hardware(m.node.Hardware)
				if l := m.place; l != nil {
					n.VPN, n.Region, n.Country, n.Provider = l.Place.VPN, l.Place.Region, l.Place.Country, l.Place.Provider
				}
				out = append(out, n)
			}
			return out, nil
		}))
	subjects := append(populationSubjects(), memory.SubjectRewards)
	get[addressParam, LegacyAccounting](g, old("getAccounting", "/accounting/{address}", "What an account was paid, by era", subjects...).orEmpty(), g.accounting)
}

// accounting adds up what an account was paid. A controller is looked up by the candidate it belongs to.
func (g *Gateway) accounting(ctx context.Context, in *addressParam) (any, error) {
	p, err := g.population.get(ctx)
	if err != nil {
		return nil, err
	}
	stash := p.address(in.Address)
	controller := stash
	if i := slices.IndexFunc(p.slots, func(m member) bool { return m.controller() == stash }); i >= 0 && p.of(stash) == nil {
		stash = p.slots[i].Stash
	} else if m := p.of(stash); m != nil && m.controller() != "" {
		controller = m.controller()
	}
	out := LegacyAccounting{ID: id("accounting", stash), Stash: string(stash), Controller: string(controller), Records: []LegacyAccountRecord{}}
	total := programme.Planck{}
	err = g.Data.Rewards(ctx, memory.RewardFilter{Account: stash}, func(r memory.Reward) error {
		total = total.Add(r.Amount)
		out.Records = append(out.Records, LegacyAccountRecord{
			ID: id("record", r.Era, r.Validator, r.Page, r.Account), Era: fmt.Sprint(r.Era), Reward: tokens(r.Amount, p.decimals), Block: r.Block,
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rewards: %w", err)
	}
	if len(out.Records) == 0 {
		return nil, nil
	}
	out.Total = fmt.Sprint(tokens(total, p.decimals))
	return out, nil
}

// controller is the account that controls the member's stash, empty when it is not known.
func (m *member) controller() programme.Address {
	if m.standing == nil || m.standing.Chain == nil {
		return ""
	}
	return m.standing.Chain.Bond.Controller
}

// named finds a listed candidate by its stash or, as older versions did, by its telemetry name.
func (p *population) named(text string) *member {
	if m := p.of(p.address(text)); m != nil {
		return m
	}
	for _, m := range p.listed() {
		if m.Name == text {
			return m
		}
	}
	return nil
}
