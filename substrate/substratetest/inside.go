package substratetest

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// inside is a listener within the process: what goes over its connections is handed from one goroutine to another, which
// takes the operating system no time.
type inside struct {
	addr  net.Addr
	conns chan net.Conn
	ended chan struct{}
	end   func()
}

func newInside(addr net.Addr) *inside {
	i := &inside{addr: addr, conns: make(chan net.Conn), ended: make(chan struct{})}
	i.end = sync.OnceFunc(func() { close(i.ended) })
	return i
}

// Accept implements [net.Listener], as do the others.
func (i *inside) Accept() (net.Conn, error) {
	select {
	case c := <-i.conns:
		return c, nil
	case <-i.ended:
		return nil, net.ErrClosed
	}
}

// Close ends it; connections that were made last.
func (i *inside) Close() error {
	i.end()
	return nil
}

// Addr is that of the node on the network.
func (i *inside) Addr() net.Addr { return i.addr }

// Connect opens a connection to the node that does not leave the process. It does what dialing
// [Node.URL] does, with the same troubles; a node that is down closes it.
func (n *Node) Connect(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	if n.listener.shut.Load() {
		_ = server.Close() // as one that is accepted and closed
		return client, nil
	}
	select {
	case n.inside.conns <- server:
		return client, nil
	case <-n.inside.ended:
		return nil, fmt.Errorf("connect to %s: %w", n.inside.addr, net.ErrClosed)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
