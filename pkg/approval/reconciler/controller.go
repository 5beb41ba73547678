package reconciler

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/approval"
	corbelclient "github.com/corbel-dev/corbel/pkg/client/injection/client"
	approvalinformer "github.com/corbel-dev/corbel/pkg/client/injection/informers/corbel/v1alpha1/approval"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
	gatereconciler "github.com/corbel-dev/corbel/pkg/gate/reconciler"
)

// Reconciler brings Approval runs forward.
type Reconciler struct {
	*customrun.Kernel[approval.Spec, approval.World, approval.State]
}

// NewController watches the runs of the kind, and the requests that they wait for.
func NewController(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	logger := logging.FromContext(ctx)
	lister, client := approvalinformer.Get(ctx).Lister(), corbelclient.Get(ctx).CorbelV1alpha1()
	kind := &approval.Kind{Sources: gatekind.Sources[v1alpha1.Approval]{
		Kind: v1alpha1.ApprovalKind,
		Definitions: gatereconciler.Definitions[v1alpha1.Approval]{
			Cached: func(ns, name string) (*v1alpha1.Approval, error) { return lister.Approvals(ns).Get(name) },
			Stored: func(ctx context.Context, ns, name string) (*v1alpha1.Approval, error) {
				return client.Approvals(ns).Get(ctx, name, metav1.GetOptions{})
			},
		},
		Requests: gatereconciler.NewStore(ctx),
	}}
	kernel, err := customrun.New(ctx, v1alpha1.ApprovalKind, kind)
	if err != nil {
		logger.Fatalw("make the kernel", "error", err)
	}
	impl, err := customrun.NewController(ctx, v1alpha1.ApprovalKind, &Reconciler{Kernel: kernel})
	if err != nil {
		logger.Fatalw("make the controller", "error", err)
	}
	if err := gatereconciler.WakeRuns(ctx, v1alpha1.ApprovalKind, impl); err != nil {
		logger.Fatalw("watch ApprovalRequests", "error", err)
	}
	return impl
}
