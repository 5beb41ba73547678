package process

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// maxrssUnit is what ru_maxrss counts in, in bytes.
const maxrssUnit = 1

func becomeSubreaper() bool { return false }

// send signals the process unless its pid is another's by now.
func send(s stat, sig unix.Signal) {
	if start, ok := startTime(s.pid); ok && start == s.start {
		_ = unix.Kill(s.pid, sig)
	}
}

// HideDescriptors does nothing: what Go opens is not inherited, and macOS cannot mark
// the rest at once.
func HideDescriptors() {}

// Containment is what a build on this host would get.
func Containment() string { return ContainmentChildren }

// cgroup is nothing on macOS.
type cgroup struct{}

func newCgroup(string, Limits) *cgroup       { return &cgroup{} }
func openCgroup([]string) *cgroup            { return &cgroup{} }
func (*cgroup) dirs() []string               { return nil }
func (*cgroup) mode() string                 { return "" }
func (*cgroup) pids() map[int]bool           { return nil }
func (*cgroup) kill()                        {}
func (*cgroup) thaw()                        {}
func (*cgroup) remove()                      {}
func (*cgroup) usage() Usage                 { return Usage{} }
func (*cgroup) unenforced(l Limits) []string { return l.names() }

func (*cgroup) start(fork func(*syscall.SysProcAttr) (<-chan Exit, error)) (<-chan Exit, error) {
	return fork(&syscall.SysProcAttr{})
}
