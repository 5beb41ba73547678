package rig

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Patience is how long anything may take before the benchmark gives up.
const Patience = 10 * time.Minute

// Namespace makes a namespace.
func (r *Rig) Namespace(ctx context.Context, purpose string) (string, error) {
	r.made++
	name := fmt.Sprintf("bench-%s-%d-%d", purpose, time.Now().Unix()%1_000_000, r.made)
	_, err := r.Admin.Kube.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("namespace: %w", err)
	}
	return name, nil
}

// Discard deletes a namespace and waits until it and all in it are gone, so that the
// next scenario does not run beside the deletion.
func (r *Rig) Discard(ctx context.Context, name string) error {
	client := r.Admin.Kube.CoreV1().Namespaces()
	if err := client.Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("discard: %w", err)
	}
	return Until(ctx, "namespace "+name+" is gone", func(ctx context.Context) (bool, error) {
		_, err := client.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// Until polls this program's own knowledge or the API server.
func Until(ctx context.Context, what string, done func(context.Context) (bool, error)) error {
	if err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, Patience, true, done); err != nil {
		return fmt.Errorf("wait until %s: %w", what, err)
	}
	return nil
}
