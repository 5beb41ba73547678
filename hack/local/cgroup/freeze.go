package cgroup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Freeze stops all processes of the group where they are.
func (t Tree) Freeze() error { return t.freezer("FROZEN", "1") }

// Thaw lets them run on. A group that is not there has nothing to thaw.
func (t Tree) Thaw() error { return t.freezer("THAWED", "0") }

func (t Tree) freezer(v1, v2 string) error {
	for _, f := range t.Folders() {
		for knob, value := range map[string]string{"freezer.state": v1, "cgroup.freeze": v2} {
			path := filepath.Join(f, knob)
			if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err := write(path, value); err != nil {
				return err
			}
		}
	}
	return nil
}
