package nominator

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/substrate/extrinsic"
	"github.com/thousand-validators/otv/substrate/hash"
)

// refusal is a reason not to sign that a plan waits for, rather than an error.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

func refuse(format string, args ...any) error { return &refusal{fmt.Sprintf(format, args...)} }

// order is a transaction that is going to be signed.
type order struct {
	plan    plan.Plan // as it is once the transaction is under way
	account *Account
	intent  plan.Intent
	draft   Draft
	fee     programme.Planck
}

// prepare makes the intent of a transaction, unsigned. A refusal says what is in the way.
func (s *Service) prepare(ctx context.Context, head plan.Head, p plan.Plan, kind Kind) (*order, error) {
	a := s.accounts[p.Nominator]
	if a == nil || a.Key == nil {
		return nil, refuse("there is no key for %s", p.Nominator)
	}
	if a.Signer != p.Signer {
		return nil, refuse("the plan is for the signer %s, the configured one is %s", p.Signer, a.Signer)
	}
	if err := s.explains(ctx, &p, kind); err != nil {
		return nil, refuse("%v", err)
	}
	world, err := s.world(ctx, head, a, p.Targets)
	if err != nil {
		return nil, err
	}
	if kind != plan.KindRemove {
		overridden, err := s.Store.Overridden(ctx, s.info.Genesis, p.Nominator, head.Era, plan.TargetsDigest(p.Targets))
		if err != nil {
			return nil, err
		}
		if text := world.refuse(&p, kind, overridden); text != "" {
			return nil, refuse("%s", text)
		}
	}
	call, err := s.Chain.Encode(ctx, head, callOf(&p, kind))
	if err != nil {
		return nil, err
	}
	nonce, err := s.nonce(ctx, head, a.Signer)
	if err != nil {
		return nil, err
	}
	draft, err := s.Chain.Draft(ctx, head, call, nonce, s.period(head))
	if err != nil {
		return nil, err
	}
	fee, err := s.Chain.Fee(ctx, draft, a.Key.Public())
	if err != nil {
		return nil, err
	}
	if text := world.afford(kind, fee); text != "" {
		return nil, refuse("%s", text)
	}
	id, err := s.random()
	if err != nil {
		return nil, err
	}
	now := s.millis()
	p.Tx = &plan.Tx{Kind: kind, Intent: id}
	targets := plan.TargetsDigest(p.Targets)
	if kind == plan.KindRemove {
		targets = ""
	}
	return &order{plan: p, account: a, draft: draft, fee: fee, intent: plan.Intent{
		ID: id, Key: p.Key, Kind: kind, Network: p.Network, Signer: a.Signer, Era: head.Era, Targets: targets,
		Call: draft.CallDigest, Payload: draft.Digest, Nonce: nonce, Birth: draft.Birth, BirthHash: draft.BirthHash, Period: draft.Period,
		Status: plan.Prepared, Scanned: draft.Birth, Fee: fee, Created: now, Updated: now,
	}}, nil
}

// callOf is what a transaction of a plan does.
func callOf(p *plan.Plan, kind Kind) Call {
	return Call{
		Kind: kind, Real: p.Nominator, Delegate: p.Signer, ProxyType: p.ProxyType, Targets: p.Targets, CallHash: p.CallHash, Inner: p.Call,
	}
}

// nonce is the next one. In final blocks it is certain, and never one that was used before, whatever a node that lags
// behind says. What waits in the pool beyond that is not ours, because nothing of ours is under way; so it counts, and
// means that somebody else has the key. The exception is a transaction of ours that has expired and that the pool has not
// noticed: its nonce is free.
func (s *Service) nonce(ctx context.Context, head plan.Head, signer programme.Address) (uint64, error) {
	nonce, err := s.Chain.FinalNonce(ctx, head, signer)
	if err != nil {
		return 0, err
	}
	settled, err := s.Store.Intents(ctx, plan.IntentFilter{Network: s.info.Genesis, Signer: signer, Limit: 64})
	if err != nil {
		return 0, err
	}
	for _, i := range settled {
		if i.Status == plan.Done || i.Status == plan.Failing {
			nonce = max(nonce, i.Nonce+1)
		}
	}
	for _, i := range settled {
		if i.Status == plan.Expired && i.Nonce >= nonce {
			return nonce, nil
		}
	}
	next, err := s.Chain.NextNonce(ctx, signer)
	if err != nil || next <= nonce {
		return nonce, err
	}
	return next, s.raise(ctx, plan.Warning{
		Code: plan.AlertKeyInUse, Subject: string(signer), Era: head.Era,
		Text: fmt.Sprintf("%s has a transaction under way that is not ours: somebody else uses its key", signer),
	})
}

// period is the lifetime of a transaction made on head, in blocks.
func (s *Service) period(head plan.Head) uint32 {
	switch {
	case s.Period != 0:
		return s.Period
	case head.Relay != 0:
		return 256
	}
	return 64
}

// sign is the only place that signs. The intent is stored; whatever could have changed since it was decided on is asked
// again.
func (s *Service) sign(ctx context.Context, o *order) ([]byte, error) {
	ask := s.permission
	if o.intent.Kind == plan.KindRemove && o.plan.Order != nil {
		ask = s.removalPermission
	}
	may, err := ask(ctx, o.intent.Nominator)
	if err != nil {
		return nil, err
	}
	if !may.OK {
		return nil, refuse("%s", may.Why)
	}
	stored, err := s.Store.Intent(ctx, o.intent.ID)
	if err != nil {
		return nil, err
	}
	if stored.Status != plan.Prepared || stored.Payload != o.intent.Payload || stored.Round != o.plan.Round {
		return nil, refuse("the intent %s is not stored as it is to be signed", o.intent.ID)
	}
	if err := s.explains(ctx, &o.plan, o.intent.Kind); err != nil {
		return nil, refuse("%v", err)
	}
	if o.intent.Kind != plan.KindRemove {
		may, err := s.braked(ctx, &o.plan)
		if err != nil {
			return nil, err
		}
		if !may.OK {
			return nil, refuse("%s", may.Why)
		}
	}
	if payload := hexOf(digest(o.draft.Payload.Bytes())); payload != stored.Payload {
		return nil, refuse("the payload %s is not the one of the intent, %s", payload, stored.Payload)
	}
	s.Fault(BeforeSign)
	signed, err := o.draft.Payload.Sign(o.account.Key)
	if err != nil {
		return nil, refuse("%v", err)
	}
	s.Fault(AfterSign)
	return signed, nil
}

// dispatch signs a stored intent, stores the signature, and submits. What fails on the way is found again by the next
// look at the chain; an error only tells about the present one.
func (s *Service) dispatch(ctx context.Context, head plan.Head, o *order) error {
	i := o.intent
	exhibit := s.exhibit(o)
	s.Show(exhibit)
	signed, err := s.sign(ctx, o)
	if err != nil {
		return errors.Join(err, s.abandon(ctx, i, err.Error()))
	}
	h := extrinsic.Hash(signed)
	i.Status, i.Extrinsic, i.Hash, i.Updated = plan.Signed, signed, hexOf(h[:]), s.millis()
	// Another process may have taken the intent for dead. Then the signature is dropped here, where nobody has seen it.
	if err := s.Store.UpdateIntent(ctx, i, plan.Prepared); err != nil {
		return err
	}
	s.Fault(AfterSigned)
	exhibit.Hash = i.Hash
	objection, err := s.Chain.DryRun(ctx, head, signed)
	switch {
	case err == nil && objection == "":
		exhibit.DryRun = "passed"
	case err == nil:
		exhibit.DryRun = objection
	case errors.Is(err, ErrUnsupported):
		exhibit.DryRun = "not offered by the node"
	default:
		exhibit.DryRun = "not possible: " + err.Error()
	}
	s.Show(exhibit)
	if objection != "" {
		// The node has seen it, so that it counts as sent until its lifetime is over; but we do not send it.
		i.Status, i.Error, i.Updated = plan.Withheld, "not sent, because the dry run failed: "+objection, s.millis()
		s.Fault(BeforeWithheld)
		if err := s.Store.UpdateIntent(ctx, i, plan.Signed); err != nil {
			return err
		}
		s.Fault(AfterWithheld)
		return nil
	}
	return s.submit(ctx, head, &i)
}

// retryAfter is how many blocks later a transaction that a node refused or dropped is handed over again.
const retryAfter = 4

// submit hands a signed intent to a node. A refusal by the node is kept as the reason in case it expires.
func (s *Service) submit(ctx context.Context, head plan.Head, i *plan.Intent) error {
	s.Fault(BeforeSubmit)
	w, err := s.Chain.Submit(ctx, i.Extrinsic)
	s.Fault(AfterSubmit)
	from, before := i.Status, i.Error
	s.watches[i.ID] = &watch{text: "submitted", over: true, retry: head.Number + retryAfter}
	var refused *extrinsic.RefusedError
	switch {
	case err == nil:
		s.follow(i.ID, w)
		i.Error = ""
	case errors.As(err, &refused) && refused.Reason == extrinsic.ReasonAlreadyImported:
		i.Error = ""
	case errors.As(err, &refused):
		i.Error = refused.Error()
	default:
		// It may or may not have arrived.
		i.Error = err.Error()
	}
	if i.Error != "" {
		s.watches[i.ID].text = i.Error
	}
	if from == plan.Sent && i.Error == before {
		return nil
	}
	i.Status, i.Updated = plan.Sent, s.millis()
	if err := s.Store.UpdateIntent(ctx, *i, from); err != nil {
		return err
	}
	s.Fault(AfterSent)
	return nil
}

// abandon ends an intent that was never signed, or whose signature nobody has seen.
func (s *Service) abandon(ctx context.Context, i plan.Intent, why string) error {
	i.Status, i.Error, i.Updated = plan.Abandoned, why, s.millis()
	s.Fault(BeforeAbandoned)
	err := s.Store.UpdateIntent(ctx, i, plan.Prepared)
	if errors.Is(err, plan.ErrStale) {
		return nil // somebody else has decided
	}
	if err == nil {
		s.Fault(AfterAbandoned)
	}
	return err
}

func (s *Service) exhibit(o *order) Exhibit {
	return Exhibit{
		Nominator: o.intent.Nominator, Signer: o.intent.Signer, Kind: o.intent.Kind, Call: o.draft.Call.Name(),
		CallHex: hexOf(o.draft.Call.Bytes()), Nonce: o.intent.Nonce, Birth: o.intent.Birth, Period: o.intent.Period, Fee: o.fee,
	}
}

func digest(b []byte) []byte {
	h := hash.Blake2b256(b)
	return slices.Clone(h[:])
}

func hexOf(b []byte) string { return "0x" + hex.EncodeToString(b) }
