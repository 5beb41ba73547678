package builddir

import (
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// Lock waits for the build's lock. It ends with its holder, however that ends.
func (d Dir) Lock() (func(), error) {
	f, err := os.OpenFile(d.File(lockFile), os.O_RDWR|os.O_CREATE, privateFile)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{})
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// syncDir does nothing: Windows directories cannot be synced.
func syncDir(string) error { return nil }
