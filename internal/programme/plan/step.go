package plan

import (
	"fmt"
	"slices"
)

// MaxAttempts is how often a transaction is tried that ends without effect, before the plan is given up.
const MaxAttempts = 3

// Step moves a plan on as far as what was observed allows. The plan it returns is to be stored before any of the
// actions is carried out; an action Send is always the last one, and the returned plan then waits for that
// transaction. Closed plans stay as they are.
func Step(p Plan, o Observation) (Plan, []Action) {
	if p.State.Closed() {
		return p, nil
	}
	m := &machine{p: p, o: o}
	m.p.Note = ""
	// No path visits a state twice without waiting for a transaction, so the bound is never reached; it keeps a
	// mistake in the rules from hanging the process.
	for range len(States()) {
		if !m.turn() {
			break
		}
	}
	return m.p, m.actions
}

type machine struct {
	p       Plan
	o       Observation
	actions []Action
}

// turn makes one move; false means that nothing more can be done with this observation.
func (m *machine) turn() bool {
	switch m.p.State {
	case Planned:
		return m.planned()
	case Submitted, InBlock:
		return m.submitted()
	case Finalised, Executed:
		return m.settle()
	case Announcing:
		return m.announcing()
	case Announced:
		return m.announced()
	case Executable:
		return m.executable()
	case Executing:
		return m.executing()
	case Cancelling:
		return m.cancelling()
	}
	return false
}

// move changes the state and tells why.
func (m *machine) move(to State, format string, args ...any) bool {
	reason := fmt.Sprintf(format, args...)
	m.actions = append(m.actions, Action{Kind: Moved, From: m.p.State, To: to, Text: reason})
	m.p.State, m.p.Reason = to, reason
	return true
}

// wait notes what the plan waits for.
func (m *machine) wait(format string, args ...any) bool {
	m.p.Note = fmt.Sprintf(format, args...)
	return false
}

func (m *machine) alert(code, format string, args ...any) {
	m.actions = append(m.actions, Action{Kind: Alert, Code: code, Text: fmt.Sprintf(format, args...)})
}

// send asks for a transaction, if something may be signed at all.
func (m *machine) send(kind Kind, next State, may Permission, format string, args ...any) bool {
	if !may.OK {
		return m.wait("%s", may.Why)
	}
	if m.p.State != next {
		m.move(next, format, args...)
	}
	m.p.Tx = &Tx{Kind: kind}
	m.actions = append(m.actions, Action{Kind: Send, Tx: kind})
	return false
}

// shut closes the plan.
func (m *machine) shut(s State, format string, args ...any) bool {
	m.move(s, format, args...)
	m.p.Tx, m.p.Note = nil, ""
	if m.p.Replan {
		m.actions = append(m.actions, Action{Kind: Replan, Text: m.p.Reason})
	}
	return false
}

func (m *machine) fail(format string, args ...any) bool {
	m.shut(Failed, format, args...)
	m.alert(AlertFailed, "%s", m.p.Reason)
	return false
}

func (m *machine) planned() bool {
	p, o := &m.p, &m.o
	if p.Mode == Removal {
		return m.cancelling()
	}
	switch {
	case p.Order != nil:
		return m.shut(Cancelled, "cancelled by %s: %s", p.Order.Author, p.Order.Reason)
	case o.Blacklisted:
		return m.shut(Cancelled, "its call hash %s is blacklisted", p.CallHash)
	case o.Head.Era != p.Era && p.Attempts > 0:
		return m.fail("era %d ended before a transaction of it reached the chain", p.Era)
	case o.Head.Era != p.Era:
		return m.shut(Cancelled, "lapsed: era %d ended before it was acted on", p.Era)
	}
	switch p.Mode {
	case Direct:
		return m.send(KindNominate, Submitted, o.May, "nominating")
	case Proxy:
		return m.send(KindProxy, Submitted, o.May, "nominating through the proxy")
	}
	if len(o.Heights) > 0 {
		// The very call stands announced already. Announcing it again would reserve a second deposit. Of several the
		// youngest counts: once that can be executed, all can.
		p.Announcement = &Announcement{Height: slices.Max(o.Heights), Clock: o.Clock}
		return m.move(Announced, "found announced at height %d already", p.Announcement.Height)
	}
	return m.send(KindAnnounce, Announcing, o.May, "announcing")
}

// tx is the outcome of the plan's transaction. A missing one means that nothing is known.
func (m *machine) tx() Outcome {
	if m.o.Tx == nil {
		return Outcome{Stage: Pending}
	}
	return *m.o.Tx
}

// pool keeps the node's newest word, in a copy: the plan that the step began with stays as it is, to be compared with.
func (m *machine) pool() bool {
	if m.p.Tx != nil {
		tx := *m.p.Tx
		tx.Pool = m.tx().Pool
		m.p.Tx = &tx
	}
	return false
}

// lost goes back to where the transaction was sent from, or gives the plan up.
func (m *machine) lost(back State, give func(string) bool) bool {
	out := m.tx()
	m.p.Tx, m.o.Tx = nil, nil
	if out.Never != "" {
		return m.move(back, "nothing was sent: %s", out.Never)
	}
	why := "the transaction expired"
	if out.Error != "" {
		why += " (" + out.Error + ")"
	}
	m.p.Attempts++
	if m.p.Attempts >= MaxAttempts {
		return give(fmt.Sprintf("%s, for the %d. time", why, m.p.Attempts))
	}
	return m.move(back, "%s", why)
}

func (m *machine) submitted() bool {
	out := m.tx()
	switch out.Stage {
	case Seen:
		if m.p.State == Submitted {
			m.move(InBlock, "in block %d", out.Block.Number)
		}
	case Included:
		return m.move(Finalised, "in the final block %d", out.Block.Number)
	case Lost:
		return m.lost(Planned, func(why string) bool { return m.fail("%s", why) })
	default:
		if m.p.State == InBlock {
			m.move(Submitted, "its block was discarded")
		}
	}
	return m.pool()
}

// settle judges a transaction that nominates, in its final block.
func (m *machine) settle() bool {
	out := m.tx()
	switch {
	case out.Stage != Included:
		return m.wait("waiting for block %s to be read", out.Block.Hash)
	case out.Error != "":
		return m.fail("the transaction failed in block %d: %s", out.Block.Number, out.Error)
	case out.Inner != "":
		return m.fail("the proxy call went through in block %d, the nomination inside failed: %s", out.Block.Number, out.Inner)
	case out.After == nil:
		return m.wait("waiting for the targets on chain at block %d to be read", out.Block.Number)
	case !SameSet(out.After.Targets, m.p.Targets):
		return m.fail("after block %d the targets on chain are not the planned set", out.Block.Number)
	}
	m.p.Effect = &Effect{Number: out.Block.Number, Hash: out.Block.Hash, Extrinsic: out.Extrinsic}
	return m.shut(Succeeded, "%d targets nominated in block %d", len(m.p.Targets), out.Block.Number)
}
