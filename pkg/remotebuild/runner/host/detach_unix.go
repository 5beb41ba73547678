//go:build unix

package host

import (
	"os/exec"
	"syscall"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

// detach gives the process a session of its own, which no connection's end reaches.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// survivors counts what a dead supervisor left running.
func survivors(s builddir.Supervisor, c clock.WithTicker) int {
	if !s.SameBoot() {
		return 0
	}
	return process.Adopt(s.Record, c).Left()
}

// reap ends what a dead supervisor left running, and gives the number of those that
// could not be ended.
func reap(s builddir.Supervisor, c clock.WithTicker) int {
	if !s.SameBoot() {
		return 0
	}
	g := process.Adopt(s.Record, c)
	defer g.Close()
	_, left := g.Kill()
	return left
}
