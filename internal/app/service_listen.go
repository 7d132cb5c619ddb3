package app

import (
	"context"
	"net"
	"net/http"

	"github.com/thousand-validators/otv/internal/config"
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

// api serves everybody: the API with the gateway role, or health only where the configuration says so. It is
// nil when neither is wanted.
func (p *process) api() func(ctx context.Context, ready func()) error {
	switch {
	case !p.cfg.Server.Enable:
		return nil
	case p.cfg.Server.OnlyHealth:
		return p.listener("api", "server.port", p.cfg.ServerAddress(), p.healthRoutes()).Run
	case p.has(config.RoleGateway):
		return p.runAPI
	}
	return nil
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
	admin := ops.Admin{Jobs: http.HandlerFunc(p.jobPages), Pprof: p.cfg.Admin.Pprof}
	l := p.listener("admin", "admin.address", p.cfg.Admin.Address, ops.Protect(token, admin.Handler()))
	return l.Run(ctx, ready)
}
