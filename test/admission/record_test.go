package admission_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	clientset "github.com/corbel-dev/corbel/pkg/client/clientset/versioned/typed/corbel/v1alpha1"
)

const recordPolicy = "corbel-decision-immutable"

// entry is a stored vote, with clients of those who would like it otherwise.
type entry struct {
	*v1alpha1.ApprovalDecision
	own, root clientset.ApprovalDecisionInterface
}

// record stores a vote of alice, who by RBAC may do with decisions what she likes.
func record(t *testing.T) entry {
	t.Helper()
	ns := namespace(t)
	bindRole(t, ns, "alice", "corbel-approver")
	for _, verb := range []string{"update", "patch", "delete", "deletecollection", "list"} {
		allow(t, ns, "alice", verb+" approvaldecisions")
	}
	alice := user(t, "alice")
	stored, err := cast(t, alice, ns, vote(openGate(t, ns, "sign-off", approvalGate), "alice"))
	if err != nil {
		t.Fatal(err)
	}
	return entry{stored, alice.corbel.CorbelV1alpha1().ApprovalDecisions(ns), admin(t).corbel.CorbelV1alpha1().ApprovalDecisions(ns)}
}

func TestADecisionIsNeverEdited(t *testing.T) {
	stored := record(t)
	for name, patch := range map[string]string{
		"the decider appends a ghost group":  `{"spec":{"decider":{"groups":["ghosts"]}}}`,
		"the vote is turned round":           `{"spec":{"decision":"Reject"}}`,
		"the comment is rewritten":           `{"spec":{"comment":"I never said so"}}`,
		"the vote is given to somebody else": `{"spec":{"decider":{"username":"mallory"}}}`,
		"the vote is moved to another gate":  `{"spec":{"request":{"name":"other"}}}`,
	} {
		t.Run(name+", by its author", func(t *testing.T) {
			_, err := stored.own.Patch(t.Context(), stored.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			refused(t, err, "a decision never changes; create another one")
		})
		t.Run(name+", by a cluster admin", func(t *testing.T) {
			_, err := stored.root.Patch(t.Context(), stored.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			refused(t, err, "a decision never changes; create another one")
		})
	}
	for name, patch := range map[string]string{
		"a label is changed":     `{"metadata":{"labels":{"corbel.dev/request":"other"}}}`,
		"its owner is taken off": `{"metadata":{"ownerReferences":null}}`,
		"a finalizer is added":   `{"metadata":{"finalizers":["example.com/stay"]}}`,
		"an annotation is added": `{"metadata":{"annotations":{"note":"forged"}}}`,
	} {
		t.Run(name+", by its author", func(t *testing.T) {
			_, err := stored.own.Patch(t.Context(), stored.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			refused(t, err, recordPolicy, "never changes, also not its metadata")
		})
		t.Run(name+", by a cluster admin", func(t *testing.T) {
			_, err := stored.root.Patch(t.Context(), stored.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
			refused(t, err, recordPolicy, "never changes, also not its metadata")
		})
	}
}

func TestADecisionIsNeverDeleted(t *testing.T) {
	stored := record(t)
	for name, client := range map[string]clientset.ApprovalDecisionInterface{"its author": stored.own, "a cluster admin": stored.root} {
		t.Run("by "+name, func(t *testing.T) {
			err := client.Delete(t.Context(), stored.Name, metav1.DeleteOptions{})
			refused(t, err, recordPolicy, stored.Name, "goes only with its ApprovalRequest")
		})
		t.Run("with all others, by "+name, func(t *testing.T) {
			err := client.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{})
			refused(t, err, recordPolicy, stored.Name)
		})
	}
	if _, err := stored.root.Get(t.Context(), stored.Name, metav1.GetOptions{}); err != nil {
		t.Errorf("the decision is gone: %v", err)
	}
}

func TestAnotherPersonsDecisionIsNotDeleted(t *testing.T) {
	stored := record(t)
	bindRole(t, stored.Namespace, "mallory", "corbel-approver")
	mallory := user(t, "mallory").corbel.CorbelV1alpha1().ApprovalDecisions(stored.Namespace)
	t.Run("by an approver, whose role has no such right", func(t *testing.T) {
		refused(t, mallory.Delete(t.Context(), stored.Name, metav1.DeleteOptions{}), `cannot delete resource "approvaldecisions"`)
	})
	allow(t, stored.Namespace, "mallory", "delete approvaldecisions")
	t.Run("by an approver who was given the right", func(t *testing.T) {
		refused(t, mallory.Delete(t.Context(), stored.Name, metav1.DeleteOptions{}), recordPolicy)
	})
	t.Run("by a cluster admin who gives it a lease of life of no seconds", func(t *testing.T) {
		none := int64(0)
		refused(t, stored.root.Delete(t.Context(), stored.Name, metav1.DeleteOptions{GracePeriodSeconds: &none}), recordPolicy)
	})
}

func TestADecisionDoesNotCarryItsOwnEnd(t *testing.T) {
	ns := namespace(t)
	request := openGate(t, ns, "sign-off", approvalGate)
	bindRole(t, ns, "alice", "corbel-approver")
	alice := user(t, "alice")
	mine, err := admin(t).kube.CoreV1().ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "mine"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("it is owned by an object that its author can delete", func(t *testing.T) {
		decision := vote(request, "alice")
		decision.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: mine.Name, UID: mine.UID}}
		_, err := cast(t, alice, ns, decision)
		refused(t, err, identityPolicy, "metadata.ownerReferences", "leave the field out")
	})
	t.Run("it is owned by another request", func(t *testing.T) {
		other := openGate(t, ns, "other", approvalGate)
		decision := vote(request, "alice")
		decision.OwnerReferences = []metav1.OwnerReference{{APIVersion: v1alpha1.APIVersion, Kind: "ApprovalRequest", Name: other.Name, UID: other.UID}}
		_, err := cast(t, alice, ns, decision)
		refused(t, err, identityPolicy, "metadata.ownerReferences")
	})
	t.Run("it is owned by its request", func(t *testing.T) {
		decision := vote(request, "alice")
		decision.OwnerReferences = []metav1.OwnerReference{{APIVersion: v1alpha1.APIVersion, Kind: "ApprovalRequest", Name: request.Name, UID: request.UID}}
		_, err := cast(t, alice, ns, decision)
		accepted(t, err)
	})
	t.Run("it has a finalizer that nobody could remove", func(t *testing.T) {
		decision := vote(request, "alice")
		decision.Finalizers = []string{"example.com/stay"}
		_, err := cast(t, alice, ns, decision)
		refused(t, err, identityPolicy, "metadata.finalizers", "leave the field out")
	})
}
