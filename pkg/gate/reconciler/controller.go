package reconciler

import (
	"context"

	"go.opentelemetry.io/otel"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	corbelclient "github.com/corbel-dev/corbel/pkg/client/injection/client"
	decisioninformer "github.com/corbel-dev/corbel/pkg/client/injection/informers/corbel/v1alpha1/approvaldecision"
	requestinformer "github.com/corbel-dev/corbel/pkg/client/injection/informers/corbel/v1alpha1/approvalrequest"
	requestreconciler "github.com/corbel-dev/corbel/pkg/client/injection/reconciler/corbel/v1alpha1/approvalrequest"
)

// NewController watches requests and the decisions about them.
func NewController(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	logger := logging.FromContext(ctx)
	instruments, err := newMetrics(otel.GetMeterProvider())
	if err != nil {
		logger.Fatalw("make metrics", "error", err)
	}
	decisions := decisioninformer.Get(ctx).Informer()
	requests := requestinformer.Get(ctx).Informer()
	if err := prepare(decisions, requests); err != nil {
		logger.Fatalw("prepare the caches", "error", err)
	}
	r := &Reconciler{
		client:    corbelclient.Get(ctx),
		decisions: decisions.GetIndexer(),
		clock:     clock.RealClock{},
		metrics:   instruments,
	}
	impl := requestreconciler.NewImpl(ctx, r, func(*controller.Impl) controller.Options {
		return controller.Options{AgentName: "corbel-gate", SkipStatusUpdates: true}
	})
	if _, err := requests.AddEventHandler(controller.HandleAll(impl.Enqueue)); err != nil {
		logger.Fatalw("watch ApprovalRequests", "error", err)
	}
	if _, err := decisions.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(obj any) {
			if d, ok := obj.(*v1alpha1.ApprovalDecision); ok {
				impl.EnqueueKey(types.NamespacedName{Namespace: d.Namespace, Name: d.Spec.Request.Name})
			}
		},
	}); err != nil {
		logger.Fatalw("watch ApprovalDecisions", "error", err)
	}
	return impl
}

// prepare indexes decisions by request, and keeps only what is needed in memory.
func prepare(decisions, requests cache.SharedIndexInformer) error {
	if err := decisions.AddIndexers(cache.Indexers{requestIndex: byRequest}); err != nil {
		return err
	}
	if err := decisions.SetTransform(slim); err != nil {
		return err
	}
	return requests.SetTransform(slim)
}

func byRequest(obj any) ([]string, error) {
	d, ok := obj.(*v1alpha1.ApprovalDecision)
	if !ok {
		return nil, nil
	}
	return []string{d.Namespace + "/" + d.Spec.Request.Name}, nil
}

// slim drops what only the API server has use for.
func slim(obj any) (any, error) {
	switch o := obj.(type) {
	case *v1alpha1.ApprovalDecision:
		o.ManagedFields = nil
	case *v1alpha1.ApprovalRequest:
		o.ManagedFields = nil
	}
	return obj, nil
}
