package nominator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/decision"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// orderSchema is the form of a removal order.
const orderSchema = "otv/order/1"

// RemovalOrder explains the removal of an announcement that no open plan explains. Stored in its canonical form, it takes
// the place that the record of a round has for nominations. It has no time, so that the same reason for removing the same
// announcement is the same order.
type RemovalOrder struct {
	Schema    string            `json:"schema"`
	Network   string            `json:"network"`
	Nominator programme.Address `json:"nominator"`
	Signer    programme.Address `json:"signer"`
	CallHash  string            `json:"callHash"`
	Height    uint32            `json:"height"`
	Author    string            `json:"author"`
	Reason    string            `json:"reason"`
}

// ReadRemovalOrder reads the canonical form.
func ReadRemovalOrder(b []byte) (*RemovalOrder, error) {
	var o RemovalOrder
	if err := decision.ParseCanonical(b, &o); err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	if o.Schema != orderSchema {
		return nil, fmt.Errorf("read order: its schema is %q, this program knows %q", o.Schema, orderSchema)
	}
	return &o, nil
}

func (o *RemovalOrder) bytes() ([]byte, error) { return decision.Canonical(o) }

func (o *RemovalOrder) digest() string {
	b, err := o.bytes()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// remove stores an order and the plan that carries it out. By is nil for orders of the configuration, which a pause
// holds up.
func (s *Service) remove(ctx context.Context, head plan.Head, signer programme.Address, a Announcement, author, reason string, by *plan.Order) (plan.Plan, error) {
	o := RemovalOrder{
		Schema: orderSchema, Network: s.info.Genesis, Nominator: a.Real, Signer: signer, CallHash: a.CallHash, Height: a.Height,
		Author: author, Reason: reason,
	}
	b, err := o.bytes()
	if err != nil {
		return plan.Plan{}, fmt.Errorf("write order: %w", err)
	}
	now := s.millis()
	s.Fault(BeforeOrder)
	if err := s.Store.SaveDocument(ctx, plan.Document{Digest: o.digest(), Kind: plan.DocumentOrder, Bytes: b, Created: now}); err != nil {
		return plan.Plan{}, err
	}
	s.Fault(AfterOrder)
	s.Fault(BeforeCreate)
	p, _, err := s.Store.CreatePlan(ctx, plan.Plan{
		Key: plan.Key{Round: o.digest(), Nominator: a.Real}, Network: s.info.Genesis, Stash: a.Real, Signer: signer,
		Mode: plan.Removal, Era: head.Era, CallHash: a.CallHash, State: plan.Planned, Reason: reason, Order: by,
		Created: now, Updated: now,
	})
	if err == nil {
		s.Fault(AfterCreate)
	}
	return p, err
}
