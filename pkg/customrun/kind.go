package customrun

import (
	"context"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/apimachinery/pkg/types"
)

// Kind is one kind of custom task. Spec is what the user asked for, World what
// Observe saw, State what must survive a restart (it is kept as JSON in the
// status of the run).
type Kind[Spec, World, State any] interface {
	// Parse reads the run and touches nothing else. Every error is the user's to
	// mend. The run's spec is as it was at the start, whatever was edited since.
	Parse(run *v1beta1.CustomRun) (Spec, error)
	// Observe reads the world. It never changes it, and it does not wait.
	Observe(ctx context.Context, a Attempt[Spec, State]) (World, error)
	// Decide is pure: no context, no client, no clock.
	Decide(a Attempt[Spec, State], w World, now time.Time) Decision[State]
	// Act performs d.Do. The state is saved before; the kernel may call it again
	// for the same decision, so it must be idempotent.
	Act(ctx context.Context, a Attempt[Spec, State], d Decision[State]) error
}

// Releaser is the only optional method: it undoes outside effects when a run is
// deleted before it finished. Implementing it gives the kind a finalizer.
type Releaser[Spec, State any] interface {
	// Release ends what the attempt still holds. An error keeps the run in place.
	Release(ctx context.Context, a Attempt[Spec, State]) error
}

// Attempt is one try at a run.
type Attempt[Spec, State any] struct {
	// Run is the run with the spec of its start. Read-only.
	Run *v1beta1.CustomRun
	// UID of the run: the root of every name outside.
	UID types.UID
	// Number counts attempts from 1.
	Number int
	// Spec is what Parse returned.
	Spec Spec
	// State is what the last decision of this attempt saved; zero at its start.
	State State
	// Ending says that the run has to end, and why.
	Ending Ending
	// Started is when the attempt began.
	Started time.Time
	// Deadline is when the attempt times out; zero for never. It takes in the
	// timeout of the last decision.
	Deadline time.Time
}

// Bound tells when the attempt would time out if its definition had this
// timeout: the shorter of the two, where both are set. Zero is never.
func (a Attempt[Spec, State]) Bound(definition *time.Duration) time.Time {
	return deadline(a.Started, runTimeout(a.Run), definition)
}

// Ending is why a run has to end before its time.
type Ending string

const (
	// EndingNone lets the run go on.
	EndingNone Ending = ""
	// EndingCancelled was asked for by the user, or follows from the end of the
	// PipelineRun.
	EndingCancelled Ending = "Cancelled"
	// EndingTimedOut follows from the deadline of the attempt.
	EndingTimedOut Ending = "TimedOut"
)

// Decision is what a kind makes of what it saw.
type Decision[State any] struct {
	// Do names the effect that Act has to perform; empty for none. The kernel
	// saves State first, and holds back a final verdict until Act succeeded.
	Do string
	// State is saved with the run.
	State State
	// Timeout of the definition that the run names; nil where it has none. Kept
	// with the state: a decision that leaves it nil keeps the former.
	Timeout *time.Duration
	// Verdict is how the run stands when Do is done.
	Verdict Verdict
	// Again is when to look again at the latest; zero for no need. The deadline
	// of the attempt needs none.
	Again time.Time
}

// Phase is how a run stands.
type Phase string

const (
	// Running goes on.
	Running Phase = "Running"
	// Succeeded is done, with results.
	Succeeded Phase = "Succeeded"
	// Failed is done in vain; the next attempt follows where the run has one.
	Failed Phase = "Failed"
	// Refused is done in vain, for a reason that no further attempt can change.
	Refused Phase = "Refused"
	// Stopped answers an Ending: nothing of the attempt is left outside.
	Stopped Phase = "Stopped"
)

// Verdict is how a run stands, for people and for the pipeline.
type Verdict struct {
	Phase Phase
	// Reason is CamelCase and stable; it is the reason of the condition.
	Reason string
	// Message is one sentence without clock times, so that it does not flap.
	Message string
	// Results of a run that succeeded or failed.
	Results []v1beta1.CustomRunResult
}
