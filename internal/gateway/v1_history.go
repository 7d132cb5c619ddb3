package gateway

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/rank"
)

// historyLines bounds how far back a history goes.
const historyLines = 10_000

// VerdictLine is a change of the answer of a check.
type VerdictLine struct {
	At     *time.Time      `json:"at" doc:"from then on, until the next line of the check"`
	Code   programme.Code  `json:"code"`
	State  programme.State `json:"state" enum:"pass,fail,unknown,n/a"`
	Value  string          `json:"value,omitempty"`
	Limit  string          `json:"limit,omitempty"`
	Detail string          `json:"detail,omitempty"`
}

// ValidityLine is a change of a candidate's validity.
type ValidityLine struct {
	At       *time.Time         `json:"at"`
	Validity programme.Validity `json:"validity" enum:"valid,invalid,unknown"`
}

// ScoreLine is a score of a session.
type ScoreLine struct {
	Session    programme.Session        `json:"session"`
	Era        programme.Era            `json:"era"`
	At         *time.Time               `json:"at"`
	Total      float64                  `json:"total"`
	Aggregate  float64                  `json:"aggregate"`
	Randomness float64                  `json:"randomness"`
	Parts      []programme.Contribution `json:"parts"`
}

// RankLine is an event in a candidate's life with its effect.
type RankLine struct {
	ID      string        `json:"id"`
	At      *time.Time    `json:"at"`
	Era     programme.Era `json:"era"`
	Kind    string        `json:"kind" enum:"seed,good,fault,revocation,lift"`
	Type    string        `json:"type,omitempty" doc:"of a fault"`
	Revokes string        `json:"revokes,omitempty" doc:"id of the fault that is taken back"`
	Reason  string        `json:"reason,omitempty"`
	Author  string        `json:"author,omitempty" doc:"an operator, empty for the programme itself"`
	Counts  bool          `json:"counts" doc:"false when it was revoked, a repetition, or fell into a suspension"`
	Before  int           `json:"rankBefore"`
	After   int           `json:"rankAfter"`
}

// OutageLine is an absence of all nodes of a candidate.
type OutageLine struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to" doc:"null while it runs"`
}

// EntryLine is a version of a slot's entry in the candidate list.
type EntryLine struct {
	From   *time.Time        `json:"from"`
	Listed bool              `json:"listed"`
	Name   string            `json:"name"`
	Stash  programme.Address `json:"stash"`
	KYC    bool              `json:"kyc"`
}

// candidatePages are the parameters of the histories of a candidate.
type candidatePages struct {
	CandidateParam
	Paging
}

// history mounts the history of candidates in one respect.
func history[T any](g *Gateway, name, summary string, key func(*T) string, read func(ctx context.Context, m *member) ([]T, error), subjects ...memory.Subject) {
	rt := v1("Candidate"+title(name), "/candidates/{candidate}/"+name, summary, append(subjects, memory.SubjectCandidates, memory.SubjectChain)...)
	listing(g, rt, func(in *candidatePages) *Paging { return &in.Paging }, key, func(ctx context.Context, in *candidatePages) ([]T, error) {
		p, err := g.population.get(ctx)
		if err != nil {
			return nil, err
		}
		m, err := p.member(in.Candidate)
		if err != nil {
			return nil, err
		}
		return read(ctx, m)
	})
}

// title begins a word with a capital.
func title(s string) string { return string(s[0]-'a'+'A') + s[1:] }

func (g *Gateway) mountHistory() {
	history(g, "verdicts", "How the answers of a candidate's checks changed, newest first",
		func(l *VerdictLine) string { return fmt.Sprint(l.At, l.Code, l.State) },
		func(ctx context.Context, m *member) ([]VerdictLine, error) {
			all, err := g.Data.VerdictChanges(ctx, m.Slot, historyLines)
			out := make([]VerdictLine, len(all))
			for i, c := range all {
				out[i] = VerdictLine{moment(c.At), c.Code, c.State, c.Value, c.Limit, c.Detail}
			}
			return out, err
		}, memory.SubjectStandings)
	history(g, "validity", "How a candidate's validity changed, newest first",
		func(l *ValidityLine) string { return fmt.Sprint(l.At, l.Validity) },
		func(ctx context.Context, m *member) ([]ValidityLine, error) {
			all, err := g.Data.ValidityChanges(ctx, m.Slot, historyLines)
			out := make([]ValidityLine, len(all))
			for i, c := range all {
				out[i] = ValidityLine{moment(c.At), c.Validity}
			}
			return out, err
		}, memory.SubjectStandings)
	history(g, "scores", "A candidate's scores, newest first", func(l *ScoreLine) string { return fmt.Sprint(l.Session) },
		func(ctx context.Context, m *member) ([]ScoreLine, error) {
			all, err := g.Data.ScoresOf(ctx, m.Slot, historyLines)
			out := make([]ScoreLine, len(all))
			for i, s := range all {
				out[i] = ScoreLine{s.Session, s.Era, moment(s.At), s.Total, s.Aggregate, s.Randomness, list(s.Parts)}
			}
			return out, err
		}, memory.SubjectScores)
	history(g, "ranks", "What raised and lowered a candidate's rank, newest first", func(l *RankLine) string { return l.ID },
		func(ctx context.Context, m *member) ([]RankLine, error) { return g.rankLines(ctx, m.Slot) }, memory.SubjectRanks)
	history(g, "outages", "When no node of a candidate was connected, newest first", func(l *OutageLine) string { return fmt.Sprint(l.From) },
		func(ctx context.Context, m *member) ([]OutageLine, error) {
			all, err := g.Data.PresenceSince(ctx, 0)
			out := []OutageLine{}
			for _, o := range slices.Backward(all.Outages) {
				if o.Slot == m.Slot {
					out = append(out, OutageLine{moment(o.From), moment(o.To)})
				}
			}
			return out, err
		}, memory.SubjectPresence)
	history(g, "entries", "How a slot's entry in the candidate list changed, newest first", func(l *EntryLine) string { return fmt.Sprint(l.From) },
		func(ctx context.Context, m *member) ([]EntryLine, error) {
			all, err := g.Data.Entries(ctx, m.Slot)
			out := []EntryLine{}
			for _, e := range slices.Backward(all) {
				out = append(out, EntryLine{moment(e.From), e.Listed, e.Name, e.Stash, e.KYC})
			}
			return out, err
		})
	history(g, "locations", "Where a candidate's node was, newest first", func(l *V1Place) string { return fmt.Sprint(l.Since) },
		func(ctx context.Context, m *member) ([]V1Place, error) {
			all, err := g.Data.LocationHistory(ctx, g.Network, m.Slot, historyLines)
			out := make([]V1Place, len(all))
			for i, l := range all {
				out[i] = V1Place{l.Place.City, l.Place.Region, l.Place.Country, l.Place.Provider, l.Place.ASN, string(l.Confidence), moment(l.Since), moment(l.At)}
			}
			return out, err
		}, memory.SubjectLocations)
}

// rankLines are the events of a slot, newest first, with what each did to the rank.
func (g *Gateway) rankLines(ctx context.Context, slot int) ([]RankLine, error) {
	all, err := g.Data.RankEventsOf(ctx, slot)
	if err != nil {
		return nil, fmt.Errorf("read rank events: %w", err)
	}
	events := make([]rank.Event, len(all))
	by := make(map[string]*memory.RankEvent, len(all))
	for i := range all {
		events[i] = all[i].Event
		by[all[i].ID] = &all[i]
	}
	_, steps, err := rank.Fold(events)
	if err != nil {
		return nil, fmt.Errorf("events of slot %d: %w", slot, err)
	}
	out := []RankLine{}
	for _, s := range slices.Backward(steps) {
		e := by[s.ID]
		out = append(out, RankLine{
			ID: s.ID, At: moment(s.When), Era: e.Era, Kind: string(s.Kind), Type: string(s.Type), Revokes: s.Revokes, Reason: s.Reason,
			Author: e.Author, Counts: s.Counts, Before: s.Before, After: s.After,
		})
	}
	return out, nil
}
