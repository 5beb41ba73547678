package reconciler

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/controller"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	requestinformer "github.com/corbel-dev/corbel/pkg/client/injection/informers/corbel/v1alpha1/approvalrequest"
)

// WakeRuns enqueues the run that waits for a request whenever that changes.
func WakeRuns(ctx context.Context, kindName string, impl *controller.Impl) error {
	_, err := requestinformer.Get(ctx).Informer().AddEventHandler(cache.FilteringResourceEventHandler{
		FilterFunc: func(obj any) bool {
			req, ok := asRequest(obj)
			return ok && req.Spec.Gate.Kind == kindName
		},
		Handler: controller.HandleAll(func(obj any) {
			if req, ok := asRequest(obj); ok {
				impl.EnqueueKey(types.NamespacedName{Namespace: req.Namespace, Name: req.Spec.Subject.CustomRun})
			}
		}),
	})
	return err
}

func asRequest(obj any) (*v1alpha1.ApprovalRequest, bool) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	req, ok := obj.(*v1alpha1.ApprovalRequest)
	return req, ok
}
