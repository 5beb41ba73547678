package customruntest

import (
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	clocktesting "k8s.io/utils/clock/testing"
	"knative.dev/pkg/apis"
	"knative.dev/pkg/controller"
	logtesting "knative.dev/pkg/logging/testing"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
)

// Epoch is the time at which stages begin.
var Epoch = time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)

// Namespace of all runs.
const Namespace = "team"

// Stage is a kernel among fakes.
type Stage[Spec, World, State any] struct {
	Kernel    *customrun.Kernel[Spec, World, State]
	Statuses  *Statuses
	Owners    *Owners
	Announced *Announced
	Clock     *clocktesting.FakePassiveClock
}

// NewStage puts a kind on a stage of its own.
func NewStage[Spec, World, State any](kind customrun.Kind[Spec, World, State]) *Stage[Spec, World, State] {
	s := &Stage[Spec, World, State]{
		Statuses:  NewStatuses(),
		Owners:    &Owners{},
		Announced: &Announced{},
		Clock:     clocktesting.NewFakePassiveClock(Epoch),
	}
	s.Restart(kind)
	return s
}

// Restart replaces the kernel, as when the program starts anew or another one leads.
func (s *Stage[Spec, World, State]) Restart(kind customrun.Kind[Spec, World, State]) {
	s.Kernel = &customrun.Kernel[Spec, World, State]{
		Kind: kind, Statuses: s.Statuses, Owners: s.Owners, Clock: s.Clock, Announce: s.Announced,
	}
}

// NewRun makes a run that refers to a kind without a name; changes shape it further.
func NewRun(kindName, name string, changes ...func(run *v1beta1.CustomRun)) *v1beta1.CustomRun {
	run := &v1beta1.CustomRun{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: Namespace, UID: uuid.NewUUID(), CreationTimestamp: metav1.Time{Time: Epoch},
		},
		Spec: v1beta1.CustomRunSpec{
			CustomRef: &v1beta1.TaskRef{APIVersion: v1alpha1.APIVersion, Kind: v1beta1.TaskKind(kindName)},
		},
	}
	for _, change := range changes {
		change(run)
	}
	return run
}

// Owned gives a run the controller reference and the labels of a PipelineRun.
func Owned(run *v1beta1.CustomRun) {
	yes := true
	run.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: "tekton.dev/v1", Kind: "PipelineRun", Name: "release", UID: types.UID("uid-of-release"),
		Controller: &yes, BlockOwnerDeletion: &yes,
	}}
	run.Labels = map[string]string{
		"tekton.dev/pipelineRun": "release", "tekton.dev/pipelineTask": "gate",
		"tekton.dev/memberOf": "tasks", "example.com/owner": "checkout",
	}
}

// Cancelled asks a run to end, as Tekton does.
func Cancelled(run *v1beta1.CustomRun) {
	run.Spec.Status = v1beta1.CustomRunSpecStatusCancelled
	run.Spec.StatusMessage = v1beta1.CustomRunCancelledByPipelineMsg
}

// Pass makes one pass over the stored run. A wish to look again is no error.
func (s *Stage[Spec, World, State]) Pass(t testing.TB, run *v1beta1.CustomRun) (again time.Duration, err error) {
	t.Helper()
	return s.PassOver(t, s.Statuses.Get(run))
}

// PassOver makes one pass over a copy, which may be stale.
func (s *Stage[Spec, World, State]) PassOver(t testing.TB, seen *v1beta1.CustomRun) (again time.Duration, err error) {
	t.Helper()
	err = s.Kernel.ReconcileKind(logtesting.TestContextWithLogger(t), seen.DeepCopy())
	if ok, after := controller.IsRequeueKey(err); ok {
		return after, nil
	}
	return 0, err
}

// soon is up to when a wish to look again is taken for a part of the same story.
const soon = 2 * time.Second

// Settle makes passes until nothing more happens, and returns the stored run.
func (s *Stage[Spec, World, State]) Settle(t testing.TB, run *v1beta1.CustomRun) *v1beta1.CustomRun {
	t.Helper()
	for range 50 {
		before := s.Statuses.Get(run)
		again, err := s.Pass(t, run)
		if err != nil {
			t.Fatalf("pass: %v", err)
		}
		after := s.Statuses.Get(run)
		if after.Status.CompletionTime != nil {
			return after
		}
		if (again == 0 || again > soon) && after.ResourceVersion == before.ResourceVersion {
			return after
		}
	}
	t.Fatalf("the run does not come to rest: %+v", s.Statuses.Get(run).Status)
	return nil
}

// Start stores a run and settles it.
func (s *Stage[Spec, World, State]) Start(t testing.TB, run *v1beta1.CustomRun) *v1beta1.CustomRun {
	t.Helper()
	s.Statuses.Create(run)
	return s.Settle(t, run)
}

// Advance lets time pass.
func (s *Stage[Spec, World, State]) Advance(d time.Duration) { s.Clock.SetTime(s.Clock.Now().Add(d)) }

// Condition is a run's condition as "True/Approved".
func Condition(run *v1beta1.CustomRun) string {
	c := run.Status.GetCondition(apis.ConditionSucceeded)
	if c == nil {
		return ""
	}
	return string(c.Status) + "/" + c.Reason
}

// Message is that of a run's condition.
func Message(run *v1beta1.CustomRun) string {
	return run.Status.GetCondition(apis.ConditionSucceeded).GetMessage()
}

// Waits tells whether a run has begun and goes on.
func Waits(run *v1beta1.CustomRun) bool {
	return run.Status.StartTime != nil && run.Status.CompletionTime == nil &&
		run.Status.GetCondition(apis.ConditionSucceeded).IsUnknown()
}
