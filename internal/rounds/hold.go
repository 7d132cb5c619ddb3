package rounds

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/chain"
	"github.com/thousand-validators/otv/internal/config"
	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

const (
	// roundAge is how old the snapshot of a round may be when the round is decided.
	roundAge = time.Minute
	// retryAfter is how long a round that must not be acted on stands before another one is tried.
	retryAfter = 10 * programme.Minute
)

// Held is what came of being asked for a round.
type Held struct {
	// Digest is that of the record that holds for the era, new or not; empty when there is none.
	Digest    string
	New       bool
	Braked    []string // brakes that forbid acting on it
	Proposals []Proposal
	Reason    string // in one sentence
}

// Hold holds a round when a nominator is due, or when forced to: it stores the record, shows how candidates stand in it,
// and has plans made of it. A round that was held in the same era is not held again, unless it could not be acted on,
// or somebody is due for whom it had nothing; its plans are made good if any is missing.
func (s *Service) Hold(ctx context.Context, force bool, progress func(chain.Progress)) (*Held, error) {
	v, err := s.View(ctx, roundAge, progress)
	if err != nil {
		return nil, fmt.Errorf("prepare round: %w", err)
	}
	if force {
		if v, err = s.look(ctx, v.Snapshot(), originals(v), true); err != nil {
			return nil, fmt.Errorf("prepare forced round: %w", err)
		}
	}
	due := due(v.Decision)
	if len(due) == 0 {
		return &Held{Reason: "no nominator is due: " + firstReason(v.Decision)}, nil
	}
	last, ok, err := s.Memory.NewestRound(ctx, v.Snapshot().Network.Genesis)
	if err != nil {
		return nil, err
	}
	if ok && !force && last.Era == v.Snapshot().Eras.Active {
		again, why, err := s.again(ctx, v, last, due)
		if err != nil {
			return nil, err
		}
		if !again {
			return s.makeGood(ctx, last, why)
		}
	}
	return s.hold(ctx, v)
}

// originals are the candidates of a view.
func originals(v *View) []programme.Candidate {
	out := make([]programme.Candidate, len(v.Inputs.Candidates))
	for i := range v.Inputs.Candidates {
		out[i] = v.Inputs.Candidates[i].Candidate
	}
	return out
}

func due(d *programme.Decision) []programme.Address {
	var out []programme.Address
	for i := range d.Nominators {
		if d.Nominators[i].Due {
			out = append(out, d.Nominators[i].Address)
		}
	}
	return out
}

func firstReason(d *programme.Decision) string {
	if len(d.Nominators) == 0 {
		return "none is configured"
	}
	return d.Nominators[0].Reason
}

// again tells whether another round is to be held in the era of the last one, and why (not).
func (s *Service) again(ctx context.Context, v *View, last memory.Round, due []programme.Address) (bool, string, error) {
	if len(last.Tripped) > 0 {
		if wait := last.At + retryAfter - v.Staking.Time; wait > 0 && !sighted(v, last) {
			return false, fmt.Sprintf("the round of this era must not be acted on; it is tried again in %s", time.Duration(wait)*time.Millisecond), nil
		}
		return true, "", nil
	}
	b, err := s.remains(ctx, last.Digest)
	if err != nil {
		return false, "", err
	}
	for _, a := range due {
		i := slices.IndexFunc(b.Nominators, func(n programme.PreviousNominator) bool { return n.Address == a })
		if i < 0 || len(b.Nominators[i].Targets) == 0 {
			return true, "", nil
		}
	}
	plans, err := s.Memory.Plans(ctx, plan.Filter{})
	if err != nil {
		return false, "", err
	}
	planned := map[programme.Address]bool{}
	for _, p := range plans {
		if p.Round != last.Digest {
			continue
		}
		planned[p.Nominator] = true
		if p.State.Closed() && p.Replan && slices.Contains(due, p.Nominator) {
			return true, "", nil
		}
	}
	// Something was in the way of a plan, such as a target that had withdrawn meanwhile; later it may not be.
	refused := slices.ContainsFunc(due, func(a programme.Address) bool { return !planned[a] })
	if refused && s.Act != config.ActOff && v.Staking.Time-last.At >= retryAfter {
		return true, "", nil
	}
	return false, fmt.Sprintf("the round of era %d holds", last.Era), nil
}

// sighted reports whether nothing is in the way any more of a round that was braked because too little was known or nobody was
// eligible. Where too many candidates changed, the time that follows is for people to look.
func sighted(v *View, last memory.Round) bool {
	return !slices.Contains(last.Tripped, decision.BrakeFlips) && len(decision.Tripped(v.Decision)) == 0
}

// hold decides, stores, shows and proposes.
func (s *Service) hold(ctx context.Context, v *View) (*Held, error) {
	r, err := decision.Decide(*v.Inputs)
	if err != nil {
		return nil, err
	}
	b, err := r.Bytes()
	if err != nil {
		return nil, err
	}
	in, d := &r.Inputs, &r.Decision
	out := &Held{Digest: r.Digest, New: true}
	for _, brake := range decision.Tripped(d) {
		out.Braked = append(out.Braked, brake.Name)
	}
	round := memory.Round{
		Digest: r.Digest, Network: in.Snapshot.Network.Genesis, At: in.Now, Block: v.Staking.Number, BlockHash: v.Staking.Hash,
		Era: in.Snapshot.Eras.Active, Session: in.Snapshot.Eras.Session, Counts: d.Counts, Tripped: out.Braked, Created: s.millis(),
	}
	if in.Previous != nil {
		round.Previous = in.Previous.Digest
	}
	err = s.Memory.Atomic(ctx, func(ctx context.Context, _ *sql.Tx) error {
		doc := plan.Document{Digest: r.Digest, Kind: plan.DocumentRound, Bytes: b, Created: s.millis()}
		if err := s.Memory.SaveDocument(ctx, doc); err != nil {
			return err
		}
		if err := s.Memory.SaveRound(ctx, round); err != nil {
			return err
		}
		if _, err := s.Show(ctx, v); err != nil {
			return err
		}
		_, err := s.Score(ctx, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store round: %w", err)
	}
	out.Reason = fmt.Sprintf("round of era %d: %d of %d candidates are valid, %d targets for %d nominators",
		round.Era, d.Counts.Valid, d.Counts.Listed, d.Counts.Assigned, d.Counts.Nominators)
	s.Logger.Info("round held", "era", round.Era, "digest", r.Digest, "valid", d.Counts.Valid, "listed", d.Counts.Listed, "targets", d.Counts.Assigned, "braked", out.Braked)
	s.Event(Event{EventRound, r.Digest, round.Era, out.Reason})
	if len(out.Braked) > 0 {
		return out, s.brake(ctx, r, out)
	}
	return out, s.propose(ctx, b, out)
}

// brake tells that a round must not be acted on, and why.
func (s *Service) brake(ctx context.Context, r *decision.Record, out *Held) error {
	var details []string
	for _, b := range decision.Tripped(&r.Decision) {
		details = append(details, b.Detail)
	}
	out.Reason += "; it must not be acted on: " + strings.Join(details, "; ")
	era := r.Inputs.Snapshot.Eras.Active
	return s.alert(ctx, EventBraked, plan.Warning{
		Network: r.Inputs.Snapshot.Network.Genesis, Code: AlertBraked, Subject: strings.Join(out.Braked, " "), Era: era,
		Text: fmt.Sprintf("the round of era %d must not be acted on: %s", era, strings.Join(details, "; ")),
	})
}

// makeGood has the plans made of a round that are missing, such as when the process ended before.
func (s *Service) makeGood(ctx context.Context, last memory.Round, why string) (*Held, error) {
	out := &Held{Digest: last.Digest, Braked: last.Tripped, Reason: why}
	if len(last.Tripped) > 0 || s.Act == config.ActOff {
		return out, nil
	}
	doc, err := s.Memory.Document(ctx, last.Digest)
	if err != nil {
		return nil, err
	}
	return out, s.propose(ctx, doc.Bytes, out)
}

// propose has plans made of a record.
func (s *Service) propose(ctx context.Context, record []byte, out *Held) error {
	if s.Act == config.ActOff {
		out.Reason += "; act.mode is off, so no plan was made"
		return nil
	}
	var err error
	if out.Proposals, err = s.Proposer.Propose(ctx, record); err != nil {
		return fmt.Errorf("make plans of the round: %w", err)
	}
	created, refused := 0, 0
	for _, p := range out.Proposals {
		if p.Created {
			created++
		}
		if p.Refused != "" {
			refused++
			s.Logger.Info("no plan", "nominator", p.Nominator, "reason", p.Refused)
		}
	}
	out.Reason += fmt.Sprintf("; %d new plans", created)
	if refused > 0 {
		out.Reason += fmt.Sprintf(", none for %d nominators (the log says why)", refused)
	}
	return nil
}
