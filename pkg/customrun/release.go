package customrun

import (
	"context"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/reconciler"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// Finalize releases what a deleted run still holds outside. A kind with a
// Release calls it from its FinalizeKind; the run stays until it returns nil.
func (k *Kernel[Spec, World, State]) Finalize(ctx context.Context, run *v1beta1.CustomRun, r Releaser[Spec, State]) reconciler.Event {
	if run.Status.CompletionTime != nil || run.Status.StartTime == nil {
		return nil
	}
	p, err := k.newPass(ctx, run)
	if err != nil {
		return err
	}
	p.attempt.Ending = EndingCancelled
	if err := k.prepare(p); err != nil {
		if _, ok := fault.AsUser(err); ok {
			return nil // never got beyond its spec, so it holds nothing
		}
		return err
	}
	err = r.Release(ctx, p.attempt)
	if busy, ok := fault.AsBusy(err); ok {
		return controller.NewRequeueAfter(max(busy.After, time.Second))
	}
	return err
}
