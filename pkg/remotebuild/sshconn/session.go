package sshconn

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// Output is what a command left.
type Output struct {
	Stdout, Stderr []byte
	Exit           int
}

// Run runs the command to its end. It keeps a bounded part of stdout, and says with an
// OutputTooLargeError when there was more. An exit code is no error. Ending ctx abandons
// the command: the host may run it on. Stdin must come to an end: it is read to it.
func (c *Conn) Run(ctx context.Context, command string, stdin io.Reader) ([]byte, int, error) {
	out, err := c.Exec(ctx, command, stdin)
	return out.Stdout, out.Exit, err
}

// Exec is Run with stderr.
func (c *Conn) Exec(ctx context.Context, command string, stdin io.Reader) (Output, error) {
	session, release, err := c.open(ctx)
	if err != nil {
		return Output{}, err
	}
	stdout, stderr := &bounded{limit: c.maxOutput}, &bounded{limit: c.maxOutput}
	session.Stdin, session.Stdout, session.Stderr = stdin, stdout, stderr
	ended := make(chan error, 1)
	go func() {
		defer release()
		ended <- session.Run(command)
		_ = session.Close()
	}()
	select {
	case err = <-ended:
	case <-ctx.Done():
		_ = session.Close()
		return Output{}, c.broken(ctx.Err())
	}
	out := Output{Stdout: stdout.take(), Stderr: stderr.take()}
	out.Exit, err = c.exit(err)
	if err == nil && stdout.over() {
		err = &OutputTooLargeError{Limit: c.maxOutput}
	}
	return out, err
}

// noExit is the code of a command that has none. Signals have 128 and their number.
const noExit = -1

// exit takes the exit code out of a session's error.
func (c *Conn) exit(err error) (int, error) {
	if err == nil {
		return 0, nil
	}
	if e, ok := errors.AsType[*ssh.ExitError](err); ok {
		return e.ExitStatus(), nil
	}
	return noExit, c.notRun(err)
}

// notRun tells a host that refuses to run commands from a dead connection. The library
// has no type for the former.
func (c *Conn) notRun(err error) error {
	text := err.Error()
	if strings.HasPrefix(text, "ssh: command ") && strings.HasSuffix(text, " failed") {
		return failed(ReasonNoShell, c.target.Address, errors.New("the host refuses to run commands"))
	}
	return c.broken(err)
}

// Stream starts the command. Reading gives its stdout and ends with it, writing goes to
// its stdin, closing gives up the session. It is not bounded: who reads decides.
func (c *Conn) Stream(ctx context.Context, command string) (io.ReadWriteCloser, error) {
	session, release, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &stream{session: session, release: release}
	started := make(chan error, 1)
	go func() { started <- s.start(command) }()
	select {
	case err = <-started:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		_ = s.Close()
		return nil, c.notRun(err)
	}
	return s, nil
}

// stream is a session while its command runs.
type stream struct {
	session *ssh.Session
	release func()
	stdin   io.WriteCloser
	stdout  io.Reader
}

func (s *stream) start(command string) error {
	var err error
	if s.stdin, err = s.session.StdinPipe(); err != nil {
		return err
	}
	if s.stdout, err = s.session.StdoutPipe(); err != nil {
		return err
	}
	return s.session.Start(command)
}

func (s *stream) Read(p []byte) (int, error)  { return s.stdout.Read(p) }
func (s *stream) Write(p []byte) (int, error) { return s.stdin.Write(p) }

// Close gives up the session. A command that reads its stdin sees the end of it.
func (s *stream) Close() error {
	defer s.release()
	if err := s.session.Close(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// bounded keeps the first bytes, and takes all.
type bounded struct {
	mu    sync.Mutex
	limit int
	kept  bytes.Buffer
	more  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	room := b.limit - b.kept.Len()
	b.more = b.more || len(p) > room
	b.kept.Write(p[:min(len(p), room)])
	return len(p), nil
}

func (b *bounded) take() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.kept.Bytes()
}

func (b *bounded) over() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.more
}
