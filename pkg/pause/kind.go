package pause

import (
	"context"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

// State is what must survive a restart.
type State struct {
	// Request is the spec of the request, resolved once.
	Request *v1alpha1.ApprovalRequestSpec `json:"request,omitempty"`
}

// World is what a run's gate looks like now.
type World = gatekind.World[v1alpha1.Pause]

// Kind is the custom task.
type Kind struct {
	gatekind.Sources[v1alpha1.Pause]
}

var _ customrun.Kind[Spec, World, State] = (*Kind)(nil)

// Parse reads a run.
func (k *Kind) Parse(run *v1beta1.CustomRun) (Spec, error) { return Parse(run) }

// Observe reads the definition until the gate is open, and the request from then on.
func (k *Kind) Observe(ctx context.Context, a customrun.Attempt[Spec, State]) (World, error) {
	return k.Look(ctx, a.Run, a.State.Request)
}

// Decide says what follows.
func (k *Kind) Decide(a customrun.Attempt[Spec, State], w World, now time.Time) customrun.Decision[State] {
	stopped := customrun.Decision[State]{State: a.State, Verdict: customrun.Verdict{Phase: customrun.Stopped}}
	switch {
	case a.State.Request == nil && a.Ending != customrun.EndingNone:
		return stopped
	case a.State.Request == nil:
		return hold(a, terms(a.Spec, w.Definition))
	case w.Request == nil && a.Ending != customrun.EndingNone:
		return stopped
	case w.Request == nil:
		// A restart came between the saving of the state and the opening.
		return customrun.Decision[State]{Do: gatekind.EffectOpen, State: a.State, Verdict: waiting(*a.State.Request), Again: resumeAt(a.State)}
	default:
		return follow(a, w.Request, now)
	}
}

// Act opens or closes the request.
func (k *Kind) Act(ctx context.Context, a customrun.Attempt[Spec, State], d customrun.Decision[State]) error {
	return gatekind.Perform(ctx, k.Requests, d.Do, a.Run, d.State.Request)
}

// hold begins the pause.
func hold(a customrun.Attempt[Spec, State], t v1alpha1.PauseSpec) customrun.Decision[State] {
	spec := &v1alpha1.ApprovalRequestSpec{
		Gate:        v1alpha1.GateReference{Kind: v1alpha1.PauseKind, Name: a.Spec.Definition},
		Subject:     gatekind.Subject(a.Run, a.Number),
		Description: t.Description,
	}
	var timeout *time.Duration
	switch {
	case t.Duration != nil:
		spec.ResumeAt = &metav1.Time{Time: a.Started.Add(t.Duration.Duration)}
		timeout = new(time.Duration)
	case t.Until != nil:
		spec.ResumeAt = t.Until
		timeout = new(time.Duration)
	}
	if t.Timeout != nil {
		timeout = &t.Timeout.Duration
	}
	if due := a.Bound(timeout); !due.IsZero() {
		spec.Deadline = &metav1.Time{Time: due}
	}
	state := State{Request: spec}
	return customrun.Decision[State]{Do: gatekind.EffectOpen, State: state, Timeout: timeout, Verdict: waiting(*spec), Again: resumeAt(state)}
}

func resumeAt(s State) time.Time {
	if s.Request == nil || s.Request.ResumeAt == nil {
		return time.Time{}
	}
	return s.Request.ResumeAt.Time
}
