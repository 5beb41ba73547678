package gates

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

// Requests reads ApprovalRequests of one namespace, or of all.
type Requests interface {
	Get(ctx context.Context, name string, opts metav1.GetOptions) (*v1alpha1.ApprovalRequest, error)
	List(ctx context.Context, opts metav1.ListOptions) (*v1alpha1.ApprovalRequestList, error)
	Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error)
}

// Find gives the request that a name means: its own name, or that of a
// CustomRun or PipelineRun with exactly one request that is pending.
func Find(ctx context.Context, requests Requests, namespace, name string) (*v1alpha1.ApprovalRequest, error) {
	r, err := requests.Get(ctx, name, metav1.GetOptions{})
	if err == nil || !apierrors.IsNotFound(err) {
		return r, err
	}
	list, err := requests.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("no ApprovalRequest is named %s; look for its run: %w", name, err)
	}
	return choose(list.Items, namespace, name)
}

// choose is Find without the reading.
func choose(list []v1alpha1.ApprovalRequest, namespace, name string) (*v1alpha1.ApprovalRequest, error) {
	var pending, ended []*v1alpha1.ApprovalRequest
	for i := range list {
		r := &list[i]
		switch {
		case r.Spec.Subject.CustomRun != name && r.Spec.Subject.PipelineRun != name:
		case r.Status.Phase.Final():
			ended = append(ended, r)
		default:
			pending = append(pending, r)
		}
	}
	switch {
	case len(pending) == 1:
		return pending[0], nil
	case len(pending) > 1:
		return nil, fmt.Errorf("%s has %d pending requests, name one of them: %s", name, len(pending), candidates(pending))
	case len(ended) == 1:
		return ended[0], nil
	case len(ended) > 1:
		return nil, fmt.Errorf("%s has no pending request; ended ones: %s", name, candidates(ended))
	}
	return nil, fmt.Errorf("nothing found for %s: no ApprovalRequest, CustomRun or PipelineRun of that name has a request in namespace %s; "+
		"see: tkn corbel approvals --all -n %s", name, namespace, namespace)
}

func candidates(list []*v1alpha1.ApprovalRequest) string {
	words := make([]string, len(list))
	for i, r := range list {
		words[i] = fmt.Sprintf("%s (%s, task %s, %s)", r.Name, story.Gate(r), r.Spec.Subject.PipelineTask, story.Phase(r))
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}
