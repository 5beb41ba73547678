package sshconntest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
)

// User and Password are those that the server takes.
const (
	User     = "builder"
	Password = "old-gear-password"
)

// Server is one SSH server. Its fields are set before Start.
type Server struct {
	Addr string
	// HostSigner is the host's key; HostLine its pin.
	HostSigner ssh.Signer
	// Banners is how many the server sends before the login.
	Banners int
	// Deaf accepts connections and never says anything.
	Deaf bool
	// NoExec refuses to run commands.
	NoExec bool
	// MaxSessions refuses more at once. Zero is no bound.
	MaxSessions int
	// UserKeys may log in, as may certificates of UserAuthority.
	UserKeys      []ssh.PublicKey
	UserAuthority ssh.PublicKey
	// Env is of the commands that it runs. Nil is the test's own.
	Env []string

	ctx      context.Context //nolint:containedctx // It ends with the test, not with a call.
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
	sessions int
	logins   int
}

// Key makes a key: its signer, and its private half in PEM.
func Key(tb testing.TB) (ssh.Signer, []byte) {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		tb.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
}

// Line is a public key as it is pinned.
func Line(key ssh.PublicKey) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// Start serves until the test ends.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if s.HostSigner == nil {
		s.HostSigner, _ = Key(tb)
	}
	s.ctx = tb.Context()
	var err error
	if s.listener, err = (&net.ListenConfig{}).Listen(s.ctx, "tcp", "127.0.0.1:0"); err != nil {
		tb.Fatal(err)
	}
	s.Addr = s.listener.Addr().String()
	tb.Cleanup(func() {
		_ = s.listener.Close()
		s.Drop()
	})
	go s.accept()
}

// Drop cuts all connections.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

// Logins counts those that succeeded.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
		if !s.Deaf {
			go s.Serve(c)
		}
	}
}

// Serve serves one connection, which may come from anywhere.
func (s *Server) Serve(c net.Conn) {
	conn, channels, requests, err := ssh.NewServerConn(c, s.config())
	if err != nil {
		_ = c.Close()
		return
	}
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	go ssh.DiscardRequests(requests)
	for channel := range channels {
		switch channel.ChannelType() {
		case "session":
			go s.session(channel)
		case "direct-tcpip":
			go s.forward(channel)
		default:
			_ = channel.Reject(ssh.UnknownChannelType, "")
		}
	}
	_ = conn.Close()
}

func (s *Server) config() *ssh.ServerConfig {
	config := &ssh.ServerConfig{PublicKeyCallback: s.publicKey, PasswordCallback: s.password}
	if s.Banners > 0 {
		config.PreAuthConnCallback = func(c ssh.ServerPreAuthConn) {
			for range s.Banners {
				if c.SendAuthBanner(strings.Repeat("banner ", 1000)) != nil {
					return
				}
			}
		}
	}
	config.AddHostKey(s.HostSigner)
	return config
}

var errNo = errors.New("no")

func (s *Server) publicKey(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if cert, ok := key.(*ssh.Certificate); ok && s.UserAuthority != nil {
		checker := &ssh.CertChecker{IsUserAuthority: func(k ssh.PublicKey) bool { return Line(k) == Line(s.UserAuthority) }}
		return checker.Authenticate(meta, cert)
	}
	for _, known := range s.UserKeys {
		if Line(known) == Line(key) && meta.User() == User {
			return &ssh.Permissions{}, nil
		}
	}
	return nil, errNo
}

func (s *Server) password(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	if meta.User() == User && string(password) == Password {
		return &ssh.Permissions{}, nil
	}
	return nil, errNo
}

// room takes a session if there is one.
func (s *Server) room(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > 0 && s.MaxSessions > 0 && s.sessions >= s.MaxSessions {
		return false
	}
	s.sessions += n
	return true
}

func (s *Server) session(offered ssh.NewChannel) {
	if !s.room(1) {
		_ = offered.Reject(ssh.Prohibited, "too many sessions")
		return
	}
	defer s.room(-1)
	channel, requests, err := offered.Accept()
	if err != nil {
		return
	}
	defer func() { _ = channel.Close() }()
	for request := range requests {
		var exec struct{ Command string }
		ok := request.Type == "exec" && !s.NoExec && ssh.Unmarshal(request.Payload, &exec) == nil
		_ = request.Reply(ok, nil)
		if ok {
			go ssh.DiscardRequests(requests)
			s.run(channel, exec.Command)
			return
		}
	}
}

func (s *Server) run(channel ssh.Channel, command string) {
	cmd := exec.CommandContext(s.ctx, "/bin/sh", "-c", command)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.Env, channel, channel.Stderr()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return
	}
	go copyAndClose(stdin, channel)
	code := uint32(0)
	if err := cmd.Run(); err != nil {
		code = 1
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			code = uint32(exit.ExitCode()) //nolint:gosec // At most 255; -1 becomes a large one, as it may.
		}
	}
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Code uint32 }{code}))
}
