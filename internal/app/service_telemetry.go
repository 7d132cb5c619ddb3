package app

import (
	"context"
	"sync"
	"time"

	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/jobs"
	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/sources/location"
)

// telemetryPart is the name of the feeds on the health board.
const telemetryPart = "telemetry feed"

// runTelemetry watches the feeds for the candidates, and has their nodes located.
func (p *process) runTelemetry(ctx context.Context, ready func()) error {
	p.board.Add(telemetryPart, false)
	ready()
	if !p.cfg.Telemetry.Enable {
		p.board.Set(telemetryPart, health.Off, "telemetry.enable is false")
		<-ctx.Done()
		return nil
	}
	db := p.database.get()
	changed := jobs.NewNudge(p.Pace.Feed, func(ctx context.Context) {
		if err := p.trigger(ctx, jobs.OnFeed); err != nil && ctx.Err() == nil {
			p.log.Error("nodes have changed, and jobs could not be asked for; their schedules make up for it", "error", err)
		}
	})
	seen := &sightings{nodes: map[int]presence.Sighting{}}
	located := jobs.NewNudge(p.Pace.Locate, func(ctx context.Context) {
		if p.locate(ctx, seen) {
			changed.Tell()
		}
	})
	w := presence.NewWatcher(presence.Options{
		Feeds: []string{p.cfg.Telemetry.Host}, Chains: p.cfg.Telemetry.Chains, Grace: p.grace(), Memory: noting{db, changed.Tell},
		Sighted: func(list []presence.Sighting) {
			seen.add(list)
			located.Tell()
		},
		Timing: p.Pace.FeedTiming, Flush: p.Pace.Flush, Now: p.Now, Logger: p.log.With("component", "telemetry"),
	})
	if err := p.show(ctx, w); err != nil {
		return err
	}
	var group sync.WaitGroup
	defer group.Wait()
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	group.Go(func() { changed.Run(own) })
	group.Go(func() { located.Run(own) })
	group.Go(func() { p.follow(own, w, located) })
	return w.Run(ctx)
}

// grace is how long a node may be away before it is an outage.
func (p *process) grace() programme.Millis {
	rules, err := p.cfg.Rules("")
	if err != nil { // the configuration was checked with them
		return 0
	}
	return rules.Limits.DisconnectionGrace
}

// show tells the watcher who is listed.
func (p *process) show(ctx context.Context, w *presence.Watcher) error {
	all, err := p.database.get().Candidates(ctx)
	if err != nil {
		return err
	}
	var list []presence.Candidate
	for i := range all {
		if all[i].Listed() {
			list = append(list, presence.Candidate{Slot: all[i].Slot, Name: all[i].Name})
		}
	}
	w.SetCandidates(list)
	return nil
}

// follow keeps the watcher's list as the stored one is, tells how the feeds do, and has locations confirmed.
func (p *process) follow(ctx context.Context, w *presence.Watcher, located *jobs.Nudge) {
	tick := time.NewTicker(p.Pace.Candidates)
	defer tick.Stop()
	confirm := time.NewTicker(p.Pace.Sources)
	defer confirm.Stop()
	for {
		p.feeds(w.Health())
		select {
		case <-ctx.Done():
			return
		case <-confirm.C:
			located.Tell()
		case <-tick.C:
			if err := p.show(ctx, w); err != nil && ctx.Err() == nil {
				p.log.Debug("the candidates could not be read; those read last are watched for", "component", "telemetry", "error", err)
			}
		}
	}
}

// feeds puts on the board how the feeds do.
func (p *process) feeds(h presence.Health) {
	up := false
	for _, f := range h.Feeds {
		up = up || f.Dark == 0
	}
	p.metrics.Telemetry(up)
	switch {
	case !h.Running || len(h.Feeds) == 0:
		p.board.Set(telemetryPart, health.Starting, "not connected yet")
	case !up:
		p.board.Set(telemetryPart, health.Down, h.Feeds[0].Reason)
	case h.SaveError != "":
		p.board.Set(telemetryPart, health.Degraded, "presence is not stored: "+h.SaveError)
	case h.Blind != 0:
		p.board.Set(telemetryPart, health.Degraded, h.Reason)
	default:
		p.board.Set(telemetryPart, health.OK, "")
	}
}

// noting is a memory of presence that tells when nodes came, went or changed.
type noting struct {
	presence.Memory
	changed func()
}

// SavePresence implements the memory of the watcher.
func (n noting) SavePresence(ctx context.Context, b memory.PresenceBatch) error {
	err := n.Memory.SavePresence(ctx, b)
	if err == nil && len(b.Slots)+len(b.Outages)+len(b.DroppedOutages) > 0 {
		n.changed()
	}
	return err
}

// sightings are where nodes that are connected report from. They are kept in memory only.
type sightings struct {
	mu    sync.Mutex
	nodes map[int]presence.Sighting // by slot
}

func (s *sightings) add(list []presence.Sighting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range list {
		s.nodes[x.Slot] = x
	}
}

// of gives the sighting of each slot, and forgets those of slots that are not connected.
func (s *sightings) of(connected map[int]bool) map[int]presence.Sighting {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[int]presence.Sighting{}
	for slot, x := range s.nodes {
		if !connected[slot] {
			delete(s.nodes, slot)
			continue
		}
		out[slot] = x
	}
	return out
}

// locate has the nodes of all candidates located, and reports whether one is found in another place than before.
func (p *process) locate(ctx context.Context, seen *sightings) bool {
	s, ok := p.sources.now()
	if !ok || s.Location == nil {
		return false
	}
	log := p.log.With("component", "location")
	db := p.database.get()
	before, err := db.Versions(ctx)
	var all []memory.Candidate
	if err == nil {
		all, err = db.Candidates(ctx)
	}
	if err == nil {
		var h memory.PresenceHistory
		if h, err = db.PresenceSince(ctx, programme.Millis(p.Now().UnixMilli())); err == nil {
			connected := map[int]bool{}
			for i := range h.Slots {
				connected[h.Slots[i].Slot] = h.Slots[i].Live > 0
			}
			err = s.Location.Refresh(ctx, nodes(all, seen.of(connected)))
		}
	}
	if err != nil && ctx.Err() == nil {
		log.Warn("not all nodes were located; what is known stays", "error", err)
	}
	after, err := db.Versions(ctx)
	return err == nil && after[memory.SubjectLocations] != before[memory.SubjectLocations]
}

// nodes are the listed candidates with what is known of their nodes.
func nodes(all []memory.Candidate, seen map[int]presence.Sighting) []location.Node {
	var out []location.Node
	for i := range all {
		c := &all[i]
		if !c.Listed() {
			continue
		}
		n := location.Node{Slot: c.Slot, Stash: c.Stash, Name: c.Name}
		if x, ok := seen[c.Slot]; ok {
			n.Addr = x.IP
			if x.Location != nil {
				n.City = x.Location.City
			}
		}
		out = append(out, n)
	}
	return out
}
