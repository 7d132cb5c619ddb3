package gateway

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"
)

// The old backend did not tell capitals from small letters in the fixed parts of its paths. A path that no route takes is
// looked up once more that way.

// fold looks paths up that way where no route takes them as they are.
func (g *Gateway) fold(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "//") {
			g.elsewhere(w, r) // an empty name is no name
			return
		}
		if !g.router.Match(chi.NewRouteContext(), http.MethodGet, r.URL.Path) {
			if p, ok := folded(g.paths, r.URL.Path); ok {
				r = at(r, p)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// at is the same request for another path.
func at(r *http.Request, path string) *http.Request {
	out := r.Clone(r.Context())
	out.URL.Path, out.URL.RawPath = path, ""
	return out
}

// folded is the path as its route writes it, when one of the patterns fits apart from capitals.
func folded(patterns []string, path string) (string, bool) {
	have := strings.Split(path, "/")
	for _, pattern := range patterns {
		want := strings.Split(pattern, "/")
		if len(want) != len(have) {
			continue
		}
		out := make([]string, len(have))
		fits := true
		for i, w := range want {
			switch {
			case strings.HasPrefix(w, "{"):
				fits = have[i] != ""
				out[i] = have[i]
			default:
				fits = strings.EqualFold(w, have[i])
				out[i] = w
			}
			if !fits {
				break
			}
		}
		if fits {
			if p := strings.Join(out, "/"); p != path {
				return p, true
			}
		}
	}
	return "", false
}
