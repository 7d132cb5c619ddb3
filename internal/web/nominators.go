package web

import (
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

type nominatorView struct {
	ID      string // of the element
	Address string
	Short   string
	Mode    string
	Bonded  string
	Targets []targetView
	Last    *moment
	Paused  []pauseView
	Plan    *planView // open, or the newest
}

type targetView struct {
	Name, Address, Short string
	Known                bool // in the candidate list
}

// planView is a plan and, while an announcement waits, when it can be executed.
type planView struct {
	State, Class, Reason, Note string
	Open                       bool
	Round                      string
	Targets                    []targetView
	Updated                    *moment
	Wait                       *waitView
}

// waitView is a wait that counts in blocks.
type waitView struct {
	Announced, Executable, Left string // block numbers
	Percent                     int
	Until                       *moment // estimate
	Time                        string  // until then
}

// stakingGenesis names the chain with staking, "" when no block of it is known.
func stakingGenesis(c *memory.Chain) string {
	if b := blockOf(c, programme.RoleStaking); b != nil {
		return b.Genesis
	}
	return ""
}

func blockOf(c *memory.Chain, role string) *programme.ChainBlock {
	for i := range c.Blocks {
		if c.Blocks[i].Role == role {
			return &c.Blocks[i]
		}
	}
	return nil
}

func (s *Site) nominatorOf(n *memory.Nominator, f *statusFacts, names map[programme.Address]string, now time.Time) nominatorView {
	v := nominatorView{ID: "nominator-" + string(n.Address), Address: string(n.Address), Short: short(n.Address), Last: at(n.Last)}
	switch {
	case n.Proxy == "":
		v.Mode = string(plan.Direct)
	case n.Delay == 0:
		v.Mode = string(plan.Proxy)
	default:
		v.Mode = delayed(n.Delay)
	}
	if f.Chain != nil {
		v.Bonded = tokens(n.Chain.Bond.Active, f.Chain.Decimals, f.Chain.Symbol)
	}
	onChain, seen := n.Chain.Targets, n.Updated
	for _, p := range f.Pauses {
		if string(p.Nominator) == v.Address {
			v.Paused = append(v.Paused, pauseOf(p))
		}
	}
	for i := range f.Plans { // newest first
		if p := &f.Plans[i]; string(p.Nominator) == v.Address && p.Mode != plan.Removal {
			v.Plan = s.planOf(p, f.Chain, names, now)
			if p.State == plan.Succeeded && p.Updated > seen { // which means that they were read back from the chain
				onChain = p.Targets
			}
			if p.Mode == plan.Delayed && p.Delay > 0 { // as the chain has it
				v.Mode = delayed(p.Delay)
			}
			break
		}
	}
	v.Targets = targetsOf(onChain, names)
	return v
}

func delayed(blocks uint32) string { return fmt.Sprintf("%s, %s blocks", plan.Delayed, number(blocks)) }

func targetsOf(list []programme.Address, names map[programme.Address]string) []targetView {
	var out []targetView
	for _, t := range list {
		name := names[t]
		out = append(out, targetView{name, string(t), short(t), name != ""})
	}
	return out
}

func (s *Site) planOf(p *plan.Plan, c *memory.Chain, names map[programme.Address]string, now time.Time) *planView {
	v := &planView{
		State: string(p.State), Reason: p.Reason, Note: p.Note, Open: !p.State.Closed(), Round: p.Round, Targets: targetsOf(p.Targets, names),
		Updated: at(p.Updated), Class: classBusy,
	}
	switch p.State {
	case plan.Succeeded:
		v.Class = classGood
	case plan.Failed:
		v.Class = classBad
	case plan.Cancelled:
		v.Class = classOff
	}
	if v.Open && p.Announcement != nil && c != nil {
		v.Wait = s.waitOf(p, c, now)
	}
	return v
}

// waitOf estimates when an announcement can be executed, from the newest block that is known and the time that has
// passed since.
func (s *Site) waitOf(p *plan.Plan, c *memory.Chain, now time.Time) *waitView {
	role := programme.RoleStaking
	if p.Announcement.Clock == plan.ClockRelay {
		role = programme.RoleSession
	}
	b := blockOf(c, role)
	if b == nil || p.Announcement.Clock == plan.ClockUnknown {
		return nil
	}
	from, to := uint64(p.Announcement.Height), plan.ExecutableAt(p.Announcement.Height, p.Delay)
	until := b.Time.Time().Add(time.Duration(int64(to)-int64(b.Number)) * s.BlockTime)
	left := max(until.Sub(now), 0)
	blocks := uint64((left + s.BlockTime - 1) / s.BlockTime)
	whole := to - from
	passed := whole - min(blocks, whole)
	m := momentOf(until)
	return &waitView{
		Announced: number(int64(from)), Executable: number(int64(to)), Left: number(int64(blocks)), Percent: int(100 * passed / max(whole, 1)),
		Until: &m, Time: span(left),
	}
}
