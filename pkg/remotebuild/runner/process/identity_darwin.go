package process

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// BootID is the moment of the last boot: macOS has no id of it.
func BootID() (string, error) {
	at, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return "", fmt.Errorf("read boot time: %w", err)
	}
	return fmt.Sprintf("%d.%06d", at.Sec, at.Usec), nil
}

type stat struct {
	pid, parent int
	start       string
}

const zombie = 5 // SZOMB

func fromKinfo(k *unix.KinfoProc) (stat, bool) {
	s := stat{
		pid: int(k.Proc.P_pid), parent: int(k.Eproc.Ppid),
		start: fmt.Sprintf("%d.%06d", k.Proc.P_starttime.Sec, k.Proc.P_starttime.Usec),
	}
	return s, k.Proc.P_stat != zombie
}

func startTime(pid int) (string, bool) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return "", false
	}
	s, alive := fromKinfo(k)
	return s.start, alive && s.pid == pid
}

func allProcesses() []stat {
	list, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	var all []stat
	for i := range list {
		if s, alive := fromKinfo(&list[i]); alive {
			all = append(all, s)
		}
	}
	return all
}

// hasCookie is false: macOS does not show the environment of others.
func hasCookie(int, string) bool { return false }
