package sshconn

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
	"k8s.io/utils/clock"
)

// Conn is one connection to a host, with a bounded number of sessions.
type Conn struct {
	client    *ssh.Client
	target    Target
	via       *Conn // the jump host's, which ends with this one
	clock     clock.WithTicker
	every     time.Duration
	misses    int
	maxOutput int
	slots     chan struct{}
	done      chan struct{}

	mu   sync.Mutex
	lost error
}

func (d *Dialer) newConn(client *ssh.Client, target Target) *Conn {
	c := &Conn{
		client: client, target: target, clock: d.Clock,
		every:     orDefault(d.KeepaliveEvery, DefaultKeepaliveEvery),
		misses:    orDefault(d.KeepaliveMisses, DefaultKeepaliveMisses),
		maxOutput: orDefault(d.MaxOutput, DefaultMaxOutput),
		slots:     make(chan struct{}, orDefault(d.MaxSessions, DefaultMaxSessions)),
		done:      make(chan struct{}),
	}
	go c.keepAlive()
	go func() {
		c.lose(client.Wait())
		_ = client.Close()
		if c.via != nil {
			_ = c.via.Close()
		}
		close(c.done)
	}()
	return c
}

// Done is closed when the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Free is the number of sessions that could be opened now.
func (c *Conn) Free() int { return cap(c.slots) - len(c.slots) }

// HostVersion is how the host's server calls itself.
func (c *Conn) HostVersion() string { return string(c.client.ServerVersion()) }

// Close ends the connection and all its sessions.
func (c *Conn) Close() error {
	c.lose(errors.New("closed"))
	err := c.client.Close()
	if c.via != nil {
		err = errors.Join(err, c.via.Close())
	}
	return err
}

// lose keeps the first reason why the connection ended.
func (c *Conn) lose(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost == nil {
		c.lost = fmt.Errorf("the connection has ended: %w", err)
	}
}

// Err says why the connection ended, or nil.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// keepAlive closes the connection when the host stops answering.
func (c *Conn) keepAlive() {
	ticker := c.clock.NewTicker(c.every)
	defer ticker.Stop()
	answers := make(chan struct{}, 1)
	waiting, missed := false, 0
	for {
		select {
		case <-c.done:
			return
		case <-answers:
			waiting, missed = false, 0
		case <-ticker.C():
			if waiting {
				missed++
			}
			if missed >= c.misses {
				c.lose(fmt.Errorf("%d keepalives went unanswered", missed))
				_ = c.client.Close()
				return
			}
			if !waiting {
				waiting = true
				go c.ask(answers)
			}
		}
	}
}

// ask hangs on a dead connection until that is closed. A refusal is an answer.
func (c *Conn) ask(answers chan<- struct{}) {
	if _, _, err := c.client.SendRequest("keepalive@openssh.com", true, nil); err == nil {
		answers <- struct{}{}
	}
}

// open opens a session once there is room. The function gives the room back.
func (c *Conn) open(ctx context.Context) (*ssh.Session, func(), error) {
	select {
	case c.slots <- struct{}{}:
	default:
		select {
		case c.slots <- struct{}{}:
		case <-c.done:
			return nil, nil, c.broken(c.Err())
		case <-ctx.Done():
			return nil, nil, failed(ReasonSessionsFull, c.target.Address, ctx.Err())
		}
	}
	release := sync.OnceFunc(func() { <-c.slots })
	type opened struct {
		session *ssh.Session
		err     error
	}
	result := make(chan opened, 1)
	go func() {
		s, err := c.client.NewSession()
		result <- opened{s, err}
	}()
	select {
	case o := <-result:
		if o.err != nil {
			release()
			return nil, nil, c.refused(o.err)
		}
		return o.session, release, nil
	case <-ctx.Done():
		// The host may still open it: the room is taken until then.
		go func() {
			defer release()
			if o := <-result; o.err == nil {
				_ = o.session.Close()
			}
		}()
		return nil, nil, c.broken(ctx.Err())
	}
}

// refused tells a host without room for a session from a dead connection.
func (c *Conn) refused(err error) error {
	if _, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		return failed(ReasonSessionsFull, c.target.Address, err)
	}
	return c.broken(err)
}

func (c *Conn) broken(err error) error {
	return failed(ReasonConnectionLost, c.target.Address, errors.Join(err, c.Err()))
}
