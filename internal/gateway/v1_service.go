package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/thousand-validators/otv/internal/presence"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/rank"
	"github.com/thousand-validators/otv/internal/programme/scoring"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

// Job is the state of one job.
type Job struct {
	Name      string           `json:"name"`
	Status    memory.JobStatus `json:"status" enum:"Not Running,started,running,errored,finished"`
	Enabled   bool             `json:"enabled"`
	Schedule  string           `json:"schedule,omitempty" doc:"six fields, seconds first"`
	Runs      int64            `json:"runs" doc:"that ended"`
	Started   *time.Time       `json:"started"`
	Ended     *time.Time       `json:"ended"`
	Updated   *time.Time       `json:"updated"`
	Progress  float64          `json:"progress" doc:"percent"`
	Iteration string           `json:"iteration,omitempty"`
	Result    string           `json:"result,omitempty"`
	Error     string           `json:"error,omitempty"`
}

// Source is an origin of facts and how it is doing.
type Source struct {
	Name     string                `json:"name"`
	State    programme.SourceState `json:"state" enum:"ok,off,absent,down"`
	Detail   string                `json:"detail,omitempty"`
	Good     *time.Time            `json:"good" doc:"newest good value"`
	Tried    *time.Time            `json:"tried,omitempty"`
	Failures int                   `json:"failures" doc:"since the newest good value"`
	Retry    *time.Time            `json:"retry,omitempty" doc:"not asked again before"`
	Round    *SourceInRound        `json:"round,omitempty" doc:"what the newest round was decided with"`
}

// SourceInRound is the state of a source at the moment a round's inputs were frozen.
type SourceInRound struct {
	State  programme.SourceState `json:"state" enum:"ok,off,absent,down"`
	Detail string                `json:"detail,omitempty"`
	At     *time.Time            `json:"at"`
}

// Glossary explains what appears in decisions.
type Glossary struct {
	Checks   []GlossaryCheck    `json:"checks"`
	Factors  []GlossaryFactor   `json:"factors"`
	Faults   []rank.Type        `json:"faults"`
	States   []GlossaryWord     `json:"states"`
	Advice   []GlossaryWord     `json:"advice"`
	Switches programme.Switches `json:"switches" doc:"of the rule set"`
	Brakes   programme.Brakes   `json:"brakes" doc:"shares are percent of the listed candidates"`
	Profile  string             `json:"profile"`
}

// GlossaryCheck is a check in words, with its limits as configured.
type GlossaryCheck struct {
	Code     programme.Code         `json:"code"`
	Title    string                 `json:"title"`
	Question string                 `json:"question"`
	Sources  []programme.SourceName `json:"sources"`
	Limits   map[string]any         `json:"limits"`
	Switches []string               `json:"switches"`
}

// GlossaryFactor is a factor of the score with its weight as configured.
type GlossaryFactor struct {
	Factor    programme.Factor  `json:"factor"`
	Weight    float64           `json:"weight"`
	WeightKey string            `json:"weightKey"`
	Direction scoring.Direction `json:"direction" enum:"low,high,subtract,all"`
	Low       float64           `json:"low" doc:"quantile at and below which a value counts as least"`
	High      float64           `json:"high" doc:"quantile at and above which a value counts as most"`
	Unit      string            `json:"unit,omitempty"`
	Meaning   string            `json:"meaning"`
}

// GlossaryWord is a word with its meaning.
type GlossaryWord struct {
	Word    string `json:"word"`
	Meaning string `json:"meaning"`
}

func (g *Gateway) mountV1Service() {
	type query struct{ Paging }
	listing(g, v1("Jobs", "/jobs", "How the jobs are doing"), func(in *query) *Paging { return &in.Paging }, func(j *Job) string { return j.Name },
		func(ctx context.Context, _ *query) ([]Job, error) {
			all, err := g.jobs(ctx)
			out := make([]Job, len(all))
			for i, j := range all {
				out[i] = Job{j.Name, j.Status, j.Enabled, j.Schedule, j.Runs, moment(j.Started), moment(j.Ended), moment(j.Updated), j.Progress, j.Iteration, j.Result, j.Error}
			}
			return out, err
		})
	listing(g, v1("Sources", "/sources", "Where facts come from, and how these sources are doing", memory.SubjectSources, memory.SubjectPresence, memory.SubjectRounds, memory.SubjectChain),
		func(in *query) *Paging { return &in.Paging }, func(s *Source) string { return s.Name },
		func(ctx context.Context, _ *query) ([]Source, error) { return g.sources(ctx) })
	get[noParams, Glossary](g, v1("Glossary", "/glossary", "What checks, factors, states and advice mean, with the limits and weights that are configured"),
		func(context.Context, *noParams) (any, error) { return g.glossary() })
}

// sources are all origins of facts, those of rounds first.
func (g *Gateway) sources(ctx context.Context) ([]Source, error) {
	var out []Source
	newest, err := g.parsed(ctx, "latest")
	switch {
	case err == nil:
		for _, s := range newest.record.Inputs.Sources {
			out = append(out, Source{
				Name: string(s.Name), State: s.State, Detail: s.Detail, Good: moment(s.At), Round: &SourceInRound{s.State, s.Detail, moment(s.At)},
			})
		}
	case !is404(err):
		return nil, err
	}
	find := func(name string) *Source {
		for i := range out {
			if out[i].Name == name {
				return &out[i]
			}
		}
		out = append(out, Source{Name: name})
		return &out[len(out)-1]
	}
	healths, err := g.Data.SourceHealths(ctx, g.Network)
	if err != nil {
		return nil, fmt.Errorf("read the health of sources: %w", err)
	}
	for _, h := range healths {
		s := find(h.Name)
		s.State, s.Detail, s.Good, s.Tried, s.Failures, s.Retry = h.State, h.Detail, moment(h.Good), moment(h.Tried), h.Failures, moment(h.Retry)
	}
	seen, err := g.Data.PresenceSince(ctx, programme.Millis(g.Now().UnixMilli()))
	if err != nil {
		return nil, fmt.Errorf("read presence: %w", err)
	}
	if seen.Observer.Seen != 0 {
		feed := presence.Report(&seen, programme.Millis(g.Now().UnixMilli())).Source
		s := find(string(feed.Name))
		s.State, s.Detail, s.Good = feed.State, feed.Detail, moment(feed.At)
	}
	return out, nil
}

// noSuch reports whether a single thing that was asked for is not there.
func noSuch(err error) bool { return errors.Is(err, ErrNone) }

// is404 reports whether an error says that to clients.
func is404(err error) bool {
	var p interface{ GetStatus() int }
	return errors.As(err, &p) && p.GetStatus() == 404
}

func (g *Gateway) glossary() (*Glossary, error) {
	limits, err := tagged(g.Rules.Limits)
	if err != nil {
		return nil, err
	}
	out := &Glossary{
		Faults: rank.Types(), Switches: g.Rules.Switches, Brakes: g.Rules.Brakes, Profile: string(g.Rules.Profile),
		States: []GlossaryWord{
			{string(programme.Pass), "The check's demand is met."},
			{string(programme.Fail), "The check's demand is not met."},
			{string(programme.Unknown), "The source did not tell. It is never a fault: an earlier answer stands in for a while."},
			{string(programme.NotApplicable), "The check does not apply to this candidate, or is switched off."},
		},
		Advice: []GlossaryWord{
			{string(decision.AdviceBrake), "The round as a whole must not be acted on."},
			{string(decision.AdviceCheck), "A check fails, or will."},
			{string(decision.AdviceSource), "A check is unknown: a source must tell first."},
			{string(decision.AdviceSeat), "No nominator has a seat to give."},
			{string(decision.AdviceScore), "The score is too low for the seats there are."},
			{string(decision.AdviceFactor), "A part of the score has room to grow."},
			{string(decision.AdviceNothing), "It is nominated."},
		},
	}
	for _, c := range validity.Catalogue() {
		word := GlossaryCheck{Code: c.Code, Title: c.Title, Question: c.Question, Sources: c.Sources, Limits: map[string]any{}, Switches: list(c.Switches)}
		for _, name := range c.Limits {
			word.Limits[name] = limits[name]
		}
		out.Checks = append(out.Checks, word)
	}
	weights := weightsOf(g.Rules.Weights)
	for _, f := range scoring.Factors() {
		out.Factors = append(out.Factors, GlossaryFactor{f.Factor, weights[f.Factor], f.WeightKey, f.Direction, f.Low, f.High, f.Unit, f.Meaning})
	}
	return out, nil
}

// tagged is a struct as a map by its JSON names.
func tagged(v any) (map[string]any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	err = d.Decode(&out)
	return out, err
}

// weightsOf are the weights by factor.
func weightsOf(w programme.Weights) map[programme.Factor]float64 {
	return map[programme.Factor]float64{
		programme.FactorInclusion: w.Inclusion, programme.FactorSpanInclusion: w.SpanInclusion, programme.FactorFaults: w.Faults,
		programme.FactorDiscovered: w.Discovered, programme.FactorNominated: w.Nominated, programme.FactorRank: w.Rank,
		programme.FactorUnclaimed: w.Unclaimed, programme.FactorBonded: w.Bonded, programme.FactorLocation: w.Location,
		programme.FactorRegion: w.Region, programme.FactorCountry: w.Country, programme.FactorProvider: w.Provider,
		programme.FactorOffline: w.Offline, programme.FactorNominatorStake: w.NominatorStake, programme.FactorClient: w.Client,
	}
}
