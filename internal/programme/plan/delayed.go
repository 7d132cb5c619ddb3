package plan

import "slices"

func (m *machine) announcing() bool {
	out := m.tx()
	switch out.Stage {
	case Included:
	case Lost:
		return m.lost(Planned, func(why string) bool { return m.fail("%s", why) })
	default:
		return m.pool()
	}
	switch {
	case out.Error != "":
		return m.fail("the announcement failed in block %d: %s", out.Block.Number, out.Error)
	case out.After == nil:
		return m.wait("waiting for the announcement in block %d to be read", out.Block.Number)
	case len(out.After.Heights) == 0:
		return m.fail("the announcement was accepted in block %d, but the chain does not list it", out.Block.Number)
	}
	height := slices.Max(out.After.Heights)
	m.p.Announcement = &Announcement{Height: height, Clock: clockOf(height, out.Block), Number: out.Block.Number, Hash: out.Block.Hash}
	m.p.Tx, m.o.Tx, m.p.Attempts = nil, nil, 0
	return m.move(Announced, "announced at height %d", height)
}

// clockOf finds the clock that shows height in the block of the announcement.
func clockOf(height uint32, block Head) Clock {
	own, relay := height == block.Number, block.Relay != 0 && height == block.Relay
	switch {
	case own && !relay:
		return ClockOwn
	case relay && !own:
		return ClockRelay
	}
	return ClockUnknown
}

// listed reports whether the plan's announcement is on chain.
func (m *machine) listed() bool {
	if m.p.Announcement == nil {
		return len(m.o.Heights) > 0
	}
	return slices.Contains(m.o.Heights, m.p.Announcement.Height)
}

// vanished closes a plan whose announcement is gone without a transaction of ours: the nominator has rejected it,
// or somebody has executed it, which the chain allows to everyone.
func (m *machine) vanished() bool {
	if SameSet(m.o.Targets, m.p.Targets) && m.o.SubmittedIn >= m.p.Era && len(m.p.Targets) > 0 {
		m.p.Effect = &Effect{Number: m.o.Head.Number, Hash: m.o.Head.Hash}
		m.shut(Succeeded, "executed by another account: the targets on chain are the planned set at block %d", m.o.Head.Number)
		m.alert(AlertStranger, "the announcement %s was executed by another account", m.p.CallHash)
		return false
	}
	m.p.Replan = true
	m.shut(Cancelled, "the announcement is no longer on chain at block %d: rejected by the nominator, or removed by someone with the same key", m.o.Head.Number)
	m.alert(AlertVanished, "the announcement %s is gone without a transaction of ours", m.p.CallHash)
	return false
}

// unfit says why the announcement must not be executed any more, whatever its targets.
func (m *machine) unfit() (code, why string, replan bool) {
	p, o := &m.p, &m.o
	switch {
	case p.Order != nil:
		return "", "cancelled by " + p.Order.Author + ": " + p.Order.Reason, false
	case o.Blacklisted:
		return AlertBlacklisted, "its call hash is blacklisted", true
	case o.Relation == nil:
		return AlertFailed, "the proxy relation of type " + p.ProxyType + " is gone", false
	case o.CallHash != p.CallHash:
		return AlertFailed, "the runtime now encodes the call differently, so that what was announced cannot be executed", true
	}
	if now, ok := o.Head.Now(p.Announcement.Clock); ok && uint64(now) > OldestUseful(p.Announcement.Height, o.Relation.Delay) {
		return AlertOld, "too old: it could have been executed long ago", true
	}
	return "", "", false
}

// waiting holds the checks that apply from the announcement to its execution; done means that a move was made.
func (m *machine) waiting() (done, again bool) {
	p, o := &m.p, &m.o
	if !m.listed() {
		return true, m.vanished()
	}
	if p.Announcement.Clock == ClockUnknown && o.Clock != ClockUnknown {
		a := *p.Announcement
		a.Clock = o.Clock
		p.Announcement = &a
	}
	if code, why, replan := m.unfit(); why != "" {
		return true, m.cancel(code, why, replan)
	}
	p.Delay = o.Relation.Delay
	return false, false
}

// cancel begins the removal of the announcement.
func (m *machine) cancel(code, why string, replan bool) bool {
	m.p.Replan = m.p.Replan || replan
	m.p.Attempts = 0
	m.move(Cancelling, "%s", why)
	if code != "" {
		m.alert(code, "the announcement %s is removed: %s", m.p.CallHash, why)
	}
	return true
}

func (m *machine) announced() bool {
	if done, again := m.waiting(); done {
		return again
	}
	a := m.p.Announcement
	now, ok := m.o.Head.Now(a.Clock)
	if !ok {
		m.alert(AlertClock, "it is not known in which block numbers the delay of the announcement %s counts; it is not executed", m.p.CallHash)
		return m.wait("the clock of the proxy pallet is not known: the height %d is neither the block's own number nor the relay chain's", a.Height)
	}
	if ready := ExecutableAt(a.Height, m.p.Delay); uint64(now) < ready {
		if a.Clock == ClockRelay {
			return m.wait("executable from block %d of the relay chain", ready)
		}
		return m.wait("executable from block %d", ready)
	}
	return m.move(Executable, "the delay of %d blocks has passed", m.p.Delay)
}

func (m *machine) executable() bool {
	if done, again := m.waiting(); done {
		return again
	}
	switch r := m.o.Review; {
	case r == nil:
		return m.wait("waiting for the targets to be judged again")
	case len(r.Breaches) > 0:
		why := r.Breaches[0]
		if n := len(r.Breaches) - 1; n > 0 {
			why += " (and more)"
		}
		return m.cancel(AlertBreach, why, true)
	case len(r.Unknown) > 0:
		return m.wait("not executed yet: %s", r.Unknown[0])
	}
	return m.send(KindExecute, Executing, m.o.May, "executing")
}

func (m *machine) executing() bool {
	out := m.tx()
	switch out.Stage {
	case Included:
	case Lost:
		return m.lost(Announced, func(why string) bool { return m.cancel(AlertFailed, why, true) })
	default:
		return m.pool()
	}
	if out.Error == "" {
		return m.move(Executed, "executed in the final block %d", out.Block.Number)
	}
	m.p.Tx, m.o.Tx = nil, nil
	m.p.Attempts++
	if m.p.Attempts >= MaxAttempts {
		return m.cancel(AlertFailed, "its execution failed again in block: "+out.Error, true)
	}
	return m.move(Announced, "the execution failed in block %d: %s", out.Block.Number, out.Error)
}

func (m *machine) cancelling() bool {
	p, o := &m.p, &m.o
	if p.Tx != nil {
		switch out := m.tx(); out.Stage {
		case Included:
			p.Tx, m.o.Tx = nil, nil
			if out.Error == "" && !m.listed() {
				return m.shut(Cancelled, "%s", p.Reason)
			}
			m.retried(out.Error)
		case Lost:
			p.Tx, m.o.Tx = nil, nil
			if out.Never == "" {
				m.retried("it expired")
			}
		default:
			return m.pool()
		}
	}
	if !m.listed() {
		if p.Mode == Removal {
			return m.shut(Cancelled, "the announcement is no longer on chain at block %d", o.Head.Number)
		}
		return m.vanished()
	}
	may := o.May
	if p.Order != nil {
		may = o.MayRemove
	}
	return m.send(KindRemove, Cancelling, may, "%s", p.Reason)
}

// retried counts removals without effect. There is nothing to fall back to, so they go on; an operator is told.
func (m *machine) retried(why string) {
	m.p.Attempts++
	if m.p.Attempts == MaxAttempts {
		m.alert(AlertStuckRemoval, "the announcement %s could not be removed %d times, last because %s", m.p.CallHash, m.p.Attempts, why)
	}
}
