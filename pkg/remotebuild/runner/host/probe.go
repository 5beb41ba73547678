package host

import (
	"os"
	"os/exec"
	"os/user"
	"runtime"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

// tools are what builds commonly want.
var tools = []string{
	"bash", "cargo", "cc", "clang", "cmake", "docker", "gcc", "git", "go", "java", "make", "mvn",
	"node", "npm", "podman", "python3", "rsync", "sh", "systemd-run", "tar", "xcodebuild",
}

// probe says what kind of host this is and how it fares.
func (c *call) probe() (any, error) {
	if err := c.root.Prepare(); err != nil {
		return nil, err
	}
	f := runner.Facts{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Clock: c.Clock.Now().UTC(),
		Containment: process.Containment(), Root: c.root.Path, Tools: map[string]string{},
	}
	f.Hostname, _ = os.Hostname()
	f.BootID, _ = process.BootID()
	if u, err := user.Current(); err == nil {
		f.User = u.Username
	}
	for _, name := range tools {
		if path, err := exec.LookPath(name); err == nil {
			f.Tools[name] = path
		}
	}
	dirs, err := c.root.List()
	if err != nil {
		return nil, err
	}
	for _, dir := range dirs {
		if view, err := dir.Look(c.Clock.Now()); err == nil && view.Status.Phase == runner.PhaseRunning {
			f.Running = append(f.Running, dir.ID)
		}
	}
	if err := measure(&f); err != nil {
		return nil, err
	}
	return f, nil
}
