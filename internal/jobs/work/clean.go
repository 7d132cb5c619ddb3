package work

import (
	"context"
	"fmt"
	"strings"

	"github.com/thousand-validators/otv/internal/jobs"
)

// cleanUp deletes what is older than it is to be kept.
func (b *Bench) cleanUp(ctx context.Context, r *jobs.Run) (string, error) {
	list, err := b.Memory.Clean(ctx, b.Keep, r.Progress)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, c := range list {
		if c.Rows > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.Rows, c.What))
		}
	}
	if len(parts) == 0 {
		return "nothing is old enough to be deleted", nil
	}
	return "deleted " + strings.Join(parts, ", "), nil
}
