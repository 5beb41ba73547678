package proc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/corbel-dev/corbel/hack/local/state"
)

// grace is how long Stop lets a program end by itself.
const grace = 10 * time.Second

// Process is a program that was started, running or not.
type Process struct {
	Name string

	dir    string
	record record
}

// record is what a later program needs to find the process again.
type record struct {
	Pid   int    `json:"pid"`
	Begin uint64 `json:"begin"` // start time in clock ticks since boot
	Spec  Spec   `json:"spec"`
}

// Load finds the processes that were started in dir, in the order of their names.
func Load(dir string) ([]*Process, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var all []*Process
	for _, f := range files {
		p := &Process{dir: dir}
		if err := state.Load(f, &p.record); err != nil {
			return nil, err
		}
		p.Name = p.record.Spec.Name
		all = append(all, p)
	}
	return all, nil
}

// Find is the process of that name in dir.
func Find(dir, name string) (*Process, bool) {
	p := &Process{Name: name, dir: dir}
	err := state.Load(p.recordPath(), &p.record)
	return p, err == nil
}

func (p *Process) recordPath() string { return filepath.Join(p.dir, p.Name+".json") }

// LogPath is where its output goes.
func (p *Process) LogPath() string { return filepath.Join(p.dir, p.Name+".log") }

// Pid is its process id, also after it ended.
func (p *Process) Pid() int { return p.record.Pid }

// Spec is what it was started from.
func (p *Process) Spec() Spec { return p.record.Spec }

// Running is true from start to end, also while frozen.
func (p *Process) Running() bool {
	s, err := readStat(p.record.Pid)
	return err == nil && s.begin == p.record.Begin && !s.zombie
}

// Kill ends it at once and returns when it is gone.
func (p *Process) Kill() error { return p.End(context.Background()) }

// End is Kill for callers with a context, which bounds the wait and not the deed.
func (p *Process) End(ctx context.Context) error {
	if err := p.signal(unix.SIGKILL); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if !p.waitGone(ctx) {
		return fmt.Errorf("%s (pid %d) does not end", p.Name, p.record.Pid)
	}
	return nil
}

// Stop asks it to end, and kills it after a grace or when ctx is cancelled.
func (p *Process) Stop(ctx context.Context) error {
	// A frozen process would sleep through the request.
	if err := errors.Join(p.signal(unix.SIGTERM), p.signal(unix.SIGCONT)); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if p.waitGone(waiting) {
		return nil
	}
	return p.End(context.WithoutCancel(ctx))
}

// Freeze stops it from running without ending it; its connections stay open.
func (p *Process) Freeze() error { return p.signal(unix.SIGSTOP) }

// Thaw lets a frozen process run on.
func (p *Process) Thaw() error { return p.signal(unix.SIGCONT) }

// Forget removes the record of a process that has ended; the log stays.
func (p *Process) Forget() error {
	if p.Running() {
		return fmt.Errorf("%s (pid %d) is running", p.Name, p.record.Pid)
	}
	if err := os.Remove(p.recordPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("forget process: %w", err)
	}
	return nil
}

// signal goes to the whole group: each process leads its own session.
func (p *Process) signal(sig unix.Signal) error {
	if !p.Running() {
		return nil
	}
	if err := unix.Kill(-p.record.Pid, sig); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("signal %s (pid %d): %w", p.Name, p.record.Pid, err)
	}
	return nil
}

func (p *Process) waitGone(ctx context.Context) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for p.Running() {
		select {
		case <-ctx.Done():
			return !p.Running()
		case <-tick.C:
		}
	}
	return true
}
