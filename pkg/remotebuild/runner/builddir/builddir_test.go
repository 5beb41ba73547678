package builddir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

// TestJudge: dead, running, lost and rebooted are told apart.
func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		e       builddir.Evidence
		phase   runner.Phase
		reason  runner.Reason
		stalled bool
	}{
		"just made":                 {builddir.Evidence{Age: time.Second}, runner.PhaseStarting, "", false},
		"made long ago":             {builddir.Evidence{Age: time.Minute}, runner.PhaseLost, runner.ReasonNeverStarted, false},
		"the clock went back":       {builddir.Evidence{Age: -time.Hour}, runner.PhaseStarting, "", false},
		"beats":                     {builddir.Evidence{HasSupervisor: true, SameBoot: true, Alive: true}, runner.PhaseRunning, "", false},
		"lives and does not beat":   {builddir.Evidence{HasSupervisor: true, SameBoot: true, Alive: true, Beat: time.Hour}, runner.PhaseRunning, "", true},
		"dead, with a fresh beat":   {builddir.Evidence{HasSupervisor: true, SameBoot: true}, runner.PhaseLost, runner.ReasonSupervisorLost, false},
		"another boot":              {builddir.Evidence{HasSupervisor: true}, runner.PhaseLost, runner.ReasonHostRebooted, false},
		"another boot, pid in use":  {builddir.Evidence{HasSupervisor: true, Alive: true}, runner.PhaseLost, runner.ReasonHostRebooted, false},
		"over, and supervisor gone": {builddir.Evidence{HasResult: true, HasSupervisor: true}, runner.PhaseFinished, "", false},
	} {
		phase, reason := builddir.Judge(c.e)
		if phase != c.phase || reason != c.reason || c.e.Stalled() != c.stalled {
			t.Errorf("%s: %s %s %v", name, phase, reason, c.e.Stalled())
		}
	}
}

func root(t *testing.T) builddir.Root {
	t.Helper()
	r := builddir.Root{Path: t.TempDir()}
	if err := r.Prepare(); err != nil {
		t.Fatal(err)
	}
	return r
}

func create(t *testing.T, r builddir.Root, id string) builddir.Dir {
	t.Helper()
	d, created, err := r.Create(id)
	if err != nil || !created {
		t.Fatal(created, err)
	}
	spec := runner.Spec{ID: id, Epoch: 5, Steps: []runner.Step{{Name: "a", Script: "x"}}}
	if err := d.Populate(spec); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestCreateOnce: of many, one.
func TestCreateOnce(t *testing.T) {
	r := root(t)
	for round := range 50 {
		var won atomic.Int32
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if _, created, err := r.Create(fmt.Sprintf("x-%d", round)); err != nil {
					t.Error(err)
				} else if created {
					won.Add(1)
				}
			})
		}
		group.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d created it", round, won.Load())
		}
	}
}

// TestFence: epochs only rise, also when many ask at once.
func TestFence(t *testing.T) {
	d := create(t, root(t), "x-1")
	for epoch, want := range map[int64]string{4: runner.ReasonStaleEpoch, 5: "", 0: ""} {
		if got := runner.RefusalReason(d.Fence(epoch)); got != want {
			t.Errorf("epoch %d: %s", epoch, got)
		}
	}
	var group sync.WaitGroup
	for epoch := int64(6); epoch < 40; epoch++ {
		group.Go(func() { _ = d.Fence(epoch) })
	}
	group.Wait()
	if epoch, err := d.Epoch(); err != nil || epoch != 39 {
		t.Errorf("%d %v", epoch, err)
	}
}

// TestResultOnce: the first result stands, and its room was kept for it.
func TestResultOnce(t *testing.T) {
	d := create(t, root(t), "x-1")
	if info, err := os.Stat(filepath.Join(d.Path, "rc.reserve")); err != nil || info.Size() < 4096 {
		t.Errorf("reserve: %v %v", info, err)
	}
	for _, reason := range []runner.Reason{runner.ReasonFailed, runner.ReasonSucceeded} {
		if err := d.PutResult(runner.Result{Reason: reason, Code: 7}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := d.Result(); err != nil || r.Reason != runner.ReasonFailed {
		t.Errorf("%+v %v", r, err)
	}
}

// TestClaim: a supervisor comes once, and never after the build was given up; a build
// with a supervisor is not given up.
func TestClaim(t *testing.T) {
	r := root(t)
	self, err := process.Self()
	if err != nil {
		t.Fatal(err)
	}
	late := create(t, r, "late-1")
	if err := late.Abandon(runner.Result{Reason: runner.ReasonNeverStarted}); err != nil {
		t.Fatal(err)
	}
	if err := late.Claim(builddir.Supervisor{Identity: self}); err == nil {
		t.Error("claimed a build that was given up")
	}
	good := create(t, r, "good-1")
	if err := good.Claim(builddir.Supervisor{Identity: self}); err != nil {
		t.Fatal(err)
	}
	if err := good.Claim(builddir.Supervisor{Identity: self}); err == nil {
		t.Error("claimed twice")
	}
	if err := good.Abandon(runner.Result{Reason: runner.ReasonNeverStarted}); err != nil {
		t.Fatal(err)
	}
	if v, err := good.Look(time.Now().Add(time.Hour)); err != nil || v.Status.Phase != runner.PhaseRunning || !v.Status.Stalled {
		t.Errorf("%+v %v", v.Status, err)
	}
}

// TestTrash: a removal that was cut short is ended, and old tombstones go.
func TestTrash(t *testing.T) {
	r := root(t)
	d := create(t, r, "x-1")
	if err := r.Remove(d); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(r.Path, "trash", "y-1", "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := r.EmptyTrash(time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Create("x-1"); runner.RefusalReason(err) != runner.ReasonRemoved {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(filepath.Join(r.Path, "trash")); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
	if err := r.EmptyTrash(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, created, err := r.Create("x-1"); err != nil || !created {
		t.Errorf("%v %v", created, err)
	}
}
