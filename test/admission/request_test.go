package admission_test

import (
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	clientset "github.com/corbel-dev/corbel/pkg/client/clientset/versioned/typed/corbel/v1alpha1"
)

const requestPolicy = "corbel-request-guard"

func TestARequestIsOpenedByTheControllerOnly(t *testing.T) {
	ns := namespace(t)
	bindRole(t, ns, "eve", "edit")
	t.Run("an editor of the namespace opens one early", func(t *testing.T) {
		_, err := user(t, "eve").corbel.CorbelV1alpha1().ApprovalRequests(ns).Create(t.Context(), newRequest("sign-off", approvalGate), metav1.CreateOptions{})
		refused(t, err, `cannot create resource "approvalrequests"`)
	})
	allow(t, ns, "eve", "create approvalrequests")
	t.Run("an editor who was given the right opens one early", func(t *testing.T) {
		_, err := user(t, "eve").corbel.CorbelV1alpha1().ApprovalRequests(ns).Create(t.Context(), newRequest("sign-off", approvalGate), metav1.CreateOptions{})
		refused(t, err, requestPolicy, "is opened by system:serviceaccount:corbel-system:corbel-controller only")
	})
	t.Run("a cluster admin opens one early", func(t *testing.T) {
		_, err := admin(t).corbel.CorbelV1alpha1().ApprovalRequests(ns).Create(t.Context(), newRequest("sign-off", approvalGate), metav1.CreateOptions{})
		refused(t, err, requestPolicy, "run a pipeline that names an Approval or a Pause")
	})
	t.Run("a ServiceAccount of the same name in another namespace opens one", func(t *testing.T) {
		bindRole(t, ns, "system:serviceaccount:"+ns+":corbel-controller", "cluster-admin")
		_, err := serviceAccount(t, ns, "corbel-controller").corbel.CorbelV1alpha1().ApprovalRequests(ns).Create(t.Context(), newRequest("sign-off", approvalGate), metav1.CreateOptions{})
		refused(t, err, requestPolicy)
	})
	t.Run("the controller opens one", func(t *testing.T) {
		openGate(t, ns, "sign-off", approvalGate)
	})
}

// wishes are the clients of those who may write requests by RBAC.
func wishes(t *testing.T, ns string) map[string]clientset.ApprovalRequestInterface {
	t.Helper()
	for _, resource := range []string{"approvalrequests", "approvalrequests/status"} {
		for _, verb := range []string{"get", "update", "patch", "delete"} {
			allow(t, ns, "eve", verb+" "+resource)
		}
	}
	return map[string]clientset.ApprovalRequestInterface{
		"an editor":       user(t, "eve").corbel.CorbelV1alpha1().ApprovalRequests(ns),
		"a cluster admin": admin(t).corbel.CorbelV1alpha1().ApprovalRequests(ns),
	}
}

func TestWhatARequestAsksNeverChanges(t *testing.T) {
	ns := namespace(t)
	request := openGate(t, ns, "sign-off", approvalGate)
	patches := map[string]string{
		"the quorum is lowered":        `{"spec":{"rules":[{"name":"release","users":["alice","bob"],"required":1}]}}`,
		"a ghost approver is appended": `{"spec":{"rules":[{"name":"release","users":["alice","bob","ghost"],"required":2}]}}`,
		"the description is rewritten": `{"spec":{"description":"Nothing to see here"}}`,
		"the gate is exchanged":        `{"spec":{"gate":{"kind":"Approval","name":"staging"}}}`,
		"the deadline is moved":        `{"spec":{"deadline":"2099-01-01T00:00:00Z"}}`,
	}
	for who, client := range wishes(t, ns) {
		for what, patch := range patches {
			t.Run(what+", by "+who, func(t *testing.T) {
				_, err := client.Patch(t.Context(), request.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
				refused(t, err, "the spec of an ApprovalRequest never changes")
			})
		}
		t.Run("a label is changed, by "+who, func(t *testing.T) {
			_, err := client.Patch(t.Context(), request.Name, types.MergePatchType, []byte(`{"metadata":{"labels":{"tekton.dev/pipelineRun":"other"}}}`), metav1.PatchOptions{})
			refused(t, err, requestPolicy, "create an ApprovalDecision")
		})
		t.Run("it is deleted, by "+who, func(t *testing.T) {
			refused(t, client.Delete(t.Context(), request.Name, metav1.DeleteOptions{}), requestPolicy, "cancel or delete that one")
		})
	}
	t.Run("the controller itself has no right to rewrite it", func(t *testing.T) {
		_, err := controller(t).corbel.CorbelV1alpha1().ApprovalRequests(ns).Patch(t.Context(), request.Name, types.MergePatchType, []byte(patches["the quorum is lowered"]), metav1.PatchOptions{})
		if !apierrors.IsForbidden(err) {
			t.Errorf("want Forbidden, got %v", err)
		}
	})
}

func TestTheOutcomeOfARequestIsTheControllers(t *testing.T) {
	ns := namespace(t)
	request := openGate(t, ns, "sign-off", approvalGate)
	for who, client := range wishes(t, ns) {
		t.Run("it is approved in its status, by "+who, func(t *testing.T) {
			_, err := client.Patch(t.Context(), request.Name, types.MergePatchType, []byte(`{"status":{"phase":"Approved"}}`), metav1.PatchOptions{}, "status")
			refused(t, err, requestPolicy, "status", "create an ApprovalDecision")
		})
		t.Run("a ghost is entered in its ledger, by "+who, func(t *testing.T) {
			patch := `{"status":{"decisions":[{"name":"x","uid":"x","decider":"ghost","decision":"Approve","time":"2026-01-01T00:00:00Z","counted":true,"reason":"Counted"}]}}`
			_, err := client.Patch(t.Context(), request.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
			refused(t, err, requestPolicy, "status")
		})
	}
	own := controller(t).corbel.CorbelV1alpha1().ApprovalRequests(ns)
	t.Run("the controller writes it", func(t *testing.T) {
		request.Status.Phase = v1alpha1.RequestPhase("Approved")
		_, err := own.UpdateStatus(t.Context(), request, metav1.UpdateOptions{})
		accepted(t, err)
	})
	t.Run("not even the controller takes a final phase back", func(t *testing.T) {
		_, err := own.Patch(t.Context(), request.Name, types.MergePatchType, []byte(`{"status":{"phase":"Rejected"}}`), metav1.PatchOptions{}, "status")
		refused(t, err, "the first final phase stands")
	})
}
