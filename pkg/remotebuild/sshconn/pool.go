package sshconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
)

// Pool holds the connections to one host: it opens another one when the sessions of all
// are taken, up to a bound, and forgets those that ended.
type Pool struct {
	dial func(ctx context.Context) (*Conn, error)
	max  int

	dialing sync.Mutex // one at a time: hosts drop those who come in crowds
	mu      sync.Mutex
	conns   []*Conn
	closed  bool
}

// NewPool makes a pool of at most limit connections, which dial makes.
func NewPool(limit int, dial func(ctx context.Context) (*Conn, error)) *Pool {
	return &Pool{dial: dial, max: max(1, limit)}
}

// Conn gives the connection with the most room, or a new one. When all are full and no
// more may be opened, it is the one with the shortest queue, which Run and Stream join.
func (p *Pool) Conn(ctx context.Context) (*Conn, error) {
	if c, enough := p.best(); enough {
		return c, nil
	}
	p.dialing.Lock()
	defer p.dialing.Unlock()
	if c, enough := p.best(); enough {
		return c, nil
	}
	c, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errors.Join(errors.New("the pool is closed"), c.Close())
	}
	p.conns = append(p.conns, c)
	return c, nil
}

// best is true when its connection is to be used rather than a new one.
func (p *Pool) best() (*Conn, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = slices.DeleteFunc(p.conns, func(c *Conn) bool { return c.Err() != nil })
	if len(p.conns) == 0 {
		return nil, false
	}
	best := slices.MaxFunc(p.conns, func(a, b *Conn) int { return a.Free() - b.Free() })
	return best, best.Free() > 0 || len(p.conns) >= p.max
}

// Run is Conn.Run on a connection with room.
func (p *Pool) Run(ctx context.Context, command string, stdin io.Reader) ([]byte, int, error) {
	c, err := p.Conn(ctx)
	if err != nil {
		return nil, noExit, fmt.Errorf("connect: %w", err)
	}
	return c.Run(ctx, command, stdin)
}

// Stream is Conn.Stream on a connection with room.
func (p *Pool) Stream(ctx context.Context, command string) (io.ReadWriteCloser, error) {
	c, err := p.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return c.Stream(ctx, command)
}

// Close ends all connections.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var err error
	for _, c := range p.conns {
		err = errors.Join(err, c.Close())
	}
	p.conns = nil
	return err
}
