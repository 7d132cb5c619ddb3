package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/scoring"
	"github.com/thousand-validators/otv/internal/programme/validity"
)

// Explanation tells a candidate why a round decided as it did, and what would change that.
type Explanation struct {
	Round     Round              `json:"round"`
	Slot      int                `json:"slot"`
	Name      string             `json:"name"`
	Stash     programme.Address  `json:"stash"`
	Outcome   string             `json:"outcome" doc:"the decision in one sentence"`
	Validity  programme.Validity `json:"validity" enum:"valid,invalid,unknown"`
	Checks    []ExplainedCheck   `json:"checks"`
	Score     *ExplainedScore    `json:"score" doc:"null when it was not scored"`
	Position  int                `json:"position" doc:"0 when it is not ranked"`
	Ranked    int                `json:"ranked" doc:"candidates with a position"`
	Nominator programme.Address  `json:"nominator,omitempty" doc:"who nominates it because of this round"`
	Reason    string             `json:"reason" doc:"what binds"`
	Brakes    []programme.Brake  `json:"brakes" doc:"limits on the round as a whole"`
	Advice    []ExplainedAdvice  `json:"advice" doc:"what would change it, the most pressing first"`
	Decision  json.RawMessage    `json:"decision" doc:"the candidate's part of the stored decision, byte for byte"`
}

// ExplainedCheck is one check with all that led to its answer.
type ExplainedCheck struct {
	Code      programme.Code       `json:"code"`
	Title     string               `json:"title"`
	Question  string               `json:"question"`
	State     programme.State      `json:"state" enum:"pass,fail,unknown,n/a"`
	Effective programme.State      `json:"effective" enum:"pass,fail,unknown,n/a" doc:"the answer that counts: a held one while the check is unknown"`
	Value     string               `json:"value,omitempty" doc:"what was seen, with its unit"`
	Limit     string               `json:"limit,omitempty" doc:"what is demanded"`
	Detail    string               `json:"detail,omitempty"`
	Source    programme.SourceName `json:"source"`
	At        *time.Time           `json:"at" doc:"moment for which the value holds"`
	Since     *time.Time           `json:"since,omitempty" doc:"since when the answer is this one, as far as that is known"`
	Changes   *time.Time           `json:"changes,omitempty" doc:"when the answer changes by itself"`
	Held      programme.State      `json:"held,omitempty"`
	HeldAt    *time.Time           `json:"heldAt,omitempty"`
	Own       programme.State      `json:"own,omitempty" enum:"pass,fail,unknown,n/a" doc:"the check's own answer, while an operator's override counts in its place"`
}

// ExplainedScore is a score in parts and words.
type ExplainedScore struct {
	Total      float64         `json:"total"`
	Aggregate  float64         `json:"aggregate"`
	Randomness float64         `json:"randomness"`
	Text       string          `json:"text"`
	Parts      []ExplainedPart `json:"parts" doc:"in the order in which they are added up"`
}

// ExplainedPart is what one factor contributes.
type ExplainedPart struct {
	programme.Contribution
	Unit    string `json:"unit,omitempty"`
	Meaning string `json:"meaning"`
	Text    string `json:"text"`
}

// ExplainedAdvice is one thing that would change a decision.
type ExplainedAdvice struct {
	Kind decision.AdviceKind `json:"kind"`
	Code programme.Code      `json:"code,omitempty"`
	Text string              `json:"text"`
	At   *time.Time          `json:"at,omitempty" doc:"when it changes by itself"`
}

// explainParams name a candidate of a round.
type explainParams struct {
	CandidateParam
	Round string `query:"round" maxLength:"80" default:"latest" doc:"number, digest, or latest"`
}

// whyNotParams name a round's candidate.
type whyNotParams struct {
	RoundParam
	CandidateParam
}

func (g *Gateway) mountExplain() {
	subjects := []memory.Subject{memory.SubjectRounds, memory.SubjectStandings, memory.SubjectCandidates, memory.SubjectChain}
	get[explainParams, Explanation](g, v1("Explain", "/candidates/{candidate}/explain", "Why a candidate was nominated or not, and what would change that", subjects...),
		func(ctx context.Context, in *explainParams) (any, error) {
			return g.explain(ctx, in.Round, in.Candidate)
		})
	get[whyNotParams, Explanation](g, v1("WhyNot", "/rounds/{round}/why-not/{candidate}", "The same, seen from a round", subjects...),
		func(ctx context.Context, in *whyNotParams) (any, error) {
			return g.explain(ctx, in.Round, in.Candidate)
		})
}

// words are what the rules say of their checks and factors.
type words struct {
	checks  map[programme.Code]validity.Check
	factors map[programme.Factor]scoring.FactorInfo
}

func newWords() words {
	w := words{map[programme.Code]validity.Check{}, map[programme.Factor]scoring.FactorInfo{}}
	for _, c := range validity.Catalogue() {
		w.checks[c.Code] = c
	}
	for _, f := range scoring.Factors() {
		w.factors[f.Factor] = f
	}
	return w
}

func (g *Gateway) explain(ctx context.Context, round, candidate string) (*Explanation, error) {
	p, err := g.parsed(ctx, round)
	if err != nil {
		return nil, err
	}
	d := &p.record.Decision
	i, ok := p.find(candidate)
	if !ok {
		return nil, absent("round %d decided on no candidate %s", p.Number, shown(candidate))
	}
	c := &d.Candidates[i]
	out := &Explanation{
		Round: v1Round(&p.Round), Slot: c.Slot, Name: c.Name, Stash: c.Stash, Validity: c.Validity, Position: c.Position, Ranked: p.ranked, Nominator: c.Nominator,
		Reason: c.Reason, Brakes: list(d.Brakes), Advice: []ExplainedAdvice{}, Score: g.words.explainScore(c.Score), Decision: p.candidates[i],
	}
	out.Outcome = outcome(out, decision.Tripped(d))
	if out.Checks, err = g.explainChecks(ctx, c); err != nil {
		return nil, err
	}
	for _, a := range decision.Advise(d, c.Slot) {
		out.Advice = append(out.Advice, ExplainedAdvice{a.Kind, a.Code, a.Text, moment(a.At)})
	}
	return out, nil
}

// outcome is the decision in one sentence.
func outcome(e *Explanation, tripped []programme.Brake) string {
	text := e.Name + " is " + map[programme.Validity]string{
		programme.Valid: "valid", programme.Invalid: "not valid", programme.Undecided: "neither found valid nor invalid",
	}[e.Validity]
	if e.Nominator != "" {
		text += fmt.Sprintf(" and gets a nomination from %s: ", e.Nominator)
	} else {
		text += " and gets no nomination: "
	}
	text += e.Reason
	if len(tripped) > 0 {
		text += fmt.Sprintf(". The round is not acted on, because the brake %s holds", tripped[0].Name)
	}
	return text + "."
}

// explainChecks are the verdicts of a decision with the words of the catalogue. Since when an answer is what it is, the
// standing tells, as long as it still says the same.
func (g *Gateway) explainChecks(ctx context.Context, c *programme.CandidateDecision) ([]ExplainedCheck, error) {
	since := map[programme.Code]memory.Verdict{}
	pop, err := g.population.get(ctx)
	if err != nil {
		return nil, err
	}
	if m, err := pop.member(strconv.Itoa(c.Slot)); err == nil && m.standing != nil && m.Stash == c.Stash {
		for _, v := range m.standing.Verdicts {
			since[v.Code] = v
		}
	}
	out := make([]ExplainedCheck, len(c.Verdicts))
	for i, v := range c.Verdicts {
		w := g.words.checks[v.Code]
		out[i] = ExplainedCheck{
			Code: v.Code, Title: w.Title, Question: w.Question, State: v.State, Effective: v.Effective(), Value: v.Value, Limit: v.Limit,
			Detail: v.Detail, Source: v.Source, At: moment(v.At), Changes: moment(v.Changes), Held: v.Held, HeldAt: moment(v.HeldAt), Own: v.Overridden,
		}
		if s, ok := since[v.Code]; ok && s.State == v.State {
			out[i].Since = moment(s.Since)
		}
	}
	return out, nil
}

func (w *words) explainScore(s *programme.Score) *ExplainedScore {
	if s == nil {
		return nil
	}
	out := &ExplainedScore{
		Total: s.Total, Aggregate: s.Aggregate, Randomness: s.Randomness,
		Text: fmt.Sprintf("%.2f points of %d factors, times %.4f, the random multiplier of the round's block and this stash, make %.2f.", s.Aggregate, len(s.Parts), s.Randomness, s.Total),
	}
	for _, p := range s.Parts {
		f := w.factors[p.Factor]
		out.Parts = append(out.Parts, ExplainedPart{p, f.Unit, f.Meaning, partText(&p, &f)})
	}
	return out
}

// partText tells how a contribution came about.
func partText(p *programme.Contribution, f *scoring.FactorInfo) string {
	var text string
	switch f.Direction {
	case scoring.LowIsGood:
		text = fmt.Sprintf("(1 − %.4f) × %g = %.2f points; a low value is good", p.Scaled, p.Weight, p.Points)
	case scoring.HighIsGood:
		text = fmt.Sprintf("%.4f × %g = %.2f points; a high value is good", p.Scaled, p.Weight, p.Points)
	case scoring.Subtracted:
		text = fmt.Sprintf("%g × −%g = %.2f points", p.Value, p.Weight, p.Points)
	default:
		text = fmt.Sprintf("%.2f of %g points, all or nothing", p.Points, p.Weight)
	}
	if p.Note != "" {
		text += " (" + p.Note + ")"
	}
	return text
}
