package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/memory"
)

// Round is a nomination round that was held.
type Round struct {
	Number    int64             `json:"number"`
	Digest    string            `json:"digest" doc:"of the record, which recomputes to the same bytes"`
	At        *time.Time        `json:"at" doc:"time of its block, the only clock of the round"`
	Block     uint32            `json:"block"`
	BlockHash string            `json:"blockHash"`
	Era       programme.Era     `json:"era"`
	Session   programme.Session `json:"session"`
	Counts    programme.Counts  `json:"counts"`
	Tripped   []string          `json:"tripped" doc:"brakes that forbid acting on it"`
	Previous  string            `json:"previous,omitempty" doc:"digest of the record before it"`
}

// Digest says how a record can be checked.
type Digest struct {
	Digest    string `json:"digest"`
	Schema    string `json:"schema"`
	Algorithm string `json:"algorithm"`
	Record    string `json:"record" doc:"path of the record; otv round verify recomputes it"`
	Bytes     int    `json:"bytes"`
}

// parsed is a stored record, with the bytes of its parts.
type parsed struct {
	memory.Round
	record   *decision.Record
	bytes    []byte
	inputs   json.RawMessage
	decision json.RawMessage
	// candidates are the bytes of the decision on each candidate, in the order of the record.
	candidates []json.RawMessage
	difference json.RawMessage
	// at is the position of a candidate in the decision, by its slot and by its stash, as text.
	at     map[string]int
	ranked int // candidates with a position
}

// records are parsed ones.
type records struct {
	mu   sync.Mutex
	kept *lru.Cache[string, *parsed]
}

// keptRecords bounds the records that stay parsed.
const keptRecords = 4

// RoundParam names a round.
type RoundParam struct {
	Round string `path:"round" maxLength:"80" doc:"number, digest, or latest"`
}

func (g *Gateway) mountRounds() {
	subjects := []memory.Subject{memory.SubjectRounds, memory.SubjectChain}
	type query struct{ Paging }
	listing(g, v1("Rounds", "/rounds", "Rounds, newest first", subjects...), func(in *query) *Paging { return &in.Paging },
		func(r *Round) string { return strconv.FormatInt(r.Number, 10) },
		func(ctx context.Context, _ *query) ([]Round, error) {
			c, err := g.network(ctx)
			if err != nil {
				return nil, err
			}
			all, err := g.Data.Rounds(ctx, c.Genesis, 0)
			out := make([]Round, len(all))
			for i := range all {
				out[i] = v1Round(&all[i])
			}
			return out, err
		})
	get[RoundParam, Round](g, v1("Round", "/rounds/{round}", "One round", subjects...), func(ctx context.Context, in *RoundParam) (any, error) {
		r, err := g.round(ctx, in.Round)
		return v1Round(&r), err
	})
	part := func(name, summary string, of func(*parsed) (any, error)) {
		get[RoundParam, map[string]any](g, v1("Round"+title(name), "/rounds/{round}/"+name, summary, subjects...), func(ctx context.Context, in *RoundParam) (any, error) {
			p, err := g.parsed(ctx, in.Round)
			if err != nil {
				return nil, err
			}
			return of(p)
		})
	}
	raw := func(b []byte) (any, error) { return finish(http.StatusOK, jsonKind, b) }
	part("record", "The whole record of a round: frozen inputs, decision and digest, as it is stored", func(p *parsed) (any, error) { return raw(p.bytes) })
	part("inputs", "What a round was decided from, in canonical form", func(p *parsed) (any, error) { return raw(p.inputs) })
	part("decision", "What a round decided, in canonical form", func(p *parsed) (any, error) { return raw(p.decision) })
	part("diff", "What a round decided differently from the one before it, in canonical form", func(p *parsed) (any, error) {
		if p.difference == nil {
			return nil, absent("round %d has no record before it", p.Number)
		}
		return raw(p.difference)
	})
	get[RoundParam, Digest](g, v1("RoundDigest", "/rounds/{round}/digest", "How a round's record can be checked", subjects...), func(ctx context.Context, in *RoundParam) (any, error) {
		p, err := g.parsed(ctx, in.Round)
		if err != nil {
			return nil, err
		}
		return Digest{
			Digest: p.Digest, Schema: p.record.Schema, Algorithm: "SHA-256 over the canonical form of schema, inputs and decision",
			Record: fmt.Sprintf("%s/rounds/%d/record", V1, p.Number), Bytes: len(p.bytes),
		}, nil
	})
}

func v1Round(r *memory.Round) Round {
	return Round{
		Number: r.Number, Digest: r.Digest, At: moment(r.At), Block: r.Block, BlockHash: r.BlockHash, Era: r.Era, Session: r.Session,
		Counts: r.Counts, Tripped: list(r.Tripped), Previous: r.Previous,
	}
}

// round finds a round by its number or digest.
func (g *Gateway) round(ctx context.Context, name string) (memory.Round, error) {
	none := absent("there is no round %s", shown(name))
	if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		r, err := g.Data.Round(ctx, n)
		if errors.Is(err, ErrNone) {
			return r, none
		}
		return r, err
	}
	switch {
	case name == "latest":
		return g.newest.get(ctx)
	case !strings.HasPrefix(name, "sha256:"):
		return memory.Round{}, none
	}
	c, err := g.network(ctx)
	if err != nil {
		return memory.Round{}, err
	}
	all, err := g.Data.Rounds(ctx, c.Genesis, 0)
	if err != nil {
		return memory.Round{}, fmt.Errorf("read rounds: %w", err)
	}
	for _, r := range all {
		if r.Digest == name {
			return r, nil
		}
	}
	return memory.Round{}, none
}

// newestRound reads the newest round from the database.
func (g *Gateway) newestRound(ctx context.Context) (memory.Round, error) {
	c, err := g.network(ctx)
	if err != nil {
		return memory.Round{}, err
	}
	all, err := g.Data.Rounds(ctx, c.Genesis, 1)
	if err != nil {
		return memory.Round{}, fmt.Errorf("read rounds: %w", err)
	}
	if len(all) == 0 {
		return memory.Round{}, absent("there is no round latest")
	}
	return all[0], nil
}

// parsed reads the record of a round. What is stored under a digest never changes, so it is parsed once.
func (g *Gateway) parsed(ctx context.Context, name string) (*parsed, error) {
	r, err := g.round(ctx, name)
	if err != nil {
		return nil, err
	}
	g.records.mu.Lock()
	defer g.records.mu.Unlock() // one at a time: a record takes its room
	if p, ok := g.records.kept.Get(r.Digest); ok {
		return p, nil
	}
	d, err := g.Data.Document(ctx, r.Digest)
	if errors.Is(err, ErrNone) {
		return nil, absent("the record of round %d is not kept any more", r.Number)
	}
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	p := &parsed{Round: r, bytes: d.Bytes}
	if p.record, err = decision.Read(d.Bytes); err != nil {
		return nil, fmt.Errorf("round %d: %w", r.Number, err)
	}
	var parts struct{ Inputs, Decision json.RawMessage }
	var inner struct {
		Candidates []json.RawMessage
		Difference json.RawMessage
	}
	if err := errors.Join(json.Unmarshal(d.Bytes, &parts), json.Unmarshal(parts.Decision, &inner)); err != nil {
		return nil, fmt.Errorf("round %d: %w", r.Number, err)
	}
	p.inputs, p.decision, p.candidates, p.difference = parts.Inputs, parts.Decision, inner.Candidates, inner.Difference
	list := p.record.Decision.Candidates
	p.at = make(map[string]int, 2*len(list))
	for i := range list {
		p.at[strconv.Itoa(list[i].Slot)], p.at[string(list[i].Stash)] = i, i
		p.ranked = max(p.ranked, list[i].Position)
	}
	g.records.kept.Add(r.Digest, p)
	return p, nil
}

// find is the position of a candidate in the decision, by its slot or by any form of its stash.
func (p *parsed) find(candidate string) (int, bool) {
	i, ok := p.at[candidate]
	if !ok {
		i, ok = p.at[string(own(memory.Chain{Network: p.record.Inputs.Snapshot.Network}, candidate))]
	}
	return i, ok
}
