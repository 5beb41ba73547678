package host

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

const kibibyte = 1024

// count is what the kernel says, or 0 where a file system has no bound and says so oddly.
func count(n uint64) int64 {
	if n > math.MaxInt64 {
		return 0
	}
	return int64(n)
}

// measure fills in what the kernel counts.
func measure(f *runner.Facts) error {
	var disk unix.Statfs_t
	if err := unix.Statfs(f.Root, &disk); err != nil {
		return fmt.Errorf("measure disk: %w", err)
	}
	f.DiskTotal, f.DiskFree = count(disk.Blocks)*disk.Bsize, count(disk.Bavail)*disk.Bsize
	f.InodesFree = count(disk.Ffree)
	var name unix.Utsname
	if err := unix.Uname(&name); err == nil {
		f.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		first, _, _ := strings.Cut(string(b), " ")
		f.Load1, _ = strconv.ParseFloat(first, 64)
	}
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return fmt.Errorf("measure memory: %w", err)
	}
	for line := range strings.Lines(string(b)) {
		key, value, _ := strings.Cut(line, ":")
		n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch key {
		case "MemTotal":
			f.MemoryTotal = n * kibibyte
		case "MemAvailable":
			f.MemoryAvailable = n * kibibyte
		}
	}
	return nil
}
