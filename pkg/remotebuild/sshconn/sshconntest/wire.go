package sshconntest

import (
	"context"
	"net"
	"sync"
	"testing"
)

// Wire passes bytes between a client and a server, and can be cut or frozen.
type Wire struct {
	Addr string

	mu     sync.Mutex
	thaw   *sync.Cond
	frozen bool
	pairs  []net.Conn
}

// NewWire listens for clients of the server at to.
func NewWire(tb testing.TB, to string) *Wire {
	tb.Helper()
	w := &Wire{}
	w.thaw = sync.NewCond(&w.mu)
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	w.Addr = l.Addr().String()
	tb.Cleanup(func() {
		_ = l.Close()
		w.Freeze(false)
		w.Cut()
	})
	ctx := tb.Context()
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			w.join(ctx, client, to)
		}
	}()
	return w
}

func (w *Wire) join(ctx context.Context, client net.Conn, to string) {
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
	if err != nil {
		_ = client.Close()
		return
	}
	w.mu.Lock()
	w.pairs = append(w.pairs, client, server)
	w.mu.Unlock()
	go w.pass(client, server)
	go w.pass(server, client)
}

func (w *Wire) pass(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		for w.frozen {
			w.thaw.Wait()
		}
		w.mu.Unlock()
		if _, writeErr := to.Write(buf[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// Freeze makes the wire pass nothing, and lose nothing: a link that is down.
func (w *Wire) Freeze(frozen bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.frozen = frozen
	w.thaw.Broadcast()
}

// Cut ends all connections.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.pairs {
		_ = c.Close()
	}
	w.pairs = nil
}
