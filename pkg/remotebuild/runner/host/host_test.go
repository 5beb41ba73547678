package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/runnertest"
)

// patience is for what takes milliseconds on a machine that is not busy.
const patience = 60 * time.Second

// journal keeps what a build prints.
type journal struct {
	mu   sync.Mutex
	logs map[string]*bytes.Buffer
	ends []runner.StepResult
	// stopAfter ends the attachment once so many bytes of a step are there.
	stopAfter int
}

var errEnough = errors.New("enough")

func (j *journal) Data(step string, offset int64, p []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.logs == nil {
		j.logs = map[string]*bytes.Buffer{}
	}
	if j.logs[step] == nil {
		j.logs[step] = &bytes.Buffer{}
	}
	if int64(j.logs[step].Len()) != offset {
		return fmt.Errorf("got offset %d at %d", offset, j.logs[step].Len())
	}
	if j.stopAfter > 0 && j.logs[step].Len()+len(p) > j.stopAfter {
		j.logs[step].Write(p[:max(0, j.stopAfter-j.logs[step].Len())])
		return errEnough
	}
	j.logs[step].Write(p)
	return nil
}

func (j *journal) End(r runner.StepResult) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ends = append(j.ends, r)
	return nil
}

func (j *journal) text(step string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.logs[step] == nil {
		return ""
	}
	return j.logs[step].String()
}

func script(id, text string) runner.Spec {
	return runner.Spec{
		ID: id, Epoch: 1, Orphan: runner.Duration(time.Minute),
		Steps: []runner.Step{{Name: "main", Script: text}},
	}
}

func start(t *testing.T, c runner.Client, spec runner.Spec) runner.StartReply {
	t.Helper()
	reply, err := c.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		none := runner.Duration(0)
		_, _ = c.Cancel(ctx, runner.CancelRequest{ID: spec.ID, Epoch: 1 << 40, Grace: &none, Wait: runner.Duration(patience)})
	})
	return reply
}

func finish(t *testing.T, c runner.Client, id string) (*runner.Result, *journal) {
	t.Helper()
	j := &journal{}
	result, err := c.Attach(t.Context(), runner.AttachRequest{ID: id, Epoch: 1}, j)
	if err != nil {
		t.Fatal(err)
	}
	return result, j
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// TestSteps: each step has a log and an end, later ones are skipped after a failure, and
// those that run always do.
func TestSteps(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := runner.Spec{
		ID: "steps-1", Epoch: 1, Env: map[string]string{"A": "all", "B": "all"},
		Secrets: []runner.Secret{{Name: "TOKEN", Value: "s3cr3t-value", Steps: []string{"fetch"}}},
		Steps: []runner.Step{
			{Name: "fetch", Args: []string{"sh", "-c", `echo "$A $B $TOKEN"; echo err >&2; pwd`}, Env: map[string]string{"B": "own"}, Dir: "src"},
			{Name: "build", Script: "#!/bin/sh\nset -u\necho ${TOKEN-none}; sleep 600 & exit 7"},
			{Name: "test", Script: "echo never"},
			{Name: "artifacts", Script: `echo "$CORBEL_BUILD $CORBEL_STEP"`, Always: true},
		},
	}
	reply := start(t, c, spec)
	if !reply.Created {
		t.Error("not created")
	}
	result, j := finish(t, c, spec.ID)
	if result.Reason != runner.ReasonFailed || result.Code != 7 || result.Step != "build" || result.Left != 0 {
		t.Errorf("result: %+v", result)
	}
	want := map[string]string{
		"fetch": "all own ************\nerr\n" + filepath.Join(reply.Status.Dir, "work/src") + "\n",
		"build": "none\n", "test": "", "artifacts": "steps-1 artifacts\n",
	}
	for step, text := range want {
		if j.text(step) != text {
			t.Errorf("log of %s: %q, want %q", step, j.text(step), text)
		}
	}
	var ends []string
	for _, e := range j.ends {
		ends = append(ends, fmt.Sprintf("%s %s %d %d", e.Name, e.Reason, e.Code, e.Stragglers))
	}
	if got := strings.Join(ends, ", "); got != "fetch Succeeded 0 0, build Failed 7 1, test Skipped -1 0, artifacts Succeeded 0 0" {
		t.Errorf("ends: %s", got)
	}
	nothingSecret(t, c.Root, "s3cr3t-value")
}

// nothingSecret looks into all files of the root.
func nothingSecret(t *testing.T, root, secret string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(secret)) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestStartFails: a command that is not there is a result, and no mystery.
func TestStartFails(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("fails-1", "")
	spec.Steps[0] = runner.Step{Name: "main", Args: []string{"no-such-program"}}
	start(t, c, spec)
	result, _ := finish(t, c, spec.ID)
	if result.Reason != runner.ReasonStartFailed || !strings.Contains(result.Message, "no-such-program") {
		t.Errorf("result: %+v", result)
	}
}

// TestStartOnce: of starters that race, exactly one creates the build, and it runs once.
func TestStartOnce(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	counter := filepath.Join(c.Root, "counter")
	const rounds, racers = 50, 2
	for round := range rounds {
		spec := script(fmt.Sprintf("race-%d", round), "echo $CORBEL_BUILD >>"+counter)
		created := make(chan bool, racers)
		var group sync.WaitGroup
		for range racers {
			group.Go(func() {
				reply, err := c.Start(t.Context(), spec)
				if err != nil {
					t.Error(err)
				}
				created <- reply.Created
			})
		}
		group.Wait()
		if first, second := <-created, <-created; first == second {
			t.Fatalf("round %d: created %v and %v", round, first, second)
		}
		if result, _ := finish(t, c, spec.ID); result.Reason != runner.ReasonSucceeded {
			t.Fatalf("round %d: %+v", round, result)
		}
	}
	b, err := os.ReadFile(counter)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.FieldsSeq(string(b)) {
		seen[line]++
	}
	if len(seen) != rounds || strings.Count(string(b), "\n") != rounds {
		t.Errorf("%d builds ran %d times", len(seen), strings.Count(string(b), "\n"))
	}
}

// TestEpoch: who comes from the past is refused, whatever it wants.
func TestEpoch(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("epoch-1", "sleep 600")
	spec.Epoch = 3
	start(t, c, spec)
	ctx := t.Context()
	old := spec
	old.Epoch = 2
	for name, call := range map[string]func() error{
		"start":  func() error { _, err := c.Start(ctx, old); return err },
		"status": func() error { _, err := c.Status(ctx, spec.ID, 2); return err },
		"renew":  func() error { _, err := c.Renew(ctx, spec.ID, 2); return err },
		"cancel": func() error { _, err := c.Cancel(ctx, runner.CancelRequest{ID: spec.ID, Epoch: 2}); return err },
		"remove": func() error { return c.Remove(ctx, spec.ID, 2) },
		"attach": func() error {
			_, err := c.Attach(ctx, runner.AttachRequest{ID: spec.ID, Epoch: 2}, &journal{})
			return err
		},
	} {
		if err := call(); runner.RefusalReason(err) != runner.ReasonStaleEpoch {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A newer one takes over, also from an attachment that is open.
	attached := make(chan error, 1)
	go func() {
		_, err := c.Attach(ctx, runner.AttachRequest{ID: spec.ID, Epoch: 3, RenewEvery: 50 * time.Millisecond}, &journal{})
		attached <- err
	}()
	again := spec
	again.Epoch = 4
	reply, err := c.Start(ctx, again)
	if err != nil || reply.Created || reply.Status.Phase != runner.PhaseRunning || reply.Status.Epoch != 4 {
		t.Errorf("take over: %+v %v", reply, err)
	}
	if err := <-attached; runner.RefusalReason(err) != runner.ReasonStaleEpoch {
		t.Errorf("old attachment: %v", err)
	}
	if s, err := c.Status(ctx, spec.ID, 0); err != nil || s.Phase != runner.PhaseRunning {
		t.Errorf("status without epoch: %+v %v", s, err)
	}
}

// TestOrphan: a build that nobody wants any more stops itself; one that is renewed goes on.
func TestOrphan(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	spec := script("orphan-1", "sleep 600")
	spec.Orphan = runner.Duration(1500 * time.Millisecond)
	start(t, c, spec)
	for range 6 {
		time.Sleep(500 * time.Millisecond)
		if s, err := c.Renew(t.Context(), spec.ID, 1); err != nil || s.Phase != runner.PhaseRunning {
			t.Fatalf("while renewed: %+v %v", s, err)
		}
	}
	eventually(t, "the build stops itself", func() bool {
		s, err := c.Status(t.Context(), spec.ID, 0)
		return err == nil && s.Phase == runner.PhaseFinished && s.Reason == runner.ReasonOrphaned && s.Result.Left == 0
	})
}

// TestTimeouts: of a step, and of the whole.
func TestTimeouts(t *testing.T) {
	c := runnertest.Local{}.Client(t, runnertest.Build(t))
	for name, set := range map[string]func(*runner.Spec){
		"step":  func(s *runner.Spec) { s.Steps[0].Timeout = runner.Duration(200 * time.Millisecond) },
		"build": func(s *runner.Spec) { s.Timeout = runner.Duration(200 * time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			spec := script("late-"+name, "sleep 600")
			set(&spec)
			start(t, c, spec)
			result, _ := finish(t, c, spec.ID)
			if result.Reason != runner.ReasonTimedOut || result.Left != 0 || result.Signal != "SIGKILL" {
				t.Errorf("result: %+v", result)
			}
		})
	}
}
