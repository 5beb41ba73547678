package sshconn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"k8s.io/utils/clock"
)

// Defaults of a Dialer.
const (
	DefaultDialTimeout      = 10 * time.Second
	DefaultHandshakeTimeout = 15 * time.Second
	DefaultKeepaliveEvery   = 15 * time.Second
	DefaultKeepaliveMisses  = 3
	// DefaultMaxSessions is OpenSSH's own for one connection.
	DefaultMaxSessions = 10
	DefaultMaxOutput   = 1 << 20
	// maxBanner is more than any banner of good will.
	maxBanner     = 64 << 10
	defaultPort   = "22"
	clientVersion = "SSH-2.0-corbel"
)

type addr = net.Addr

// Target is one host, or one hop on the way to it.
type Target struct {
	// Address is host:port, or a host with port 22.
	Address string
	// Name is what host certificates must be for. Empty means the host of Address.
	Name        string
	User        string
	HostKeys    HostKeys
	Credentials Credentials
}

// Dialer makes connections. Zero values mean the defaults; only Clock is needed.
type Dialer struct {
	Clock            clock.WithTicker
	DialTimeout      time.Duration
	HandshakeTimeout time.Duration
	KeepaliveEvery   time.Duration
	KeepaliveMisses  int
	MaxSessions      int
	// MaxOutput bounds what is kept of each stream of a command, in bytes.
	MaxOutput int
	// DialContext reaches the first hop. Nil means TCP.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// hostPort adds the usual port.
func hostPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), defaultPort)
}

func (t Target) name() string {
	if t.Name != "" {
		return t.Name
	}
	host, _, err := net.SplitHostPort(hostPort(t.Address))
	if err != nil {
		return t.Address
	}
	return host
}

// Dial connects to the target by way of the jump hosts, the nearest first. Each hop must
// show its own pinned key.
func (d *Dialer) Dial(ctx context.Context, target Target, jumps ...Target) (*Conn, error) {
	var via *Conn
	for _, hop := range append(jumps, target) {
		next, err := d.hop(ctx, via, hop)
		if err != nil {
			if via != nil {
				_ = via.Close()
			}
			return nil, err
		}
		next.via = via
		via = next
	}
	return via, nil
}

func (d *Dialer) hop(ctx context.Context, via *Conn, target Target) (*Conn, error) {
	dial := d.dialTCP
	if via != nil {
		dial = via.client.DialContext
	}
	dialing, cancel := context.WithTimeout(ctx, orDefault(d.DialTimeout, DefaultDialTimeout))
	defer cancel()
	nc, err := dial(dialing, "tcp", hostPort(target.Address))
	if err != nil {
		return nil, failed(ReasonUnreachable, target.Address, err)
	}
	return d.NewClientConn(ctx, nc, target)
}

func (d *Dialer) dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	if d.DialContext != nil {
		return d.DialContext(ctx, network, address)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func orDefault[T int | time.Duration](value, fallback T) T {
	if value > 0 {
		return value
	}
	return fallback
}

// NewClientConn is the client on a connection that is there already, as when the host
// dialled out to us. It closes nc when it fails.
func (d *Dialer) NewClientConn(ctx context.Context, nc net.Conn, target Target) (*Conn, error) {
	pinned, err := target.HostKeys.parse()
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	methods, err := target.Credentials.methods()
	if err != nil {
		return nil, errors.Join(err, nc.Close())
	}
	h := &handshake{target: target, check: pinned.callback(target.name(), d.Clock)}
	config := &ssh.ClientConfig{
		User: target.User, Auth: methods, HostKeyAlgorithms: pinned.algorithms(),
		HostKeyCallback: h.hostKey, BannerCallback: h.banner, ClientVersion: clientVersion,
	}
	limited, cancel := context.WithTimeout(ctx, orDefault(d.HandshakeTimeout, DefaultHandshakeTimeout))
	defer cancel()
	// A deadline of the connection would not do: one through a jump host has none.
	stop := context.AfterFunc(limited, func() { _ = nc.Close() })
	conn, channels, requests, err := ssh.NewClientConn(nc, hostPort(target.Address), config)
	if !stop() && err == nil {
		err = limited.Err()
		_ = conn.Close()
	}
	if err != nil {
		_ = nc.Close()
		return nil, failed(h.reason(limited, err), target.Address, err)
	}
	return d.newConn(ssh.NewClient(conn, channels, requests), target), nil
}

// handshake notes how far a handshake came, so that its error has a reason.
type handshake struct {
	target   Target
	check    ssh.HostKeyCallback
	refused  error
	accepted bool
	banners  int
}

func (h *handshake) hostKey(hostname string, remote addr, key ssh.PublicKey) error {
	h.refused = h.check(hostname, remote, key)
	h.accepted = h.refused == nil
	return h.refused
}

var errBannerFlood = fmt.Errorf("the host sends more than %d bytes of banners", maxBanner)

func (h *handshake) banner(message string) error {
	if h.banners += len(message) + 1; h.banners > maxBanner {
		return errBannerFlood
	}
	return nil
}

func (h *handshake) reason(ctx context.Context, err error) string {
	negotiation, isNegotiation := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	switch {
	case h.refused != nil:
		return ReasonHostKeyMismatch
	case h.banners > maxBanner:
		return ReasonBannerFlood
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return ReasonHandshakeTimeout
	case isNegotiation && strings.Contains(negotiation.Error(), "host key"):
		return ReasonHostKeyMismatch
	case h.accepted && strings.Contains(err.Error(), "unable to authenticate"):
		return ReasonAuthFailed
	default:
		return ReasonHandshakeFailed
	}
}
