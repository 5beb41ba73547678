package conformance

import (
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

var timeTales = map[string]tale{
	"timeouts.pipeline":             {[]int{12}, pipelineTimesOut},
	"timeouts.tasks":                {[]int{12, 22}, tasksTimeOut},
	"timeouts.finally":              {[]int{12, 22}, finallyTimesOut},
	"its own timeout":               {[]int{15, 23}, ownTimeout},
	"its own timeout, not set":      {[]int{15}, noTimeout},
	"its own timeout, zero":         {[]int{15}, zeroTimeout},
	"the definition's timeout":      {[]int{15}, definitionTimeout},
	"onTimeout: Continue":           {[]int{15, 20}, timeoutContinues},
	"retries with timeouts":         {[]int{17}, retriesWithTimeouts},
	"the last attempt succeeds":     {[]int{17, 20}, lastAttemptSucceeds},
	"a rejection is not retried":    {[]int{17}, rejectionIsFinal},
	"a pause that elapses":          {[]int{9, 20}, pauseElapses},
	"a pause that somebody resumes": {[]int{9, 20}, pauseResumed},
}

func pipelineTimesOut(s *story) {
	pr := s.start("timeouts: {pipeline: 5s}" + oneGate)
	run, req := s.gate(pr, "gate")
	s.ends(pr, "PipelineRunTimeout")
	run = s.finishes(run, "False/CustomRunCancelled")
	if got := run.Status.GetCondition(apis.ConditionSucceeded).GetMessage(); got != string(v1beta1.CustomRunCancelledByPipelineTimeoutMsg) {
		s.Errorf("message: %s", got)
	}
	s.closes(req, v1alpha1.PhaseWithdrawn)
}

// tasksTimeOut: the PipelineRun stays until we have ended.
func tasksTimeOut(s *story) {
	pr := s.start("timeouts: {pipeline: 1h, tasks: 5s}" + withFinally)
	run, req := s.gate(pr, "gate")
	s.finishes(run, "False/CustomRunCancelled")
	s.closes(req, v1alpha1.PhaseWithdrawn)
	last, req := s.gate(pr, "last")
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.finishes(last, "True/Approved")
	s.ends(pr, "PipelineRunTimeout")
}

func finallyTimesOut(s *story) {
	pr := s.start("timeouts: {pipeline: 1h, finally: 3s}" + withFinally)
	_, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionReject)
	last, req := s.gate(pr, "last")
	s.finishes(last, "False/CustomRunCancelled")
	s.closes(req, v1alpha1.PhaseWithdrawn)
	s.ends(pr, "Failed")
}

func ownTimeout(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    timeout: 3s
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`)
	run, req := s.gate(pr, "gate")
	run = s.finishes(run, "False/CustomRunTimedOut")
	s.closes(req, v1alpha1.PhaseExpired)
	if took := run.Status.CompletionTime.Sub(run.Status.StartTime.Time); took < 3*time.Second || took > 10*time.Second {
		s.Errorf("it took %s", took)
	}
	s.ends(pr, "Failed")
}

func noTimeout(s *story) {
	run, req := s.gate(s.start(oneGate), "gate")
	if run.Spec.Timeout != nil || req.Spec.Deadline == nil || !req.Spec.Deadline.Time.Equal(run.Status.StartTime.Add(time.Hour)) {
		s.Errorf("timeout %s, started %s, deadline %s", run.Spec.Timeout, run.Status.StartTime, req.Spec.Deadline)
	}
}

func zeroTimeout(s *story) {
	pr := s.start(`
timeouts: {pipeline: 0s}
pipelineSpec:
  tasks:
  - name: gate
    timeout: 0s
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`)
	run, req := s.gate(pr, "gate")
	if run.Spec.Timeout == nil || run.Spec.Timeout.Duration != 0 || req.Spec.Deadline != nil {
		s.Errorf("timeout %s, deadline %s", run.Spec.Timeout, req.Spec.Deadline)
	}
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
}

func definitionTimeout(s *story) {
	s.define("production", `{rules: [{users: [alice]}], timeout: 3s}`)
	pr := s.start(`
pipelineSpec:
  tasks:
  - {name: gate, taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval, name: production}}
`)
	run, req := s.gate(pr, "gate")
	s.finishes(run, "False/CustomRunTimedOut")
	s.closes(req, v1alpha1.PhaseExpired)
	s.ends(pr, "Failed")
}

func timeoutContinues(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    timeout: 2s
    taskSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: {rules: [{users: [alice]}], onTimeout: Continue}}
  - name: next
    when: [{input: $(tasks.gate.results.decision), operator: in, values: [timeout]}]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [bob]}]
`)
	s.finishes(s.runOf(pr, "gate"), "True/Undecided")
	_, req := s.gate(pr, "next")
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
}

const twoRetries = `
pipelineSpec:
  tasks:
  - name: gate
    retries: 2
    timeout: 3s
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`

func retriesWithTimeouts(s *story) {
	versions := s.watchRuns()
	pr := s.start(twoRetries)
	run := s.finishes(s.runOf(pr, "gate"), "False/CustomRunTimedOut")
	if n := run.GetRetryCount(); n != 2 {
		s.Errorf("retriesStatus has %d entries", n)
	}
	for i, past := range run.Status.RetriesStatus {
		if past.RetriesStatus != nil || past.CompletionTime == nil || past.GetCondition(apis.ConditionSucceeded).GetReason() != "CustomRunTimedOut" {
			s.Errorf("entry %d: %+v", i, past)
		}
		if !past.StartTime.Before(run.Status.StartTime) {
			s.Errorf("entry %d has the startTime of the last attempt", i)
		}
	}
	for _, v := range versions(run.UID) {
		if v.Status.CompletionTime == nil && conditionOf(&v) != "" && conditionOf(&v)[:7] != "Unknown" {
			s.Errorf("between attempts it was %s", conditionOf(&v))
		}
	}
	for attempt := int32(1); attempt <= 3; attempt++ {
		s.closes(s.request(run, attempt), v1alpha1.PhaseExpired)
	}
	s.ends(pr, "Failed")
}

func lastAttemptSucceeds(s *story) {
	pr := s.start(twoRetries)
	run := s.runOf(pr, "gate")
	s.decide("alice", s.request(run, 3), v1alpha1.DecisionApprove)
	run = s.finishes(run, "True/Approved")
	if run.GetRetryCount() != 2 || result(run, "decision") != "approved" {
		s.Errorf("%d retries, results %v", run.GetRetryCount(), run.Status.Results)
	}
	s.ends(pr, "Succeeded")
}

func rejectionIsFinal(s *story) {
	pr := s.start(twoRetries)
	run, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionReject)
	if run = s.finishes(run, "False/Rejected"); run.GetRetryCount() != 0 {
		s.Errorf("%d retries", run.GetRetryCount())
	}
	s.ends(pr, "Failed")
}

func pauseElapses(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: soak
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Pause}
    params: [{name: duration, value: 3s}]
`)
	run := s.finishes(s.runOf(pr, "soak"), "True/Elapsed")
	if took := run.Status.CompletionTime.Sub(run.Status.StartTime.Time); took < 3*time.Second || result(run, "outcome") != "elapsed" {
		s.Errorf("it took %s, results %v", took, run.Status.Results)
	}
	s.ends(pr, "Succeeded")
}

func pauseResumed(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - {name: hold, taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Pause}}
  - name: next
    runAfter: [hold]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Pause}
    params: [{name: description, value: "after $(tasks.hold.results.resumedBy), who said $(tasks.hold.results.comment)"}]
`)
	_, req := s.gate(pr, "hold")
	s.decide("carol", req, v1alpha1.DecisionResume)
	_, next := s.gate(pr, "next")
	if next.Spec.Description != "after carol, who said carol: go on" {
		s.Errorf("description: %s", next.Spec.Description)
	}
	s.decide("alice", next, v1alpha1.DecisionResume)
	s.ends(pr, "Succeeded")
}
