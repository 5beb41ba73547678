package admission_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"knative.dev/pkg/kmeta"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// eventually returns the last error when it does not end.
func eventually(ctx context.Context, try func(context.Context) error) error {
	last := error(nil)
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", err, last)
	}
	return nil
}

// gone waits until no request and no decision is left in a namespace.
func gone(t *testing.T, namespace string) {
	t.Helper()
	client := admin(t).corbel.CorbelV1alpha1()
	err := eventually(t.Context(), func(ctx context.Context) error {
		requests, err := client.ApprovalRequests(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		decisions, err := client.ApprovalDecisions(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if left := len(requests.Items) + len(decisions.Items); left > 0 {
			return fmt.Errorf("%d requests and %d decisions are left", len(requests.Items), len(decisions.Items))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// decided makes a run, its request as the controller makes it, and a vote about it.
// It returns the request, whose owner is the run.
func decided(t *testing.T) *v1alpha1.ApprovalRequest {
	t.Helper()
	ns := namespace(t)
	bindRole(t, ns, "alice", "corbel-approver")
	owner := startRun(t, ns, runOf(v1alpha1.APIVersion, v1alpha1.ApprovalKind))
	request := newRequest("sign-off", approvalGate)
	request.OwnerReferences = []metav1.OwnerReference{*kmeta.NewControllerRef(owner)}
	request, err := controller(t).corbel.CorbelV1alpha1().ApprovalRequests(ns).Create(t.Context(), request, metav1.CreateOptions{})
	accepted(t, err)
	_, err = create(t, user(t, "alice"), ns, "ApprovalDecision", short)
	accepted(t, err)
	return request
}

// deleteRun deletes the run that owns a request.
func deleteRun(t *testing.T, request *v1alpha1.ApprovalRequest, policy metav1.DeletionPropagation) {
	t.Helper()
	runs := admin(t).tekton.TektonV1beta1().CustomRuns(request.Namespace)
	accepted(t, runs.Delete(t.Context(), request.OwnerReferences[0].Name, metav1.DeleteOptions{PropagationPolicy: &policy}))
}

func TestDecisionsGoWithTheirRequest(t *testing.T) {
	for _, policy := range []metav1.DeletionPropagation{metav1.DeletePropagationBackground, metav1.DeletePropagationForeground} {
		t.Run("the run is deleted, "+string(policy), func(t *testing.T) {
			request := decided(t)
			deleteRun(t, request, policy)
			gone(t, request.Namespace)
		})
		t.Run("the controller deletes the request, "+string(policy), func(t *testing.T) {
			request := decided(t)
			requests := controller(t).corbel.CorbelV1alpha1().ApprovalRequests(request.Namespace)
			accepted(t, requests.Delete(t.Context(), request.Name, metav1.DeleteOptions{PropagationPolicy: &policy}))
			gone(t, request.Namespace)
		})
	}
	t.Run("the run is deleted and its request orphaned", func(t *testing.T) {
		request := decided(t)
		ns, run := request.Namespace, request.OwnerReferences[0].Name
		deleteRun(t, request, metav1.DeletePropagationOrphan)
		err := eventually(t.Context(), func(ctx context.Context) error {
			_, err := admin(t).tekton.TektonV1beta1().CustomRuns(ns).Get(ctx, run, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return fmt.Errorf("the run is still there: %w", err)
		})
		if err != nil {
			t.Fatal(err)
		}
		left, err := admin(t).corbel.CorbelV1alpha1().ApprovalRequests(ns).Get(t.Context(), request.Name, metav1.GetOptions{})
		accepted(t, err)
		if len(left.OwnerReferences) != 0 {
			t.Errorf("the request is still owned: %v", left.OwnerReferences)
		}
	})
	t.Run("the namespace is deleted", func(t *testing.T) {
		ns := decided(t).Namespace
		accepted(t, admin(t).kube.CoreV1().Namespaces().Delete(t.Context(), ns, metav1.DeleteOptions{}))
		err := eventually(t.Context(), func(ctx context.Context) error {
			_, err := admin(t).kube.CoreV1().Namespaces().Get(ctx, ns, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil
			}
			return fmt.Errorf("the namespace is still there: %w", err)
		})
		if err != nil {
			t.Error(err)
		}
	})
}
