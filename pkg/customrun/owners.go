package customrun

import (
	"context"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"github.com/tektoncd/pipeline/pkg/client/clientset/versioned"
	listersv1 "github.com/tektoncd/pipeline/pkg/client/listers/pipeline/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const kindPipelineRun = "PipelineRun"

// ownerRef is the PipelineRun that controls a run; nil where there is none.
func ownerRef(run *v1beta1.CustomRun) *metav1.OwnerReference {
	ref := metav1.GetControllerOf(run)
	if ref == nil || ref.Kind != kindPipelineRun {
		return nil
	}
	return ref
}

// pipelineRuns looks PipelineRuns up in the cache, and asks the API server before
// it believes that one is gone: the cache may be younger than the run.
type pipelineRuns struct {
	lister listersv1.PipelineRunLister
	client versioned.Interface
}

func (o pipelineRuns) State(ctx context.Context, run *v1beta1.CustomRun) (OwnerState, error) {
	owner := ownerRef(run)
	if owner == nil {
		return OwnerNone, nil
	}
	pr, err := o.lister.PipelineRuns(run.Namespace).Get(owner.Name)
	if apierrors.IsNotFound(err) || (err == nil && pr.UID != owner.UID) {
		pr, err = o.client.TektonV1().PipelineRuns(run.Namespace).Get(ctx, owner.Name, metav1.GetOptions{})
	}
	switch {
	case apierrors.IsNotFound(err):
		return OwnerGone, nil
	case err != nil:
		return "", err
	case pr.UID != owner.UID:
		return OwnerGone, nil
	case pipelineRunDone(pr):
		return OwnerDone, nil
	default:
		return OwnerRunning, nil
	}
}

func pipelineRunDone(pr *pipelinev1.PipelineRun) bool {
	return pr.Status.CompletionTime != nil || pr.IsDone()
}

// slimPipelineRun keeps what State needs; a pipeline's spec is no concern of ours,
// and large.
func slimPipelineRun(obj any) (any, error) {
	pr, ok := obj.(*pipelinev1.PipelineRun)
	if !ok {
		return obj, nil
	}
	slim := &pipelinev1.PipelineRun{
		ObjectMeta: metav1.ObjectMeta{Name: pr.Name, Namespace: pr.Namespace, UID: pr.UID, ResourceVersion: pr.ResourceVersion},
	}
	slim.Status.Conditions = pr.Status.Conditions
	slim.Status.CompletionTime = pr.Status.CompletionTime
	return slim, nil
}

// slimCustomRun drops what only the API server has use for.
func slimCustomRun(obj any) (any, error) {
	if run, ok := obj.(*v1beta1.CustomRun); ok {
		run.ManagedFields = nil
	}
	return obj, nil
}
