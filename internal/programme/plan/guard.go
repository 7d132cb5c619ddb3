package plan

import "fmt"

// Standing is an intent there is already, and whether the plan it belongs to is still open.
type Standing struct {
	Intent
	PlanOpen bool
}

// Obstacle is a reason not to sign.
type Obstacle struct {
	// Busy: the key or the nominator has a transaction whose fate is not known yet. Trying later helps.
	Busy bool
	// Override: an operator may permit it, with a reason.
	Override bool
	Text     string
}

// Guard says why an intent must not be signed beside the ones there are; nil when nothing speaks against it. It is
// asked inside the database transaction that would store the intent, so that two processes cannot both pass.
//
// The rules: a key signs nothing while the fate of what it signed before is unknown; a nominator has at most one
// transaction under way; and for one era it gets one set of targets, once. What is known to have had no effect
// (never signed, expired, failed, an announcement whose plan is closed) does not count.
func Guard(n Intent, others []Standing) *Obstacle {
	for i := range others {
		o := &others[i]
		if o.Network != n.Network || o.ID == n.ID {
			continue
		}
		if o.Status.Open() && (o.Signer == n.Signer || o.Nominator == n.Nominator) {
			return &Obstacle{Busy: true, Text: fmt.Sprintf("the transaction %s (%s, nonce %d) of %s is still under way", o.ID, o.Kind, o.Nonce, o.Signer)}
		}
	}
	if n.Kind == KindRemove {
		return nil
	}
	for i := range others {
		o := &others[i]
		if o.Network != n.Network || o.Nominator != n.Nominator || o.Era != n.Era || o.ID == n.ID || o.Status != Done || o.Inner != "" {
			continue
		}
		effective := o.Kind.Nominates()
		promised := o.Kind == KindAnnounce && o.PlanOpen && o.Key != n.Key
		tampered := o.Kind == KindAnnounce && o.Key == n.Key && o.Targets != n.Targets
		switch {
		case effective && o.Targets == n.Targets:
			return &Obstacle{Override: true, Text: fmt.Sprintf("%s has nominated this set in era %d already, in block %d", n.Nominator, n.Era, o.Number)}
		case effective:
			return &Obstacle{Override: true, Text: fmt.Sprintf("%s has nominated a different set in era %d already, in block %d", n.Nominator, n.Era, o.Number)}
		case promised:
			return &Obstacle{Text: fmt.Sprintf("%s has announced another set in era %d, and its plan is still open", n.Nominator, n.Era)}
		case tampered:
			return &Obstacle{Text: fmt.Sprintf("%s has announced other targets for the same plan", n.Nominator)}
		}
	}
	return nil
}
