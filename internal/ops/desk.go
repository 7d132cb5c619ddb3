package ops

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/memory"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// maxOrder bounds an order in bytes.
const maxOrder = 64 << 10

// listedActions is how many entries of the audit log are shown.
const listedActions = 1000

// The verbs of the audit log.
const (
	VerbPause    = "pause"
	VerbResume   = "resume"
	VerbRerun    = "rerun"
	VerbOverride = "override"
	VerbRevoke   = "revoke"
	VerbLift     = "lift"
	// The verbs about checks of candidates.
	VerbOverrule = "overrule"
	VerbRestore  = "restore"
)

// Book is where orders have their effect and are written down. Package store has it.
type Book interface {
	// Atomic runs fn, whose calls with its context all happen or none does.
	Atomic(ctx context.Context, fn func(ctx context.Context, tx *sql.Tx) error) error
	AddAction(ctx context.Context, a memory.Action) error
	Actions(ctx context.Context, subject string, limit int) ([]memory.Action, error)
	Pause(ctx context.Context, p plan.Pause) (set bool, err error)
	Resume(ctx context.Context, p plan.Pause) error
	Pauses(ctx context.Context) ([]plan.Pause, error)
	AddOverride(ctx context.Context, o plan.Override) error
	Nominators(ctx context.Context) ([]memory.Nominator, error)
	Chain(ctx context.Context) (memory.Chain, error)
	Candidates(ctx context.Context) ([]memory.Candidate, error)
	SaveCheckOverride(ctx context.Context, o memory.Override) error
	EndCheckOverride(ctx context.Context, slot int, code programme.Code, now programme.Millis) error
	CheckOverrides(ctx context.Context, now programme.Millis) ([]memory.Override, error)
}

// Desk takes operators' orders over HTTP. What an order does and its line in the audit log are stored together.
type Desk struct {
	Book func() (Book, error) // once there is a database
	// Rerun makes a job wanted; Forgive revokes a fault of a slot, or lifts its suspension when it names none.
	Rerun   func(ctx context.Context, job string) error
	Forgive func(ctx context.Context, slot int, fault, author, reason string) error
	Now     func() time.Time
}

// Order is what an operator asks for. Which members count depends on the verb; a reason is always needed.
type Order struct {
	Reason    string              `json:"reason"`
	Nominator programme.Address   `json:"nominator,omitempty"` // empty: all, where that is possible
	Job       string              `json:"job,omitempty"`
	Era       programme.Era       `json:"era,omitempty"` // the override ends with it; 0 = the active one
	Targets   []programme.Address `json:"targets,omitempty"`
	Slot      int                 `json:"slot,omitempty"`
	Fault     string              `json:"fault,omitempty"` // id of the event
	Stash     programme.Address   `json:"stash,omitempty"` // names a candidate in the place of its slot
	Check     programme.Code      `json:"check,omitempty"`
	State     programme.State     `json:"state,omitempty"`  // what the check is made to answer
	Expires   time.Time           `json:"expires,omitzero"` // when it answers by itself again
}

// Routes are the handlers of the admin listener by pattern.
//
//	GET  /actions   the audit log, newest first
//	GET  /pauses    the pauses that run
//	POST /pause     stop signing: for a nominator, or for all
//	POST /resume    end a pause
//	POST /rerun     run a job now
//	POST /override  permit a second set of targets for a nominator in an era, with which the permission ends
//	POST /revoke    take a fault back
//	POST /lift      lift a suspension
//	POST /overrule  answer a check of a candidate in its place, until a moment
//	POST /restore   let the check answer by itself again
//	GET  /overrides the answers of operators that count now
func (d *Desk) Routes() map[string]http.Handler {
	return map[string]http.Handler{
		"GET /actions": d.shown(func(ctx context.Context, b Book) (any, error) { return b.Actions(ctx, "", listedActions) }),
		"GET /pauses":  d.shown(func(ctx context.Context, b Book) (any, error) { return b.Pauses(ctx) }),
		"POST /pause":  d.done(VerbPause, d.pause), "POST /resume": d.done(VerbResume, d.resume), "POST /rerun": d.done(VerbRerun, d.rerun),
		"POST /overrule": d.done(VerbOverrule, d.overrule), "POST /restore": d.done(VerbRestore, d.restore),
		"GET /overrides": d.shown(func(ctx context.Context, b Book) (any, error) { return b.CheckOverrides(ctx, d.millis()) }),
		"POST /override": d.done(VerbOverride, d.override), "POST /revoke": d.done(VerbRevoke, d.revoke), "POST /lift": d.done(VerbLift, d.lift),
	}
}

// refusal is an order that cannot be carried out as it was given.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

// Unknown is the answer to an order about something that there is not.
func Unknown(format string, args ...any) error { return refuse(http.StatusNotFound, format, args...) }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// shown answers with a list.
func (d *Desk) shown(read func(context.Context, Book) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		book, err := d.Book()
		if err != nil {
			reply(w, nil, refuse(http.StatusServiceUnavailable, "the database is not open yet"))
			return
		}
		v, err := read(r.Context(), book)
		reply(w, v, err)
	})
}

// done carries an order out and writes it down. The subject is what it was done to.
func (d *Desk) done(verb string, do func(ctx context.Context, b Book, o *Order, by plan.Order) (subject string, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, err := readOrder(w, r)
		if err != nil {
			reply(w, nil, err)
			return
		}
		book, err := d.Book()
		if err != nil {
			reply(w, nil, refuse(http.StatusServiceUnavailable, "the database is not open yet"))
			return
		}
		by := plan.Order{Author: Author(r.Context()), Reason: o.Reason, At: d.millis()}
		var a memory.Action
		err = book.Atomic(r.Context(), func(ctx context.Context, _ *sql.Tx) error {
			subject, err := do(ctx, book, o, by)
			if err != nil {
				return err
			}
			detail, err := json.Marshal(o)
			if err != nil {
				return err
			}
			a = memory.Action{At: by.At, Author: by.Author, Verb: verb, Subject: subject, Reason: by.Reason, Detail: string(detail)}
			return book.AddAction(ctx, a)
		})
		reply(w, a, err)
	})
}

func (d *Desk) millis() programme.Millis { return programme.Millis(d.Now().UnixMilli()) }

func readOrder(w http.ResponseWriter, r *http.Request) (*Order, error) {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxOrder))
	dec.DisallowUnknownFields()
	var o Order
	if err := dec.Decode(&o); err != nil {
		return nil, refuse(http.StatusBadRequest, "the order is no JSON object of ours: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(http.StatusBadRequest, "there is more than one order")
	}
	if o.Reason = strings.TrimSpace(o.Reason); o.Reason == "" {
		return nil, refuse(http.StatusBadRequest, "an order needs a reason")
	}
	return &o, nil
}

func (d *Desk) pause(ctx context.Context, b Book, o *Order, by plan.Order) (string, error) {
	if err := known(ctx, b, o.Nominator); err != nil {
		return "", err
	}
	set, err := b.Pause(ctx, plan.Pause{Nominator: o.Nominator, Order: by})
	if err == nil && !set {
		err = refuse(http.StatusConflict, "it is paused already")
	}
	return everybody(o.Nominator), err
}

func (d *Desk) resume(ctx context.Context, b Book, o *Order, by plan.Order) (string, error) {
	err := b.Resume(ctx, plan.Pause{Nominator: o.Nominator, Order: by})
	if errors.Is(err, plan.ErrNotFound) {
		err = refuse(http.StatusConflict, "there is no such pause")
	}
	return everybody(o.Nominator), err
}

func (d *Desk) rerun(ctx context.Context, _ Book, o *Order, _ plan.Order) (string, error) {
	if o.Job == "" {
		return "", refuse(http.StatusBadRequest, "name the job, such as ScoreJob")
	}
	return o.Job, d.Rerun(ctx, o.Job)
}

func (d *Desk) override(ctx context.Context, b Book, o *Order, by plan.Order) (string, error) {
	if o.Nominator == "" || len(o.Targets) == 0 {
		return "", refuse(http.StatusBadRequest, "name the nominator and the targets that are permitted")
	}
	if err := known(ctx, b, o.Nominator); err != nil {
		return "", err
	}
	c, err := b.Chain(ctx)
	if err != nil {
		return "", err
	}
	switch {
	case o.Era == 0:
		o.Era = c.Eras.Active
	case o.Era < c.Eras.Active:
		return "", refuse(http.StatusBadRequest, "era %d is over; the active one is %d", o.Era, c.Eras.Active)
	}
	return string(o.Nominator), b.AddOverride(ctx, plan.Override{
		Network: c.Genesis, Nominator: o.Nominator, Era: o.Era, Targets: plan.TargetsDigest(o.Targets), Order: by,
	})
}

func (d *Desk) revoke(ctx context.Context, _ Book, o *Order, by plan.Order) (string, error) {
	if o.Fault == "" {
		return "", refuse(http.StatusBadRequest, "name the fault by the id of its event")
	}
	return d.forgive(ctx, o.Slot, o.Fault, by)
}

func (d *Desk) lift(ctx context.Context, _ Book, o *Order, by plan.Order) (string, error) {
	return d.forgive(ctx, o.Slot, "", by)
}

func (d *Desk) forgive(ctx context.Context, slot int, fault string, by plan.Order) (string, error) {
	return fmt.Sprintf("slot %d", slot), d.Forgive(ctx, slot, fault, by.Author, by.Reason)
}

func everybody(a programme.Address) string {
	if a == "" {
		return "all nominators"
	}
	return string(a)
}

// known reports an account that is none of the programme's nominators.
func known(ctx context.Context, b Book, a programme.Address) error {
	if a == "" {
		return nil
	}
	all, err := b.Nominators(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(n memory.Nominator) bool { return n.Address == a && n.Removed == 0 }) {
		return refuse(http.StatusNotFound, "%s is none of the programme's nominators", a)
	}
	return nil
}

// reply answers with JSON. Behind the token, errors are told as they are.
func reply(w http.ResponseWriter, v any, err error) {
	status := http.StatusOK
	if err != nil {
		status = http.StatusInternalServerError
		var r *refusal
		if errors.As(err, &r) {
			status = r.status
		}
		v = map[string]string{"error": err.Error()}
	}
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
