package gateway

import "context"

// Data is what the gateway reads. It is read-only.
type Data interface {
	// Versions counts the changes of every subject.
	Versions(ctx context.Context) (Versions, error)
}
