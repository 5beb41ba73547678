package process

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// cgroupParent holds the groups of all builds in a hierarchy.
	cgroupParent = "corbel-runner"
	cgroupMode   = 0o755
	procsFile    = "cgroup.procs"
	tasksFile    = "tasks"
	// v1Period is the scheduler's period of a version 1 cpu group, in microseconds.
	v1Period  = 100_000
	perMillis = 1000
	// removeTries and removePause cover what the kernel needs to let an empty group go.
	removeTries = 50
	removePause = 2 * time.Millisecond
)

// cgroup is the directories of one group, in all hierarchies that are writable.
type cgroup struct {
	unified string
	// leaves counts the groups below the unified one.
	leaves int
	// v1 is by controller: freezer, memory, cpu, pids.
	v1 map[string]string
	// home is where this process is in each version 1 hierarchy.
	home map[string]string
}

// newCgroup makes the group in each hierarchy that lets it. It may end up with none.
func newCgroup(id string, limits Limits) *cgroup {
	c := &cgroup{v1: map[string]string{}, home: map[string]string{}}
	own := ownCgroups()
	for _, h := range hierarchies() {
		home := filepath.Join(h.mount, own[h.name])
		dir, ok := makeGroup(h.mount, home, id)
		if !ok {
			continue
		}
		if h.name == "" {
			c.unified = dir
		} else {
			c.v1[h.name], c.home[h.name] = dir, home
		}
	}
	c.limit(limits)
	return c
}

// openCgroup finds the group that an earlier process made.
func openCgroup(dirs []string) *cgroup {
	c := &cgroup{v1: map[string]string{}, home: map[string]string{}}
	for _, dir := range dirs {
		name, path, _ := strings.Cut(dir, "=")
		switch _, err := os.Stat(path); {
		case err != nil || filepath.Base(filepath.Dir(path)) != cgroupParent:
		case name == "":
			c.unified = path
		default:
			c.v1[name] = path
		}
	}
	return c
}

// makeGroup tries the root of the hierarchy, where no session's end reaches it, and then
// the place where this process is.
func makeGroup(mount, home, id string) (string, bool) {
	for _, base := range []string{mount, home} {
		parent := filepath.Join(base, cgroupParent)
		if os.MkdirAll(parent, cgroupMode) != nil {
			continue
		}
		for _, controller := range []string{"+memory", "+pids", "+cpu"} {
			_ = writeFile(base, "cgroup.subtree_control", controller)
			_ = writeFile(parent, "cgroup.subtree_control", controller)
		}
		dir := filepath.Join(parent, id)
		if err := os.Mkdir(dir, cgroupMode); err == nil || os.IsExist(err) {
			if f, err := os.OpenFile(filepath.Join(dir, procsFile), os.O_WRONLY, 0); err == nil { //nolint:gosec // Below the cgroup mounts.
				_ = f.Close()
				return dir, true
			}
		}
	}
	return "", false
}

// writeFile writes to a control file that is there.
func writeFile(dir, name, value string) error {
	if dir == "" {
		return fs.ErrNotExist
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0) //nolint:gosec // Below the cgroup mounts.
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// limit writes the limits wherever there is a file for them.
func (c *cgroup) limit(l Limits) {
	if l.MemoryBytes > 0 {
		_ = writeFile(c.unified, "memory.max", strconv.FormatInt(l.MemoryBytes, 10))
		_ = writeFile(c.unified, "memory.swap.max", "0")
		_ = writeFile(c.v1["memory"], "memory.limit_in_bytes", strconv.FormatInt(l.MemoryBytes, 10))
		_ = writeFile(c.v1["memory"], "memory.memsw.limit_in_bytes", strconv.FormatInt(l.MemoryBytes, 10))
	}
	if l.Processes > 0 {
		_ = writeFile(c.unified, "pids.max", strconv.FormatInt(l.Processes, 10))
		_ = writeFile(c.v1["pids"], "pids.max", strconv.FormatInt(l.Processes, 10))
	}
	if l.CPUMillis > 0 {
		quota := strconv.FormatInt(l.CPUMillis*v1Period/perMillis, 10)
		_ = writeFile(c.unified, "cpu.max", quota+" "+strconv.Itoa(v1Period))
		_ = writeFile(c.v1["cpu"], "cpu.cfs_period_us", strconv.Itoa(v1Period))
		_ = writeFile(c.v1["cpu"], "cpu.cfs_quota_us", quota)
	}
}

// unenforced names the limits that no hierarchy has taken.
func (c *cgroup) unenforced(l Limits) []string {
	files := map[string][]string{
		"memoryBytes": {c.file("", "memory.max"), c.file("memory", "memory.limit_in_bytes")},
		"processes":   {c.file("", "pids.max"), c.file("pids", "pids.max")},
		"cpuMillis":   {c.file("", "cpu.max"), c.file("cpu", "cpu.cfs_quota_us")},
	}
	var missing []string
	for _, name := range l.names() {
		if !anySet(files[name]) {
			missing = append(missing, name)
		}
	}
	return missing
}

// anySet is true when one of the files holds a limit.
func anySet(paths []string) bool {
	for _, path := range paths {
		b, err := os.ReadFile(path) //nolint:gosec // A path below the cgroup mounts.
		if err == nil && !strings.HasPrefix(string(b), "max") && !strings.HasPrefix(string(b), "-1") {
			return true
		}
	}
	return false
}

// file is the path of a control file, or "" where there is no such hierarchy.
func (c *cgroup) file(controller, name string) string {
	dir := c.unified
	if controller != "" {
		dir = c.v1[controller]
	}
	if dir == "" {
		return ""
	}
	return filepath.Join(dir, name)
}

// mode is how the group is killed, or "" when only limits and counts are there.
func (c *cgroup) mode() string {
	switch {
	case c.unified != "":
		return ContainmentV2
	case c.v1["freezer"] != "":
		return ContainmentV1
	default:
		return ""
	}
}

// dirs are as openCgroup takes them.
func (c *cgroup) dirs() []string {
	var all []string
	if c.unified != "" {
		all = append(all, "="+c.unified)
	}
	for name, dir := range c.v1 {
		all = append(all, name+"="+dir)
	}
	return all
}

// fork makes a process with the attributes.
type fork func(*syscall.SysProcAttr) (<-chan Exit, error)

// start forks a process that is in the group from its first instruction on: version 2
// by the clone itself, version 1 by a thread that is in the group while it forks.
func (c *cgroup) start(fork fork) (<-chan Exit, error) {
	attr := &syscall.SysProcAttr{}
	if c.unified != "" {
		if dir, err := os.Open(c.leaf()); err == nil {
			defer func() { _ = dir.Close() }()
			attr.UseCgroupFD, attr.CgroupFD = true, int(dir.Fd())
		}
	}
	exit, err := c.forkInside(fork, attr)
	if err == nil || !attr.UseCgroupFD || errors.Is(err, fs.ErrNotExist) {
		return exit, err
	}
	// The group may be writable and still not open to those who come from elsewhere.
	return c.forkInside(fork, &syscall.SysProcAttr{})
}

// leaf makes a group of its own for each process that is started: Linux from
// 6.14 on ends at birth what is cloned into a group that was killed before.
func (c *cgroup) leaf() string {
	c.leaves++
	dir := filepath.Join(c.unified, "step-"+strconv.Itoa(c.leaves))
	if err := os.Mkdir(dir, cgroupMode); err != nil && !os.IsExist(err) {
		return c.unified
	}
	return dir
}

// forkInside forks on a thread that is in the version 1 groups. A thread that cannot
// come back ends with its goroutine.
func (c *cgroup) forkInside(fork fork, attr *syscall.SysProcAttr) (exit <-chan Exit, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		c.moveThread(c.v1)
		exit, err = fork(attr)
		if c.moveThread(c.home) {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return exit, err
}

// moveThread puts the calling thread into the groups.
func (c *cgroup) moveThread(dirs map[string]string) bool {
	moved := true
	for _, dir := range dirs {
		moved = writeFile(dir, tasksFile, strconv.Itoa(syscall.Gettid())) == nil && moved
	}
	return moved
}

// pids are those that are in the group or in one below it.
func (c *cgroup) pids() map[int]bool {
	all := map[int]bool{}
	for _, dir := range []string{c.unified, c.v1["freezer"]} {
		if dir == "" {
			continue
		}
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return nil //nolint:nilerr // A group that vanishes has no members.
			}
			b, _ := os.ReadFile(filepath.Join(path, procsFile)) //nolint:gosec // Below the cgroup mounts.
			for line := range strings.FieldsSeq(string(b)) {
				if pid, err := strconv.Atoi(line); err == nil {
					all[pid] = true
				}
			}
			return nil
		})
	}
	return all
}

// kill ends the whole group at once where the kernel can, and else holds it still.
func (c *cgroup) kill() {
	if c.unified != "" && writeFile(c.unified, "cgroup.kill", "1") == nil {
		return
	}
	if c.unified != "" {
		_ = writeFile(c.unified, "cgroup.freeze", "1")
	}
	if dir := c.v1["freezer"]; dir != "" {
		_ = writeFile(dir, "freezer.state", "FROZEN")
	}
}

// thaw lets a frozen group go on, so that signals reach it.
func (c *cgroup) thaw() {
	if c.unified != "" {
		_ = writeFile(c.unified, "cgroup.freeze", "0")
	}
	if dir := c.v1["freezer"]; dir != "" {
		_ = writeFile(dir, "freezer.state", "THAWED")
	}
}

// remove takes away the group, and those that the build made below it.
func (c *cgroup) remove() {
	for _, dir := range append(c.dirs(), "") {
		if _, path, _ := strings.Cut(dir, "="); path != "" {
			removeGroup(path)
		}
	}
}

func removeGroup(dir string) {
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if entry.IsDir() {
			removeGroup(filepath.Join(dir, entry.Name()))
		}
	}
	for range removeTries {
		if err := os.Remove(dir); err == nil || !isBusy(err) {
			return
		}
		pause(removePause)
	}
}
