package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

const (
	// keptLong is how long a list may get, in bytes of JSON, to be kept like any other answer. Longer ones are written
	// to the client as they are read and need no memory.
	keptLong = 4 << 20
	// longTime bounds how long a client may take over a long list, because reading it holds a connection to the database.
	longTime = 2 * time.Minute
	// longAtOnce bounds the long lists under way.
	longAtOnce = 4
)

// errLong ends the building of an answer that is too long to be kept.
var errLong = errors.New("the list is long")

// long mounts a route whose list may be of any length. Each hands over its lines one by one, and stops at an error of
// add.
func long[In, T any](g *Gateway, rt route, each func(ctx context.Context, in *In, add func(T) error) error) {
	g.register(rt)
	op := g.operation(rt, reflect.TypeFor[[]T]())
	huma.Register(g.api, op, func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		made, err := g.answer(ctx, rt, fmt.Sprintf("%s %+v", rt.path, *in), func(ctx context.Context) (any, error) {
			var b bytes.Buffer
			err := array(&b, keptLong, func(add func(T) error) error { return each(ctx, in, add) })
			if err != nil {
				return nil, err
			}
			return finish(http.StatusOK, jsonKind, b.Bytes())
		})
		if err != nil && !errors.Is(err, errLong) {
			return nil, g.told(ctx, rt, err)
		}
		if err == nil {
			return served(made), nil
		}
		select {
		case g.longs <- struct{}{}:
		default:
			return nil, busy()
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			defer func() { <-g.longs }()
			r, w := humachi.Unwrap(c)
			ctx, cancel := context.WithTimeout(ctx, longTime)
			defer cancel()
			out := &outlet{ResponseWriter: w}
			err := stream(out, r, func(w io.Writer) error {
				return array(w, 0, func(add func(T) error) error { return each(ctx, in, add) })
			})
			if err == nil {
				return
			}
			if ctx.Err() == nil && !out.closed { // a client that has gone is no failure of ours
				g.log.Error("answer request", "route", rt.path, "error", err)
			}
			panic(http.ErrAbortHandler) // the status is sent: only a broken connection says that the list is not whole
		}}, nil
	})
}

// outlet remembers that its client takes nothing any more.
type outlet struct {
	http.ResponseWriter
	closed bool
}

// Write implements io.Writer.
func (o *outlet) Write(b []byte) (int, error) {
	n, err := o.ResponseWriter.Write(b)
	o.closed = o.closed || err != nil
	return n, err
}

// Unwrap lets http.ResponseController find what is behind.
func (o *outlet) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// served makes a response of an answer.
func served(made *answer) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		r, w := humachi.Unwrap(c)
		made.serve(w, r)
	}}
}

// busy tells a client to come again.
func busy() error {
	return huma.ErrorWithHeaders(problem(http.StatusServiceUnavailable, "too many long lists at once; ask again"), http.Header{"Retry-After": {"5"}})
}

// stream writes a body of unknown length.
func stream(w http.ResponseWriter, r *http.Request, body func(io.Writer) error) error {
	h := w.Header()
	h.Set("Content-Type", jsonKind)
	h.Set("Cache-Control", "no-store")
	// A writer that knows no deadline is one of a test.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(longTime))
	if r.Method == http.MethodHead {
		return nil
	}
	if !acceptsGzip(r.Header.Get("Accept-Encoding")) {
		return body(w)
	}
	h.Set("Content-Encoding", "gzip")
	z := packers.Get().(*gzip.Writer)
	z.Reset(w)
	defer packers.Put(z)
	if err := body(z); err != nil {
		return err
	}
	return z.Close()
}

// array writes a JSON array. With a bound it ends with errLong where the text gets longer.
func array[T any](w io.Writer, most int, each func(add func(T) error) error) error {
	length, separator := 0, "["
	err := each(func(line T) error {
		var b bytes.Buffer
		b.WriteString(separator)
		separator = ","
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(line); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
		if length += b.Len(); most > 0 && length > most {
			return errLong
		}
		_, err := w.Write(b.Bytes())
		return err
	})
	if err != nil {
		return err
	}
	if separator == "[" {
		_, err = io.WriteString(w, "[]")
		return err
	}
	_, err = io.WriteString(w, "]")
	return err
}
