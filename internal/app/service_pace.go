package app

import (
	"time"

	"github.com/thousand-validators/otv/internal/presence/feed"
)

// Pace is how often a process does what it does by itself, by the machine's clock. Zero values are the defaults;
// whoever runs a process in a world whose time passes faster sets shorter ones.
type Pace struct {
	// List is the time between two reloads of the candidate list: 5 min. Candidates is the time after which a process
	// notices that the stored ones have changed: 5 s.
	List, Candidates time.Duration
	// Sources is the time between two refreshes of outside sources that no job asks, and of locations: 15 min. Locate is
	// the shortest time between two rounds of look-ups that new sightings cause: 1 min.
	Sources, Locate time.Duration
	// Feed is the shortest time between two looks at candidates whose nodes have changed: 5 min.
	Feed time.Duration
	// FeedTiming and Flush are those of presence.Options.
	FeedTiming feed.Timing
	Flush      time.Duration
	// Poll, Beat and Silence are Poll, Beat and Lease of jobs.Options.
	Poll, Beat, Silence time.Duration
	// Lease is how long another process of the same role may be silent before this one takes over: 15 s.
	Lease time.Duration
	// Ping is the time between two looks whether the database answers: 5 s.
	Ping time.Duration
	// Figures is the time between two readings of what is counted in the database: 15 s.
	Figures time.Duration
}

func (p Pace) withDefaults() Pace {
	for _, d := range []struct {
		have *time.Duration
		want time.Duration
	}{
		{&p.List, 5 * time.Minute}, {&p.Candidates, 5 * time.Second}, {&p.Sources, 15 * time.Minute}, {&p.Locate, time.Minute},
		{&p.Feed, 5 * time.Minute}, {&p.Lease, 15 * time.Second}, {&p.Figures, 15 * time.Second}, {&p.Ping, 5 * time.Second},
	} {
		if *d.have == 0 {
			*d.have = d.want
		}
	}
	return p
}
