package app

import (
	"context"
	"net"
	"net/http"

	"github.com/thousand-validators/otv/internal/ops"
)

// listener makes a listener of the process.
func (p *process) listener(name, key, address string, h http.Handler) *ops.Listener {
	return &ops.Listener{
		Name: name, Key: key, Address: address, Handler: h, Logger: p.log.With("component", name), Count: p.metrics.Request,
		Bound: func(a net.Addr) {
			if p.Listening != nil {
				p.Listening(name, a)
			}
		},
	}
}

// healthRoutes are health and metrics, for orchestrators and Prometheus.
func (p *process) healthRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	p.health.Routes(mux)
	mux.Handle("GET /metrics", p.metrics.Handler())
	return mux
}

// healthListener is nil when it is switched off.
func (p *process) healthListener() *ops.Listener {
	address := p.cfg.HealthAddress(p.Roles)
	if address == "" {
		return nil
	}
	return p.listener("health", "health.address", address, p.healthRoutes())
}

// runAdmin serves operators, behind the admin token.
func (p *process) runAdmin(ctx context.Context, ready func()) error {
	token := p.cfg.Admin.Token.Reveal()
	if token == "" {
		var file string
		var err error
		if token, file, err = ops.Token(p.cfg.Dir, p.Random); err != nil {
			return input(err)
		}
		p.log.Info("the admin listener asks for the token in a file", "file", file)
	}
	admin := ops.Admin{Jobs: http.HandlerFunc(p.jobPages), Pprof: p.cfg.Admin.Pprof, More: p.desk().Routes()}
	l := p.listener("admin", "admin.address", p.cfg.Admin.Address, ops.Protect(token, admin.Handler()))
	return l.Run(ctx, ready)
}
