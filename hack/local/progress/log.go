package progress

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Log writes one line a step. The zero Log is silent.
type Log struct {
	mu    sync.Mutex
	out   io.Writer
	name  string
	start time.Time
}

// New makes a log whose lines carry name; a nil writer discards.
func New(out io.Writer, name string) *Log {
	if out == nil {
		out = io.Discard
	}
	return &Log{out: out, name: name, start: time.Now()}
}

// Step announces what, runs it, and says how long it took when that is worth a line.
func (l *Log) Step(what string, do func() error) error {
	begin := time.Now()
	err := do()
	took := time.Since(begin).Round(10 * time.Millisecond)
	switch {
	case err != nil:
		l.Say("%s: failed after %s", what, took)
		return fmt.Errorf("%s: %w", what, err)
	default:
		l.Say("%s (%s)", what, took)
		return nil
	}
}

// Say writes a line.
func (l *Log) Say(format string, args ...any) {
	if l == nil || l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	since := time.Since(l.start).Seconds()
	_, _ = fmt.Fprintf(l.out, "%6.1fs %s: %s\n", since, l.name, fmt.Sprintf(format, args...))
}
