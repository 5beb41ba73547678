package sshconn_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/remotebuild/sshconn"
	"github.com/corbel-dev/corbel/pkg/remotebuild/sshconn/sshconntest"
)

const brief = 400 * time.Millisecond

func dialer() *sshconn.Dialer { return &sshconn.Dialer{Clock: clock.RealClock{}} }

// host starts a server that takes the key, and the target for it.
func host(t *testing.T, set func(*sshconntest.Server)) (*sshconntest.Server, sshconn.Target) {
	t.Helper()
	signer, private := sshconntest.Key(t)
	s := &sshconntest.Server{UserKeys: []ssh.PublicKey{signer.PublicKey()}}
	if set != nil {
		set(s)
	}
	s.Start(t)
	return s, sshconn.Target{
		Address: s.Addr, User: sshconntest.User,
		HostKeys:    sshconn.HostKeys{Keys: []string{sshconntest.Line(s.HostSigner.PublicKey())}},
		Credentials: sshconn.Credentials{Key: private},
	}
}

func dial(t *testing.T, d *sshconn.Dialer, target sshconn.Target, jumps ...sshconn.Target) *sshconn.Conn {
	t.Helper()
	c, err := d.Dial(t.Context(), target, jumps...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func says(t *testing.T, c *sshconn.Conn, command, want string) {
	t.Helper()
	out, exit, err := c.Run(t.Context(), command, nil)
	if err != nil || exit != 0 || string(out) != want {
		t.Errorf("%s: %q %d %v", command, out, exit, err)
	}
}

// TestDialFails: each way a host can be wrong has its reason, and none hangs.
func TestDialFails(t *testing.T) {
	other, otherKey := sshconntest.Key(t)
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]struct {
		server func(*sshconntest.Server)
		target func(*sshconn.Target)
		want   string
	}{
		"nobody listens": {nil, func(t *sshconn.Target) { t.Address = closed.Addr().String() }, sshconn.ReasonUnreachable},
		"wrong host key": {nil, func(t *sshconn.Target) { t.HostKeys.Keys = []string{sshconntest.Line(other.PublicKey())} }, sshconn.ReasonHostKeyMismatch},
		"key of a type that the host does not have": {nil, func(target *sshconn.Target) {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				t.Fatal(err)
			}
			signer, err := ssh.NewSignerFromKey(key)
			if err != nil {
				t.Fatal(err)
			}
			target.HostKeys.Keys = []string{sshconntest.Line(signer.PublicKey())}
		}, sshconn.ReasonHostKeyMismatch},
		"wrong user":     {nil, func(t *sshconn.Target) { t.User = "mallory" }, sshconn.ReasonAuthFailed},
		"wrong key":      {nil, func(t *sshconn.Target) { t.Credentials.Key = otherKey }, sshconn.ReasonAuthFailed},
		"wrong password": {nil, func(t *sshconn.Target) { t.Credentials = sshconn.Credentials{Password: "no"} }, sshconn.ReasonAuthFailed},
		"never answers":  {func(s *sshconntest.Server) { s.Deaf = true }, nil, sshconn.ReasonHandshakeTimeout},
		"banner flood":   {func(s *sshconntest.Server) { s.Banners = 1000 }, nil, sshconn.ReasonBannerFlood},
	} {
		t.Run(name, func(t *testing.T) {
			_, target := host(t, c.server)
			if c.target != nil {
				c.target(&target)
			}
			d := dialer()
			d.HandshakeTimeout = 5 * time.Second
			if c.want == sshconn.ReasonHandshakeTimeout {
				d.HandshakeTimeout = brief
			}
			_, err := d.Dial(t.Context(), target)
			if e, ok := fault.AsBusy(err); !ok || e.Reason != c.want || sshconn.Reason(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if strings.Contains(err.Error(), "PRIVATE KEY") {
				t.Error("the error shows the key")
			}
		})
	}
}

// TestUserMistakes: what can never work is the user's to mend.
func TestUserMistakes(t *testing.T) {
	_, good := host(t, nil)
	for name, set := range map[string]func(*sshconn.Target){
		"no host key":      func(t *sshconn.Target) { t.HostKeys = sshconn.HostKeys{} },
		"host key rubbish": func(t *sshconn.Target) { t.HostKeys.Keys = []string{"ssh-ed25519 rubbish"} },
		"two in one line":  func(t *sshconn.Target) { t.HostKeys.Keys[0] += "\n" + t.HostKeys.Keys[0] },
		"no credentials":   func(t *sshconn.Target) { t.Credentials = sshconn.Credentials{} },
		"key rubbish":      func(t *sshconn.Target) { t.Credentials.Key = []byte("rubbish") },
	} {
		target := good
		target.HostKeys.Keys = append([]string(nil), good.HostKeys.Keys...)
		set(&target)
		if _, err := dialer().Dial(t.Context(), target); err == nil {
			t.Errorf("%s: connected", name)
		} else if _, ok := fault.AsUser(err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBanner: some banners are no flood.
func TestBanner(t *testing.T) {
	_, target := host(t, func(s *sshconntest.Server) { s.Banners = 3 })
	says(t, dial(t, dialer(), target), "echo hi", "hi\n")
}

// TestPassword: old gear takes one, also of a set of pinned keys.
func TestPassword(t *testing.T) {
	_, target := host(t, nil)
	other, _ := sshconntest.Key(t)
	target.HostKeys.Keys = append([]string{sshconntest.Line(other.PublicKey())}, target.HostKeys.Keys...)
	target.Credentials = sshconn.Credentials{Password: sshconntest.Password}
	says(t, dial(t, dialer(), target), "echo hi", "hi\n")
}

// certify signs a certificate of ten minutes.
func certify(t *testing.T, key ssh.PublicKey, authority ssh.Signer, kind uint32, principal string) *ssh.Certificate {
	t.Helper()
	c := &ssh.Certificate{
		Key: key, CertType: kind, ValidPrincipals: []string{principal},
		ValidAfter: uint64(time.Now().Add(-time.Minute).Unix()), ValidBefore: uint64(time.Now().Add(10 * time.Minute).Unix()),
	}
	if err := c.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCertificates: a host authority stands for its hosts by name, a user authority for us.
func TestCertificates(t *testing.T) {
	authority, _ := sshconntest.Key(t)
	hostKey, _ := sshconntest.Key(t)
	hostSigner, err := ssh.NewCertSigner(certify(t, hostKey.PublicKey(), authority, ssh.HostCert, "build-7"), hostKey)
	if err != nil {
		t.Fatal(err)
	}
	user, private := sshconntest.Key(t)
	_, target := host(t, func(s *sshconntest.Server) {
		s.HostSigner, s.UserAuthority = hostSigner, authority.PublicKey()
	})
	target.HostKeys = sshconn.HostKeys{Authorities: []string{sshconntest.Line(authority.PublicKey())}}
	target.Credentials = sshconn.Credentials{
		Key: private, Certificate: ssh.MarshalAuthorizedKey(certify(t, user.PublicKey(), authority, ssh.UserCert, sshconntest.User)),
	}
	target.Name = "build-7"
	says(t, dial(t, dialer(), target), "echo hi", "hi\n")

	target.Name = "build-8"
	if _, err := dialer().Dial(t.Context(), target); sshconn.Reason(err) != sshconn.ReasonHostKeyMismatch {
		t.Errorf("another name: %v", err)
	}
	target.Name = "build-7"
	target.HostKeys.Authorities = []string{sshconntest.Line(hostKey.PublicKey())}
	if _, err := dialer().Dial(t.Context(), target); sshconn.Reason(err) != sshconn.ReasonHostKeyMismatch {
		t.Errorf("another authority: %v", err)
	}
}

// TestJump: each hop shows its own key.
func TestJump(t *testing.T) {
	first, jump := host(t, nil)
	_, target := host(t, nil)
	c := dial(t, dialer(), target, jump)
	says(t, c, "echo hi", "hi\n")
	first.Drop()
	select {
	case <-c.Done():
	case <-time.After(30 * time.Second):
		t.Error("the connection outlives its jump host's")
	}

	wrong := jump
	wrong.HostKeys = target.HostKeys
	if _, err := dialer().Dial(t.Context(), target, wrong); sshconn.Reason(err) != sshconn.ReasonHostKeyMismatch {
		t.Errorf("wrong key of the jump host: %v", err)
	}
	deaf, deafTarget := host(t, func(s *sshconntest.Server) { s.Deaf = true })
	d := dialer()
	d.HandshakeTimeout = brief
	if _, err := d.Dial(t.Context(), deafTarget, jump); sshconn.Reason(err) != sshconn.ReasonHandshakeTimeout {
		t.Errorf("deaf host %s behind the jump host: %v", deaf.Addr, err)
	}
}

// TestDialOut: the client works on a connection that came from the host.
func TestDialOut(t *testing.T) {
	s, target := host(t, nil)
	door, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = door.Close() }()
	out, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", door.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(out)
	in, err := door.Accept()
	if err != nil {
		t.Fatal(err)
	}
	target.Address = "dialled-out"
	c, err := dialer().NewClientConn(t.Context(), in, target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	says(t, c, "echo hi", "hi\n")
}

// TestDialCancelled: the caller's own end is not a host's timeout.
func TestDialCancelled(t *testing.T) {
	_, target := host(t, func(s *sshconntest.Server) { s.Deaf = true })
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(brief, cancel)
	if _, err := dialer().Dial(ctx, target); err == nil || sshconn.Reason(err) == sshconn.ReasonHandshakeTimeout {
		t.Errorf("%v", err)
	}
}

// TestKeepalive: a host that stops answering is noticed, and what waits for it ends.
func TestKeepalive(t *testing.T) {
	s, target := host(t, nil)
	wire := sshconntest.NewWire(t, s.Addr)
	target.Address = wire.Addr
	d := dialer()
	d.KeepaliveEvery, d.KeepaliveMisses = 100*time.Millisecond, 3
	c := dial(t, d, target)
	stream, err := c.Stream(t.Context(), "echo up; sleep 600")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stream, make([]byte, 3)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * d.KeepaliveEvery)
	if c.Err() != nil {
		t.Fatalf("lost while the host answers: %v", c.Err())
	}
	wire.Freeze(true)
	if _, err := io.ReadAll(stream); err == nil && c.Err() == nil {
		t.Error("the stream ended as if the command had")
	}
	_, _, err = c.Run(t.Context(), "true", nil)
	if sshconn.Reason(err) != sshconn.ReasonConnectionLost || !strings.Contains(err.Error(), "keepalives") {
		t.Errorf("run: %v", err)
	}
}
