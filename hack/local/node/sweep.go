package node

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Sweep removes what a node leaves besides files in its folder: what its programs put
// in places of their own choice, and mounts under the folder.
func Sweep(dir string) error {
	removeTraces("/", dir)
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	var errs []error
	for _, m := range mountsUnder(string(data), dir) {
		err := unix.Unmount(m, 0)
		if errors.Is(err, unix.EBUSY) {
			// Its last user is ending.
			err = unix.Unmount(m, unix.MNT_DETACH)
		}
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("unmount %s: %w", m, err))
		}
	}
	return errors.Join(errs...)
}

// Mounted is true while something is mounted under dir: removing files would then
// reach into what is mounted.
func Mounted(dir string) (bool, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, fmt.Errorf("mounts: %w", err)
	}
	return len(mountsUnder(string(data), dir)) > 0, nil
}

// mountsUnder finds mount points under dir in a mountinfo file, innermost first. One
// that is mounted on twice is there twice.
func mountsUnder(mountinfo, dir string) []string {
	const mountField = 4
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var found []string
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		if len(fields) <= mountField {
			continue
		}
		if m := unescape.Replace(fields[mountField]); strings.HasPrefix(m, dir+"/") {
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return found
}
