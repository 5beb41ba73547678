package customrun

import (
	"context"
	"fmt"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"github.com/tektoncd/pipeline/pkg/client/clientset/versioned"
	pipelineclient "github.com/tektoncd/pipeline/pkg/client/injection/client"
	pipelineruninformer "github.com/tektoncd/pipeline/pkg/client/injection/informers/pipeline/v1/pipelinerun"
	customruninformer "github.com/tektoncd/pipeline/pkg/client/injection/informers/pipeline/v1beta1/customrun"
	customrunreconciler "github.com/tektoncd/pipeline/pkg/client/injection/reconciler/pipeline/v1beta1/customrun"
	tektoncontroller "github.com/tektoncd/pipeline/pkg/controller"
	"go.opentelemetry.io/otel"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"knative.dev/pkg/controller"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

const ownerIndex = corbel.GroupName + "/owner-uid"

// New makes a kernel on the clients of ctx.
func New[Spec, World, State any](ctx context.Context, kindName string, kind Kind[Spec, World, State]) (*Kernel[Spec, World, State], error) {
	announce, err := NewAnnouncements(kindName, otel.GetMeterProvider())
	if err != nil {
		return nil, err
	}
	client := pipelineclient.Get(ctx)
	return &Kernel[Spec, World, State]{
		Kind:     kind,
		Statuses: statuses{client: client},
		Owners:   pipelineRuns{lister: pipelineruninformer.Get(ctx).Lister(), client: client},
		Clock:    clock.RealClock{},
		Announce: announce,
	}, nil
}

// NewController makes the controller of one kind: it sees the runs of its kind
// alone, also when it becomes leader, and wakes a run when its PipelineRun ends.
func NewController(ctx context.Context, kindName string, r customrunreconciler.Interface) (*controller.Impl, error) {
	mine := tektoncontroller.FilterCustomRunRef(v1alpha1.APIVersion, kindName)
	runs := customruninformer.Get(ctx).Informer()
	if err := prepareInformers(ctx); err != nil {
		return nil, err
	}
	impl := customrunreconciler.NewImpl(ctx, r, func(*controller.Impl) controller.Options {
		return controller.Options{
			AgentName:         "corbel-" + kindName,
			FinalizerName:     corbel.GroupName + "/" + kindName,
			SkipStatusUpdates: true,
			PromoteFilterFunc: mine,
		}
	})
	if _, err := runs.AddEventHandler(cache.FilteringResourceEventHandler{
		FilterFunc: mine,
		Handler:    controller.HandleAll(impl.Enqueue),
	}); err != nil {
		return nil, fmt.Errorf("watch CustomRuns: %w", err)
	}
	wake := func(obj any) {
		owner, ok := asPipelineRun(obj)
		if !ok {
			return
		}
		found, err := runs.GetIndexer().ByIndex(ownerIndex, string(owner.UID))
		if err != nil {
			return
		}
		for _, run := range found {
			if mine(run) {
				impl.Enqueue(run)
			}
		}
	}
	if _, err := pipelineruninformer.Get(ctx).Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, obj any) {
			if pr, ok := asPipelineRun(obj); ok && pipelineRunDone(pr) {
				wake(pr)
			}
		},
		DeleteFunc: wake,
	}); err != nil {
		return nil, fmt.Errorf("watch PipelineRuns: %w", err)
	}
	return impl, nil
}

// prepareInformers slims the caches and indexes runs by owner. Every kind calls
// it; the informers are shared, and the first call counts.
func prepareInformers(ctx context.Context) error {
	runs := customruninformer.Get(ctx).Informer()
	if _, ok := runs.GetIndexer().GetIndexers()[ownerIndex]; ok {
		return nil
	}
	if err := runs.AddIndexers(cache.Indexers{ownerIndex: indexByOwner}); err != nil {
		return fmt.Errorf("index CustomRuns: %w", err)
	}
	if err := runs.SetTransform(slimCustomRun); err != nil {
		return fmt.Errorf("slim CustomRuns: %w", err)
	}
	if err := pipelineruninformer.Get(ctx).Informer().SetTransform(slimPipelineRun); err != nil {
		return fmt.Errorf("slim PipelineRuns: %w", err)
	}
	return nil
}

func indexByOwner(obj any) ([]string, error) {
	run, ok := obj.(*v1beta1.CustomRun)
	if !ok {
		return nil, nil
	}
	if owner := ownerRef(run); owner != nil {
		return []string{string(owner.UID)}, nil
	}
	return nil, nil
}

func asPipelineRun(obj any) (*pipelinev1.PipelineRun, bool) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	pr, ok := obj.(*pipelinev1.PipelineRun)
	return pr, ok
}

// statuses stores the status of runs through the API server.
type statuses struct {
	client versioned.Interface
}

func (s statuses) UpdateStatus(ctx context.Context, run *v1beta1.CustomRun) (*v1beta1.CustomRun, error) {
	return s.client.TektonV1beta1().CustomRuns(run.Namespace).UpdateStatus(ctx, run, metav1.UpdateOptions{})
}
