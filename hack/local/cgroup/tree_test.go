package cgroup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHierarchies(t *testing.T) {
	const mountinfo = `22 1 254:0 / / rw - ext4 /dev/vda rw
30 24 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw
31 30 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
32 30 0:28 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw
torn
`
	want := []string{"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"}
	if diff := cmp.Diff(want, hierarchies(mountinfo)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNothingIsInAGroupThatIsNotThere(t *testing.T) {
	tree := Of("no-such-cluster")
	if pids := tree.Processes(); len(pids) != 0 {
		t.Errorf("processes %v", pids)
	}
	if err := tree.Thaw(); err != nil {
		t.Error(err)
	}
	if err := tree.Remove(t.Context()); err != nil {
		t.Error(err)
	}
}
