package host

import (
	"fmt"

	"golang.org/x/sys/windows"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

// measure fills in the disk, which is all that Windows says in few words.
func measure(f *runner.Facts) error {
	root, err := windows.UTF16PtrFromString(f.Root)
	if err != nil {
		return fmt.Errorf("measure disk: %w", err)
	}
	var free, total, all uint64
	if err := windows.GetDiskFreeSpaceEx(root, &free, &total, &all); err != nil {
		return fmt.Errorf("measure disk: %w", err)
	}
	f.DiskFree, f.DiskTotal = int64(free), int64(total)
	return nil
}
