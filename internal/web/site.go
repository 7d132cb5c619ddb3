package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/thousand-validators/otv/internal/health"
)

//go:embed assets pages
var files embed.FS

// AssetsPath is where styles and scripts are.
const AssetsPath = "/assets/"

// Options are what the pages are made of. Data, Health and Now are required.
type Options struct {
	Data   Data
	Health func() health.Report
	Now    func() time.Time
	Logger *slog.Logger
	// Version is that of the program, and Label the name under which the outside sources keep their health.
	Version, Label string
	// Simulation, unless empty, says in a sentence that the network is a simulated one. It is shown on every page.
	Simulation string
	// BlockTime is the time between two blocks, by which waits are estimated that count in blocks; 0 is 6 s.
	BlockTime time.Duration
	// Details has the pages tell what the parts of the process say, which may name machines that are nobody's business.
	Details bool
	// Speed is how many times faster than the machine's the clock Now goes, for what the pages count down; 0 is 1.
	Speed float64
	// Links are shown in the foot of every page.
	Links []Link
	// Record, unless nil, is where the record of a round can be downloaded.
	Record func(digest string) string
}

// Link is a way to somewhere else.
type Link struct{ Text, URL string }

// Site serves the pages.
type Site struct {
	Options
	mux    *http.ServeMux
	pages  map[string]*template.Template
	assets map[string]asset // by path
	names  map[string]string
}

// asset is an embedded file under the path that has its digest, so that browsers may keep it for good.
type asset struct {
	kind    string
	content []byte
}

// New makes a site. It reads nothing before the first request.
func New(o Options) (*Site, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.BlockTime == 0 {
		o.BlockTime = 6 * time.Second
	}
	s := &Site{Options: o, mux: http.NewServeMux(), pages: map[string]*template.Template{}, assets: map[string]asset{}, names: map[string]string{}}
	if err := s.loadAssets(); err != nil {
		return nil, err
	}
	if err := s.loadPages(); err != nil {
		return nil, err
	}
	s.mux.HandleFunc("GET "+AssetsPath+"{name}", s.asset)
	s.mux.HandleFunc("GET /status", s.page("status.html", s.status))
	return s, nil
}

// Paths are the patterns under which the site wants to be mounted.
func Paths() []string { return []string{AssetsPath, "/status"} }

func (s *Site) loadAssets() error {
	list, err := fs.ReadDir(files, "assets")
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	for _, f := range list {
		b, err := files.ReadFile("assets/" + f.Name())
		if err != nil {
			return fmt.Errorf("pages: %w", err)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(f.Name())
		name := strings.TrimSuffix(f.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		s.assets[name], s.names[f.Name()] = asset{kinds[ext], b}, AssetsPath+name
	}
	return nil
}

func (s *Site) loadPages() error {
	layout, err := template.New("layout.html").Funcs(template.FuncMap{"asset": func(name string) (string, error) {
		if p, ok := s.names[name]; ok {
			return p, nil
		}
		return "", fmt.Errorf("there is no asset %s", name)
	}}).ParseFS(files, "pages/layout.html")
	if err != nil {
		return fmt.Errorf("pages: %w", err)
	}
	for _, name := range []string{"status.html", "failure.html"} {
		t, err := layout.Clone()
		if err == nil {
			t, err = t.ParseFS(files, "pages/"+name)
		}
		if err != nil {
			return fmt.Errorf("pages: %w", err)
		}
		s.pages[name] = t
	}
	return nil
}

// ServeHTTP implements http.Handler.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	s.mux.ServeHTTP(w, r)
}

// asset serves an embedded file. Its name changes with its content.
func (s *Site) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := s.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(a.content) // whoever asked is gone if this fails
}

// frame is what the layout shows around a page.
type frame struct {
	Title, Network, Version, Simulation string
	Now                                 moment
	Links                               []Link
	Speed                               float64
	Live                                bool // the page refreshes itself
	View                                any
}

// page serves what view makes.
func (s *Site) page(name string, view func(ctx context.Context, now time.Time) (title, network string, v any, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		now := s.Now()
		f := frame{Version: s.Version, Simulation: s.Simulation, Now: momentOf(now), Links: s.Links, Speed: s.Speed, Live: true}
		code := http.StatusOK
		var err error
		if f.Title, f.Network, f.View, err = view(r.Context(), now); err != nil {
			if r.Context().Err() != nil {
				return // nobody waits for it
			}
			s.Logger.Error("a page could not be made", "page", r.URL.Path, "error", err)
			// What went wrong may name machines and files; that is for the log.
			name, code, f.Title, f.View = "failure.html", http.StatusServiceUnavailable, "Not available", nil
		}
		var b bytes.Buffer
		if err := s.pages[name].ExecuteTemplate(&b, "layout.html", f); err != nil {
			s.Logger.Error("a page could not be rendered", "page", r.URL.Path, "error", err)
			http.Error(w, "this page could not be rendered", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(code)
		_, _ = w.Write(b.Bytes()) // whoever asked is gone if this fails
	}
}
