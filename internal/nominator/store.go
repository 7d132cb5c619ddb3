package nominator

import (
	"context"

	"github.com/thousand-validators/otv/internal/programme"
	"github.com/thousand-validators/otv/internal/programme/plan"
)

// Store is the memory of plans and intents. Package store has the implementation, and storetest what every
// implementation must hold to; the safety of signing rests on that.
type Store interface {
	SaveDocument(ctx context.Context, d plan.Document) error
	Document(ctx context.Context, digest string) (plan.Document, error)

	CreatePlan(ctx context.Context, p plan.Plan) (stored plan.Plan, created bool, err error)
	Advance(ctx context.Context, c plan.Change) (plan.Plan, error)
	Plan(ctx context.Context, key plan.Key) (plan.Plan, error)
	Plans(ctx context.Context, f plan.Filter) ([]plan.Plan, error)
	History(ctx context.Context, key plan.Key) ([]plan.Event, error)

	UpdateIntent(ctx context.Context, i plan.Intent, from plan.Status) error
	Intent(ctx context.Context, id string) (plan.Intent, error)
	Intents(ctx context.Context, f plan.IntentFilter) ([]plan.Intent, error)
	Lock(ctx context.Context, network string, signer programme.Address) (plan.Lock, error)

	Pause(ctx context.Context, p plan.Pause) (set bool, err error)
	Resume(ctx context.Context, p plan.Pause) error
	Pauses(ctx context.Context) ([]plan.Pause, error)
	AddOverride(ctx context.Context, o plan.Override) error
	Overridden(ctx context.Context, network string, nominator programme.Address, era programme.Era, targets string) (bool, error)
	RaiseAlert(ctx context.Context, w plan.Warning) (fresh bool, err error)
	Alerts(ctx context.Context, network string, limit int) ([]plan.Warning, error)
}
