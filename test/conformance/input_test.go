package conformance

import (
	"strings"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// oneGate is a pipeline of one gate, which alice opens.
const oneGate = `
pipelineSpec:
  tasks:
  - name: gate
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`

// refused is a run that fails at once with a reason, and asks nobody.
func refused(reason, spec string, words ...string) func(s *story) {
	return func(s *story) {
		run := s.finishes(s.startRun("gate", spec), "False/"+reason)
		message := run.Status.GetCondition(apis.ConditionSucceeded).GetMessage()
		for _, w := range words {
			if !strings.Contains(message, w) {
				s.Errorf("%q does not say %q", message, w)
			}
		}
		if all, err := s.requests(s.Context()); err != nil || len(all) > 0 || run.GetRetryCount() > 0 {
			s.Errorf("want no request and no retry, got %d and %d, %v", len(all), run.GetRetryCount(), err)
		}
	}
}

// opened is a run whose gate alice can open.
func opened(spec string) func(s *story) {
	return func(s *story) {
		s.define("production", `{rules: [{users: [alice]}], description: "Ship it?"}`)
		run := s.startRun("gate", spec)
		req := s.request(run, 1)
		s.decide("alice", req, v1alpha1.DecisionApprove)
		run = s.finishes(run, "True/Approved")
		if got := result(run, "approvers"); got != `["alice"]` {
			s.Errorf("approvers: %s", got)
		}
	}
}

const approvalRef = "customRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}\n"

var inputTales = map[string]tale{
	"a definition by name":                        {[]int{2, 24}, opened(`customRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval, name: production}`)},
	"parameters alone":                            {[]int{2}, opened(approvalRef + `params: [{name: approvers, value: [alice]}]`)},
	"an embedded definition":                      {[]int{2}, opened(`customSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: {rules: [{users: [alice]}]}}`)},
	"an embedded definition that is absent":       {[]int{4}, refusedByTekton(`customSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval}`)},
	"an embedded definition that is null":         {[]int{4}, refusedByTekton(`customSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: null}`)},
	"an embedded definition that is empty":        {[]int{4}, opened(`customSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: {}}`)},
	"an embedded definition, of a pipeline":       {[]int{2, 4}, embeddedInPipeline},
	"an absent definition, of a pipeline":         {[]int{4}, absentInPipeline},
	"a service account that does not exist":       {[]int{31}, opened(approvalRef + "serviceAccountName: nobody\nparams: [{name: approvers, value: [alice]}]")},
	"an array where a text is expected":           {[]int{6}, refused("InvalidParams", approvalRef+`params: [{name: description, value: [a, b]}]`, "description")},
	"an object where a list is expected":          {[]int{6}, refused("InvalidParams", approvalRef+`params: [{name: approvers, value: {a: b}}]`, "approvers")},
	"an unknown parameter":                        {[]int{5}, refused("InvalidParams", approvalRef+`params: [{name: aprovers, value: [alice]}]`, "aprovers")},
	"an unknown parameter, with retries":          {[]int{5}, refused("InvalidParams", approvalRef+"retries: 3\nparams: [{name: aprovers, value: [alice]}]", "aprovers")},
	"a workspace":                                 {[]int{7}, refused("CustomRunWorkspaceNotSupported", approvalRef+`workspaces: [{name: source, emptyDir: {}}]`, "source")},
	"an embedded definition with an unknown word": {[]int{5}, refused("InvalidSpec", `customSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: {ruls: []}}`, "ruls")},
	"a missing definition": {[]int{3}, refused("DefinitionNotFound",
		`{customRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval, name: no-such-approval}, retries: 2}`, "no-such-approval", "create it")},
	"a missing definition, of a pipeline":  {[]int{3}, missingInPipeline},
	"edits of the spec are refused":        {[]int{14}, editsRefused},
	"a run cancelled before it began":      {[]int{11}, refused("CustomRunCancelled", approvalRef+"status: RunCancelled\nparams: [{name: approvers, value: [alice]}]")},
	"a pipeline of a run that nobody runs": {[]int{1}, strangersRun},
}

func embeddedInPipeline(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    taskSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: {}}
  - name: next
    runAfter: [gate]
    taskSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval, spec: {rules: [{users: [bob]}]}}
`)
	_, gate := s.gate(pr, "gate")
	s.decide("alice", gate, v1alpha1.DecisionApprove)
	_, next := s.gate(pr, "next")
	s.decide("bob", next, v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
}

// refusedByTekton never comes to us: Tekton's webhook writes null where there is
// nothing, and its schema wants an object.
func refusedByTekton(spec string) func(s *story) {
	return func(s *story) {
		if _, err := s.tryRun("gate", spec); !apierrors.IsInvalid(err) {
			s.Errorf("want it refused, got %v", err)
		}
	}
}

// absentInPipeline: Tekton itself writes null then, which its schema refuses.
func absentInPipeline(s *story) {
	s.ends(s.start(`
pipelineSpec:
  tasks:
  - name: gate
    taskSpec: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
`), "CreateRunFailed")
}

func missingInPipeline(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - {name: gate, retries: 2, taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval, name: no-such-approval}}
`)
	s.ends(pr, "Failed")
	s.finishes(s.runOf(pr, "gate"), "False/DefinitionNotFound")
}

func editsRefused(s *story) {
	run, req := s.gate(s.start(oneGate), "gate")
	for field, patch := range map[string]string{
		"spec.params":             `{"spec":{"params":[{"name":"approvers","value":["mallory"]}]}}`,
		"spec.customRef":          `{"spec":{"customRef":{"name":"laxer"}}}`,
		"spec.timeout":            `{"spec":{"timeout":"1s"}}`,
		"spec.retries":            `{"spec":{"retries":9}}`,
		"spec.serviceAccountName": `{"spec":{"serviceAccountName":"root"}}`,
	} {
		if err := s.patchRun(run, patch); err == nil || !strings.Contains(err.Error(), field) {
			s.Errorf("%s: want it refused, got %v", field, err)
		}
	}
	s.must(s.patchRun(run, `{"metadata":{"labels":{"example.com/note":"mine"}}}`))
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.finishes(run, "True/Approved")
}

// strangersRun has our kind's name in another group, and a kind of ours that is none.
func strangersRun(s *story) {
	var strangers []*v1beta1.CustomRun
	for name, spec := range map[string]string{
		"other-group":    `customRef: {apiVersion: example.com/v1alpha1, kind: Approval}`,
		"other-kind":     `customRef: {apiVersion: corbel.dev/v1alpha1, kind: Applause}`,
		"other-version":  `customRef: {apiVersion: corbel.dev/v9, kind: Approval}`,
		"other-embedded": `customSpec: {apiVersion: example.com/v1, kind: Pause, spec: {duration: 1s}}`,
	} {
		strangers = append(strangers, s.startRun(name, spec))
	}
	s.barrier()
	for _, stranger := range strangers {
		now := s.run(stranger, "there", func(*v1beta1.CustomRun) bool { return true })
		if now.ResourceVersion != stranger.ResourceVersion {
			s.Errorf("%s was written: %+v", now.Name, now)
		}
	}
	found, err := s.admin.kube.CoreV1().Events(s.namespace).List(s.Context(), metav1.ListOptions{})
	s.must(err)
	for _, e := range found.Items {
		if e.InvolvedObject.Name != "barrier" && ofCorbel(e) {
			s.Errorf("event %s about %s: %s", e.Reason, e.InvolvedObject.Name, e.Message)
		}
	}
}

// barrier returns when the controllers have seen all that was written before it: the
// watch brings changes in their order.
func (s *story) barrier() {
	s.Helper()
	run := s.startRun("barrier", approvalRef+"params: [{name: no-such-parameter, value: x}]")
	s.finishes(run, "False/InvalidParams")
	s.must(s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Delete(s.Context(), run.Name, metav1.DeleteOptions{}))
}
