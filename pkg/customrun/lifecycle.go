package customrun

import (
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
)

// Reasons that the kernel itself gives, besides Tekton's own (Started, Running,
// Succeeded, Failed, CustomRunCancelled, CustomRunTimedOut,
// CustomRunWorkspaceNotSupported).
const (
	// ReasonInvalidTimeout is a negative or huge timeout.
	ReasonInvalidTimeout = "InvalidTimeout"
	// ReasonInvalidParams is an unknown, missing or ill-typed parameter.
	ReasonInvalidParams = "InvalidParams"
	// ReasonInvalidSpec is an embedded spec that does not parse.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonNotFound is a definition that does not exist.
	ReasonNotFound = "DefinitionNotFound"
	// ReasonRetrying is an attempt that failed and is followed by another.
	ReasonRetrying = "Retrying"
	// ReasonResultsTooLarge is a run whose results do not fit into its status.
	ReasonResultsTooLarge = "ResultsTooLarge"
	// ReasonRunTooLarge is a run that, with its status, does not fit into etcd.
	ReasonRunTooLarge = "RunTooLarge"
)

// MaxTimeout bounds every timeout, so that a slip of the pen is seen.
const MaxTimeout = 366 * 24 * time.Hour

// OwnerState tells what became of the PipelineRun that a run belongs to.
type OwnerState string

const (
	// OwnerNone is a run that belongs to no PipelineRun.
	OwnerNone OwnerState = "none"
	// OwnerRunning is a PipelineRun that is not known to be over.
	OwnerRunning OwnerState = "running"
	// OwnerDone is a PipelineRun that is over; it did not wait for this run.
	OwnerDone OwnerState = "done"
	// OwnerGone is a PipelineRun that was deleted.
	OwnerGone OwnerState = "gone"
)

// Messages of a cancellation that the run's own spec.statusMessage does not tell.
const (
	messageCancelled = "CustomRun cancelled"
	messageOwnerDone = "CustomRun cancelled as the PipelineRun it belongs to is done"
	messageOwnerGone = "CustomRun cancelled as the PipelineRun it belongs to was deleted"
	messageTimedOut  = "CustomRun timed out: nothing ended it within its timeout"
)

// ending tells whether a run has to end, and with which message.
func ending(run *v1beta1.CustomRun, owner OwnerState, due, now time.Time) (Ending, string) {
	switch {
	case run.IsCancelled() && run.Spec.StatusMessage != "":
		return EndingCancelled, string(run.Spec.StatusMessage)
	case run.IsCancelled():
		return EndingCancelled, messageCancelled
	case owner == OwnerDone:
		return EndingCancelled, messageOwnerDone
	case owner == OwnerGone:
		return EndingCancelled, messageOwnerGone
	case !due.IsZero() && !now.Before(due):
		return EndingTimedOut, messageTimedOut
	default:
		return EndingNone, ""
	}
}

// runTimeout is the run's own timeout; nil where the pipeline left it open.
func runTimeout(run *v1beta1.CustomRun) *time.Duration {
	if run.Spec.Timeout == nil {
		return nil
	}
	return &run.Spec.Timeout.Duration
}

// deadline is when an attempt times out. Where the run leaves the timeout open,
// the definition's holds, and where that is open too, Tekton's default of an
// hour. Zero is no bound; of two bounds the shorter one holds.
func deadline(started time.Time, run, definition *time.Duration) time.Time {
	var bound time.Duration
	switch {
	case run == nil && definition == nil:
		bound = (&v1beta1.CustomRun{}).GetTimeout()
	case run == nil:
		bound = *definition
	case definition == nil:
		bound = *run
	default:
		bound = shorter(*run, *definition)
	}
	if bound == 0 {
		return time.Time{}
	}
	return started.Add(bound)
}

// shorter of two bounds, of which zero is none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}

// checkTimeout refuses what cannot be meant.
func checkTimeout(run *v1beta1.CustomRun) error {
	if timeout := runTimeout(run); timeout != nil {
		return CheckDuration("spec.timeout", *timeout)
	}
	return nil
}

// startTime is when an attempt begins: never before the run was created, for the
// clocks of API server and controller may differ.
func startTime(run *v1beta1.CustomRun, now time.Time) time.Time {
	if created := run.CreationTimestamp.Time; now.Before(created) {
		return created
	}
	return now
}

// outcome is what the contract makes of a kind's verdict.
type outcome string

const (
	outcomeRunning   outcome = "running"
	outcomeSucceeded outcome = "succeeded"
	outcomeFailed    outcome = "failed"
	outcomeRetry     outcome = "retry"
)

// settle applies the rules of ending and retrying to a verdict: a cancelled run
// ends as cancelled whatever it came to, a stopped one as what stopped it, one with
// results that nobody can store as refused, and a failed attempt is followed by the
// next while there is one.
func settle(run *v1beta1.CustomRun, end Ending, endMessage string, v Verdict) (outcome, Verdict) {
	if v.Phase == Running {
		return outcomeRunning, v
	}
	if resultsSize(v.Results) > maxResultsBytes {
		v = Verdict{Phase: Refused, Reason: ReasonResultsTooLarge, Message: "the results do not fit into the run's status; write less into them"}
	}
	if end == EndingNone && v.Phase == Stopped {
		// Somebody took the request to cancel back when it had been carried out.
		end, endMessage = EndingCancelled, messageCancelled
	}
	if end == EndingCancelled {
		return outcomeFailed, Verdict{Phase: Failed, Reason: v1beta1.CustomRunReasonCancelled.String(), Message: endMessage, Results: v.Results}
	}
	switch v.Phase {
	case Succeeded:
		return outcomeSucceeded, v
	case Stopped:
		v = Verdict{Phase: Failed, Reason: v1beta1.CustomRunReasonTimedOut.String(), Message: endMessage, Results: v.Results}
	case Refused:
		return outcomeFailed, v
	case Running, Failed:
	}
	if run.GetRetryCount() < run.Spec.Retries {
		return outcomeRetry, v
	}
	return outcomeFailed, v
}
