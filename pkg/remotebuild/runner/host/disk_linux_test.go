package host_test

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/runnertest"
)

// TestDiskFull: a build that fills the disk gets its result all the same, and the next one
// is refused with the reason.
func TestDiskFull(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	err := unix.Mount("tmpfs", c.Root, "tmpfs", 0, "size=400k")
	if errors.Is(err, unix.EPERM) && os.Getuid() != 0 {
		t.Log("this user can make no small disk")
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(c.Root, unix.MNT_DETACH) })
	full := script("full-1", "head -c 1000000 /dev/zero; sleep 600")
	start(t, c, full)
	result, j := finish(t, c, full.ID)
	if result.Reason != runner.ReasonLogFailed || result.Left != 0 || len(j.text("main")) < 100_000 {
		t.Errorf("result: %+v, %d bytes of log", result, len(j.text("main")))
	}
	if _, err := c.Start(t.Context(), script("next-1", "true")); runner.RefusalReason(err) != runner.ReasonDiskFull {
		t.Errorf("next: %v", err)
	}
	if s, err := c.Status(t.Context(), "next-1", 0); err != nil || s.Phase != runner.PhaseLost || s.Reason != runner.ReasonNeverStarted {
		t.Errorf("next: %+v %v", s, err)
	}
	if err := c.Remove(t.Context(), full.ID, 1); err != nil {
		t.Errorf("remove: %v", err)
	}
}
