package gateway

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// worthPacking is the size in bytes from which an answer is compressed; below it the headers outweigh the gain.
const worthPacking = 1024

// answer is a finished response, encoded both ways. It never changes after it was made.
type answer struct {
	status int
	kind   string // content type, empty without a body
	plain  []byte
	packed []byte // gzip, nil when not worth it
	tag    string // entity tag, the same for both encodings
	next   string // cursor of the next page, of a list that is no JSON
	stamp  []int64
}

// jsonKind is the content type of most answers.
const jsonKind = "application/json; charset=utf-8"

// packedWell is the size in bytes from which an answer is compressed well. Below it a compressor that is three times as fast
// adds a sixth to what is sent, some hundred bytes.
const packedWell = 64 << 10

// packers are compressors at rest: a new one costs more than most answers do.
var packers, quickPackers = packersOf(gzip.DefaultCompression), packersOf(gzip.BestSpeed)

func packersOf(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(nil, level) // both levels exist
		return z
	}}
}

// encode makes an answer out of a value. HTML characters stay as they are: nothing here is put into a page.
func encode(v any) (*answer, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return finish(http.StatusOK, jsonKind, bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// finish makes an answer out of a body.
func finish(status int, kind string, body []byte) (*answer, error) {
	sum := sha256.Sum256(body)
	a := &answer{status: status, kind: kind, plain: body, tag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	if len(body) < worthPacking {
		return a, nil
	}
	pool := quickPackers
	if len(body) >= packedWell {
		pool = packers
	}
	var b bytes.Buffer
	z := pool.Get().(*gzip.Writer)
	z.Reset(&b)
	defer pool.Put(z)
	if _, err := z.Write(body); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	a.packed = b.Bytes()
	return a, nil
}

// nothing is the old backend's answer to a question for a single thing that does not exist.
func nothing() *answer { return &answer{status: http.StatusNoContent} }

// size is what the answer occupies, in bytes.
func (a *answer) size() int { return len(a.plain) + len(a.packed) }

// serve writes the answer in the form the client can read, or tells that it has it already.
func (a *answer) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return
	}
	h.Set("ETag", a.tag)
	if a.next != "" {
		h.Set("X-Next-Cursor", a.next)
	}
	h.Set("Cache-Control", "no-cache") // keep it, but ask before using it
	if a.status == http.StatusOK && holds(r.Header.Get("If-None-Match"), a.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	if a.packed != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body = a.packed
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone is no failure of ours
	}
}

// holds reports whether a list of entity tags contains one, by the weak comparison of RFC 9110, 8.8.3.2.
func holds(list, tag string) bool {
	if list == "" {
		return false
	}
	if strings.TrimSpace(list) == "*" {
		return true
	}
	tag = strings.TrimPrefix(tag, "W/")
	for one := range strings.SplitSeq(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(one), "W/") == tag {
			return true
		}
	}
	return false
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110, 12.5.3) as far as it concerns gzip.
func acceptsGzip(header string) bool {
	star := false
	for one := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(one), ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		wanted := !refused(params)
		if name == "gzip" {
			return wanted
		}
		star = wanted
	}
	return star
}

// refused reports whether the parameters of a coding give it a quality of zero.
func refused(params string) bool {
	for p := range strings.SplitSeq(params, ";") {
		k, v, ok := strings.Cut(strings.TrimSpace(p), "=")
		if ok && strings.EqualFold(k, "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			return err != nil || q <= 0
		}
	}
	return false
}
