//go:build unix

package supervisor

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/corbel-dev/corbel/pkg/logs/redact"
)

const (
	logMode   = 0o600
	copyBytes = 64 << 10
)

// logFile is the log of one step: append-only, with secrets masked.
type logFile struct {
	file   *os.File
	masked *redact.Writer
	failed chan error
	done   chan struct{}
}

func (s *supervisor) openLog(step string) (*logFile, error) {
	f, err := os.OpenFile(s.dir.Log(step), os.O_WRONLY|os.O_CREATE|os.O_APPEND, logMode)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	var values []string
	for _, secret := range s.spec.Secrets {
		values = append(values, secret.Value)
	}
	return &logFile{
		file: f, masked: redact.NewWriter(f, values), failed: make(chan error, 1), done: make(chan struct{}),
	}, nil
}

// follow copies until nobody can write any more. After a failed write it still reads,
// so that nobody waits at a full pipe.
func (l *logFile) follow(output io.Reader) {
	defer close(l.done)
	buf := make([]byte, copyBytes)
	for {
		n, err := output.Read(buf)
		if n > 0 {
			if _, err := l.masked.Write(buf[:n]); err != nil {
				l.fail(fmt.Errorf("write log: %w", err))
			}
		}
		if err != nil {
			return
		}
	}
}

func (l *logFile) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// close makes the log durable and gives its size.
func (l *logFile) close() (int64, error) {
	err := errors.Join(l.masked.Close(), l.file.Sync())
	info, statErr := l.file.Stat()
	if err = errors.Join(err, statErr, l.file.Close()); statErr != nil {
		return 0, err
	}
	return info.Size(), err
}
