package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// Mark is the environment variable that every process of ours carries; its value is
// the folder that its record is in.
const Mark = "CORBEL_LOCAL_OWNER"

// Spec says what to run.
type Spec struct {
	Name      string   `json:"name"`
	Path      string   `json:"path"`
	Args      []string `json:"args,omitempty"`
	Env       []string `json:"env,omitempty"` // added to this program's own
	Namespace string   `json:"namespace,omitempty"`
}

// Equal is true when both start the same thing.
func (s Spec) Equal(other Spec) bool {
	return s.Name == other.Name && s.Path == other.Path && s.Namespace == other.Namespace &&
		slices.Equal(s.Args, other.Args) && slices.Equal(s.Env, other.Env)
}

// Start runs s on its own: it outlives this program. One that runs already under the
// name stays as it is.
func Start(dir string, s Spec) (*Process, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	if old, ok := Find(dir, s.Name); ok && old.Running() {
		return old, nil
	}
	p := &Process{Name: s.Name, dir: dir, record: record{Spec: s}}
	cmd, err := p.launch()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	p.record.Pid = cmd.Process.Pid
	// Reap it while this program lives; afterwards init does.
	stat, statErr := readStat(p.record.Pid)
	go func() { _ = cmd.Wait() }()
	p.record.Begin = stat.begin
	if err := errors.Join(statErr, state.Save(p.recordPath(), p.record)); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", s.Name, err), cmd.Process.Kill())
	}
	return p, nil
}

// Restart ends the process when it runs and starts it again from the same spec.
func (p *Process) Restart() (*Process, error) {
	if err := p.Kill(); err != nil {
		return nil, err
	}
	return p.Again()
}

// Again starts a process that has ended from the same spec.
func (p *Process) Again() (*Process, error) { return Start(p.dir, p.record.Spec) }

// direct drops the settings of proxies: everything that is started here talks to its
// neighbours on this machine only.
func direct(environ []string) []string {
	return slices.DeleteFunc(environ, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return strings.HasSuffix(strings.ToLower(name), "_proxy")
	})
}

func (p *Process) launch() (*exec.Cmd, error) {
	argv := append([]string{p.record.Spec.Path}, p.record.Spec.Args...)
	if ns := p.record.Spec.Namespace; ns != "" {
		argv = netns.Enter(ns, argv...)
	}
	log, err := os.OpenFile(filepath.Clean(p.LogPath()), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	// Not bound to a context: it is to outlive its starter.
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // see above
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = p.dir
	cmd.Env = append(append(direct(os.Environ()), p.record.Spec.Env...), Mark+"="+p.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd, cmd.Start()
}
