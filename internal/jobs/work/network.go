package work

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/rounds"
)

// nominatorStake notes who backs the candidates, exposed or not.
func (b *Bench) nominatorStake(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	for _, part := range []programme.Part{programme.PartExposures, programme.PartBackers} {
		if gap, ok := v.Snapshot().Gaps[part]; ok {
			return "", fmt.Errorf("%s could not be read: %s", part, gap)
		}
	}
	list := stakes(v)
	for i, s := range list {
		half(r, i+1, len(list), string(s.Stash))
	}
	if err := b.Memory.SaveStakes(ctx, list); err != nil {
		return "", err
	}
	return fmt.Sprintf("stake behind %d candidates in era %d", len(list), v.Snapshot().Eras.Active), nil
}

// stakes are those behind the candidates of a view, by stash.
func stakes(v *rounds.View) []memory.Stake {
	s := v.Snapshot()
	waiting := map[programme.Address][]programme.Backing{}
	for i := range s.Backers {
		for _, t := range s.Backers[i].Targets {
			waiting[t] = append(waiting[t], programme.Backing{Who: s.Backers[i].Stash, Value: s.Backers[i].Active})
		}
	}
	var list []memory.Stake
	for i := range s.Candidates {
		c := &s.Candidates[i]
		x := memory.Stake{Stash: c.Stash, Era: s.Eras.Active, Updated: v.Staking.Time}
		exposed := map[programme.Address]bool{}
		if c.Exposure != nil {
			x.Total, x.Active = c.Exposure.Total, c.Exposure.Others
			for _, o := range c.Exposure.Others {
				exposed[o.Who] = true
			}
		}
		for _, w := range waiting[c.Stash] {
			if !exposed[w.Who] {
				x.Waiting = append(x.Waiting, w)
				x.Inactive = x.Inactive.Add(w.Value)
			}
		}
		list = append(list, x)
	}
	return list
}

// locationStats counts nodes by place.
func (b *Bench) locationStats(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	stats := memory.LocationStatistics{Session: v.Snapshot().Eras.Session, At: v.Staking.Time}
	var places [4]map[string]int
	for k := range places {
		places[k] = map[string]int{}
	}
	for i := range v.Inputs.Candidates {
		c := &v.Inputs.Candidates[i]
		half(r, i+1, len(v.Inputs.Candidates), c.Name)
		l := c.Location
		if l == nil || !complete(l) {
			continue
		}
		stats.Nodes++
		for k, name := range []string{l.City, l.Region, l.Country, l.Provider} {
			places[k][name]++
		}
	}
	for k, out := range []struct {
		list     *[]programme.Place
		variance *float64
	}{
		{&stats.Cities, &stats.CityVariance}, {&stats.Regions, &stats.RegionVariance},
		{&stats.Countries, &stats.CountryVariance}, {&stats.Providers, &stats.ProviderVariance},
	} {
		*out.list = ranked(places[k])
		*out.variance = variance(*out.list)
	}
	stats.Decentralisation = (stats.CityVariance + stats.RegionVariance + stats.CountryVariance + stats.ProviderVariance) / 4
	if err := b.Memory.SaveLocationStatistics(ctx, stats); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d candidates have a complete location in session %d", stats.Nodes, len(v.Inputs.Candidates), stats.Session), nil
}

func complete(l *programme.Location) bool {
	for _, name := range []string{l.City, l.Region, l.Country, l.Provider} {
		if name == "" || name == programme.NonePlace {
			return false
		}
	}
	return true
}

// ranked lists places with most nodes first.
func ranked(m map[string]int) []programme.Place {
	var list []programme.Place
	for _, name := range sorted(m) {
		list = append(list, programme.Place{Name: name, Nodes: m[name]})
	}
	slices.SortStableFunc(list, func(a, b programme.Place) int { return cmp.Compare(b.Nodes, a.Nodes) })
	return list
}

// variance is the population variance of the numbers of nodes.
func variance(list []programme.Place) float64 {
	if len(list) == 0 {
		return 0
	}
	var sum float64
	for _, p := range list {
		sum += float64(p.Nodes)
	}
	mean := sum / float64(len(list))
	var squares float64
	for _, p := range list {
		d := float64(p.Nodes) - mean
		squares += float64(d * d)
	}
	return squares / float64(len(list))
}

// monitor looks for a new client release.
func (b *Bench) monitor(ctx context.Context, r *jobs.Run) (string, error) {
	r.Progress(0, 1, "asking for releases")
	before := b.newest
	newest, err := b.Monitor.Refresh(ctx)
	if err != nil {
		return "", err
	}
	b.newest = newest
	if newest != before && newest != "" {
		if err := b.trigger(ctx, jobs.OnRelease); err != nil {
			return "", err
		}
	}
	if newest == "" {
		return "no release is known", nil
	}
	return "the newest release is " + newest, nil
}

// blockData searches blocks.
func (b *Bench) blockData(ctx context.Context, r *jobs.Run) (string, error) {
	return b.Indexer.Index(ctx, func(done, total int, block uint32) { r.Progress(done, total, fmt.Sprintf("block %d", block)) })
}

// scorekeeper holds a round when a nominator is due, and notes how the nominators stand.
func (b *Bench) scorekeeper(ctx context.Context, r *jobs.Run) (string, error) {
	held, err := b.Rounds.Hold(ctx, b.Force, reading(r))
	if err != nil {
		return "", err
	}
	b.Force = false
	half(r, 1, 2, held.Reason)
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	if err := b.Memory.SaveNominators(ctx, nominators(v)); err != nil {
		return "", err
	}
	return held.Reason, nil
}

func nominators(v *rounds.View) []memory.Nominator {
	facts := map[programme.Address]programme.ChainNominator{}
	for _, n := range v.Snapshot().Nominators {
		facts[n.Address] = n
	}
	list := make([]memory.Nominator, len(v.Inputs.Nominators))
	for i, n := range v.Inputs.Nominators {
		list[i] = memory.Nominator{Nominator: n, Chain: facts[n.Address], Order: i, Updated: v.Staking.Time}
	}
	return list
}

// execution moves open plans on: what is due is sent, and what was sent is settled.
func (b *Bench) execution(ctx context.Context, r *jobs.Run) (string, error) {
	r.Progress(0, 1, "looking at plans and announcements")
	if err := b.Nominator.Look(ctx); err != nil {
		return "", err
	}
	return "all plans were compared with the chain", nil
}

// cancel removes announcements that are not wanted. The same look finds them that moves plans on.
func (b *Bench) cancel(ctx context.Context, r *jobs.Run) (string, error) {
	r.Progress(0, 1, "looking at announcements")
	if err := b.Nominator.Look(ctx); err != nil {
		return "", err
	}
	return "all announcements were compared with the plans", nil
}

// staleEras is the age in eras from which a nomination is called stale.
const staleEras = 8

// AlertStale is the code of the alert about a nomination that has become old.
const AlertStale = "stale-nomination"

// stale warns of nominations that have become old, once an era.
func (b *Bench) stale(ctx context.Context, r *jobs.Run) (string, error) {
	v, err := b.view(ctx, r)
	if err != nil {
		return "", err
	}
	s := v.Snapshot()
	found := 0
	var errs []error
	for i := range s.Nominators {
		n := &s.Nominators[i]
		half(r, i+1, len(s.Nominators), string(n.Address))
		if !n.Bond.Bonded || n.Bond.Active.Cmp(v.Inputs.Rules.Limits.MinNominatorBond) <= 0 || open(v, n.Address) {
			continue
		}
		if s.Eras.Active <= n.SubmittedIn+staleEras {
			continue
		}
		found++
		text := fmt.Sprintf("the nomination of %s is of era %d, the active era is %d", n.Address, n.SubmittedIn, s.Eras.Active)
		if len(n.Targets) == 0 {
			text = fmt.Sprintf("%s is bonded and nominates nobody", n.Address)
		}
		_, err := b.Memory.RaiseAlert(ctx, plan.Warning{
			Network: s.Network.Genesis, Code: AlertStale, Subject: string(n.Address), Nominator: n.Address, Era: s.Eras.Active, Text: text,
			At: programme.Millis(b.Now().UnixMilli()),
		})
		errs = append(errs, err)
	}
	return fmt.Sprintf("%d of %d nominations are older than %d eras", found, len(s.Nominators), staleEras), errors.Join(errs...)
}

func open(v *rounds.View, a programme.Address) bool {
	return slices.ContainsFunc(v.Inputs.Nominators, func(n programme.Nominator) bool { return n.Address == a && n.Open })
}
