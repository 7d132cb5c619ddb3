package gateway_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/thousand-validators/otv/internal/gateway"
	"github.com/thousand-validators/otv/internal/gateway/gatewaytest"
	"github.com/thousand-validators/otv/internal/store"
)

// BenchmarkCold builds answers of which none is kept, with a thousand candidates on SQLite.
func BenchmarkCold(b *testing.B) {
	target := filepath.Join(b.TempDir(), "otv.db")
	s, err := store.Open(b.Context(), target)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	p, err := gatewaytest.New(b.Context(), s, 1126, 20)
	if err != nil {
		b.Fatal(err)
	}
	reading, err := store.OpenReadOnly(b.Context(), target)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = reading.Close() }()
	g, err := gateway.New(gateway.Options{
		Data: reading, Logger: slog.New(slog.DiscardHandler), Now: p.World.Now, Rules: p.World.Rules(), Network: gatewaytest.Network, Kept: 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	if err := g.Refresh(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, route := range []struct{ name, path string }{
		{"candidates", "/candidates"}, {"candidate", "/candidate/%s"}, {"score", "/score/%s"}, {"stake", "/nominatorstake/%s"}, {"points", "/erapoints/%s"},
		{"explain", gateway.V1 + "/candidates/%s/explain"},
	} {
		b.Run(route.name, func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				path := route.path
				if strings.Contains(path, "%s") {
					path = fmt.Sprintf(path, p.World.List[n%len(p.World.List)].Stash)
				}
				req := httptest.NewRequest(http.MethodGet, path, nil)
				req.Header.Set("Accept-Encoding", "gzip")
				w := httptest.NewRecorder()
				g.ServeHTTP(w, req)
				b.SetBytes(int64(w.Body.Len()))
			}
		})
	}
}
