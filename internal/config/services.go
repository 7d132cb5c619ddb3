package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/thousand-validators/otv/internal/programme"
)

// Role is a share of the work that a process can take on.
type Role string

// The roles. A process without named roles has all of them.
const (
	RoleCore      Role = "core"      // rounds, nominators and their keys, migrations of the database
	RoleGateway   Role = "gateway"   // the REST API
	RoleTelemetry Role = "telemetry" // the telemetry feed and what follows from it
	RoleWorker    Role = "worker"    // jobs that need no keys
)

// Roles lists all roles, in the order in which they start.
func Roles() []Role { return []Role{RoleCore, RoleWorker, RoleTelemetry, RoleGateway} }

// Health says where health and metrics are served: host:port, "off", or empty for the address of the process's role.
type Health struct{ Address string }

// Admin holds the settings of the listener for operators.
type Admin struct {
	Address string // host:port, or "off"
	// Token is asked for; without one the program makes one up and keeps it in a file.
	Token Secret
	Pprof bool // serve Go's profiles
}

// Run holds the settings of a running process.
type Run struct {
	// StopTimeout bounds how long a process that is told to stop may finish what it has begun.
	StopTimeout programme.Millis
}

// Off is the address of a listener that is not wanted.
const Off = "off"

// DefaultAdmin is the address of the admin listener.
const DefaultAdmin = "127.0.0.1:3320"

// HealthAddress is where a process with the given roles serves health and metrics; empty when it does not. Roles have
// addresses of their own, so that all processes of a machine can share one configuration.
func (c *Config) HealthAddress(roles []Role) string {
	switch c.Health.Address {
	case Off:
		return ""
	case "":
		for i, r := range []Role{RoleCore, RoleGateway, RoleTelemetry, RoleWorker} {
			if slices.Contains(roles, r) {
				return net.JoinHostPort("127.0.0.1", strconv.Itoa(3310+i))
			}
		}
	}
	return c.Health.Address
}

// AdminAddress is where a process with the given roles serves its operators; empty when it does not. The core does.
func (c *Config) AdminAddress(roles []Role) string {
	if c.Admin.Address == Off || !slices.Contains(roles, RoleCore) {
		return ""
	}
	return c.Admin.Address
}

// ServerAddress is where HTTP is served to everybody.
func (c *Config) ServerAddress() string {
	return net.JoinHostPort(c.Server.Host, strconv.Itoa(int(c.Server.Port)))
}

// listen is the address of a listener. Private ones are better not reached from other machines.
func listen(private bool) kind[string] {
	k := refined(`host:port, or "off"`, func(t string) (string, error) {
		if t == Off {
			return "", nil
		}
		host, port, err := net.SplitHostPort(t)
		n, bad := strconv.ParseUint(port, 10, 16)
		switch {
		case err != nil || bad != nil:
			return "", fmt.Errorf("%q is not host:port, such as \"127.0.0.1:3310\"", shorten(t))
		case n == 0:
			return "", fmt.Errorf("%q has no port that others could find", shorten(t))
		}
		if ip := net.ParseIP(host); !private || ip != nil && ip.IsLoopback() || host == "localhost" {
			return "", nil
		}
		return fmt.Sprintf("%q can be reached from other machines; let only those through that should", t), nil
	})
	k.schema = schema{"type": "string", "pattern": `^(off|.*:[0-9]+)?$`}
	return k
}

// databaseTarget is the URL of a PostgreSQL database, or a file. It is shown without its password.
var databaseTarget = kind[Secret]{name: "postgres URL, or file path", read: func(s *scope, in input) Secret {
	v := hidden("", "").read(s, in)
	if t := v.Reveal(); strings.Contains(t, "://") {
		u, err := url.Parse(t)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			// Not the text: it may hold a password.
			s.fail(in, "it is neither a URL like postgres://user:password@host:5432/name nor a file")
		}
	}
	return v
}, show: func(_ Network, v Secret) any {
	t := v.Reveal()
	if !strings.Contains(t, "://") {
		return t
	}
	u, err := url.Parse(t)
	if err != nil {
		return v.String()
	}
	u.RawQuery = "" // passwords may stand there, too
	return u.Redacted()
}, schema: schema{"type": "string"}}

// token is a secret that must be hard to guess.
var token = kind[Secret]{name: "text of at least 16 characters", read: func(s *scope, in input) Secret {
	v := hidden("", "").read(s, in)
	if t := v.Reveal(); t != "" && (len(t) < 16 || strings.TrimSpace(t) != t) {
		s.fail(in, "it has less than 16 characters, or blanks around it")
	}
	return v
}, show: func(_ Network, v Secret) any { return v.String() }, schema: schema{"type": "string"}}

func serviceKeys() []Key {
	return []Key{
		key("health.address", listen(false), func(c *Config) *string { return &c.Health.Address },
			"where health and metrics are served; empty is 127.0.0.1 with port 3310 for core, 3311 gateway, 3312 telemetry, 3313 worker"),
		key("admin.address", listen(true), func(c *Config) *string { return &c.Admin.Address },
			"where the core serves the job board and other tools of operators"),
		key("admin.token", token, func(c *Config) *Secret { return &c.Admin.Token },
			"token for that; without one it is made up and kept in `admin.token` in the configuration's folder", secret),
		key("admin.pprof", boolean, func(c *Config) *bool { return &c.Admin.Pprof },
			"serve Go's profiles there"),
		key("run.stopTimeout", span, func(c *Config) *programme.Millis { return &c.Run.StopTimeout },
			"how long a process that is told to stop may take to finish what it has begun"),
	}
}
