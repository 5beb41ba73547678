package conformance

import (
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

var cancelTales = map[string]tale{
	"cancelled while it waits":                {[]int{12}, cancelledWaiting},
	"cancelled after it finished":             {[]int{13}, cancelledFinished},
	"cancelled from the Dashboard":            {[]int{12}, cancelledFromDashboard},
	"cancelled between retries":               {[]int{18}, cancelledBetweenRetries},
	"cancelled with a gate in finally":        {[]int{12, 22}, cancelledRunFinally},
	"stopped with a gate in finally":          {[]int{22}, stoppedRunFinally},
	"a sibling does not validate":             {[]int{26}, siblingInvalid},
	"the PipelineRun is deleted":              {[]int{26}, pipelineRunDeleted},
	"the run is deleted, and Tekton makes it": {[]int{25}, runDeleted},
}

const (
	cancel        = `{"spec":{"status":"Cancelled"}}`
	cancelFinally = `{"spec":{"status":"CancelledRunFinally"}}`
	stopFinally   = `{"spec":{"status":"StoppedRunFinally"}}`
)

func cancelledWaiting(s *story) {
	pr := s.start(oneGate)
	run, req := s.gate(pr, "gate")
	s.patchPipelineRun(pr, cancel)
	run = s.finishes(run, "False/CustomRunCancelled")
	if got, want := run.Status.GetCondition(apis.ConditionSucceeded).GetMessage(), string(run.Spec.StatusMessage); got != want || want == "" {
		s.Errorf("message: want %q, got %q", want, got)
	}
	s.closes(req, v1alpha1.PhaseWithdrawn)
	s.ends(pr, "Cancelled")
	if _, err := s.tryDecide("alice", req, v1alpha1.DecisionApprove); err == nil {
		req = s.closes(req, v1alpha1.PhaseWithdrawn)
		eventuallyLate(s, req)
	}
}

// eventuallyLate waits for the entry of a decision that came after the end.
func eventuallyLate(s *story, req *v1alpha1.ApprovalRequest) {
	s.Helper()
	eventually(s, "entry of the late decision", s.requests, func(all []v1alpha1.ApprovalRequest) bool {
		for _, r := range all {
			if r.UID == req.UID && len(r.Status.Decisions) == 1 {
				return r.Status.Decisions[0].Reason == v1alpha1.ReasonLate && r.Status.Phase == v1alpha1.PhaseWithdrawn
			}
		}
		return false
	})
}

func cancelledFinished(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: early
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
  - name: late
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [bob]}]
`)
	early, req := s.gate(pr, "early")
	late, _ := s.gate(pr, "late")
	s.decide("alice", req, v1alpha1.DecisionApprove)
	early = s.finishes(early, "True/Approved")
	want := s.status(early)
	s.patchPipelineRun(pr, cancel)
	s.finishes(late, "False/CustomRunCancelled")
	s.ends(pr, "Cancelled")
	s.run(early, "patched by Tekton", func(r *v1beta1.CustomRun) bool { return r.IsCancelled() })
	s.barrier()
	if got := s.status(early); got != want {
		s.Errorf("Tekton's late patch changed it:\n-%s\n+%s", want, got)
	}
	s.must(s.patchRun(early, `{"spec":{"statusMessage":"once more"}}`))
	s.barrier()
	if got := s.status(early); got != want {
		s.Errorf("a user's late patch changed it:\n-%s\n+%s", want, got)
	}
}

func cancelledFromDashboard(s *story) {
	pr := s.start(oneGate)
	run, req := s.gate(pr, "gate")
	s.must(s.patchRun(run, `{"spec":{"status":"RunCancelled"}}`))
	s.finishes(run, "False/CustomRunCancelled")
	s.closes(req, v1alpha1.PhaseWithdrawn)
	s.ends(pr, "Cancelled")
}

func cancelledBetweenRetries(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    retries: 20
    timeout: 2s
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`)
	run := s.runOf(pr, "gate")
	s.request(run, 2)
	s.patchPipelineRun(pr, cancel)
	run = s.finishes(run, "False/CustomRunCancelled")
	count := run.GetRetryCount()
	if count < 1 || count > 18 {
		s.Errorf("%d attempts went before", count)
	}
	s.ends(pr, "Cancelled")
	s.barrier()
	for _, req := range must(s.requests(s.Context()))(s) {
		if !req.Status.Phase.Final() || int(req.Spec.Subject.Attempt) > count+1 {
			s.Errorf("%s of attempt %d is %s", req.Name, req.Spec.Subject.Attempt, req.Status.Phase)
		}
	}
}

func cancelledRunFinally(s *story) {
	pr := s.start(withFinally)
	run, _ := s.gate(pr, "gate")
	s.patchPipelineRun(pr, cancelFinally)
	s.finishes(run, "False/CustomRunCancelled")
	last, req := s.gate(pr, "last")
	if got := last.Labels["tekton.dev/memberOf"]; got != "finally" {
		s.Errorf("memberOf: %s", got)
	}
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.finishes(last, "True/Approved")
	s.ends(pr, "Cancelled")
}

// withFinally has a gate, one after it, and one at the end.
const withFinally = `
pipelineSpec:
  tasks:
  - name: gate
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
  - name: next
    runAfter: [gate]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
  finally:
  - name: last
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params:
    - {name: approvers, value: [bob]}
    - {name: description, value: "the gate: $(tasks.gate.status), all: $(tasks.status)"}
`

func stoppedRunFinally(s *story) {
	pr := s.start(withFinally)
	run, req := s.gate(pr, "gate")
	s.patchPipelineRun(pr, stopFinally)
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.finishes(run, "True/Approved")
	last, req := s.gate(pr, "last")
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.finishes(last, "True/Approved")
	s.ends(pr, "Cancelled")
}

// siblingInvalid: one task whose input does not validate ends the PipelineRun, and
// Tekton forgets the ones that run.
func siblingInvalid(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: first
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
  - name: sibling
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [bob]}]
  - name: second
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: description, value: $(tasks.first.results.no-such-result)}]
`)
	sibling, asked := s.gate(pr, "sibling")
	_, req := s.gate(pr, "first")
	s.decide("alice", req, v1alpha1.DecisionApprove)
	pr = s.pipelineRun(pr, "done", func(pr *pipelinev1.PipelineRun) bool { return pr.IsDone() })
	sibling = s.finishes(sibling, "False/CustomRunCancelled")
	s.closes(asked, v1alpha1.PhaseWithdrawn)
	if message := sibling.Status.GetCondition(apis.ConditionSucceeded).GetMessage(); !strings.Contains(message, "is done") {
		s.Errorf("%s: %s", pr.Status.GetCondition(apis.ConditionSucceeded).GetReason(), message)
	}
}

func pipelineRunDeleted(s *story) {
	pr := s.start(oneGate)
	run, req := s.gate(pr, "gate")
	s.must(s.admin.tekton.TektonV1().PipelineRuns(s.namespace).Delete(s.Context(), pr.Name, background))
	s.gone(run)
	eventually(s, "request "+req.Name+" collected", s.requests, func(all []v1alpha1.ApprovalRequest) bool { return len(all) == 0 })
}

func runDeleted(s *story) {
	pr := s.start(oneGate)
	old, asked := s.gate(pr, "gate")
	s.must(s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Delete(s.Context(), old.Name, background))
	run := s.run(old, "made again", func(r *v1beta1.CustomRun) bool { return r.UID != old.UID && r.Status.StartTime != nil })
	req := s.request(run, 1)
	if req.Name == asked.Name || req.UID == asked.UID {
		s.Errorf("the request %s is that of the run that was deleted", req.Name)
	}
	eventually(s, "old request collected", s.requests, func(all []v1alpha1.ApprovalRequest) bool { return len(all) == 1 })
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.finishes(run, "True/Approved")
	s.ends(pr, "Succeeded")
}
