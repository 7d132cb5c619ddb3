package extrinsic

import (
	"errors"
	"fmt"

	"github.com/thousand-validators/otv/substrate/codec"
	"github.com/thousand-validators/otv/substrate/metadata"
)

// Event is one event of a block, by names.
type Event struct {
	// Phase is when it happened: "ApplyExtrinsic", "Initialization" or "Finalization".
	Phase string
	// Extrinsic is the position in the block's body of the extrinsic it belongs to, for the phase ApplyExtrinsic.
	Extrinsic    uint32
	Pallet, Name string
	// Fields in the dynamic form of package codec; without names in old runtimes.
	Fields codec.Struct
	Docs   []string
	// Errors are the dispatch errors anywhere in the fields: why an extrinsic, a call inside a proxy or a batch, or
	// whatever else the event tells of, failed. Empty for what went well.
	Errors []*DispatchError
}

// Is reports whether the event is the one of that pallet and name.
func (e *Event) Is(pallet, name string) bool { return e.Pallet == pallet && e.Name == name }

// Get finds a field by its name.
func (e *Event) Get(field string) (any, bool) { return e.Fields.Get(field) }

// String is the pallet and the event: "Proxy.ProxyExecuted".
func (e *Event) String() string { return e.Pallet + "." + e.Name }

// errEvents means that events do not have the form that all runtimes with metadata of these versions have.
var errEvents = errors.New("events of a form that is not known")

// DecodeEvents decodes the storage value System.Events of a block. The metadata must be that of the runtime which
// executed the block: in the block that upgrades a runtime, the one before the upgrade.
func DecodeEvents(md *metadata.Metadata, b []byte) ([]Event, error) {
	entry, err := md.Storage("System", "Events")
	if err != nil {
		return nil, fmt.Errorf("decode events: %w", err)
	}
	list, ok := inside(md.Types, entry.Value)
	if !ok || list.Kind != metadata.Sequence {
		return nil, fmt.Errorf("decode events: %s: %w", md.Types.Name(entry.Value), errEvents)
	}
	v, err := codec.Decode(md.Types, entry.Value, b)
	if err != nil {
		return nil, fmt.Errorf("decode events: %w", err)
	}
	records, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("decode events: %s: %w", md.Types.Name(entry.Value), errEvents)
	}
	out := make([]Event, len(records))
	for i, r := range records {
		if err := out[i].fill(md, list.Elem, r); err != nil {
			return nil, fmt.Errorf("decode events: event %d: %w", i, err)
		}
	}
	return out, nil
}

// fill takes an event record apart: a struct of phase, event and topics.
func (e *Event) fill(md *metadata.Metadata, id metadata.TypeID, v any) error {
	record, ok := v.(codec.Struct)
	if !ok {
		return errEvents
	}
	phase, _ := record.Get("phase")
	p, ok := phase.(codec.Variant)
	if !ok {
		return fmt.Errorf("phase: %w", errEvents)
	}
	e.Phase = p.Name
	if p.Name == phaseExtrinsic {
		index, ok := p.Value().(uint64)
		if !ok || index > 1<<32-1 {
			return fmt.Errorf("phase: %w", errEvents)
		}
		e.Extrinsic = uint32(index)
	}
	event, _ := record.Get("event")
	pallet, inner, ok := outerVariant(event)
	if !ok {
		return errEvents
	}
	e.Pallet, e.Name, e.Fields = pallet, inner.Name, codec.Struct(inner.Fields)
	if _, variant, err := md.Event(pallet, inner.Name); err == nil {
		e.Docs = variant.Docs
	}
	e.Errors = findErrors(md, id, v, maxShape)
	return nil
}

const phaseExtrinsic = "ApplyExtrinsic"

// EventsOf picks the events of the extrinsic at a position in the block's body.
func EventsOf(events []Event, index uint32) []Event {
	var out []Event
	for _, e := range events {
		if e.Phase == phaseExtrinsic && e.Extrinsic == index {
			out = append(out, e)
		}
	}
	return out
}

// Failure is an error that the events of an extrinsic tell of.
type Failure struct {
	// Event that tells of it: "System.ExtrinsicFailed", "Proxy.ProxyExecuted", "Utility.BatchInterrupted" and so on.
	Event string
	Err   *DispatchError
}

// Error is the event and the error.
func (f *Failure) Error() string { return f.Event + ": " + f.Err.Error() }

// Unwrap is the dispatch error.
func (f *Failure) Unwrap() error { return f.Err }

// Result judges the events of one extrinsic. Applied is false unless the chain says that the extrinsic itself was
// applied; failures are all errors in the events, the extrinsic's own first. An extrinsic can be applied and still have
// done nothing of what it was for: a proxy, a batch or a multisig keeps the errors of the calls inside to its events.
func Result(events []Event) (applied bool, failures []*Failure) {
	var inner []*Failure
	for i := range events {
		e := &events[i]
		applied = applied || e.Is("System", "ExtrinsicSuccess")
		for _, err := range e.Errors {
			f := &Failure{Event: e.String(), Err: err}
			if e.Is("System", "ExtrinsicFailed") {
				failures = append(failures, f)
			} else {
				inner = append(inner, f)
			}
		}
	}
	return applied && len(failures) == 0, append(failures, inner...)
}
