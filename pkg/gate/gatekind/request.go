package gatekind

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/kmeta"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// Requests is what a kind needs of the store of ApprovalRequests.
type Requests interface {
	// Get returns a request, or nil where there is none.
	Get(ctx context.Context, namespace, name string) (*v1alpha1.ApprovalRequest, error)
	// Open creates a request. To find it there already is success.
	Open(ctx context.Context, req *v1alpha1.ApprovalRequest) error
	// Close ends a request that no decision has ended, having counted all that the
	// API server holds. To find it ended, or gone, is success.
	Close(ctx context.Context, namespace, name string, phase v1alpha1.RequestPhase) error
}

// Subject is the run that waits, for a request's spec.
func Subject(run *v1beta1.CustomRun, attempt int) v1alpha1.RequestSubject {
	return v1alpha1.RequestSubject{
		CustomRun:    run.Name,
		UID:          run.UID,
		Attempt:      int32(attempt), //nolint:gosec // attempts are few: Tekton keeps each of them in the run's status
		PipelineRun:  run.Labels[pipeline.PipelineRunLabelKey],
		PipelineTask: run.Labels[pipeline.PipelineTaskLabelKey],
	}
}

// Name of the request of one attempt: the run's name, told apart by UID and
// attempt, so that finding it again is all that a restart needs.
func Name(subject v1alpha1.RequestSubject) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", subject.UID, subject.Attempt))
	id := base32.StdEncoding.EncodeToString(sum[:])
	return kmeta.ChildName(subject.CustomRun, "-"+strings.ToLower(id[:6]))
}

// NewRequest makes the object that opens a gate.
func NewRequest(run *v1beta1.CustomRun, spec v1alpha1.ApprovalRequestSpec) *v1alpha1.ApprovalRequest {
	labels := map[string]string{corbel.LabelGateKind: spec.Gate.Kind}
	if name := spec.Gate.Name; name != "" && len(name) <= 63 {
		labels[corbel.LabelGate] = name
	}
	for _, key := range []string{pipeline.PipelineLabelKey, pipeline.PipelineRunLabelKey, pipeline.PipelineTaskLabelKey} {
		if value := run.Labels[key]; value != "" {
			labels[key] = value
		}
	}
	return &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{
			Name:            Name(spec.Subject),
			Namespace:       run.Namespace,
			Labels:          labels,
			OwnerReferences: []metav1.OwnerReference{*kmeta.NewControllerRef(run)},
		},
		Spec: spec,
	}
}
