package admission_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

const short = `{request: {name: sign-off}, decision: Approve, comment: "looks good"}`

func TestAPersonWritesThreeLines(t *testing.T) {
	ns := namespace(t)
	bindRole(t, ns, "alice", "corbel-approver")
	request := openGate(t, ns, "sign-off", approvalGate)
	stored, err := create(t, user(t, "alice", "release", "Domain Admins"), ns, "ApprovalDecision", short)
	accepted(t, err)
	var got v1alpha1.ApprovalDecision
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &got); err != nil {
		t.Fatal(err)
	}
	want := v1alpha1.ApprovalDecisionSpec{
		Request:  v1alpha1.RequestReference{Name: "sign-off", UID: request.UID},
		Gate:     approvalGate,
		Decision: v1alpha1.DecisionApprove,
		Comment:  "looks good",
		Decider:  v1alpha1.Decider{Username: "alice", Groups: []string{"release", "Domain Admins", "system:authenticated"}},
	}
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{corbel.LabelRequest: "sign-off"}, got.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	owners := []metav1.OwnerReference{{APIVersion: v1alpha1.APIVersion, Kind: "ApprovalRequest", Name: "sign-off", UID: request.UID}}
	if diff := cmp.Diff(owners, got.OwnerReferences); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
}

func TestWhatTheWebhookFillsInIsJudgedLikeAllElse(t *testing.T) {
	ns := namespace(t)
	openGate(t, ns, "sign-off", approvalGate)
	t.Run("by the verb", func(t *testing.T) {
		allow(t, ns, "bob", "create approvaldecisions")
		_, err := create(t, user(t, "bob"), ns, "ApprovalDecision", short)
		refused(t, err, identityPolicy, "bob does not hold the verb approve on approvals.corbel.dev/production")
	})
	bindRole(t, ns, "mallory", "corbel-approver")
	t.Run("a decider that is given is not corrected", func(t *testing.T) {
		_, err := create(t, user(t, "mallory"), ns, "ApprovalDecision", `{request: {name: sign-off}, decision: Approve, decider: {username: alice}}`)
		refused(t, err, identityPolicy, "is alice but you are mallory")
	})
	t.Run("groups that are given are not corrected", func(t *testing.T) {
		_, err := create(t, user(t, "mallory"), ns, "ApprovalDecision", `{request: {name: sign-off}, decision: Approve, decider: {username: mallory, groups: [release]}}`)
		refused(t, err, identityPolicy, "mallory is not in release")
	})
	t.Run("a request that does not exist", func(t *testing.T) {
		_, err := create(t, user(t, "mallory"), ns, "ApprovalDecision", `{request: {name: nowhere}, decision: Approve}`)
		refused(t, err, "spec.gate.kind")
	})
}

// It stops the webhook and starts it again; no test of this package runs beside
// another.
func TestWithoutTheWebhook(t *testing.T) {
	ns := namespace(t)
	bindRole(t, ns, "alice", "corbel-approver")
	bindRole(t, ns, "mallory", "corbel-approver")
	request := openGate(t, ns, "sign-off", approvalGate)
	alice, mallory := user(t, "alice"), user(t, "mallory")
	process, ok := world.Process(webhookService)
	if !ok {
		t.Fatal("the webhook does not run")
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if _, err := world.Start(ctx, webhookProgram); err != nil {
			t.Error(err)
		}
		if err := waitAnswer(ctx, alice, ns); err != nil {
			t.Error(err)
		}
	})
	t.Run("the API server says what to write", func(t *testing.T) {
		_, err := create(t, alice, ns, "ApprovalDecision", short)
		refused(t, err, "spec.decider: Required value", "spec.gate: Required value")
	})
	t.Run("a complete decision is let in", func(t *testing.T) {
		_, err := cast(t, alice, ns, vote(request, "alice"))
		accepted(t, err)
	})
	t.Run("a forged one is not", func(t *testing.T) {
		_, err := cast(t, mallory, ns, vote(request, "alice"))
		refused(t, err, identityPolicy, "spec.decider.username")
	})
}

// waitAnswer waits until a short decision is filled in.
func waitAnswer(ctx context.Context, who actor, namespace string) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.APIVersion, "kind": "ApprovalDecision",
		"metadata": map[string]any{"generateName": "probe-"},
		"spec":     map[string]any{"request": map[string]any{"name": "sign-off"}, "decision": "Approve"},
	})
	if err != nil {
		return err
	}
	return eventually(ctx, func(ctx context.Context) error {
		return who.corbel.CorbelV1alpha1().RESTClient().Post().Namespace(namespace).Resource("approvaldecisions").
			Param("dryRun", metav1.DryRunAll).Body(body).Do(ctx).Error()
	})
}
