package rounds

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// FactsSchema names the form of a facts file.
const FactsSchema = "otv/facts/1"

// maxFacts bounds a facts file; one with everything about 1,126 candidates is well under a megabyte.
const maxFacts = 64 << 20

// Facts is what sources other than the chains and the candidate list know, as a file for `otv round plan --facts`.
// docs/facts.md describes it member by member. Whatever is left out is unknown.
type Facts struct {
	Schema  string `json:"schema"`
	Network string `json:"network"` // must be the network of the round
	// At is the moment for which the file speaks, in ms; sources without a time of their own have this one.
	At         programme.Millis                     `json:"at"`
	Sources    map[programme.SourceName]SourceFacts `json:"sources,omitempty"`
	Release    *programme.Release                   `json:"release,omitempty"`
	Candidates []CandidateFacts                     `json:"candidates,omitempty"`
}

// SourceFacts is the state of one source in a facts file.
type SourceFacts struct {
	State  programme.SourceState `json:"state"`
	At     programme.Millis      `json:"at,omitempty"`
	Detail string                `json:"detail,omitempty"`
	Blind  []programme.Interval  `json:"blind,omitempty"`
}

// CandidateFacts is what is known of one slot.
type CandidateFacts struct {
	Slot int `json:"slot"`
	programme.Facts
}

// ParseFacts reads a facts file strictly.
func ParseFacts(r io.Reader) (*Facts, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFacts+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFacts {
		return nil, fmt.Errorf("larger than %d bytes", maxFacts)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	var f Facts
	if err := dec.Decode(&f); err != nil {
		return nil, jsonError(b, dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more text after the JSON object")
	}
	return &f, f.check()
}

// jsonError adds the line to an error of encoding/json, which knows offsets at best.
func jsonError(b []byte, offset int64, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
		err = fmt.Errorf("%s must not be a %s", kind.Field, kind.Value)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends in the middle")
	}
	line := 1 + bytes.Count(b[:min(int(offset), len(b))], []byte("\n"))
	return fmt.Errorf("line %d: %s", line, strings.TrimPrefix(err.Error(), "json: "))
}

func (f *Facts) check() error {
	if f.Schema != FactsSchema {
		return fmt.Errorf("schema is %q, expected %q", f.Schema, FactsSchema)
	}
	if f.At <= 0 {
		return errors.New("at: the moment for which the file speaks is missing (milliseconds since 1970)")
	}
	for name, s := range f.Sources {
		switch name {
		case programme.SourceTelemetry, programme.SourceLocation, programme.SourceRelease, programme.SourceRemote, programme.SourceHistory:
		default:
			return fmt.Errorf("sources.%s: no such source; there are telemetry, location, release, remote-rank and history", name)
		}
		switch s.State {
		case programme.SourceOK, programme.SourceOff, programme.SourceAbsent, programme.SourceDown:
		default:
			return fmt.Errorf("sources.%s.state: %q is not one of ok, off, absent, down", name, s.State)
		}
		if err := intervals(s.Blind); err != nil {
			return fmt.Errorf("sources.%s.blind: %w", name, err)
		}
	}
	seen := map[int]bool{}
	for i, c := range f.Candidates {
		if seen[c.Slot] {
			return fmt.Errorf("candidates[%d]: slot %d appears twice", i, c.Slot)
		}
		seen[c.Slot] = true
		if p := c.Presence; p != nil {
			if p.FirstSeen < 0 || p.LastSeen < p.FirstSeen || p.Live < 0 {
				return fmt.Errorf("candidates[%d] (slot %d): presence: firstSeen, lastSeen and live must be 0 or more and in order", i, c.Slot)
			}
			if err := intervals(p.Outages); err != nil {
				return fmt.Errorf("candidates[%d] (slot %d): presence.outages: %w", i, c.Slot, err)
			}
		}
	}
	return nil
}

// intervals demands ascending intervals that do not overlap; only the last may still run.
func intervals(list []programme.Interval) error {
	for i, iv := range list {
		switch {
		case iv.From <= 0:
			return fmt.Errorf("interval %d has no start", i)
		case iv.To == 0 && i < len(list)-1:
			return fmt.Errorf("interval %d still runs, but is not the last", i)
		case iv.To != 0 && iv.To < iv.From:
			return fmt.Errorf("interval %d ends before it starts", i)
		case i > 0 && iv.From < list[i-1].To:
			return fmt.Errorf("interval %d starts before the one before it ends", i)
		}
	}
	return nil
}

// state gives the state of a source, or the given default when the file does not speak of it.
func (f *Facts) state(name programme.SourceName, absent programme.Source) programme.Source {
	if f == nil {
		return absent
	}
	s, ok := f.Sources[name]
	if !ok {
		return absent
	}
	out := programme.Source{Name: name, State: s.State, At: s.At, Detail: s.Detail, Blind: s.Blind}
	if out.At == 0 && s.State == programme.SourceOK {
		out.At = f.At
	}
	return out
}
