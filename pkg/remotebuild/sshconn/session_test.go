package sshconn_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/remotebuild/sshconn"
	"github.com/corbel-dev/corbel/pkg/remotebuild/sshconn/sshconntest"
)

// TestRun: output, exit and input of a command.
func TestRun(t *testing.T) {
	_, target := host(t, nil)
	d := dialer()
	d.MaxOutput = 1000
	c := dial(t, d, target)
	out, err := c.Exec(t.Context(), "cat; echo oops >&2; exit 3", strings.NewReader("in"))
	if err != nil || string(out.Stdout) != "in" || string(out.Stderr) != "oops\n" || out.Exit != 3 {
		t.Errorf("%+v %v", out, err)
	}
	got, _, err := c.Run(t.Context(), "head -c 100000 /dev/zero", nil)
	if _, ok := errors.AsType[*sshconn.OutputTooLargeError](err); !ok || len(got) != 1000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	if _, _, err := c.Run(ctx, "sleep 600", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("abandoned: %v", err)
	}
	says(t, c, "echo still", "still\n")
}

// TestSessions: no more are opened than allowed; who waits gets one, or is told.
func TestSessions(t *testing.T) {
	_, target := host(t, func(s *sshconntest.Server) { s.MaxSessions = 2 })
	d := dialer()
	d.MaxSessions = 2
	c := dial(t, d, target)
	hold := func() io.Closer {
		s, err := c.Stream(t.Context(), "cat")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := hold(), hold()
	if c.Free() != 0 {
		t.Errorf("free: %d", c.Free())
	}
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	if _, err := c.Stream(ctx, "true"); sshconn.Reason(err) != sshconn.ReasonSessionsFull {
		t.Errorf("third: %v", err)
	}
	waiting := make(chan error, 1)
	go func() {
		s, err := c.Stream(t.Context(), "true")
		if err == nil {
			err = s.Close()
		}
		waiting <- err
	}()
	_ = first.Close()
	// The server may be slower than we are to see that a session has ended.
	if err := <-waiting; err != nil && sshconn.Reason(err) != sshconn.ReasonSessionsFull {
		t.Errorf("waiting: %v", err)
	}
	_ = second.Close()

	d.MaxSessions = 5
	greedy := dial(t, d, target)
	var err error
	for range 5 {
		if _, err = greedy.Stream(t.Context(), "cat"); err != nil {
			break
		}
	}
	if e, ok := fault.AsBusy(err); !ok || e.Reason != sshconn.ReasonSessionsFull {
		t.Errorf("more than the host allows: %v", err)
	}
}

// TestPool: another connection is opened when one is full, and a lost one is forgotten.
func TestPool(t *testing.T) {
	s, target := host(t, nil)
	d := dialer()
	d.MaxSessions = 2
	p := sshconn.NewPool(2, func(ctx context.Context) (*sshconn.Conn, error) { return d.Dial(ctx, target) })
	defer func() { _ = p.Close() }()
	for range 4 {
		if _, err := p.Stream(t.Context(), "cat"); err != nil {
			t.Fatal(err)
		}
	}
	if s.Logins() != 2 {
		t.Errorf("%d logins for 4 streams", s.Logins())
	}
	ctx, cancel := context.WithTimeout(t.Context(), brief)
	defer cancel()
	if _, err := p.Stream(ctx, "cat"); sshconn.Reason(err) != sshconn.ReasonSessionsFull {
		t.Errorf("fifth: %v", err)
	}
	c, err := p.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Drop()
	<-c.Done()
	for end := time.Now().Add(30 * time.Second); ; {
		out, _, err := p.Run(t.Context(), "echo again", nil)
		if err == nil && string(out) == "again\n" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after the drop: %q %v", out, err)
		}
	}
}

// TestNoShell: a login that runs nothing is told from a broken line.
func TestNoShell(t *testing.T) {
	_, target := host(t, func(s *sshconntest.Server) { s.NoExec = true })
	c := dial(t, dialer(), target)
	if err := c.CheckShell(t.Context()); sshconn.Reason(err) != sshconn.ReasonNoShell {
		t.Errorf("%v", err)
	}
	if _, err := c.Stream(t.Context(), "true"); sshconn.Reason(err) != sshconn.ReasonNoShell {
		t.Errorf("stream: %v", err)
	}
}

// uploadHost has a home, and only those programs that are named.
func uploadHost(t *testing.T, programs ...string) (*sshconn.Conn, string) {
	t.Helper()
	home, bin := t.TempDir(), t.TempDir()
	for _, name := range programs {
		path := "/usr/bin/" + name
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	path := os.Getenv("PATH")
	if len(programs) > 0 {
		path = bin
	}
	_, target := host(t, func(s *sshconntest.Server) { s.Env = []string{"HOME=" + home, "PATH=" + path} })
	return dial(t, dialer(), target), home
}

// TestUpload: by hash, once, and a file that was spoiled is replaced.
func TestUpload(t *testing.T) {
	content := append([]byte("#!/bin/sh\necho I run\n#"), bytes.Repeat([]byte("x"), 300_000)...)
	hash := sha256.Sum256(content)
	sum := hex.EncodeToString(hash[:])
	for name, programs := range map[string][]string{
		"with sha256sum":     nil,
		"without such tools": {"cat", "chmod", "cut", "mkdir", "mv", "rm", "tr", "wc"},
	} {
		t.Run(name, func(t *testing.T) {
			c, home := uploadHost(t, programs...)
			path, err := c.Upload(t.Context(), content, sum)
			if err != nil || path != filepath.Join(home, ".corbel/bin", sum, "corbel-runner") {
				t.Fatalf("%s %v", path, err)
			}
			says(t, c, path, "I run\n")
			before, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Upload(t.Context(), content, sum); err != nil {
				t.Error(err)
			}
			if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("it was uploaded again: %v", err)
			}
			if err := os.WriteFile(path, []byte("spoiled"), 0o700); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Upload(t.Context(), content, sum); err != nil {
				t.Error(err)
			}
			says(t, c, path, "I run\n")
			if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
				t.Errorf("left: %v %v", left, err)
			}
		})
	}
}

// TestUploadOfAnother: bytes that are not those of the hash are not sent.
func TestUploadOfAnother(t *testing.T) {
	content := []byte("helper")
	hash := sha256.Sum256(content)
	sum := hex.EncodeToString(hash[:])
	c, _ := uploadHost(t)
	if _, err := c.Upload(t.Context(), content[1:], sum); err == nil {
		t.Error("uploaded what has another hash")
	} else if _, ok := fault.AsUser(err); !ok {
		t.Errorf("another hash: %v", err)
	}
}

// TestUploadCut: half a helper never gets the name.
func TestUploadCut(t *testing.T) {
	content := bytes.Repeat([]byte("helper"), 3<<20)
	hash := sha256.Sum256(content)
	home := t.TempDir()
	s, target := host(t, func(s *sshconntest.Server) { s.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")} })
	c := dial(t, dialer(), target)
	folder := filepath.Join(home, ".corbel/bin", hex.EncodeToString(hash[:]))
	go func() {
		for ; t.Context().Err() == nil; time.Sleep(time.Millisecond) {
			if found, _ := filepath.Glob(filepath.Join(folder, ".new.*")); len(found) > 0 {
				s.Drop()
				return
			}
		}
	}()
	if _, err := c.Upload(t.Context(), content, hex.EncodeToString(hash[:])); sshconn.Reason(err) != sshconn.ReasonConnectionLost {
		t.Errorf("%v", err)
	}
	time.Sleep(brief)
	if _, err := os.Stat(filepath.Join(folder, "corbel-runner")); !os.IsNotExist(err) {
		t.Errorf("it has the name: %v", err)
	}
}
