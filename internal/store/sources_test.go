package store

import (
	"testing"

	"github.com/thousand-validators/otv/internal/store/storetest"
)

func TestSourcesConformance(t *testing.T) {
	databases(t, func(t *testing.T, target func(t testing.TB) string) {
		storetest.RunSources(t, func(t *testing.T) (a, b storetest.Sources) {
			name := target(t)
			return open(t, name), open(t, name)
		})
	})
}
