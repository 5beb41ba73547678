package host_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/runnertest"
)

// trees are builds that do not want to end.
var trees = map[string]string{
	"setsid child":  `setsid sleep 600 & echo up; sleep 600`,
	"double fork":   `(sh -c 'sleep 600 & sleep 600' &) ; (setsid sh -c '(sleep 600 &) ; sleep 600' &) ; echo up; sleep 600`,
	"ignores TERM":  `trap '' TERM HUP INT; (trap '' TERM; while :; do sleep 1; done) & echo up; while :; do sleep 1; done`,
	"hides cookie":  `env -i setsid sleep 600 & (env -i sleep 600 &) ; echo up; sleep 600`,
	"fork storm":    `trap '' TERM; echo up; while :; do (setsid sleep 600 &) ; (sleep 600 &) ; sleep 0.02; done`,
	"chain of pids": `trap '' TERM; printf '#!/bin/sh\nsleep 0.03\n"$0" &\n' >hop; chmod +x hop; ./hop & ./hop & setsid ./hop & echo up; sleep 600`,
}

// users run builds with a cgroup, where this user may make one, and without.
func users() map[string]runnertest.Local {
	all := map[string]runnertest.Local{"own": {}}
	if os.Getuid() == 0 {
		all["nobody"] = runnertest.Local{UID: runnertest.Nobody}
	}
	return all
}

// marked counts living processes by a variable that only this test's builds have, or by
// their working directory, so that the runner's own count is not asked.
func marked(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range entries {
		base := filepath.Join("/proc", e.Name())
		environ, _ := os.ReadFile(filepath.Join(base, "environ"))
		cwd, _ := os.Readlink(filepath.Join(base, "cwd"))
		line, _ := os.ReadFile(filepath.Join(base, "cmdline"))
		if len(line) == 0 || bytes.Contains(line, []byte("supervise")) {
			continue
		}
		if bytes.Contains(environ, []byte(dir)) || strings.HasPrefix(cwd, dir) {
			found = append(found, e.Name()+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// TestCancelEndsTheTree: nothing is left of any tree, in any containment.
func TestCancelEndsTheTree(t *testing.T) {
	helper := runnertest.Build(t)
	for user, local := range users() {
		n := 0
		for name, text := range trees {
			n++
			t.Run(user+"/"+name, func(t *testing.T) {
				c := local.Client(t, helper)
				spec := script(fmt.Sprintf("tree-%s-%d", user, n), text)
				spec.Grace = runner.Duration(200 * time.Millisecond)
				dir := start(t, c, spec).Status.Dir
				eventually(t, "the build is up", func() bool {
					b, _ := os.ReadFile(filepath.Join(dir, "steps/main/log"))
					return bytes.Contains(b, []byte("up"))
				})
				time.Sleep(300 * time.Millisecond)
				if len(marked(t, dir)) < 2 {
					t.Error("the tree is too small to prove anything")
				}
				began := time.Now()
				s, err := c.Cancel(t.Context(), runner.CancelRequest{ID: spec.ID, Epoch: 1, Wait: runner.Duration(patience)})
				if err != nil {
					t.Fatal(err)
				}
				if s.Phase != runner.PhaseFinished || s.Reason != runner.ReasonCancelled || s.Result.Left != 0 {
					t.Errorf("status: %+v, result %+v", s, s.Result)
				}
				if left := marked(t, dir); len(left) > 0 {
					t.Errorf("left: %v", left)
				}
				t.Logf("%s: over after %s", s.Containment, time.Since(began).Round(time.Millisecond))
			})
		}
	}
}

// TestGrace: who ends by itself within the grace is not killed.
func TestGrace(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("grace-1", `trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.1; done`)
	spec.Grace = runner.Duration(patience)
	dir := start(t, c, spec).Status.Dir
	eventually(t, "the build is up", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "steps/main/log"))
		return len(b) > 0
	})
	s, err := c.Cancel(t.Context(), runner.CancelRequest{ID: spec.ID, Epoch: 1, Wait: runner.Duration(patience), Reason: runner.ReasonTimedOut})
	if err != nil {
		t.Fatal(err)
	}
	_, j := finish(t, c, spec.ID)
	if s.Reason != runner.ReasonTimedOut || s.Result.Code != 5 || s.Result.Left != 0 || !strings.HasSuffix(j.text("main"), "bye\n") {
		t.Errorf("result %+v, log %q", s.Result, j.text("main"))
	}
}

// supervisorOf reads who supervises, as any tool on the host could.
func supervisorOf(t *testing.T, c runner.Client, id string) process.Identity {
	t.Helper()
	var who process.Identity
	readJSON(t, filepath.Join(c.Root, "b", id, "supervisor.json"), &who)
	return who
}

func signal(t *testing.T, who process.Identity, sig syscall.Signal) {
	t.Helper()
	p, err := os.FindProcess(who.PID)
	if err == nil {
		err = p.Signal(sig)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestSupervisorKilled: the build is lost, its processes are found and ended, and nobody
// takes it for a failed or a running one.
func TestSupervisorKilled(t *testing.T) {
	helper := runnertest.Build(t)
	for user, local := range users() {
		t.Run(user, func(t *testing.T) {
			c := local.Client(t, helper)
			spec := script("lost-"+user, `setsid sleep 600 & echo up; sleep 600`)
			dir := start(t, c, spec).Status.Dir
			j := &journal{}
			attached := make(chan error, 1)
			go func() {
				_, err := c.Attach(t.Context(), runner.AttachRequest{ID: spec.ID, Epoch: 1}, j)
				attached <- err
			}()
			eventually(t, "the log arrives", func() bool { return j.text("main") == "up\n" })
			signal(t, supervisorOf(t, c, spec.ID), syscall.SIGKILL)
			if e, ok := fault.AsLost(<-attached); !ok || e.Reason != string(runner.ReasonSupervisorLost) {
				t.Errorf("attached: %v %v", e, ok)
			}
			lostAndFound(t, c, spec.ID)
			if left := marked(t, dir); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if err := c.Remove(t.Context(), spec.ID, 1); err != nil {
				t.Error(err)
			}
		})
	}
}

// lostAndFound sees that the build is lost, and ends what is left of it.
func lostAndFound(t *testing.T, c runner.Client, id string) {
	t.Helper()
	s, err := c.Status(t.Context(), id, 1)
	if err != nil || s.Phase != runner.PhaseLost || s.Reason != runner.ReasonSupervisorLost || s.Left < 2 {
		t.Errorf("status: %+v %v", s, err)
	}
	if _, ok := fault.AsLost(s.Lost()); !ok {
		t.Error("the status is no fault")
	}
	s, err = c.Cancel(t.Context(), runner.CancelRequest{ID: id, Epoch: 1})
	if err != nil || s.Phase != runner.PhaseLost || s.Left != 0 || s.Result == nil || s.Result.Left != 0 {
		t.Errorf("cancelled: %+v %+v %v", s, s.Result, err)
	}
}

// TestShutdown: a supervisor that is asked to end leaves a result.
func TestShutdown(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("down-1", `sleep 600`)
	start(t, c, spec)
	signal(t, supervisorOf(t, c, spec.ID), syscall.SIGTERM)
	if result, _ := finish(t, c, spec.ID); result.Reason != runner.ReasonHostShutdown || result.Left != 0 {
		t.Errorf("result: %+v", result)
	}
}

// TestOutOfMemory: where the host can hold memory, the result says what happened.
func TestOutOfMemory(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("oom-1", "#!/bin/sh\nexec tail -n 1 /dev/zero")
	spec.Limits.MemoryBytes = 64 << 20
	spec.Timeout = runner.Duration(patience)
	reply := start(t, c, spec)
	if len(reply.Status.Unenforced) > 0 {
		t.Logf("this host holds no memory: %v", reply.Status.Unenforced)
		return
	}
	result, _ := finish(t, c, spec.ID)
	if result.Reason != runner.ReasonFailed || !result.OOM || result.Signal != "SIGKILL" || result.PeakRSS > 80<<20 {
		t.Errorf("result: %+v", result)
	}
}
