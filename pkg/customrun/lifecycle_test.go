package customrun

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var nine = time.Date(2031, time.March, 3, 9, 0, 0, 0, time.UTC)

func cancelled(message string) *v1beta1.CustomRun {
	run := &v1beta1.CustomRun{}
	run.Spec.Status = v1beta1.CustomRunSpecStatusCancelled
	run.Spec.StatusMessage = v1beta1.CustomRunSpecStatusMessage(message)
	return run
}

func TestEndingSaysWhyARunHasToEnd(t *testing.T) {
	type answer struct {
		End     Ending
		Message string
	}
	past, future := nine.Add(-time.Second), nine.Add(time.Second)
	tests := map[string]struct {
		run   *v1beta1.CustomRun
		owner OwnerState
		due   time.Time
		want  answer
	}{
		"nothing ends a run without an owner before its deadline": {&v1beta1.CustomRun{}, OwnerNone, future, answer{}},
		"nothing ends a run of a running pipeline":                {&v1beta1.CustomRun{}, OwnerRunning, future, answer{}},
		"a run without a deadline goes on":                        {&v1beta1.CustomRun{}, OwnerRunning, time.Time{}, answer{}},
		"the deadline itself is too late":                         {&v1beta1.CustomRun{}, OwnerRunning, nine, answer{EndingTimedOut, messageTimedOut}},
		"a passed deadline ends it":                               {&v1beta1.CustomRun{}, OwnerNone, past, answer{EndingTimedOut, messageTimedOut}},
		"a request to cancel ends it in its own words":            {cancelled("because"), OwnerRunning, future, answer{EndingCancelled, "because"}},
		"a request to cancel may have no words":                   {cancelled(""), OwnerNone, future, answer{EndingCancelled, messageCancelled}},
		"the end of the pipeline ends it":                         {&v1beta1.CustomRun{}, OwnerDone, future, answer{EndingCancelled, messageOwnerDone}},
		"the deletion of the pipeline ends it":                    {&v1beta1.CustomRun{}, OwnerGone, future, answer{EndingCancelled, messageOwnerGone}},
		"to cancel comes before the end of the pipeline":          {cancelled("because"), OwnerDone, past, answer{EndingCancelled, "because"}},
		"the end of the pipeline comes before the deadline":       {&v1beta1.CustomRun{}, OwnerDone, past, answer{EndingCancelled, messageOwnerDone}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			end, message := ending(tc.run, tc.owner, tc.due, nine)
			if diff := cmp.Diff(tc.want, answer{end, message}); diff != "" {
				t.Errorf("ending (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeadlineIsTheShorterBound(t *testing.T) {
	d := func(d time.Duration) *time.Duration { return &d }
	tests := map[string]struct {
		run, definition *time.Duration
		want            time.Time
	}{
		"nobody says: Tekton's hour":                {nil, nil, nine.Add(time.Hour)},
		"the run alone":                             {d(time.Minute), nil, nine.Add(time.Minute)},
		"the definition alone, though it is longer": {nil, d(72 * time.Hour), nine.Add(72 * time.Hour)},
		"the run is shorter":                        {d(time.Minute), d(time.Hour), nine.Add(time.Minute)},
		"the definition is shorter":                 {d(time.Hour), d(time.Minute), nine.Add(time.Minute)},
		"zero of the run is none":                   {d(0), nil, time.Time{}},
		"zero of the definition is none":            {nil, d(0), time.Time{}},
		"zero of both is none":                      {d(0), d(0), time.Time{}},
		"zero of the run leaves the definition's":   {d(0), d(time.Minute), nine.Add(time.Minute)},
		"zero of the definition leaves the run's":   {d(time.Minute), d(0), nine.Add(time.Minute)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, deadline(nine, tc.run, tc.definition)); diff != "" {
				t.Errorf("deadline (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettleAppliesTheContractToAVerdict(t *testing.T) {
	results := []v1beta1.CustomRunResult{{Name: "r", Value: "v"}}
	huge := []v1beta1.CustomRunResult{{Name: "r", Value: strings.Repeat("v", maxResultsBytes)}}
	asCancelled := Verdict{Phase: Failed, Reason: "CustomRunCancelled", Message: "why"}
	asTimedOut := Verdict{Phase: Failed, Reason: "CustomRunTimedOut", Message: "why"}
	tests := map[string]struct {
		end     Ending
		retries int
		verdict Verdict
		out     outcome
		want    Verdict
	}{
		"running goes on": {EndingNone, 0, Verdict{Phase: Running, Reason: "R"}, outcomeRunning, Verdict{Phase: Running, Reason: "R"}},
		"a run that has to end goes on until it can": {
			EndingCancelled, 0, Verdict{Phase: Running, Reason: "R"}, outcomeRunning, Verdict{Phase: Running, Reason: "R"},
		},
		"success is success": {EndingNone, 1, Verdict{Phase: Succeeded, Results: results}, outcomeSucceeded, Verdict{Phase: Succeeded, Results: results}},
		"success beats a deadline that passed meanwhile": {
			EndingTimedOut, 1, Verdict{Phase: Succeeded, Results: results}, outcomeSucceeded, Verdict{Phase: Succeeded, Results: results},
		},
		"cancel beats success": {EndingCancelled, 1, Verdict{Phase: Succeeded}, outcomeFailed, asCancelled},
		"cancel beats failure, keeps the results and retries nothing": {
			EndingCancelled, 1, Verdict{Phase: Failed, Reason: "F", Results: results}, outcomeFailed,
			Verdict{Phase: Failed, Reason: "CustomRunCancelled", Message: "why", Results: results},
		},
		"cancel beats refusal":                 {EndingCancelled, 1, Verdict{Phase: Refused, Reason: "F"}, outcomeFailed, asCancelled},
		"stopped after cancel is cancelled":    {EndingCancelled, 1, Verdict{Phase: Stopped}, outcomeFailed, asCancelled},
		"stopped after the deadline timed out": {EndingTimedOut, 0, Verdict{Phase: Stopped}, outcomeFailed, asTimedOut},
		"a timeout is retried":                 {EndingTimedOut, 1, Verdict{Phase: Stopped}, outcomeRetry, asTimedOut},
		"stopped without a reason was cancelled, and is not retried": {
			EndingNone, 1, Verdict{Phase: Stopped}, outcomeFailed, Verdict{Phase: Failed, Reason: "CustomRunCancelled", Message: messageCancelled},
		},
		"failure is retried":        {EndingNone, 1, Verdict{Phase: Failed, Reason: "F"}, outcomeRetry, Verdict{Phase: Failed, Reason: "F"}},
		"the last failure is final": {EndingNone, 0, Verdict{Phase: Failed, Reason: "F"}, outcomeFailed, Verdict{Phase: Failed, Reason: "F"}},
		"refusal is never retried":  {EndingNone, 5, Verdict{Phase: Refused, Reason: "F"}, outcomeFailed, Verdict{Phase: Refused, Reason: "F"}},
		"too large a success is no success, and is not retried": {
			EndingNone, 5, Verdict{Phase: Succeeded, Results: huge}, outcomeFailed,
			Verdict{Phase: Refused, Reason: ReasonResultsTooLarge, Message: "the results do not fit into the run's status; write less into them"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			run := &v1beta1.CustomRun{Spec: v1beta1.CustomRunSpec{Retries: tc.retries}}
			out, got := settle(run, tc.end, "why", tc.verdict)
			if out != tc.out {
				t.Errorf("outcome: want %s, got %s", tc.out, out)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSettleCountsAttempts(t *testing.T) {
	run := &v1beta1.CustomRun{Spec: v1beta1.CustomRunSpec{Retries: 2}}
	for past, want := range []outcome{outcomeRetry, outcomeRetry, outcomeFailed} {
		run.Status.RetriesStatus = make([]v1beta1.CustomRunStatus, past)
		if out, _ := settle(run, EndingNone, "", Verdict{Phase: Failed}); out != want {
			t.Errorf("after %d past attempts: want %s, got %s", past, want, out)
		}
	}
}

func TestStartTimeIsNeverBeforeCreation(t *testing.T) {
	run := &v1beta1.CustomRun{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.Time{Time: nine}}}
	tests := map[string]struct{ now, want time.Time }{
		"the controller's clock is behind": {nine.Add(-time.Minute), nine},
		"the clocks agree":                 {nine, nine},
		"it is later":                      {nine.Add(time.Minute), nine.Add(time.Minute)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, startTime(run, tc.now)); diff != "" {
				t.Errorf("start (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTimeoutsThatCannotBeMeantAreRefused(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"negative": -time.Second, "over a year": MaxTimeout + 1} {
		t.Run(name, func(t *testing.T) {
			run := &v1beta1.CustomRun{Spec: v1beta1.CustomRunSpec{Timeout: &metav1.Duration{Duration: timeout}}}
			if err := checkTimeout(run); err == nil {
				t.Error("want an error")
			}
		})
	}
}

func TestTimeoutsThatCanBeMeantAreTaken(t *testing.T) {
	for name, timeout := range map[string]*metav1.Duration{"none": nil, "zero": {}, "the longest": {Duration: MaxTimeout}} {
		t.Run(name, func(t *testing.T) {
			run := &v1beta1.CustomRun{Spec: v1beta1.CustomRunSpec{Timeout: timeout}}
			if err := checkTimeout(run); err != nil {
				t.Error(err)
			}
		})
	}
}
