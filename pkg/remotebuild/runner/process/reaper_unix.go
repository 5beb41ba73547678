//go:build unix

package process

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Command is a process to be.
type Command struct {
	Path string
	Args []string
	Env  []string
	Dir  string
	// Output gets stdout and stderr. Stdin is empty.
	Output *os.File
}

// Exit is how a process ended.
type Exit struct {
	Code   int
	Signal string
	User   time.Duration
	System time.Duration
	// Peak is the largest resident set in bytes, of it or of a child that it waited for.
	Peak int64
}

// reaper waits for all children of this process, also for those that it inherits as
// subreaper. There may be only one, and nothing else in the process may wait.
type reaper struct {
	mu      sync.Mutex // held from fork until the pid is known, and while waiting
	waiting map[int]chan Exit
	signals chan os.Signal
	stop    chan struct{}
}

func newReaper() *reaper {
	r := &reaper{waiting: map[int]chan Exit{}, signals: make(chan os.Signal, 1), stop: make(chan struct{})}
	signal.Notify(r.signals, unix.SIGCHLD)
	go r.run()
	return r
}

func (r *reaper) run() {
	for {
		select {
		case <-r.signals:
			r.collect()
		case <-r.stop:
			signal.Stop(r.signals)
			return
		}
	}
}

// collect reaps all that are dead now.
func (r *reaper) collect() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		var status unix.WaitStatus
		var usage unix.Rusage
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, &usage)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		if ch, ok := r.waiting[pid]; ok {
			delete(r.waiting, pid)
			ch <- exitOf(status, usage)
		}
	}
}

const signalBase = 128

func exitOf(status unix.WaitStatus, usage unix.Rusage) Exit {
	e := Exit{
		Code:   status.ExitStatus(),
		User:   time.Duration(usage.Utime.Nano()),
		System: time.Duration(usage.Stime.Nano()),
		Peak:   usage.Maxrss * maxrssUnit,
	}
	if status.Signaled() {
		e.Code = signalBase + int(status.Signal())
		e.Signal = unix.SignalName(status.Signal())
	}
	return e
}

// start forks the command in a session of its own.
func (r *reaper) start(c Command, attr *syscall.SysProcAttr) (<-chan Exit, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", os.DevNull, err)
	}
	defer func() { _ = null.Close() }()
	attr.Setsid = true
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := os.StartProcess(c.Path, c.Args, &os.ProcAttr{
		Dir: c.Dir, Env: c.Env, Files: []*os.File{null, c.Output, c.Output}, Sys: attr,
	})
	if err != nil {
		return nil, err
	}
	ch := make(chan Exit, 1)
	r.waiting[p.Pid] = ch
	return ch, p.Release()
}
