package gateway

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func serve(t *testing.T, a *answer, method string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.serve(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnswerIsServedAsTheClientCanRead(t *testing.T) {
	long := strings.Repeat("candidate <&> ", 500)
	a, err := encode(map[string]string{"text": long})
	if err != nil {
		t.Fatal(err)
	}
	want := []byte(`{"text":"` + long + `"}`)
	plain := serve(t, a, http.MethodGet)
	if got := body(t, plain); !bytes.Equal(got, want) || plain.Header.Get("Content-Encoding") != "" {
		t.Fatalf("plain answer of %d bytes, encoding %q", len(got), plain.Header.Get("Content-Encoding"))
	}
	packed := serve(t, a, http.MethodGet, "Accept-Encoding", "br, gzip;q=0.5")
	if packed.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal("not compressed")
	}
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("unpacks to %d bytes, %v", len(got), err)
	}
	head := serve(t, a, http.MethodHead)
	if n := len(body(t, head)); n != 0 || head.ContentLength != int64(len(want)) {
		t.Fatalf("HEAD has a body of %d bytes and a length of %d", n, head.ContentLength)
	}
	tag := plain.Header.Get("ETag")
	for _, held := range []string{tag, strings.TrimPrefix(tag, "W/"), `"x", ` + tag, "*"} {
		if r := serve(t, a, http.MethodGet, "If-None-Match", held); r.StatusCode != http.StatusNotModified || len(body(t, r)) != 0 {
			t.Errorf("If-None-Match %s: status %d", held, r.StatusCode)
		}
	}
	if r := serve(t, a, http.MethodGet, "If-None-Match", `W/"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("another tag: status %d", r.StatusCode)
	}
	if r := serve(t, nothing(), http.MethodGet); r.StatusCode != http.StatusNoContent || r.Header.Get("Content-Type") != "" || len(body(t, r)) != 0 {
		t.Errorf("nothing found: status %d, type %q", r.StatusCode, r.Header.Get("Content-Type"))
	}
}

func TestAcceptsGzip(t *testing.T) {
	for header, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "deflate, gzip": true, "gzip;q=0": false, "gzip; q=0.0": false, "gzip;q=1": true,
		"*": true, "*;q=0": false, "*, gzip;q=0": false, "identity": false, "gzip;q=x": false, ";;;,": false, "x-gzip": false,
	} {
		if got := acceptsGzip(header); got != want {
			t.Errorf("%q: %v", header, got)
		}
	}
}
