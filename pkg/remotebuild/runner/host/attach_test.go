package host_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/runnertest"
)

func readJSON(t *testing.T, path string, value any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAttachCut: a log read in 21 pieces, cut anywhere, is the log.
func TestAttachCut(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	const size, cuts = 1_500_000, 20
	spec := script("cut-1", fmt.Sprintf(
		`for i in 1 2 3 4 5 6; do head -c %d /dev/urandom; sleep 0.05; done | tee "$CORBEL_OUT/all"`, size/6))
	dir := start(t, c, spec).Status.Dir
	j := &journal{}
	for range cuts {
		at := 0
		if j.logs["main"] != nil {
			at = j.logs["main"].Len()
		}
		j.stopAfter = at + rand.IntN((size-at)/4+1) + 1
		_, err := c.Attach(t.Context(), runner.AttachRequest{ID: spec.ID, Epoch: 1, Step: "main", Offset: int64(at)}, j)
		if !errors.Is(err, errEnough) {
			t.Fatalf("cut at %d: %v", j.stopAfter, err)
		}
	}
	j.stopAfter = 0
	at := j.logs["main"].Len()
	result, err := c.Attach(t.Context(), runner.AttachRequest{ID: spec.ID, Epoch: 1, Step: "main", Offset: int64(at)}, j)
	if err != nil || result.Reason != runner.ReasonSucceeded {
		t.Fatalf("%+v %v", result, err)
	}
	want, err := os.ReadFile(filepath.Join(dir, "out/all"))
	if err != nil {
		t.Fatal(err)
	}
	if got := j.text("main"); len(want) != size || sha256.Sum256([]byte(got)) != sha256.Sum256(want) {
		t.Errorf("%d bytes, want %d, and they differ", len(got), len(want))
	}
	if j.ends[0].LogSize != size {
		t.Errorf("end: %+v", j.ends[0])
	}
}

// TestAttachRefuses: what is not there is named.
func TestAttachRefuses(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("refuse-1", "echo 12345")
	start(t, c, spec)
	finish(t, c, spec.ID)
	for name, r := range map[string]struct {
		request runner.AttachRequest
		reason  string
	}{
		"no build":        {runner.AttachRequest{ID: "other-1", Epoch: 1}, runner.ReasonNotFound},
		"no step":         {runner.AttachRequest{ID: spec.ID, Epoch: 1, Step: "x"}, runner.ReasonNoSuchStep},
		"past the end":    {runner.AttachRequest{ID: spec.ID, Epoch: 1, Offset: 7}, runner.ReasonBadOffset},
		"before the log":  {runner.AttachRequest{ID: spec.ID, Epoch: 1, Offset: -1}, runner.ReasonBadOffset},
		"without epoch":   {runner.AttachRequest{ID: spec.ID}, runner.ReasonInvalidRequest},
		"path as an id":   {runner.AttachRequest{ID: "../x", Epoch: 1}, runner.ReasonInvalidRequest},
		"id with a quote": {runner.AttachRequest{ID: "x'y", Epoch: 1}, runner.ReasonInvalidRequest},
	} {
		if _, err := c.Attach(t.Context(), r.request, &journal{}); runner.RefusalReason(err) != r.reason {
			t.Errorf("%s: %v, want %s", name, err, r.reason)
		}
	}
	j := &journal{logs: nil}
	if _, err := c.Attach(t.Context(), runner.AttachRequest{ID: spec.ID, Epoch: 1, Offset: 6}, j); err != nil || j.text("main") != "" {
		t.Errorf("at the end: %v %q", err, j.text("main"))
	}
}

// TestAttachNeedsItsCaller: a caller that is gone renews nothing, though its stream is open.
func TestAttachNeedsItsCaller(t *testing.T) {
	local := runnertest.Local{}
	c := local.Client(t, runnertest.Build(t))
	spec := script("silent-1", "sleep 600")
	spec.Orphan = runner.Duration(time.Second)
	start(t, c, spec)
	s, err := local.Stream(t.Context(), "exec "+c.Helper+" attach -root "+c.Root+" -id silent-1 -epoch 1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	b, err := io.ReadAll(s)
	if err != nil || !strings.Contains(string(b), `"reason":"Orphaned"`) {
		t.Errorf("stream: %q %v", b, err)
	}
}

// TestRebooted: a record of another boot is of a dead supervisor, whatever its pid is now.
func TestRebooted(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("boot-1", "sleep 600")
	start(t, c, spec)
	path := filepath.Join(c.Root, "b", spec.ID, "supervisor.json")
	who := supervisorOf(t, c, spec.ID)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.ReplaceAll(string(b), who.BootID, "another-boot")
	if err := os.WriteFile(path, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := c.Status(t.Context(), spec.ID, 1)
	if err != nil || s.Phase != runner.PhaseLost || s.Reason != runner.ReasonHostRebooted || s.Left != 0 {
		t.Errorf("status: %+v %v", s, err)
	}
	if _, err := c.Attach(t.Context(), runner.AttachRequest{ID: spec.ID, Epoch: 1}, &journal{}); err == nil {
		t.Error("attached")
	} else if e, ok := fault.AsLost(err); !ok || e.Reason != string(runner.ReasonHostRebooted) {
		t.Errorf("attach: %v", err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestNeverStarted: a directory without a supervisor is lost after a while, and stays so.
func TestNeverStarted(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	dir := filepath.Join(c.Root, "b", "half-1")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if s, err := c.Status(t.Context(), "half-1", 0); err != nil || s.Phase != runner.PhaseStarting {
		t.Errorf("fresh: %+v %v", s, err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(dir, old, old); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s, err := c.Status(t.Context(), "half-1", 0); err != nil || s.Phase != runner.PhaseLost || s.Reason != runner.ReasonNeverStarted {
			t.Errorf("old: %+v %v", s, err)
		}
	}
	if reply, err := c.Start(t.Context(), script("half-1", "echo")); err != nil || reply.Created {
		t.Errorf("start: %+v %v", reply, err)
	}
}

// TestRemove: a build that runs is left alone; one that was removed never starts again.
func TestRemove(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("remove-1", `mkdir -p ro/sub && touch ro/sub/f && chmod 500 ro/sub ro; echo up; cat hold 2>/dev/null; while [ ! -e stop ]; do sleep 0.05; done`)
	dir := start(t, c, spec).Status.Dir
	if err := c.Remove(t.Context(), spec.ID, 1); runner.RefusalReason(err) != runner.ReasonStillRunning {
		t.Errorf("while it runs: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "work/stop"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	finish(t, c, spec.ID)
	for range 2 {
		if err := c.Remove(t.Context(), spec.ID, 1); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	for name, call := range map[string]func() error{
		"start":  func() error { _, err := c.Start(t.Context(), spec); return err },
		"status": func() error { _, err := c.Status(t.Context(), spec.ID, 1); return err },
	} {
		if err := call(); runner.RefusalReason(err) != runner.ReasonRemoved {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestGC: old and large builds go, the oldest first; running and kept ones stay.
func TestGC(t *testing.T) {
	helper := runnertest.Build(t)
	users := users()
	local := users["own"]
	if l, ok := users["nobody"]; ok {
		local = l // Read-only directories stop root from nothing.
	}
	c := local.Client(t, helper)
	for i := range 4 {
		id := fmt.Sprintf("gc-%d", i)
		start(t, c, script(id, "mkdir d; head -c 100000 /dev/zero >d/f; chmod 500 d"))
		finish(t, c, id)
	}
	start(t, c, script("gc-running", "sleep 600"))
	reply, err := c.GC(t.Context(), runner.GCRequest{MaxBytes: 400_000, Keep: []string{"gc-0"}})
	if err != nil || len(reply.Failed) > 0 || fmt.Sprint(reply.Removed) != "[gc-1 gc-2]" && fmt.Sprint(reply.Removed) != "[gc-1]" {
		t.Errorf("by size: %+v %v", reply, err)
	}
	byAge(t, c)
}

// byAge removes all but the running build.
func byAge(t *testing.T, c runner.Client) {
	t.Helper()
	reply, err := c.GC(t.Context(), runner.GCRequest{MaxAge: runner.Duration(time.Nanosecond)})
	if err != nil || len(reply.Failed) > 0 || !strings.Contains(fmt.Sprint(reply.Removed), "gc-0") {
		t.Errorf("by age: %+v %v", reply, err)
	}
	if s, err := c.Status(t.Context(), "gc-running", 0); err != nil || s.Phase != runner.PhaseRunning {
		t.Errorf("running: %+v %v", s, err)
	}
	left, err := os.ReadDir(filepath.Join(c.Root, "b"))
	if err != nil || len(left) != 1 {
		t.Errorf("left: %v %v", left, err)
	}
}

// TestProbe: the facts are of this machine.
func TestProbe(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	f, err := c.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if boot, err := process.BootID(); err != nil || f.BootID != boot {
		t.Errorf("boot %s: %v", f.BootID, err)
	}
	if f.Cores < 1 || f.MemoryTotal == 0 || f.DiskFree == 0 || f.InodesFree == 0 || f.Tools["sh"] == "" {
		t.Errorf("facts: %+v", f)
	}
	if ago := time.Since(f.Clock); ago > patience || ago < -patience {
		t.Errorf("clock: %s", f.Clock)
	}
}

// TestVersion: client and helper are of one protocol.
func TestVersion(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	v, err := c.Version(t.Context())
	if err != nil || v.Protocol != runner.ProtocolVersion {
		t.Errorf("version: %+v %v", v, err)
	}
}

// TestBroken: a host whose helper is not there, or that talks of other things.
func TestBroken(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	c.Helper = "/no/such/helper"
	_, err := c.Version(t.Context())
	if e, ok := fault.AsBusy(err); !ok || e.Reason != runner.ReasonHelperBroken || !strings.Contains(err.Error(), "not found") {
		t.Errorf("run: %v", err)
	}
	if _, err := c.Attach(t.Context(), runner.AttachRequest{ID: "x-1", Epoch: 1}, &journal{}); err == nil {
		t.Error("attached")
	} else if e, ok := fault.AsBusy(err); !ok || e.Reason != runner.ReasonStreamCut {
		t.Errorf("attach: %v", err)
	}
}
