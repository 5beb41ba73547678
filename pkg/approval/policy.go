package approval

import (
	"strings"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/gate"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

// Reasons of a run's condition.
const (
	// ReasonPending waits for people.
	ReasonPending = "Pending"
	// ReasonApproved was approved.
	ReasonApproved = "Approved"
	// ReasonRejected was rejected.
	ReasonRejected = "Rejected"
	// ReasonUndecided went on without a decision, for onTimeout is Continue.
	ReasonUndecided = "Undecided"
)

// Results of a run.
const (
	ResultDecision  = "decision"
	ResultApprovers = "approvers"
	ResultComments  = "comments"
	ResultRequest   = "request"
)

// Values of the result decision.
const (
	DecisionApproved = "approved"
	DecisionRejected = "rejected"
	DecisionTimeout  = "timeout"
)

// maxComments bounds the result of that name, in bytes.
const maxComments = 16 << 10

// lookAgain bounds the wait for a request whose end was just written.
const lookAgain = time.Second

// follow says what a run makes of its request.
func follow(a customrun.Attempt[Spec, State], req *v1alpha1.ApprovalRequest, now time.Time) customrun.Decision[State] {
	d := customrun.Decision[State]{State: a.State}
	switch req.Status.Phase {
	case v1alpha1.PhaseApproved:
		d.Verdict = customrun.Verdict{Phase: customrun.Succeeded, Reason: ReasonApproved, Message: sentence(req), Results: results(req, DecisionApproved)}
	case v1alpha1.PhaseRejected:
		d.Verdict = rejected(a.State, req)
	case v1alpha1.PhaseExpired:
		d.Verdict = expired(a.State, req)
	case v1alpha1.PhaseWithdrawn, v1alpha1.PhaseElapsed, v1alpha1.PhaseResumed:
		d.Verdict = customrun.Verdict{Phase: customrun.Stopped}
	default:
		d = pending(a, req, now)
	}
	return d
}

// pending waits, or ends the request with the run. What became of an expired
// request is known only when it was read again: a decision may have been in time.
func pending(a customrun.Attempt[Spec, State], req *v1alpha1.ApprovalRequest, now time.Time) customrun.Decision[State] {
	d := customrun.Decision[State]{State: a.State, Verdict: waiting(req.Spec, req.Status)}
	switch a.Ending {
	case customrun.EndingCancelled:
		d.Do, d.Verdict = gatekind.EffectWithdraw, customrun.Verdict{Phase: customrun.Stopped}
	case customrun.EndingTimedOut:
		d.Do, d.Again = gatekind.EffectExpire, now.Add(lookAgain)
	case customrun.EndingNone:
	}
	return d
}

func waiting(spec v1alpha1.ApprovalRequestSpec, status v1alpha1.ApprovalRequestStatus) customrun.Verdict {
	return customrun.Verdict{
		Phase:   customrun.Running,
		Reason:  ReasonPending,
		Message: "Waiting for approval: " + gate.WaitingFor(spec, status) + ". Decide with: tkn corbel approve " + gatekind.Name(spec.Subject),
	}
}

// rejected is final: a person said no, and is not asked again by a retry.
func rejected(s State, req *v1alpha1.ApprovalRequest) customrun.Verdict {
	v := customrun.Verdict{Phase: customrun.Refused, Reason: ReasonRejected, Message: sentence(req), Results: results(req, DecisionRejected)}
	if s.OnReject == v1alpha1.OutcomeContinue {
		v.Phase = customrun.Succeeded
	}
	return v
}

func expired(s State, req *v1alpha1.ApprovalRequest) customrun.Verdict {
	out := results(req, DecisionTimeout)
	if s.OnTimeout == v1alpha1.OutcomeContinue {
		return customrun.Verdict{Phase: customrun.Succeeded, Reason: ReasonUndecided, Message: sentence(req), Results: out}
	}
	return customrun.Verdict{Phase: customrun.Failed, Reason: v1beta1.CustomRunReasonTimedOut.String(), Message: sentence(req) + ": no decision within the timeout", Results: out}
}

// sentence begins the request's message with a capital.
func sentence(req *v1alpha1.ApprovalRequest) string {
	m := req.Status.Message
	if m == "" {
		return string(req.Status.Phase)
	}
	return strings.ToUpper(m[:1]) + m[1:]
}

func results(req *v1alpha1.ApprovalRequest, decision string) []v1beta1.CustomRunResult {
	return []v1beta1.CustomRunResult{
		{Name: ResultDecision, Value: decision},
		customrun.ListResult(ResultApprovers, gate.Approvers(req.Status)),
		{Name: ResultComments, Value: comments(req.Status)},
		{Name: ResultRequest, Value: req.Name},
	}
}

// comments are one "name: text" a line; the ledger has them whole.
func comments(s v1alpha1.ApprovalRequestStatus) string {
	var b strings.Builder
	for _, e := range s.Decisions {
		if e.Counted && e.Comment != "" && b.Len() < maxComments {
			b.WriteString(e.Decider + ": " + e.Comment + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}
