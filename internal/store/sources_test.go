package store

import (
	"errors"
	"testing"

	"github.com/thousand-validators/otv/internal/programme/plan"
	"github.com/thousand-validators/otv/internal/store/storetest"
)

func TestNewestDocument(t *testing.T) {
	both(t, func(t *testing.T, s, again *Store) {
		if _, err := s.NewestDocument(t.Context(), plan.DocumentRound); !errors.Is(err, plan.ErrNotFound) {
			t.Errorf("of none: %v", err)
		}
		for _, d := range []plan.Document{
			{Digest: "b", Kind: plan.DocumentRound, Bytes: []byte("1"), Created: 5}, {Digest: "a", Kind: plan.DocumentRound, Bytes: []byte("2"), Created: 9},
			{Digest: "c", Kind: plan.DocumentOrder, Bytes: []byte("3"), Created: 10}, {Digest: "d", Kind: plan.DocumentRound, Bytes: []byte("4"), Created: 7},
		} {
			if err := s.SaveDocument(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		if d, err := again.NewestDocument(t.Context(), plan.DocumentRound); err != nil || d.Digest != "a" || string(d.Bytes) != "2" {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

func TestSourcesConformance(t *testing.T) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		storetest.RunSources(t, func(t *testing.T) (a, b storetest.Sources) {
			name := target(t)
			return open(t, name), open(t, name)
		})
	})
}

func TestMemoryConformance(t *testing.T) {
	made(t, func(t *testing.T, target func(t testing.TB) string) {
		storetest.RunMemory(t, func(t *testing.T) (a, b storetest.Memory) {
			name := target(t)
			return open(t, name), open(t, name)
		})
	})
}
