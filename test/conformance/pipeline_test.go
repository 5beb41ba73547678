package conformance

import (
	"encoding/json"
	"reflect"
	"strings"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// pipelineTales are about what a Pipeline does around a custom task.
var pipelineTales = map[string]tale{
	"a matrix":                                 {[]int{21}, matrix},
	"when, before a gate":                      {[]int{22}, whenSkips},
	"a gate in finally":                        {[]int{22}, gateInFinally},
	"onError: continue":                        {[]int{23}, onErrorContinue},
	"a rejection, and its status in finally":   {[]int{23, 22}, rejectionInFinally},
	"onReject: Continue, and a branch on it":   {[]int{20}, rejectContinues},
	"results for later tasks":                  {[]int{19, 20}, resultsForLaterTasks},
	"results of a failed gate, for the others": {[]int{20}, resultsOfFailure},
}

func matrix(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    matrix:
      params: [{name: description, value: [eu, us, asia]}]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`)
	runs, asked := s.runsOf(pr, "gate", 3), map[string]bool{}
	for i := range runs {
		req := s.request(&runs[i], 1)
		asked[req.Spec.Description] = true
		s.decide("alice", req, v1alpha1.DecisionApprove)
		s.finishes(&runs[i], "True/Approved")
		for j := i + 1; j < len(runs); j++ {
			if now := s.run(&runs[j], "there", there); now.Status.CompletionTime != nil {
				s.Errorf("%s ended with %s", runs[j].Name, runs[i].Name)
			}
		}
	}
	if len(runs) != 3 || !reflect.DeepEqual(asked, map[string]bool{"eu": true, "us": true, "asia": true}) {
		s.Errorf("%d runs asked %v", len(runs), asked)
	}
	s.ends(pr, "Succeeded")
}

func whenSkips(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: never
    when: [{input: "no", operator: in, values: ["yes"]}]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
  - name: gate
    runAfter: [never]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`)
	_, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionApprove)
	if pr = s.ends(pr, "Completed"); !skipped(pr, "never") {
		s.Errorf("skipped: %+v", pr.Status.SkippedTasks)
	}
	if all := must(s.requests(s.Context()))(s); len(all) != 1 {
		s.Errorf("%d requests", len(all))
	}
}

func gateInFinally(s *story) {
	pr := s.start(withFinally)
	for _, task := range []string{"gate", "next"} {
		_, req := s.gate(pr, task)
		s.decide("alice", req, v1alpha1.DecisionApprove)
	}
	last, req := s.gate(pr, "last")
	if req.Spec.Description != "the gate: Succeeded, all: Succeeded" {
		s.Errorf("description: %s", req.Spec.Description)
	}
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.finishes(last, "True/Approved")
	s.ends(pr, "Succeeded")
}

func onErrorContinue(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    onError: continue
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
  - name: next
    runAfter: [gate]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [bob]}]
`)
	run, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionReject)
	s.finishes(run, "False/Rejected")
	_, req = s.gate(pr, "next")
	s.decide("bob", req, v1alpha1.DecisionApprove)
	pr = s.ends(pr, "Succeeded")
	if message := pr.Status.GetCondition(apis.ConditionSucceeded).GetMessage(); !strings.Contains(message, "Failed: 1 (Ignored: 1)") {
		s.Errorf("message: %s", message)
	}
}

func rejectionInFinally(s *story) {
	pr := s.start(withFinally)
	run, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionReject)
	s.finishes(run, "False/Rejected")
	_, req = s.gate(pr, "last")
	if req.Spec.Description != "the gate: Failed, all: Failed" {
		s.Errorf("description: %s", req.Spec.Description)
	}
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.ends(pr, "Failed")
}

func rejectContinues(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    taskSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: {rules: [{users: [alice]}], onReject: Continue}}
  - name: release
    when: [{input: $(tasks.gate.results.decision), operator: in, values: [approved]}]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
  - name: apologize
    when: [{input: $(tasks.gate.results.decision), operator: in, values: [rejected]}]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: description, value: "said $(tasks.gate.results.comments)"}, {name: approvers, value: [bob]}]
`)
	_, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionReject)
	_, req = s.gate(pr, "apologize")
	if req.Spec.Description != "said alice: not today" {
		s.Errorf("description: %s", req.Spec.Description)
	}
	s.decide("bob", req, v1alpha1.DecisionApprove)
	if pr = s.ends(pr, "Completed"); !skipped(pr, "release") {
		s.Errorf("skipped: %+v", pr.Status.SkippedTasks)
	}
}

func resultsForLaterTasks(s *story) {
	pr := s.start(`
pipelineSpec:
  results:
  - {name: who, value: $(tasks.gate.results.approvers)}
  - {name: what, value: $(tasks.gate.results.decision)}
  tasks:
  - name: gate
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params:
    - {name: approvers, value: [alice, bob, "group:nobody"]}
    - {name: numberOfApprovalsRequired, value: "2"}
  - name: again
    when: [{input: $(tasks.gate.results.decision), operator: in, values: [approved]}]
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params:
    - {name: approvers, value: ["$(tasks.gate.results.approvers[*])"]}
    - {name: description, value: "first $(tasks.gate.results.approvers[0]), see $(tasks.gate.results.request)"}
`)
	run, req := s.gate(pr, "gate")
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.decide("carol", req, v1alpha1.DecisionApprove)
	s.decide("alice", req, v1alpha1.DecisionApprove)
	run = s.finishes(run, "True/Approved")
	var who []string
	if err := json.Unmarshal([]byte(result(run, "approvers")), &who); err != nil || len(who) != 2 {
		s.Errorf("approvers: %q, %v", result(run, "approvers"), err)
	}
	names := map[string]bool{}
	for _, r := range run.Status.Results {
		if names[r.Name] {
			s.Errorf("%s is there twice", r.Name)
		}
		names[r.Name] = true
		if r.Name != "approvers" && json.Unmarshal([]byte(r.Value), new([]string)) == nil {
			s.Errorf("%s would be an array: %s", r.Name, r.Value)
		}
	}
	_, again := s.gate(pr, "again")
	if rule := again.Spec.Rules[0]; len(rule.Users) != 2 {
		s.Errorf("rule: %+v", rule)
	}
	if want := "first " + who[0] + ", see " + req.Name; again.Spec.Description != want {
		s.Errorf("description: want %q, got %q", want, again.Spec.Description)
	}
	s.decide("bob", again, v1alpha1.DecisionApprove)
	pr = s.ends(pr, "Succeeded")
	want := []pipelinev1.PipelineRunResult{
		{Name: "who", Value: *pipelinev1.NewStructuredValues(result(run, "approvers"))},
		{Name: "what", Value: *pipelinev1.NewStructuredValues("approved")},
	}
	if !reflect.DeepEqual(want, pr.Status.Results) {
		s.Errorf("results: %+v", pr.Status.Results)
	}
}

func resultsOfFailure(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    onError: continue
    timeout: 2s
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
  - name: next
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: description, value: "it was $(tasks.gate.results.decision)"}, {name: approvers, value: [bob]}]
`)
	_, req := s.gate(pr, "next")
	if req.Spec.Description != "it was timeout" {
		s.Errorf("description: %s", req.Spec.Description)
	}
	s.decide("bob", req, v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
}

var background = metav1.DeleteOptions{PropagationPolicy: propagation(metav1.DeletePropagationBackground)}

func propagation(p metav1.DeletionPropagation) *metav1.DeletionPropagation { return &p }
