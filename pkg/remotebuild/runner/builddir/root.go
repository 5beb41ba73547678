package builddir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

const (
	buildsDir     = "b"
	tombstonesDir = "t"
	trashDir      = "trash"
	private       = 0o700
	privateFile   = 0o600
)

// Root is ~/.corbel.
type Root struct{ Path string }

// Default is the root below the user's home.
func Default() (Root, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return Root{}, fmt.Errorf("find the home directory: %w", err)
	}
	return Root{Path: filepath.Join(home, ".corbel")}, nil
}

// Prepare makes the root's own directories.
func (r Root) Prepare() error {
	for _, name := range []string{buildsDir, tombstonesDir, trashDir} {
		if err := os.MkdirAll(filepath.Join(r.Path, name), private); err != nil {
			return fmt.Errorf("prepare root: %w", err)
		}
	}
	return nil
}

// Create makes the build's directory. The second value is true for exactly one caller,
// however many there are; the others get the directory of the first.
func (r Root) Create(id string) (Dir, bool, error) {
	if !runner.ValidID(id) {
		return Dir{}, false, runner.Refuse(runner.ReasonInvalidRequest, "id %q is not valid", id)
	}
	dir := Dir{Path: r.build(id), ID: id}
	err := os.Mkdir(dir.Path, private)
	switch {
	case errors.Is(err, fs.ErrExist):
		return dir, false, nil
	case err != nil:
		return Dir{}, false, fmt.Errorf("create build directory: %w", err)
	}
	// A removed build leaves its tombstone before its name is free.
	if _, err := os.Stat(r.tombstone(id)); err == nil {
		_ = os.Remove(dir.Path)
		return Dir{}, false, removed(id)
	}
	return dir, true, nil
}

func removed(id string) error {
	return runner.Refuse(runner.ReasonRemoved, "build %s was here and was removed; it cannot start again", id)
}

// Open finds the build's directory.
func (r Root) Open(id string) (Dir, error) {
	if !runner.ValidID(id) {
		return Dir{}, runner.Refuse(runner.ReasonInvalidRequest, "id %q is not valid", id)
	}
	dir := Dir{Path: r.build(id), ID: id}
	info, err := os.Stat(dir.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(r.tombstone(id)); err == nil {
			return Dir{}, removed(id)
		}
		return Dir{}, runner.Refuse(runner.ReasonNotFound, "there is no build %s on this host", id)
	case err != nil:
		return Dir{}, fmt.Errorf("open build directory: %w", err)
	case !info.IsDir():
		return Dir{}, fmt.Errorf("%s is no directory", dir.Path)
	}
	return dir, nil
}

// List gives all builds.
func (r Root) List() ([]Dir, error) {
	entries, err := os.ReadDir(filepath.Join(r.Path, buildsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list builds: %w", err)
	}
	var dirs []Dir
	for _, entry := range entries {
		if entry.IsDir() && runner.ValidID(entry.Name()) {
			dirs = append(dirs, Dir{Path: r.build(entry.Name()), ID: entry.Name()})
		}
	}
	return dirs, nil
}

// Remove takes the build away: first its name, which can never be used again, then its
// files. The caller has seen that it does not run.
func (r Root) Remove(dir Dir) error {
	if err := os.WriteFile(r.tombstone(dir.ID), nil, privateFile); err != nil {
		return fmt.Errorf("remember removal: %w", err)
	}
	trash := filepath.Join(r.Path, trashDir, dir.ID)
	if err := os.Rename(dir.Path, trash); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("move build to trash: %w", err)
	}
	return removeAll(trash)
}

// EmptyTrash ends removals that were cut short, and forgets tombstones made before.
func (r Root) EmptyTrash(before time.Time) error {
	trash, err := os.ReadDir(filepath.Join(r.Path, trashDir))
	for _, entry := range trash {
		err = errors.Join(err, removeAll(filepath.Join(r.Path, trashDir, entry.Name())))
	}
	tombstones, listErr := os.ReadDir(filepath.Join(r.Path, tombstonesDir))
	err = errors.Join(err, listErr)
	for _, entry := range tombstones {
		if info, statErr := entry.Info(); statErr == nil && info.ModTime().Before(before) {
			err = errors.Join(err, os.Remove(filepath.Join(r.Path, tombstonesDir, entry.Name())))
		}
	}
	return err
}

func (r Root) build(id string) string     { return filepath.Join(r.Path, buildsDir, id) }
func (r Root) tombstone(id string) string { return filepath.Join(r.Path, tombstonesDir, id) }

// removeAll also removes directories that the build made read-only, as Go's module
// cache is.
func removeAll(path string) error {
	if err := os.RemoveAll(path); err == nil {
		return nil
	}
	err := filepath.WalkDir(path, func(p string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() {
			_ = os.Chmod(p, private)
		}
		return nil
	})
	return errors.Join(err, os.RemoveAll(path))
}
