package process

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// hierarchy is one mounted tree of cgroups. The name is its controller, or "" for version 2.
type hierarchy struct{ name, mount string }

// controllers are those of version 1 that a build is put into.
var controllers = []string{"freezer", "memory", "cpu", "pids"}

// hierarchies are those that are mounted here.
func hierarchies() []hierarchy {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	return parseMounts(string(b))
}

// parseMounts reads mountinfo: "36 35 0:31 / /sys/fs/cgroup/x rw - cgroup cgroup rw,freezer".
func parseMounts(mountinfo string) []hierarchy {
	const mountPoint, fsType, superOptions = 4, 0, 2
	var all []hierarchy
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		mount, system := strings.Fields(before), strings.Fields(after)
		if !ok || len(mount) <= mountPoint || len(system) <= superOptions {
			continue
		}
		switch system[fsType] {
		case "cgroup2":
			all = append(all, hierarchy{mount: mount[mountPoint]})
		case "cgroup":
			for option := range strings.SplitSeq(system[superOptions], ",") {
				if slices.Contains(controllers, option) {
					all = append(all, hierarchy{name: option, mount: mount[mountPoint]})
				}
			}
		}
	}
	return all
}

// ownCgroups are the paths of this process by controller, "" for version 2.
func ownCgroups() map[string]string {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil
	}
	return parseOwn(string(b))
}

// parseOwn reads /proc/self/cgroup: "4:cpu,cpuacct:/user.slice" and "0::/user.slice".
func parseOwn(text string) map[string]string {
	const parts = 3
	own := map[string]string{}
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", parts)
		if len(fields) != parts {
			continue
		}
		for name := range strings.SplitSeq(fields[1], ",") {
			own[name] = fields[2]
		}
	}
	return own
}

// usage reads what the group counted.
func (c *cgroup) usage() Usage {
	var u Usage
	for _, path := range []string{c.file("", "memory.events"), c.file("memory", "memory.oom_control")} {
		u.OOMKills += readCount(path, "oom_kill")
	}
	for _, path := range []string{c.file("", "memory.peak"), c.file("memory", "memory.max_usage_in_bytes")} {
		u.Peak = max(u.Peak, readCount(path, ""))
	}
	return u
}

// readCount gives the number behind the key, or the only one of the file.
func readCount(path, key string) int64 {
	if path == "" {
		return 0
	}
	b, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		fields := strings.Fields(line)
		if key != "" && (len(fields) != 2 || fields[0] != key) {
			continue
		}
		if len(fields) > 0 {
			n, _ := strconv.ParseInt(fields[len(fields)-1], 10, 64)
			return n
		}
	}
	return 0
}

func isBusy(err error) bool { return errors.Is(err, unix.EBUSY) }

// pause is for what the kernel does by itself in a moment.
func pause(d time.Duration) {
	at := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&at, nil)
}
