package ops

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// TokenFile is the file with the admin token when the configuration has none.
const TokenFile = "admin.token"

// maxToken bounds the token's file in bytes.
const maxToken = 4096

// Token reads the admin token from its file in a folder, or makes one up and keeps it there for its owner only.
func Token(dir string, random io.Reader) (token, file string, err error) {
	file = filepath.Join(dir, TokenFile)
	for range 2 {
		b, err := readToken(file)
		if err == nil {
			return b, file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", file, fmt.Errorf("admin token: %w", err)
		}
		var key [24]byte
		if _, err := io.ReadFull(random, key[:]); err != nil {
			return "", file, fmt.Errorf("admin token: %w", err)
		}
		token = hex.EncodeToString(key[:])
		switch err := writeNew(file, token+"\n"); {
		case err == nil:
			return token, file, nil
		case !errors.Is(err, fs.ErrExist): // another process was faster: read its token
			return "", file, fmt.Errorf("admin token: %w; set admin.token, or admin.address to off", err)
		}
	}
	return "", file, fmt.Errorf("admin token: %s comes and goes", file)
}

func readToken(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%s: other users can read it; chmod 600 it, or remove it to get a new one", file)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxToken))
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(b))
	if len(token) < 16 {
		return "", fmt.Errorf("%s: a token has at least 16 characters; remove the file to get a new one", file)
	}
	return token, nil
}

// writeNew writes a file that must not exist. It appears whole or not at all.
func writeNew(file, content string) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), file)
}

// Protect lets only requests through that carry the token: as "Authorization: Bearer TOKEN", or as password of any
// user, for which browsers ask. What changes something must not come from a page of another site.
func Protect(token string, next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	is := func(t string) bool {
		got := sha256.Sum256([]byte(t))
		return subtle.ConstantTimeCompare(want[:], got[:]) == 1
	}
	guarded := http.NewCrossOriginProtection().Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer {
			_, given, _ = r.BasicAuth()
		}
		if token == "" || !is(given) {
			w.Header().Set("WWW-Authenticate", `Basic realm="otv admin: any user, the token as password"`)
			http.Error(w, "the admin token is needed, as bearer token or as password", http.StatusUnauthorized)
			return
		}
		h := w.Header()
		h.Set("X-Frame-Options", "DENY")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		ctx := context.WithValue(r.Context(), adminKey{}, user(r))
		r.Header.Del("Authorization")
		guarded.ServeHTTP(w, r.WithContext(ctx))
	})
}

type adminKey struct{}

// Author is the name with which the sender of an admin request logged in, for the audit log.
func Author(ctx context.Context) string {
	name, _ := ctx.Value(adminKey{}).(string)
	return name
}

// user is the name with which somebody logged in.
func user(r *http.Request) string {
	if name, _, ok := r.BasicAuth(); ok && name != "" {
		return name
	}
	return "admin"
}

// Admin is the content of the admin listener.
type Admin struct {
	// Jobs is the board of the queue, which expects its paths below /jobs; nil when there is none.
	Jobs http.Handler
	// Pprof adds Go's profiles below /debug/pprof.
	Pprof bool
	// More are further handlers by pattern.
	More map[string]http.Handler
}

const indexPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>otv admin</title>
<style>body{font:16px/1.5 system-ui,sans-serif;margin:2rem;color-scheme:light dark}</style>
<h1>otv admin</h1><ul>%s</ul></html>
`

// Handler serves what the admin listener has. It does not ask for the token: wrap it in [Protect].
func (a Admin) Handler() http.Handler {
	mux := http.NewServeMux()
	var links strings.Builder
	link := func(path, text string) { fmt.Fprintf(&links, `<li><a href="%s">%s</a></li>`, path, text) }
	if a.Jobs != nil {
		mux.Handle("/jobs/", a.Jobs)
		mux.Handle("GET /jobs", http.RedirectHandler("/jobs/", http.StatusSeeOther))
		mux.Handle("GET /bull", http.RedirectHandler("/jobs/", http.StatusSeeOther))
		mux.Handle("GET /bull/", http.RedirectHandler("/jobs/", http.StatusSeeOther))
		link("/jobs/", "jobs")
	}
	if a.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
		link("/debug/pprof/", "profiles")
	}
	for pattern, h := range a.More {
		mux.Handle(pattern, h)
	}
	page := fmt.Sprintf(indexPage, links.String())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	})
	return mux
}
