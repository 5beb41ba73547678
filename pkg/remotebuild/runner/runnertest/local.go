package runnertest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

const (
	// Nobody is a user without rights.
	Nobody     = 65534
	executable = 0o755
)

// Build compiles the helper as it is shipped, and gives its path. All users may run it.
func Build(tb testing.TB) string {
	tb.Helper()
	dir := shared(tb)
	path := filepath.Join(dir, "corbel-runner")
	//nolint:gosec // The path is the test's own.
	cmd := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-o", path,
		"github.com/corbel-dev/corbel/cmd/corbel-runner")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// shared is a folder that all users may enter.
func shared(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	for _, path := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(path, executable); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// Local runs commands on this machine.
type Local struct {
	// UID is the user to be, if it is not 0.
	UID uint32
}

// Client is a client of the helper with a root of its own.
func (l Local) Client(tb testing.TB, helper string) runner.Client {
	tb.Helper()
	root := shared(tb)
	if l.UID != 0 {
		if err := os.Chown(root, int(l.UID), int(l.UID)); err != nil {
			tb.Fatal(err)
		}
	}
	return runner.Client{Transport: l, Helper: helper, Root: root, Clock: clock.RealClock{}}
}

func (l Local) command(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	if l.UID != 0 {
		become(cmd, l.UID)
	}
	return cmd
}

// Run is runner.Transport's.
func (l Local) Run(ctx context.Context, line string, stdin io.Reader) ([]byte, int, error) {
	cmd := l.command(ctx, line)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = stdin, &out
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return out.Bytes(), exit.ExitCode(), nil
	}
	return out.Bytes(), 0, err
}

// Stream is runner.Transport's.
func (l Local) Stream(ctx context.Context, line string) (io.ReadWriteCloser, error) {
	cmd := l.command(ctx, line)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	cmd.Stdout = in
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = errors.Join(cmd.Wait(), in.Close()) }()
	return &stream{stdin, out}, nil
}

type stream struct {
	io.WriteCloser
	out *io.PipeReader
}

func (s *stream) Read(p []byte) (int, error) { return s.out.Read(p) }

func (s *stream) Close() error { return errors.Join(s.WriteCloser.Close(), s.out.Close()) }
