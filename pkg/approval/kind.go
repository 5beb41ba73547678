package approval

import (
	"context"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/gate"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

// State is what must survive a restart.
type State struct {
	// Request is the spec of the request, resolved once.
	Request *v1alpha1.ApprovalRequestSpec `json:"request,omitempty"`
	// OnReject and OnTimeout are the definition's as they were then.
	OnReject  v1alpha1.GateOutcome `json:"onReject,omitempty"`
	OnTimeout v1alpha1.GateOutcome `json:"onTimeout,omitempty"`
}

// World is what a run's gate looks like now.
type World = gatekind.World[v1alpha1.Approval]

// Kind is the custom task.
type Kind struct {
	gatekind.Sources[v1alpha1.Approval]
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
	switch {
	case a.State.Request == nil && a.Ending != customrun.EndingNone:
		return customrun.Decision[State]{Verdict: customrun.Verdict{Phase: customrun.Stopped}}
	case a.State.Request == nil:
		return open(a, terms(a.Spec, w.Definition))
	case w.Request == nil && a.Ending != customrun.EndingNone:
		return customrun.Decision[State]{State: a.State, Verdict: customrun.Verdict{Phase: customrun.Stopped}}
	case w.Request == nil:
		return reopen(a)
	default:
		return follow(a, w.Request, now)
	}
}

// Act opens or closes the request.
func (k *Kind) Act(ctx context.Context, a customrun.Attempt[Spec, State], d customrun.Decision[State]) error {
	return gatekind.Perform(ctx, k.Requests, d.Do, a.Run, d.State.Request)
}

// open resolves the terms and opens the gate.
func open(a customrun.Attempt[Spec, State], t v1alpha1.ApprovalSpec) customrun.Decision[State] {
	rules, err := gate.Normalize(t.Rules)
	if err != nil {
		return customrun.Decision[State]{Verdict: customrun.Verdict{Phase: customrun.Refused, Reason: customrun.ReasonInvalidSpec, Message: err.Error()}}
	}
	var timeout *time.Duration
	if t.Timeout != nil {
		timeout = &t.Timeout.Duration
	}
	spec := &v1alpha1.ApprovalRequestSpec{
		Gate:        v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: a.Spec.Definition},
		Subject:     gatekind.Subject(a.Run, a.Number),
		Description: t.Description,
		Rules:       rules,
	}
	if due := a.Bound(timeout); !due.IsZero() {
		spec.Deadline = &metav1.Time{Time: due}
	}
	return customrun.Decision[State]{
		Do:      gatekind.EffectOpen,
		State:   State{Request: spec, OnReject: t.OnReject, OnTimeout: t.OnTimeout},
		Timeout: timeout,
		Verdict: waiting(*spec, v1alpha1.ApprovalRequestStatus{}),
	}
}

// reopen follows a restart between the saving of the state and the opening of the
// gate. Admission lets nobody but the controller delete a request.
func reopen(a customrun.Attempt[Spec, State]) customrun.Decision[State] {
	return customrun.Decision[State]{
		Do:      gatekind.EffectOpen,
		State:   a.State,
		Verdict: waiting(*a.State.Request, v1alpha1.ApprovalRequestStatus{}),
	}
}

func asDuration(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }
