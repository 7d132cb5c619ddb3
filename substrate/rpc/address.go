package rpc

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// ParseEndpoint checks the address of a node and returns the name it may be called by in texts: user, password and query
// are left out, and so are long path segments, which often are access tokens.
func ParseEndpoint(address string) (name string, err error) {
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		name := ""
		if u, err := url.Parse("ws://" + address); err == nil {
			name = strings.TrimPrefix(safeName(u), "ws://") + " "
		}
		return "", fmt.Errorf("the endpoint %shas no ws:// or wss:// in front", name)
	}
	u, err := url.Parse(address)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // the outer text repeats the address with its secrets
		}
		return "", fmt.Errorf("the endpoint is not a URL: %w", err)
	}
	if u.Scheme != "ws" && u.Scheme != "wss" {
		return "", fmt.Errorf("the endpoint %s has no ws:// or wss:// in front", safeName(u))
	}
	if u.Host == "" {
		return "", fmt.Errorf("the endpoint %s names no host", safeName(u))
	}
	return safeName(u), nil
}

func safeName(u *url.URL) string {
	const longest = 15
	segments := strings.Split(strings.TrimRight(u.Path, "/"), "/")
	for i, s := range segments {
		if len(s) > longest {
			segments[i] = "..."
		}
	}
	name := u.Host + strings.Join(segments, "/")
	if u.Scheme == "" {
		return shorten(name, 80)
	}
	return u.Scheme + "://" + name
}
