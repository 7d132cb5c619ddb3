// Package ops is what operators and their tools talk to: HTTP listeners with bounds, the routes for health and metrics,
// and the admin listener behind its token.
package ops

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/thousand-validators/otv/internal/lifecycle"
)

// Bounds of every listener. An answer may take as long as it wants, because streams do.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
	// drainTimeout is how long requests that are being answered may take when the listener stops.
	drainTimeout = 5 * time.Second
)

// Listener serves HTTP at one address.
type Listener struct {
	Name    string // for messages and metrics: "health", "admin", "api"
	Key     string // the configuration's key of the address
	Address string // host:port
	Handler http.Handler
	Logger  *slog.Logger
	// Count, unless nil, is told of every answer.
	Count func(listener string, status int, took time.Duration)
	// Bound, unless nil, is told the address when it listens; the port of Address may have been 0.
	Bound func(net.Addr)
}

// Run listens until ctx ends, and then lets requests that are being answered end. An address that cannot be listened
// at is permanent.
func (l *Listener) Run(ctx context.Context, ready func()) error {
	var lc net.ListenConfig
	socket, err := lc.Listen(ctx, "tcp", l.Address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return lifecycle.Permanent(fmt.Errorf("%s is in use by another program: end that, or set %s to another address", l.Address, l.Key))
	case errors.Is(err, syscall.EACCES):
		return lifecycle.Permanent(fmt.Errorf("%s must not be listened at by this user: set %s to a port from 1024 on", l.Address, l.Key))
	case err != nil && ctx.Err() == nil:
		return lifecycle.Permanent(fmt.Errorf("cannot listen at %s: %w; set %s to an address of this machine", l.Address, err, l.Key))
	case err != nil:
		return err
	}
	srv := &http.Server{
		Handler: l.counted(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(l.Logger.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(socket) }()
	if l.Bound != nil {
		l.Bound(socket.Addr())
	}
	l.Logger.Info("listening", "listener", l.Name, "address", socket.Addr().String())
	ready()
	select {
	case err := <-served:
		return fmt.Errorf("listen at %s: %w", l.Address, err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := srv.Shutdown(limit); err != nil {
		return srv.Close() // whoever still waits has had time
	}
	return nil
}

// counted reports every answer to Count.
func (l *Listener) counted() http.Handler {
	if l.Count == nil {
		return l.Handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		began := time.Now()
		defer func() { l.Count(l.Name, s.status, time.Since(began)) }()
		l.Handler.ServeHTTP(s, r)
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (s *statusWriter) WriteHeader(status int) {
	if !s.wrote && status >= http.StatusOK {
		s.status, s.wrote = status, true
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusWriter) Write(b []byte) (int, error) {
	s.wrote = true
	return s.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] flush and set deadlines.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }
