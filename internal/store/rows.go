package store

import (
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

type planRow struct {
	bun.BaseModel `bun:"table:plans,alias:p"`
	Seq           int64 `bun:",pk,autoincrement"`
	Round         string
	Nominator     string
	Network       string
	Stash         string
	Signer        string
	Mode          string
	Era           int64
	Targets       string
	ProxyType     string
	Delay         int64
	Call          []byte
	CallHash      string
	State         string
	Closed        int
	Reason        string
	Note          string
	Announcement  *string
	Tx            *string
	Operator      *string
	Effect        *string
	Attempts      int64
	Replan        int
	Created       int64
	Updated       int64
	Version       int64
}

func newPlanRow(p *plan.Plan) (*planRow, error) {
	targets := p.Targets
	if targets == nil {
		targets = []programme.Address{}
	}
	list, err := json.Marshal(targets)
	if err != nil {
		return nil, err
	}
	r := &planRow{
		Round: p.Round, Nominator: string(p.Nominator), Network: p.Network, Stash: string(p.Stash), Signer: string(p.Signer),
		Mode: string(p.Mode), Era: int64(p.Era), Targets: string(list), ProxyType: p.ProxyType, Delay: int64(p.Delay),
		Call: p.Call, CallHash: p.CallHash, State: string(p.State), Closed: number(p.State.Closed()), Reason: p.Reason, Note: p.Note,
		Attempts: int64(p.Attempts), Replan: number(p.Replan),
		Created: int64(p.Created), Updated: int64(p.Updated), Version: p.Version,
	}
	for _, part := range []struct {
		dst **string
		src any
		has bool
	}{
		{&r.Announcement, p.Announcement, p.Announcement != nil}, {&r.Tx, p.Tx, p.Tx != nil},
		{&r.Operator, p.Order, p.Order != nil}, {&r.Effect, p.Effect, p.Effect != nil},
	} {
		if !part.has {
			continue
		}
		b, err := json.Marshal(part.src)
		if err != nil {
			return nil, err
		}
		text := string(b)
		*part.dst = &text
	}
	return r, nil
}

func (r *planRow) plan() (plan.Plan, error) {
	p := plan.Plan{
		Key:     plan.Key{Round: r.Round, Nominator: programme.Address(r.Nominator)},
		Network: r.Network, Stash: programme.Address(r.Stash), Signer: programme.Address(r.Signer), Mode: plan.Mode(r.Mode),
		Era: programme.Era(r.Era), ProxyType: r.ProxyType, Delay: uint32(r.Delay), Call: r.Call, CallHash: r.CallHash,
		State: plan.State(r.State), Reason: r.Reason, Note: r.Note, Attempts: int(r.Attempts), Replan: r.Replan != 0,
		Created: programme.Millis(r.Created), Updated: programme.Millis(r.Updated), Version: r.Version,
	}
	if err := json.Unmarshal([]byte(r.Targets), &p.Targets); err != nil {
		return p, fmt.Errorf("plan of %s: the database is damaged: targets: %w", r.Nominator, err)
	}
	if len(p.Targets) == 0 {
		p.Targets = nil
	}
	for _, part := range []struct {
		name string
		src  *string
		dst  any
	}{
		{"announcement", r.Announcement, &p.Announcement}, {"tx", r.Tx, &p.Tx}, {"operator", r.Operator, &p.Order}, {"effect", r.Effect, &p.Effect},
	} {
		if part.src == nil {
			continue
		}
		if err := json.Unmarshal([]byte(*part.src), part.dst); err != nil {
			return p, fmt.Errorf("plan of %s: the database is damaged: %s: %w", r.Nominator, part.name, err)
		}
	}
	return p, nil
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

type intentRow struct {
	bun.BaseModel `bun:"table:intents,alias:i"`
	Seq           int64 `bun:",pk,autoincrement"`
	ID            string
	Round         string
	Nominator     string
	Kind          string
	Network       string
	Signer        string
	Era           int64
	Targets       string
	CallHash      string
	Payload       string
	Nonce         int64
	Birth         int64
	BirthHash     string
	Period        int64
	Created       int64
	Status        string
	Extrinsic     []byte
	Hash          string
	Scanned       int64
	Number        int64
	Block         string
	Position      int64
	Fee           string
	Error         string
	Inner         string
	Updated       int64
}

func newIntentRow(i *plan.Intent) *intentRow {
	return &intentRow{
		ID: i.ID, Round: i.Round, Nominator: string(i.Nominator), Kind: string(i.Kind), Network: i.Network, Signer: string(i.Signer),
		Era: int64(i.Era), Targets: i.Targets, CallHash: i.Call, Payload: i.Payload, Nonce: int64(i.Nonce),
		Birth: int64(i.Birth), BirthHash: i.BirthHash, Period: int64(i.Period), Created: int64(i.Created),
		Status: string(i.Status), Extrinsic: i.Extrinsic, Hash: i.Hash, Scanned: int64(i.Scanned), Number: int64(i.Number),
		Block: i.Block, Position: int64(i.Index), Fee: i.Fee.String(), Error: i.Error, Inner: i.Inner, Updated: int64(i.Updated),
	}
}

func (r *intentRow) intent() (plan.Intent, error) {
	fee, err := programme.ParsePlanck(r.Fee)
	if err != nil {
		return plan.Intent{}, fmt.Errorf("intent %s: the database is damaged: fee: %w", r.ID, err)
	}
	return plan.Intent{
		ID: r.ID, Key: plan.Key{Round: r.Round, Nominator: programme.Address(r.Nominator)}, Kind: plan.Kind(r.Kind),
		Network: r.Network, Signer: programme.Address(r.Signer), Era: programme.Era(r.Era), Targets: r.Targets,
		Call: r.CallHash, Payload: r.Payload, Nonce: uint64(r.Nonce), Birth: uint32(r.Birth), BirthHash: r.BirthHash, Period: uint32(r.Period),
		Status: plan.Status(r.Status), Extrinsic: r.Extrinsic, Hash: r.Hash, Scanned: uint32(r.Scanned), Number: uint32(r.Number),
		Block: r.Block, Index: int(r.Position), Fee: fee, Error: r.Error, Inner: r.Inner,
		Created: programme.Millis(r.Created), Updated: programme.Millis(r.Updated),
	}, nil
}
