package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// BootID is of the host's current run.
func BootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// stat is what /proc says of a process.
type stat struct {
	pid, parent int
	state       byte
	start       string
}

const (
	// Fields of /proc/<pid>/stat after the name, which may contain anything.
	statState  = 0
	statParent = 1
	statStart  = 19
)

func readStat(pid int) (stat, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	end := bytes.LastIndexByte(b, ')')
	if end < 0 {
		return stat{}, false
	}
	fields := strings.Fields(string(b[end+1:]))
	if len(fields) <= statStart {
		return stat{}, false
	}
	parent, err := strconv.Atoi(fields[statParent])
	return stat{pid: pid, parent: parent, state: fields[statState][0], start: fields[statStart]}, err == nil
}

// dead is true for what only waits to be reaped.
func (s stat) dead() bool { return s.state == 'Z' || s.state == 'X' }

func startTime(pid int) (string, bool) {
	s, ok := readStat(pid)
	return s.start, ok && !s.dead()
}

// allProcesses are those that live.
func allProcesses() []stat {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	names, _ := dir.Readdirnames(-1)
	_ = dir.Close()
	var all []stat
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if s, ok := readStat(pid); ok && !s.dead() {
			all = append(all, s)
		}
	}
	return all
}

// hasCookie is true when the process was started with the variable, and did not hide it.
func hasCookie(pid int, cookie string) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for variable := range bytes.SplitSeq(b, []byte{0}) {
		if string(variable) == cookie {
			return true
		}
	}
	return false
}
