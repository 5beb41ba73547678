package pause

import (
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/gate"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

// Reasons of a run's condition.
const (
	// ReasonPaused holds.
	ReasonPaused = "Pending"
	// ReasonResumed was ended by somebody.
	ReasonResumed = "Resumed"
	// ReasonElapsed was ended by the clock.
	ReasonElapsed = "Elapsed"
)

// Results of a run.
const (
	ResultOutcome   = "outcome"
	ResultResumedBy = "resumedBy"
	ResultComment   = "comment"
	ResultRequest   = "request"
)

// Values of the result outcome.
const (
	OutcomeResumed = "resumed"
	OutcomeElapsed = "elapsed"
)

// lookAgain bounds the wait for a request whose end was just written.
const lookAgain = time.Second

// follow says what a run makes of its request.
func follow(a customrun.Attempt[Spec, State], req *v1alpha1.ApprovalRequest, now time.Time) customrun.Decision[State] {
	d := customrun.Decision[State]{State: a.State}
	switch req.Status.Phase {
	case v1alpha1.PhaseResumed:
		d.Verdict = customrun.Verdict{Phase: customrun.Succeeded, Reason: ReasonResumed, Message: "Pause " + req.Status.Message, Results: results(req, OutcomeResumed)}
	case v1alpha1.PhaseElapsed:
		d.Verdict = customrun.Verdict{Phase: customrun.Succeeded, Reason: ReasonElapsed, Message: "The time of the pause is over", Results: results(req, OutcomeElapsed)}
	case v1alpha1.PhaseExpired:
		d.Verdict = customrun.Verdict{Phase: customrun.Failed, Reason: v1beta1.CustomRunReasonTimedOut.String(), Message: "Nobody resumed the pause within the timeout"}
	case v1alpha1.PhaseWithdrawn, v1alpha1.PhaseApproved, v1alpha1.PhaseRejected:
		d.Verdict = customrun.Verdict{Phase: customrun.Stopped}
	default:
		d = pending(a, req, now)
	}
	return d
}

// pending holds on, or ends the request: at its time, or with the run. What
// became of it is known when it was read again: somebody may have been in time.
func pending(a customrun.Attempt[Spec, State], req *v1alpha1.ApprovalRequest, now time.Time) customrun.Decision[State] {
	at := resumeAt(a.State)
	d := customrun.Decision[State]{State: a.State, Verdict: waiting(req.Spec), Again: at}
	switch {
	case a.Ending == customrun.EndingCancelled:
		d.Do, d.Verdict = gatekind.EffectWithdraw, customrun.Verdict{Phase: customrun.Stopped}
	case !at.IsZero() && !now.Before(at):
		d.Do, d.Again = gatekind.EffectElapse, now.Add(lookAgain)
	case a.Ending == customrun.EndingTimedOut:
		d.Do, d.Again = gatekind.EffectExpire, now.Add(lookAgain)
	}
	return d
}

func waiting(spec v1alpha1.ApprovalRequestSpec) customrun.Verdict {
	return customrun.Verdict{
		Phase:   customrun.Running,
		Reason:  ReasonPaused,
		Message: "Paused: waiting for " + gate.WaitingFor(spec, v1alpha1.ApprovalRequestStatus{}) + ". Resume with: tkn corbel resume " + gatekind.Name(spec.Subject),
	}
}

func results(req *v1alpha1.ApprovalRequest, outcome string) []v1beta1.CustomRunResult {
	by, comment := "", ""
	for _, e := range req.Status.Decisions {
		if e.Counted {
			by = e.Decider
			if e.Comment != "" {
				// With the name before it, no comment reads as a JSON array.
				comment = e.Decider + ": " + e.Comment
			}
		}
	}
	return []v1beta1.CustomRunResult{
		{Name: ResultOutcome, Value: outcome},
		{Name: ResultResumedBy, Value: by},
		{Name: ResultComment, Value: comment},
		{Name: ResultRequest, Value: req.Name},
	}
}
