package gateway

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
)

// longestPath bounds what is looked up at all; no route comes near it.
const longestPath = 1024

// survive answers with 500 where a handler panics, and keeps the reason to ourselves.
func survive(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			reason := recover()
			if reason == nil {
				return
			}
			if reason == http.ErrAbortHandler { //nolint:errorlint // the one value with which a handler ends a connection
				panic(reason)
			}
			log.Error("request failed", "path", r.URL.Path, "reason", reason, "stack", string(debug.Stack()))
			writeProblem(w, r, http.StatusInternalServerError, "")
		}()
		next.ServeHTTP(w, r)
	})
}

// headers sets what every answer carries: nothing here is to be framed, guessed at, or told where a reader came from.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if len(r.URL.Path) > longestPath {
			writeProblem(w, r, http.StatusRequestURITooLong, "the path is longer than any route")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// crossOrigin lets pages of other sites read, as the old backend did: whoever asks is echoed, or only those listed.
func crossOrigin(allowed []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin, Accept-Encoding")
		origin := r.Header.Get("Origin")
		switch {
		case len(allowed) > 0 && !slices.Contains(allowed, origin):
			origin = ""
		case origin == "":
			origin = "*"
		}
		if origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "ETag, X-Next-Cursor, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After")
		}
		if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
			if origin != "" {
				h.Set("Access-Control-Allow-Methods", "GET,PUT,POST,PATCH,DELETE,HEAD,OPTIONS")
				if wanted := r.Header.Get("Access-Control-Request-Headers"); wanted != "" && len(wanted) <= longestPath {
					h.Set("Access-Control-Allow-Headers", wanted)
				}
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// crowd bounds the requests under way; whoever comes after them is told to come again.
func crowd(most int, next http.Handler) http.Handler {
	if most <= 0 {
		return next
	}
	seats := make(chan struct{}, most)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == eventsPath {
			next.ServeHTTP(w, r) // streams stay, and have a bound of their own
			return
		}
		select {
		case seats <- struct{}{}:
			defer func() { <-seats }()
			next.ServeHTTP(w, r)
		default:
			w.Header().Set("Retry-After", "1")
			writeProblem(w, r, http.StatusServiceUnavailable, "too many requests at once; ask again")
		}
	})
}

// withoutSlash treats a path that ends in a slash like the one without it.
func withoutSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; len(p) > 1 && strings.HasSuffix(p, "/") {
			r = at(r, "/"+strings.Trim(p, "/"))
		}
		next.ServeHTTP(w, r)
	})
}
