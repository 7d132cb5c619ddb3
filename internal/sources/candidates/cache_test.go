package candidates

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCacheOverRestart: a new process with a dead source uses the list of the one before.
func TestCacheOverRestart(t *testing.T) {
	s := newServer(t)
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	cached := func(o *Options) { o.CacheDir = dir }
	s.serve(list(good(1)), `"one"`)
	first := mustLoad(t, newTestLoader(t, s.URL, cached))

	again := mustLoad(t, newTestLoader(t, s.URL, cached))
	if s.header(1).Get("If-None-Match") != `"one"` || again.Changed || again.Stale != nil || !again.Fetched.Equal(first.Fetched) {
		t.Errorf("the kept list was not offered to the server: %+v", again)
	}
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	r := mustLoad(t, newTestLoader(t, s.URL, cached))
	if r.Stale == nil || len(r.List.Entries) != 1 || !r.Stale.Since.Equal(again.Confirmed) {
		t.Errorf("%+v", r)
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%v %v", files, err)
	}
	other := newTestLoader(t, s.URL, func(o *Options) { o.CacheDir, o.Network = dir, polkadot })
	if _, err := other.Load(t.Context()); err == nil {
		t.Error("another network got the list")
	}
}

// TestDamagedCache: whatever is in the file, it is never used when it is not what was written.
func TestDamagedCache(t *testing.T) {
	s := newServer(t)
	dir := t.TempDir()
	cached := func(o *Options) { o.CacheDir = dir }
	s.serve(list(good(1)), "")
	mustLoad(t, newTestLoader(t, s.URL, cached))
	files, _ := os.ReadDir(dir)
	path := filepath.Join(dir, files[0].Name())
	kept, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	for _, damage := range []string{
		"", "{", string(kept[:len(kept)/2]), strings.Replace(string(kept), "node 1", "node 2", 1),
		strings.Replace(string(kept), s.URL, "http://elsewhere", 1),
	} {
		if err := os.WriteFile(path, []byte(damage), 0o644); err != nil {
			t.Fatal(err)
		}
		if r, err := newTestLoader(t, s.URL, cached).Load(t.Context()); err == nil {
			t.Errorf("%.40q was used: %+v", damage, r)
		}
	}
	s.serve(list(good(1)), "")
	l := newTestLoader(t, s.URL, cached)
	if r, err := l.Load(t.Context()); err != nil || r.CacheErr == nil || !strings.Contains(r.CacheErr.Error(), "is damaged") {
		t.Errorf("a damaged file is not reported: %+v %v", r, err)
	}
	if r := mustLoad(t, l); r.CacheErr != nil {
		t.Error("it is reported again")
	}
	if r := mustLoad(t, newTestLoader(t, s.URL, cached)); r.CacheErr != nil {
		t.Error("it was not repaired")
	}
}

func TestUnusableCacheFolder(t *testing.T) {
	s := newServer(t)
	s.serve(list(good(1)), "")
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l := newTestLoader(t, s.URL, func(o *Options) { o.CacheDir = path })
	if r, err := l.Load(t.Context()); err != nil || r.CacheErr == nil || len(r.List.Entries) != 1 {
		t.Errorf("%+v %v", r, err)
	}
}
