package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const mountpoint = "/sys/fs/cgroup"

// Tree is one control group, in every hierarchy there is.
type Tree struct{ name string }

// Of is a cluster's tree; naming it makes nothing.
func Of(cluster string) Tree { return Tree{name: "corbel-local-" + cluster} }

// Root is the path that a kubelet is given as its cgroupRoot.
func (t Tree) Root() string { return "/" + t.name }

// Unified is true where there is only v2.
func Unified() bool {
	_, err := os.Stat(filepath.Join(mountpoint, "cgroup.controllers"))
	return err == nil
}

// Folders are where the group is in each hierarchy, made or not.
func (t Tree) Folders() []string {
	if Unified() {
		return []string{filepath.Join(mountpoint, t.name)}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var folders []string
	for _, m := range hierarchies(string(mounts)) {
		folders = append(folders, filepath.Join(m, t.name))
	}
	return folders
}

// hierarchies finds the mount points of all hierarchies in a mountinfo file. A machine
// with v1 may have an empty v2 beside it, where groups are made too.
func hierarchies(mountinfo string) []string {
	const mountField = 4
	var found []string
	for line := range strings.Lines(mountinfo) {
		before, after, ok := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if ok && len(fields) > mountField && strings.HasPrefix(after, "cgroup") {
			found = append(found, fields[mountField])
		}
	}
	return found
}

// Create makes the group. In v1 a cpuset without processors takes no process, and in
// v2 a group has only the controllers that its parent hands down.
func (t Tree) Create() error {
	if Unified() {
		if err := handDown(mountpoint); err != nil {
			return err
		}
	}
	for _, f := range t.Folders() {
		if err := os.MkdirAll(f, 0o755); err != nil {
			return fmt.Errorf("control group: %w", err)
		}
		for _, knob := range []string{"cpuset.cpus", "cpuset.mems"} {
			if Unified() {
				break
			}
			if err := inherit(f, knob); err != nil {
				return err
			}
		}
		if Unified() {
			if err := handDown(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func inherit(folder, knob string) error {
	value, err := os.ReadFile(filepath.Join(filepath.Dir(folder), knob)) //nolint:gosec // of the kernel
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("control group: %w", err)
	}
	return write(filepath.Join(folder, knob), string(value))
}

func handDown(folder string) error {
	have, err := os.ReadFile(filepath.Join(folder, "cgroup.controllers")) //nolint:gosec // of the kernel
	if err != nil {
		return fmt.Errorf("control group: %w", err)
	}
	for controller := range strings.FieldsSeq(string(have)) {
		if err := write(filepath.Join(folder, "cgroup.subtree_control"), "+"+controller); err != nil {
			return fmt.Errorf("hand down %s (a container whose root group has processes cannot): %w", controller, err)
		}
	}
	return nil
}

func write(path, value string) error {
	if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
		return fmt.Errorf("control group: %w", err)
	}
	return nil
}

// Processes are the processes in the group and in those under it.
func (t Tree) Processes() []int {
	var pids []int
	seen := map[int]bool{}
	for _, f := range t.Folders() {
		_ = filepath.WalkDir(f, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != "cgroup.procs" {
				return nil //nolint:nilerr // groups come and go while they are read
			}
			data, _ := os.ReadFile(path) //nolint:gosec // of the kernel
			for field := range strings.FieldsSeq(string(data)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 0 && !seen[pid] {
					seen[pid] = true
					pids = append(pids, pid)
				}
			}
			return nil
		})
	}
	return pids
}

// Remove takes the group away, with those under it. Ended processes stay in their
// group for a moment, so it is patient.
func (t Tree) Remove(ctx context.Context) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		last = nil
		for _, f := range t.Folders() {
			last = errors.Join(last, removeTree(f))
		}
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("remove control group %s: %w", t.name, errors.Join(err, last))
	}
	return nil
}

// removeTree removes folders from the bottom; the kernel's files go with them.
func removeTree(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.IsDir() {
			err = errors.Join(err, removeTree(filepath.Join(folder, e.Name())))
		}
	}
	if removed := os.Remove(folder); !errors.Is(removed, fs.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}
