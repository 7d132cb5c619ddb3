package web

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/thousand-validators/otv/internal/health"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// statusView is what the status page says.
type statusView struct {
	Ready      bool
	Missing    []string
	Paused     []pauseView // for all nominators
	Network    *networkView
	Nominators []nominatorView
	Round      *roundView
	Jobs       []jobView
	Running    int // jobs
	Parts      partsView
	Sources    partsView
	Alerts     []alertView
}

type networkView struct {
	Name, Chain, Symbol string
	Era, Session        string
	Percent             int // of the era that has passed
	Ends                *moment
	Left                string // until then
	Overdue             bool   // it should have ended; no look at the chain has told so far
	Blocks              []blockView
	Updated             *moment
	Counts              []figure
}

type blockView struct{ Role, Chain, Number, Spec string }

// figure is a number with its name.
type figure struct{ Name, Value string }

type pauseView struct {
	Author, Reason string
	At             *moment
}

type roundView struct {
	Number, Digest, Era, Block, BlockHash, Record string
	At                                            *moment
	Counts                                        []figure
	Tripped                                       []string
}

type jobView struct {
	Name, Status, Schedule, Iteration, Text string
	Class                                   string // good, bad, busy, off
	Percent                                 int
	Runs                                    string
	Ended                                   *moment
}

// partsView are things with a state; When says what their moments are.
type partsView struct {
	When string
	List []partView
}

type partView struct {
	Name, State, Class, Text string
	Since                    *moment
}

type alertView struct {
	Code, Text string
	Count      int
	Last       *moment
}

// status makes the page.
func (s *Site) status(ctx context.Context, now time.Time) (title, network string, v any, err error) {
	f, err := readStatus(ctx, s.Data, s.Label)
	if err != nil {
		return "", "", nil, err
	}
	network = s.Label
	if f.Chain != nil {
		network = f.Chain.Name
	}
	return "Status", network, s.statusView(&f, s.Health(), now), nil
}

// statusView says what the facts come to at a moment.
func (s *Site) statusView(f *statusFacts, h health.Report, now time.Time) *statusView {
	v := &statusView{Ready: h.Ready, Parts: partsView{When: "since"}, Sources: partsView{When: "last good:"}}
	if s.Details {
		v.Missing = h.Missing
	}
	names := map[programme.Address]string{}
	for _, c := range f.Candidates {
		if c.Listed() || names[c.Stash] == "" {
			names[c.Stash] = c.Name
		}
	}
	for _, p := range f.Pauses {
		if p.Nominator == "" {
			v.Paused = append(v.Paused, pauseOf(p))
		}
	}
	if f.Chain != nil {
		v.Network = networkOf(f.Chain, f.Era, now)
	}
	slices.SortStableFunc(f.Nominators, func(a, b memory.Nominator) int { return a.Order - b.Order })
	for i := range f.Nominators {
		if n := &f.Nominators[i]; n.Removed == 0 {
			v.Nominators = append(v.Nominators, s.nominatorOf(n, f, names, now))
		}
	}
	if f.Round != nil {
		v.Round = s.roundOf(f.Round)
	}
	for i := range f.Jobs {
		j := jobOf(&f.Jobs[i])
		if j.Class == classBusy {
			v.Running++
		}
		v.Jobs = append(v.Jobs, j)
	}
	for _, p := range h.Parts {
		m := momentOf(p.Since)
		if !s.Details {
			p.Text = ""
		}
		v.Parts.List = append(v.Parts.List, partView{Name: p.Name, State: string(p.State), Class: partClass(p.State), Text: p.Text, Since: &m})
	}
	for i := range f.Sources {
		x := &f.Sources[i]
		class := map[programme.SourceState]string{
			programme.SourceOK: classGood, programme.SourceOff: classOff, programme.SourceDown: classBad,
		}[x.State]
		if class == "" {
			class = classBusy
		}
		v.Sources.List = append(v.Sources.List, partView{Name: x.Name, State: string(x.State), Class: class, Text: x.Detail, Since: at(x.Good)})
	}
	slices.SortStableFunc(f.Alerts, func(a, b plan.Warning) int { return int(b.Last - a.Last) })
	for _, a := range f.Alerts[:min(len(f.Alerts), alertsShown)] {
		v.Alerts = append(v.Alerts, alertView{a.Code, a.Text, a.Count, at(a.Last)})
	}
	return v
}

// How something is doing, as a class of style. The words beside it say the same.
const (
	classGood = "good"
	classBusy = "busy"
	classBad  = "bad"
	classOff  = "off"
)

func partClass(s health.State) string {
	switch s {
	case health.OK:
		return classGood
	case health.Off:
		return classOff
	case health.Down:
		return classBad
	}
	return classBusy
}

func pauseOf(p plan.Pause) pauseView { return pauseView{p.Author, p.Reason, at(p.At)} }

func networkOf(c *memory.Chain, e *memory.EraStatistics, now time.Time) *networkView {
	v := &networkView{
		Name: c.Name, Chain: c.Chain, Symbol: c.Symbol, Era: number(c.Eras.Active), Session: number(c.Eras.Session), Updated: at(c.Updated),
	}
	if c.Eras.ActiveStart > 0 && c.Eras.EraLength > 0 {
		passed := programme.Millis(now.UnixMilli()) - c.Eras.ActiveStart
		v.Percent = int(math.Floor(100 * float64(min(max(passed, 0), c.Eras.EraLength)) / float64(c.Eras.EraLength)))
		end := c.Eras.ActiveStart + c.Eras.EraLength
		if v.Overdue = !now.Before(end.Time()); !v.Overdue {
			v.Ends, v.Left = at(end), span(end.Time().Sub(now))
		}
	}
	roles := map[string]string{programme.RoleStaking: "staking", programme.RoleSession: "sessions", programme.RoleIdentity: "identities"}
	for _, b := range c.Blocks {
		spec := b.SpecName + " " + number(b.SpecVersion)
		if k := len(v.Blocks); k > 0 && v.Blocks[k-1].Chain == b.Chain {
			v.Blocks[k-1].Role += ", " + roles[b.Role]
			continue
		}
		v.Blocks = append(v.Blocks, blockView{roles[b.Role], b.Chain, number(b.Number), spec})
	}
	if e != nil {
		v.Counts = []figure{
			{"listed", number(e.Listed)}, {"valid", number(e.Valid)}, {"active", number(e.Active)}, {"with KYC", number(e.KYC)},
		}
	}
	return v
}

func (s *Site) roundOf(r *memory.Round) *roundView {
	v := &roundView{
		Number: number(r.Number), Digest: r.Digest, Era: number(r.Era), Block: number(r.Block), BlockHash: r.BlockHash, At: at(r.At), Tripped: r.Tripped,
		Counts: []figure{
			{"listed", number(r.Counts.Listed)}, {"valid", number(r.Counts.Valid)}, {"invalid", number(r.Counts.Invalid)},
			{"unknown", number(r.Counts.Unknown)}, {"scored", number(r.Counts.Scored)}, {"nominators due", number(r.Counts.Nominators)},
			{"seats", number(r.Counts.Seats)}, {"assigned", number(r.Counts.Assigned)},
		},
	}
	if s.Record != nil {
		v.Record = s.Record(r.Digest)
	}
	return v
}

func jobOf(j *memory.Job) jobView {
	v := jobView{
		Name: j.Name, Status: string(j.Status), Schedule: j.Schedule, Iteration: j.Iteration, Text: j.Result, Runs: number(j.Runs), Ended: at(j.Ended),
		Percent: int(math.Round(min(max(j.Progress, 0), 100))),
	}
	switch j.Status {
	case memory.JobRunning:
		v.Class = classBusy
	case memory.JobErrored:
		v.Class, v.Text = classBad, j.Error
	case memory.JobFinished:
		v.Class, v.Percent, v.Iteration = classGood, 100, ""
	default:
		v.Class, v.Percent = classOff, 0
		if j.Error != "" {
			v.Text = j.Error
		}
	}
	return v
}
