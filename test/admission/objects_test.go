package admission_test

import (
	"testing"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

var (
	approvalGate = v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"}
	pauseGate    = v1alpha1.GateReference{Kind: v1alpha1.PauseKind, Name: "night"}
	embeddedGate = v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind}
)

// openGate makes a request as the controller does.
func openGate(t *testing.T, namespace, name string, gate v1alpha1.GateReference) *v1alpha1.ApprovalRequest {
	t.Helper()
	request, err := controller(t).corbel.CorbelV1alpha1().ApprovalRequests(namespace).Create(t.Context(), newRequest(name, gate), metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func newRequest(name string, gate v1alpha1.GateReference) *v1alpha1.ApprovalRequest {
	request := &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.ApprovalRequestSpec{
			Gate:        gate,
			Subject:     v1alpha1.RequestSubject{CustomRun: name, UID: "6c1d3a4e-0000-4000-8000-000000000001", Attempt: 1},
			Description: "Ship it?",
		},
	}
	if gate.Kind == v1alpha1.ApprovalKind {
		request.Spec.Rules = []v1alpha1.ApprovalRule{{Name: "release", Users: []string{"alice", "bob"}, Required: 2}}
	}
	return request
}

// vote is a complete decision about a request, as a client writes it.
func vote(request *v1alpha1.ApprovalRequest, username string, groups ...string) *v1alpha1.ApprovalDecision {
	decision := v1alpha1.DecisionApprove
	if request.Spec.Gate.Kind == v1alpha1.PauseKind {
		decision = v1alpha1.DecisionResume
	}
	return &v1alpha1.ApprovalDecision{
		ObjectMeta: metav1.ObjectMeta{GenerateName: request.Name + "-"},
		Spec: v1alpha1.ApprovalDecisionSpec{
			Request:  v1alpha1.RequestReference{Name: request.Name, UID: request.UID},
			Gate:     request.Spec.Gate,
			Decision: decision,
			Decider:  v1alpha1.Decider{Username: username, Groups: groups},
		},
	}
}

// cast creates a decision.
func cast(t *testing.T, who actor, namespace string, decision *v1alpha1.ApprovalDecision) (*v1alpha1.ApprovalDecision, error) {
	t.Helper()
	return who.corbel.CorbelV1alpha1().ApprovalDecisions(namespace).Create(t.Context(), decision, metav1.CreateOptions{})
}

// startRun makes a CustomRun as Tekton does.
func startRun(t *testing.T, namespace string, spec v1beta1.CustomRunSpec) *v1beta1.CustomRun {
	t.Helper()
	run := &v1beta1.CustomRun{ObjectMeta: metav1.ObjectMeta{GenerateName: "run-"}, Spec: spec}
	run, err := admin(t).tekton.TektonV1beta1().CustomRuns(namespace).Create(t.Context(), run, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func runOf(apiVersion, kind string) v1beta1.CustomRunSpec {
	return v1beta1.CustomRunSpec{
		CustomRef: &v1beta1.TaskRef{APIVersion: apiVersion, Kind: v1beta1.TaskKind(kind), Name: "production"},
		Params:    v1beta1.Params{{Name: "numberOfApprovalsRequired", Value: *v1beta1.NewStructuredValues("2")}},
	}
}
