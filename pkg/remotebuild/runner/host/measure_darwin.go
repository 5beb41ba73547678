package host

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

// measure fills in what the kernel counts. macOS has no cheap figure of free memory and
// of load.
func measure(f *runner.Facts) error {
	var disk unix.Statfs_t
	if err := unix.Statfs(f.Root, &disk); err != nil {
		return fmt.Errorf("measure disk: %w", err)
	}
	f.DiskTotal, f.DiskFree = int64(disk.Blocks)*int64(disk.Bsize), int64(disk.Bavail)*int64(disk.Bsize)
	f.InodesFree = int64(disk.Ffree)
	f.Kernel, _ = unix.Sysctl("kern.osrelease")
	memory, err := unix.SysctlUint64("hw.memsize")
	f.MemoryTotal = int64(memory)
	return err
}
