package customruntest

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/customrun"
)

func (c contract[Spec, World, State]) starts(t point) {
	s := c.scene()
	run := c.run(func(run *v1beta1.CustomRun) { run.CreationTimestamp = metav1.Time{Time: Epoch.Add(5 * time.Second)} })
	run = s.Start(t, run)
	if !Waits(run) {
		t.Fatalf("want Unknown with a startTime, got %+v", run.Status)
	}
	if !run.Status.StartTime.Equal(&run.CreationTimestamp) {
		t.Errorf("startTime %s, creation %s, and the controller's clock is behind", run.Status.StartTime, run.CreationTimestamp)
	}
}

func (c contract[Spec, World, State]) ends(t point) {
	for name, end := range map[string]func(scene[Spec, World, State], *v1beta1.CustomRun) *v1beta1.CustomRun{
		"well":  func(s scene[Spec, World, State], run *v1beta1.CustomRun) *v1beta1.CustomRun { return s.succeed(t, run) },
		"badly": func(s scene[Spec, World, State], run *v1beta1.CustomRun) *v1beta1.CustomRun { return s.fail(t, run) },
	} {
		t.Run(name, func(t *testing.T) {
			s, run := c.waiting(t)
			s.Advance(time.Minute)
			run = end(s, run)
			if run.Status.StartTime == nil || run.Status.CompletionTime.Before(run.Status.StartTime) {
				t.Errorf("from %s to %s", run.Status.StartTime, run.Status.CompletionTime)
			}
		})
	}
}

func (c contract[Spec, World, State]) keepsConditionFirst(t point) {
	s, run := c.waiting(t)
	s.succeed(t, run)
	for _, version := range s.Statuses.History() {
		if len(version.Status.Conditions) == 0 || version.Status.Conditions[0].Type != "Succeeded" {
			t.Errorf("conditions: %+v", version.Status.Conditions)
		}
	}
}

func (c contract[Spec, World, State]) cancelsBeforeStart(t point) {
	s := c.scene()
	run := s.Start(t, c.run(Cancelled))
	wantCancelled(t, run)
	s.wantEffects(t, 0, 0)
	if run.Status.StartTime == nil {
		t.Error("the run has no startTime")
	}
}

func (c contract[Spec, World, State]) cancelsRunning(t point) {
	s, run := c.waiting(t, retries(3))
	s.wantEffects(t, 1, 1)
	s.Statuses.Edit(run, Cancelled)
	run = s.Settle(t, run)
	wantCancelled(t, run)
	s.wantEffects(t, 1, 0)
	if got, want := Message(run), string(v1beta1.CustomRunCancelledByPipelineMsg); got != want {
		t.Errorf("message: want %q, got %q", want, got)
	}
}

func wantCancelled(t testing.TB, run *v1beta1.CustomRun) {
	t.Helper()
	wantFailed(t, run)
	wantCondition(t, run, "False/"+v1beta1.CustomRunReasonCancelled.String())
}

func (c contract[Spec, World, State]) keepsFinished(t point) {
	s, run := c.waiting(t)
	run = s.succeed(t, run)
	want, writes := asJSON(t, run), len(s.Statuses.History())
	s.Statuses.Edit(run, Cancelled)
	s.Owners.Set(customrun.OwnerDone)
	s.Restart(s.out.Kind)
	for range 3 {
		s.Advance(24 * time.Hour)
		s.Settle(t, run)
	}
	if got := asJSON(t, s.Statuses.Get(run)); got != want {
		t.Errorf("the status changed:\n-%s\n+%s", want, got)
	}
	if n := len(s.Statuses.History()); n != writes {
		t.Errorf("the status was written %d times", n-writes)
	}
}

func asJSON(t testing.TB, run *v1beta1.CustomRun) string {
	t.Helper()
	raw, err := json.Marshal(run.Status)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (c contract[Spec, World, State]) keepsSequence(t point) {
	s, run := c.waiting(t, retries(1), timeout(time.Hour))
	s.Advance(time.Hour)
	run = s.Settle(t, run)
	s.succeed(t, run)
	history := s.Statuses.History()
	for i, version := range history {
		switch last := i == len(history)-1; {
		case !last && !Waits(version):
			t.Errorf("version %d of %d is %s", i+1, len(history), Condition(version))
		case last && version.Status.CompletionTime == nil:
			t.Errorf("the last version is %s", Condition(version))
		}
	}
}

func (c contract[Spec, World, State]) followsOwner(t point) {
	for _, state := range []customrun.OwnerState{customrun.OwnerDone, customrun.OwnerGone} {
		t.Run(string(state), func(t *testing.T) {
			s := c.scene()
			s.Owners.Set(customrun.OwnerRunning)
			run := s.Start(t, c.run(Owned, retries(3)))
			s.wantEffects(t, 1, 1)
			s.Owners.Set(state)
			wantCancelled(t, s.Settle(t, run))
			s.wantEffects(t, 1, 0)
		})
	}
}

func (c contract[Spec, World, State]) worksInFinally(t point) {
	inFinally := func(run *v1beta1.CustomRun) {
		Owned(run)
		run.Labels["tekton.dev/memberOf"] = "finally"
	}
	s, run := c.waiting(t, inFinally)
	s.succeed(t, run)
	s, run = c.waiting(t, inFinally)
	s.Statuses.Edit(run, Cancelled)
	if _, err := s.Pass(t, run); err != nil {
		t.Fatal(err)
	}
	wantCancelled(t, s.Statuses.Get(run))
}

func (c contract[Spec, World, State]) failsAsFailed(t point) {
	s, run := c.waiting(t)
	run = s.fail(t, run)
	if Condition(run) == "False/"+v1beta1.CustomRunReasonCancelled.String() {
		t.Error("onError: continue would not apply")
	}
}

func (c contract[Spec, World, State]) worksAlone(t point) {
	s, run := c.waiting(t, func(run *v1beta1.CustomRun) { run.Labels, run.OwnerReferences = nil, nil })
	s.succeed(t, run)
}

func (c contract[Spec, World, State]) keepsApart(t point) {
	s := c.scene()
	var runs []*v1beta1.CustomRun
	for _, name := range []string{"gate-0", "gate-1", "gate-2", "gate-3", "gate-4"} {
		runs = append(runs, s.Start(t, c.run(Owned, func(run *v1beta1.CustomRun) { run.Name = name })))
	}
	s.wantEffects(t, len(runs), len(runs))
	for i, run := range runs {
		s.succeed(t, run)
		for _, other := range runs[i+1:] {
			if other = s.Settle(t, other); !Waits(other) {
				t.Errorf("%s ended with %s", other.Name, run.Name)
			}
		}
	}
}

func (c contract[Spec, World, State]) startsAfresh(t point) {
	s, old := c.waiting(t)
	now := metav1.Time{Time: s.Clock.Now()}
	s.Statuses.Edit(old, func(run *v1beta1.CustomRun) { run.DeletionTimestamp = &now })
	s.Settle(t, old)
	s.wantEffects(t, 1, 1)
	run := s.Start(t, c.run())
	s.wantEffects(t, 2, 2)
	s.out.Succeed(old)
	if run = s.Settle(t, run); !Waits(run) {
		t.Fatalf("what was said about the old run ended the new one: %s", Condition(run))
	}
	s.succeed(t, run)
}
