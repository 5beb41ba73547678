package sshconn_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/runnertest"
	"github.com/corbel-dev/corbel/pkg/remotebuild/sshconn"
	"github.com/corbel-dev/corbel/pkg/remotebuild/sshconn/sshconntest"
)

const patience = 60 * time.Second

// sshd starts OpenSSH with a configuration of its own, all else at its defaults.
func sshd(t *testing.T) sshconn.Target {
	t.Helper()
	dir := t.TempDir()
	hostSigner, hostKey := sshconntest.Key(t)
	userSigner, userKey := sshconntest.Key(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	for name, content := range map[string][]byte{
		"host_key":        opensshPEM(t, hostKey),
		"authorized_keys": []byte(sshconntest.Line(userSigner.PublicKey()) + "\n"),
		"config": fmt.Appendf(nil, "Port %d\nListenAddress 127.0.0.1\nHostKey %s/host_key\nAuthorizedKeysFile %s/authorized_keys\n"+
			"PidFile none\nUsePAM no\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nStrictModes no\nSetEnv HOME=%s\n", port, dir, dir, dir),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() == 0 {
		// OpenSSH wants it for its own separation of privileges.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(dir, "config"))
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", said.String())
		}
	})
	target := sshconn.Target{
		Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), User: me.Username,
		HostKeys:    sshconn.HostKeys{Keys: []string{sshconntest.Line(hostSigner.PublicKey())}},
		Credentials: sshconn.Credentials{Key: userKey},
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", target.Address)
		if err == nil {
			_ = c.Close()
			return target
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// opensshPEM checks that the block is what OpenSSH reads.
func opensshPEM(t *testing.T, key []byte) []byte {
	t.Helper()
	if block, _ := pem.Decode(key); block == nil || block.Type != "OPENSSH PRIVATE KEY" {
		t.Fatal("not a key of OpenSSH")
	}
	return key
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// record is a sink that checks offsets, and cuts the wire now and then.
type record struct {
	log   bytes.Buffer
	cutAt int
	cut   func()
	got   chan struct{} // closed at the first byte
}

func (r *record) Data(_ string, offset int64, p []byte) error {
	if int(offset) != r.log.Len() {
		return fmt.Errorf("offset %d at %d", offset, r.log.Len())
	}
	if r.log.Len() == 0 && r.got != nil {
		close(r.got)
	}
	r.log.Write(p)
	if r.cutAt > 0 && r.log.Len() >= r.cutAt {
		r.cutAt = 0
		r.cut()
	}
	return nil
}

func (r *record) End(runner.StepResult) error { return nil }

// builds connects to the real sshd over a wire that can be cut, and uploads the helper.
func builds(t *testing.T) (runner.Client, *sshconntest.Wire) {
	t.Helper()
	target := sshd(t)
	content, err := os.ReadFile(runnertest.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(content)
	wire := sshconntest.NewWire(t, target.Address)
	through := target
	through.Address = wire.Addr
	d := dialer()
	d.KeepaliveEvery = 500 * time.Millisecond
	pool := sshconn.NewPool(2, func(ctx context.Context) (*sshconn.Conn, error) { return d.Dial(ctx, through) })
	t.Cleanup(func() { _ = pool.Close() })
	c, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path, err := c.Upload(t.Context(), content, hex.EncodeToString(hash[:]))
	if err != nil {
		t.Fatal(err)
	}
	return runner.Client{Transport: pool, Helper: path, Root: t.TempDir(), Clock: clock.RealClock{}}, wire
}

// follow attaches until the build is over, over as many connections as it takes.
func follow(t *testing.T, c runner.Client, id string, r *record) (result *runner.Result, drops int) {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		result, err := c.Attach(t.Context(), runner.AttachRequest{ID: id, Epoch: 1, Offset: int64(r.log.Len())}, r)
		if err == nil {
			return result, drops
		}
		if _, ok := fault.AsBusy(err); !ok {
			t.Fatalf("attach: %v", err)
		}
		drops++
	}
	t.Fatal("the build does not end")
	return nil, 0
}

// TestRealBuild: start, drop the connection again and again, attach again, and the log is
// whole and the exit code right.
func TestRealBuild(t *testing.T) {
	c, wire := builds(t)
	spec := runner.Spec{ID: "real-1", Epoch: 1, Orphan: runner.Duration(patience), Steps: []runner.Step{{
		Name:   "main",
		Script: `for i in $(seq 1 12); do head -c 100000 /dev/urandom; sleep 0.03; done | tee "$CORBEL_OUT/all"; exit 9`,
	}}}
	reply, err := c.Start(t.Context(), spec)
	if err != nil || !reply.Created {
		t.Fatal(reply, err)
	}
	r := &record{}
	r.cut = func() {
		wire.Cut()
		r.cutAt = r.log.Len() + 150_000
	}
	r.cutAt = 100_000
	result, drops := follow(t, c, spec.ID, r)
	want, err := os.ReadFile(filepath.Join(reply.Status.Dir, "out/all"))
	if err != nil {
		t.Fatal(err)
	}
	if result.Code != 9 || result.Reason != runner.ReasonFailed || result.Left != 0 {
		t.Errorf("result: %+v", result)
	}
	if drops == 0 || len(want) != 1_200_000 || sha256.Sum256(want) != sha256.Sum256(r.log.Bytes()) {
		t.Errorf("%d drops, %d bytes of %d", drops, r.log.Len(), len(want))
	}
	t.Logf("%d drops", drops)
	startAgain(t, c, spec)
}

// startAgain finds the build, and starts nothing.
func startAgain(t *testing.T, c runner.Client, spec runner.Spec) {
	t.Helper()
	again, err := c.Start(t.Context(), spec)
	if err != nil || again.Created || again.Status.Phase != runner.PhaseFinished {
		t.Errorf("started again: %+v %v", again, err)
	}
}

// TestRealCancel: the build lives on after its connection and ends, whole, when it is told to.
func TestRealCancel(t *testing.T) {
	c, wire := builds(t)
	spec := runner.Spec{
		ID: "real-2", Epoch: 1, Orphan: runner.Duration(patience), Grace: runner.Duration(200 * time.Millisecond),
		Steps: []runner.Step{{Name: "main", Script: `trap '' TERM; setsid sleep 600 & (sleep 600 &); echo up; while :; do sleep 1; done`}},
	}
	if _, err := c.Start(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	r := &record{got: make(chan struct{})}
	cut := make(chan error, 1)
	go func() {
		_, err := c.Attach(t.Context(), runner.AttachRequest{ID: spec.ID, Epoch: 1}, r)
		cut <- err
	}()
	<-r.got
	wire.Cut()
	if err := <-cut; err == nil {
		t.Error("attached over a cut wire")
	} else if _, ok := fault.AsBusy(err); !ok {
		t.Errorf("cut: %v", err)
	}
	s, err := c.Status(t.Context(), spec.ID, 1)
	if err != nil || s.Phase != runner.PhaseRunning {
		t.Fatalf("after the cut: %+v %v", s, err)
	}
	s, err = c.Cancel(t.Context(), runner.CancelRequest{ID: spec.ID, Epoch: 1, Wait: runner.Duration(patience)})
	if err != nil || s.Phase != runner.PhaseFinished || s.Reason != runner.ReasonCancelled || s.Result.Left != 0 {
		t.Errorf("cancelled: %+v %+v %v", s, s.Result, err)
	}
	if err := c.Remove(t.Context(), spec.ID, 1); err != nil {
		t.Error(err)
	}
}

// TestRealRefusals: OpenSSH with another key, an account without a shell, and more
// sessions than its default.
func TestRealRefusals(t *testing.T) {
	target := sshd(t)
	wrong := target
	other, otherKey := sshconntest.Key(t)
	wrong.HostKeys = sshconn.HostKeys{Keys: []string{sshconntest.Line(other.PublicKey())}}
	if _, err := dialer().Dial(t.Context(), wrong); sshconn.Reason(err) != sshconn.ReasonHostKeyMismatch || !strings.Contains(err.Error(), "SHA256:") {
		t.Errorf("wrong host key: %v", err)
	}
	wrong = target
	wrong.Credentials.Key = otherKey
	if _, err := dialer().Dial(t.Context(), wrong); sshconn.Reason(err) != sshconn.ReasonAuthFailed {
		t.Errorf("wrong key: %v", err)
	}
	d := dialer()
	d.MaxSessions = sshconn.DefaultMaxSessions + 5
	c := dial(t, d, target)
	if err := c.CheckShell(t.Context()); err != nil {
		t.Errorf("shell: %v", err)
	}
	var err error
	opened := 0
	for ; err == nil && opened < d.MaxSessions; opened++ {
		_, err = c.Stream(t.Context(), "sleep 600")
	}
	if opened != sshconn.DefaultMaxSessions+1 || sshconn.Reason(err) != sshconn.ReasonSessionsFull {
		t.Errorf("%d sessions: %v", opened, err)
	}
	forced := target
	forced.Credentials.Key = noShellKey(t, target)
	says(t, dial(t, dialer(), target), "echo on", "on\n")
	c = dial(t, dialer(), forced)
	if err := c.CheckShell(t.Context()); sshconn.Reason(err) != sshconn.ReasonNoShell || !strings.Contains(err.Error(), "not available") {
		t.Errorf("no shell: %v", err)
	}
}

// noShellKey lets a key in that may run nothing but what an account without a shell runs.
func noShellKey(t *testing.T, target sshconn.Target) []byte {
	t.Helper()
	signer, private := sshconntest.Key(t)
	own, err := ssh.ParsePrivateKey(target.Credentials.Key)
	if err != nil {
		t.Fatal(err)
	}
	matches, err := filepath.Glob(filepath.Join(filepath.Dir(t.TempDir()), "*", "authorized_keys"))
	if err != nil || len(matches) != 1 {
		t.Fatal(matches, err)
	}
	lines := sshconntest.Line(own.PublicKey()) + "\n" + `command="/usr/sbin/nologin" ` + sshconntest.Line(signer.PublicKey()) + "\n"
	if err := os.WriteFile(matches[0], []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return private
}
