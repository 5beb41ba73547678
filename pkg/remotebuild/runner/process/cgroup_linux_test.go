package process

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"k8s.io/utils/clock"
)

// TestParse: the mounts and the own groups, of hosts of each kind.
func TestParse(t *testing.T) {
	mounts := `24 1 0:22 / /proc rw - proc proc rw
30 24 0:26 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw
31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
32 24 0:28 / /sys/fs/cgroup/freezer rw shared:1 - cgroup cgroup rw,freezer
33 24 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
broken line`
	want := []hierarchy{
		{"", "/sys/fs/cgroup/unified"}, {"cpu", "/sys/fs/cgroup/cpu,cpuacct"}, {"freezer", "/sys/fs/cgroup/freezer"},
	}
	if diff := cmp.Diff(want, parseMounts(mounts), cmp.AllowUnexported(hierarchy{})); diff != "" {
		t.Errorf("mounts (-want +got):\n%s", diff)
	}
	own := map[string]string{"": "/user.slice", "cpu": "/a", "cpuacct": "/a", "name=systemd": "/b:c"}
	if diff := cmp.Diff(own, parseOwn("4:cpu,cpuacct:/a\n1:name=systemd:/b:c\n0::/user.slice\nbroken\n")); diff != "" {
		t.Errorf("own (-want +got):\n%s", diff)
	}
}

// TestFreezer: on a host with version 1 alone, a storm is held still and ended. The group
// is one of the freezer's, and its members are no children that could be found otherwise.
func TestFreezer(t *testing.T) {
	c := newCgroup(fmt.Sprintf("test-%d", os.Getpid()), Limits{})
	defer c.remove()
	if c.v1["freezer"] == "" {
		t.Log("this user has no version 1 freezer here")
		return
	}
	removeGroup(c.unified)
	c.unified = ""
	if c.mode() != ContainmentV1 {
		t.Fatalf("mode %s", c.mode())
	}
	g := &Group{cgroup: c, record: Record{Cookie: "none"}, clock: clock.RealClock{}}
	storm := exec.CommandContext(t.Context(), "/bin/sh", "-c", "trap '' TERM; while :; do (setsid sleep 600 &); sleep 0.02; done")
	_, err := c.start(func(attr *syscall.SysProcAttr) (<-chan Exit, error) {
		storm.SysProcAttr = attr
		return nil, storm.Start()
	})
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = storm.Wait() }()
	for end := time.Now().Add(30 * time.Second); g.Left() < 5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d members", g.Left())
		}
	}
	if lived, left := g.Kill(); lived < 5 || left != 0 {
		t.Errorf("lived %d, left %d", lived, left)
	}
	if own, _ := os.ReadFile("/proc/thread-self/cgroup"); strings.Contains(string(own), filepath.Base(c.v1["freezer"])) {
		t.Error("this thread stayed in the group")
	}
}

// TestAliveAgain: a pid alone is nobody.
func TestAliveAgain(t *testing.T) {
	self, err := Self()
	if err != nil || !self.Alive() || !self.SameBoot() {
		t.Fatalf("%+v %v", self, err)
	}
	for name, other := range map[string]Identity{
		"other start": {PID: self.PID, Start: self.Start + "1", BootID: self.BootID},
		"other boot":  {PID: self.PID, Start: self.Start, BootID: "x"},
		"nothing":     {},
	} {
		if other.Alive() {
			t.Errorf("%s is alive", name)
		}
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s, ok := readStat(cmd.Process.Pid)
	if !ok || s.parent != os.Getpid() {
		t.Errorf("%+v %v", s, ok)
	}
	// The signal of one who is gone reaches nobody.
	send(stat{pid: s.pid, start: s.start + "1"}, unix.SIGKILL)
	child := Identity{PID: s.pid, Start: s.start, BootID: self.BootID}
	time.Sleep(50 * time.Millisecond)
	if !child.Alive() {
		t.Error("another's signal ended it")
	}
	send(s, unix.SIGKILL)
	for end := time.Now().Add(30 * time.Second); child.Alive(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it lives")
		}
	}
	_ = cmd.Wait()
}

// TestUnenforced: limits that no hierarchy took are named.
func TestUnenforced(t *testing.T) {
	dir := t.TempDir()
	for name, value := range map[string]string{"memory.max": "", "pids.max": "max", "cpu.max": "max 100000"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &cgroup{unified: dir}
	limits := Limits{MemoryBytes: 1 << 20, CPUMillis: 1500}
	c.limit(limits)
	if got := c.unenforced(limits); len(got) != 0 {
		t.Errorf("unenforced: %v", got)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "cpu.max")); !strings.HasPrefix(string(b), "150000 100000") {
		t.Errorf("cpu.max: %s", b)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "memory.max")); string(b) != strconv.Itoa(1<<20) {
		t.Errorf("memory.max: %s", b)
	}
	none := &cgroup{}
	if got := none.unenforced(Limits{MemoryBytes: 1, Processes: 1, CPUMillis: 1}); fmt.Sprint(got) != "[cpuMillis memoryBytes processes]" {
		t.Errorf("without cgroups: %v", got)
	}
}
