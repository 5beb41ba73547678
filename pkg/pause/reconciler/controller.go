package reconciler

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	corbelclient "github.com/corbel-dev/corbel/pkg/client/injection/client"
	pauseinformer "github.com/corbel-dev/corbel/pkg/client/injection/informers/corbel/v1alpha1/pause"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
	gatereconciler "github.com/corbel-dev/corbel/pkg/gate/reconciler"
	"github.com/corbel-dev/corbel/pkg/pause"
)

// Reconciler brings Pause runs forward.
type Reconciler struct {
	*customrun.Kernel[pause.Spec, pause.World, pause.State]
}

// NewController watches the runs of the kind, and the requests that they wait for.
func NewController(ctx context.Context, _ configmap.Watcher) *controller.Impl {
	logger := logging.FromContext(ctx)
	lister, client := pauseinformer.Get(ctx).Lister(), corbelclient.Get(ctx).CorbelV1alpha1()
	kind := &pause.Kind{Sources: gatekind.Sources[v1alpha1.Pause]{
		Kind: v1alpha1.PauseKind,
		Definitions: gatereconciler.Definitions[v1alpha1.Pause]{
			Cached: func(ns, name string) (*v1alpha1.Pause, error) { return lister.Pauses(ns).Get(name) },
			Stored: func(ctx context.Context, ns, name string) (*v1alpha1.Pause, error) {
				return client.Pauses(ns).Get(ctx, name, metav1.GetOptions{})
			},
		},
		Requests: gatereconciler.NewStore(ctx),
	}}
	kernel, err := customrun.New(ctx, v1alpha1.PauseKind, kind)
	if err != nil {
		logger.Fatalw("make the kernel", "error", err)
	}
	impl, err := customrun.NewController(ctx, v1alpha1.PauseKind, &Reconciler{Kernel: kernel})
	if err != nil {
		logger.Fatalw("make the controller", "error", err)
	}
	if err := gatereconciler.WakeRuns(ctx, v1alpha1.PauseKind, impl); err != nil {
		logger.Fatalw("watch ApprovalRequests", "error", err)
	}
	return impl
}
