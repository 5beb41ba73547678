package process

import (
	"errors"

	"golang.org/x/sys/unix"
)

// maxrssUnit is what ru_maxrss counts in, in bytes.
const maxrssUnit = 1024

func becomeSubreaper() bool {
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == nil
}

// send signals the process unless its pid is another's by now.
func send(s stat, sig unix.Signal) {
	fd, err := unix.PidfdOpen(s.pid, 0)
	if errors.Is(err, unix.ENOSYS) {
		if start, ok := startTime(s.pid); ok && start == s.start {
			_ = unix.Kill(s.pid, sig)
		}
		return
	}
	if err != nil {
		return
	}
	defer func() { _ = unix.Close(fd) }()
	if start, ok := startTime(s.pid); ok && start == s.start {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}

// HideDescriptors keeps what this process inherited from its children.
func HideDescriptors() {
	const afterStderr = 3
	_ = unix.CloseRange(afterStderr, ^uint(0), unix.CLOSE_RANGE_CLOEXEC)
}

// Containment is what a build on this host would get.
func Containment() string {
	c := newCgroup("probe", Limits{})
	defer c.remove()
	if mode := c.mode(); mode != "" {
		return mode
	}
	return ContainmentSubreaper
}
