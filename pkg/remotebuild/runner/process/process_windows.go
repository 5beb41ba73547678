package process

import (
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/sys/windows"
)

// errUnsupported is the answer to all that a Windows host cannot do yet.
var errUnsupported = errors.New("windows hosts cannot supervise builds")

// BootID is refused: Windows has no id of a boot.
func BootID() (string, error) { return "", errUnsupported }

func startTime(pid int) (string, bool) {
	h, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if err != nil {
		return "", false
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(h, &created, &exited, &kernel, &user) != nil {
		return "", false
	}
	var code uint32
	if windows.GetExitCodeProcess(h, &code) == nil && code != stillActive {
		return "", false
	}
	return strconv.FormatInt(created.Nanoseconds(), 10), true
}

// stillActive is the exit code of what has not ended.
const stillActive = 259

// Containment is what a build on this host would get.
func Containment() string { return ContainmentNone }

// Unsupported says why builds are refused here.
func Unsupported() error { return fmt.Errorf("supervise: %w", errUnsupported) }

// HideDescriptors does nothing: Windows handles are inherited by name only.
func HideDescriptors() {}
