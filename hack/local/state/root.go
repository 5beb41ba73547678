package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// defaultRoot is on a real disk: containerd's overlay mounts do not stack on tmpfs
// everywhere, and records must outlive the login session that made them.
const defaultRoot = "/var/lib/corbel-local"

// Root is one set of clusters and hosts. Two roots on one machine know nothing of
// each other.
type Root struct{ Dir string }

// Default is $CORBEL_STATE, or the machine's own root.
func Default() Root {
	if dir := os.Getenv("CORBEL_STATE"); dir != "" {
		return Root{Dir: dir}
	}
	return Root{Dir: defaultRoot}
}

// IsDefault tells the machine's own root from one that a test made for itself.
func (r Root) IsDefault() bool { return r.Dir == defaultRoot }

// Path is a file or folder under the root.
func (r Root) Path(elem ...string) string {
	return filepath.Join(append([]string{r.Dir}, elem...)...)
}

// Names lists the folders of a kind ("clusters", "hosts"), none when there are none.
func (r Root) Names(kind string) ([]string, error) {
	entries, err := os.ReadDir(r.Path(kind))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", kind, err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Cache is the folder for what is costly to make and good for ever: binaries, layers.
func Cache(elem ...string) (string, error) {
	dir := os.Getenv("CORBEL_CACHE")
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder, set CORBEL_CACHE: %w", err)
		}
		dir = filepath.Join(base, "corbel")
	}
	return filepath.Join(append([]string{dir}, elem...)...), nil
}

// namePattern is what a cluster or host may be called: it becomes part of file names,
// of a network namespace and of command lines.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$`)

// CheckName refuses what would not be safe as a name.
func CheckName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("name %q: want at most 30 lower-case letters, digits and dashes, a letter first", name)
	}
	return nil
}

// Save writes v as JSON, whole or not at all.
func Save(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	return WriteFile(path, append(data, '\n'), 0o600)
}

// Load reads what Save wrote.
func Load(path string, v any) error {
	data, err := os.ReadFile(path) //nolint:gosec // a path of ours under the root
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// WriteFile makes the folder and replaces the file in one step.
func WriteFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.Write(data)
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
