//go:build unix

package supervisor

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

const (
	shell     = "/bin/sh"
	ownerOnly = 0o700
	anyExec   = 0o111
)

// command makes the step's process: a script is a file of its own, and nothing is put
// into text that a shell would read.
func (s *supervisor) command(step runner.Step) (process.Command, error) {
	dir := step.Dir
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.dir.Work(), dir)
		if err := os.MkdirAll(dir, ownerOnly); err != nil {
			return process.Command{}, fmt.Errorf("make working directory: %w", err)
		}
	}
	env := s.env(step)
	c := process.Command{Dir: dir, Args: step.Args}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		c.Env = append(c.Env, name+"="+env[name])
	}
	if step.Script == "" {
		path, err := lookup(step.Args[0], dir, env["PATH"])
		c.Path = path
		return c, err
	}
	path, err := s.dir.PutScript(step.Name, step.Script)
	c.Path, c.Args = path, []string{path}
	if !strings.HasPrefix(step.Script, "#!") {
		c.Path, c.Args = shell, []string{shell, path}
	}
	return c, err
}

// env is the login's environment, less what belongs to the connection.
func (s *supervisor) env(step runner.Step) map[string]string {
	env := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, runner.EnvPrefix) && !strings.HasPrefix(name, "SSH_") {
			env[name] = value
		}
	}
	maps.Copy(env, s.spec.Env)
	maps.Copy(env, step.Env)
	for _, secret := range s.spec.Secrets {
		if secret.For(step.Name) {
			env[secret.Name] = secret.Value
		}
	}
	maps.Copy(env, map[string]string{
		"CORBEL_BUILD": s.spec.ID, "CORBEL_STEP": step.Name,
		"CORBEL_DIR": s.dir.Path, "CORBEL_WORK": s.dir.Work(), "CORBEL_OUT": s.dir.Out(),
	})
	return env
}

// lookup finds a program in the step's own PATH.
func lookup(name, dir, path string) (string, error) {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name, nil
	}
	for _, folder := range filepath.SplitList(path) {
		candidate := filepath.Join(folder, name)
		info, err := os.Stat(candidate)
		if err == nil && filepath.IsAbs(candidate) && !info.IsDir() && info.Mode()&anyExec != 0 {
			return candidate, nil
		}
	}
	return "", fmt.Errorf("%q is in no folder of PATH (%s)", name, path)
}
