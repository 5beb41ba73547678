package rig

import (
	"context"
	"fmt"
	"sync"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	tektoninformers "github.com/tektoncd/pipeline/pkg/client/informers/externalversions"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	corbelinformers "github.com/corbel-dev/corbel/pkg/client/informers/externalversions"
)

// Gate is a request that waits for decisions.
type Gate struct {
	Run     string
	Request string
	UID     types.UID
	Ref     v1alpha1.GateReference
}

// Watch follows the runs and requests of one namespace. It is how this program learns
// that it can go on; no time is taken from it.
type Watch struct {
	mu    sync.Mutex
	gates map[string]Gate // by run
	ended map[string]bool // by run; true where it succeeded
	stop  context.CancelFunc
}

// Watch begins to follow a namespace.
func (r *Rig) Watch(ctx context.Context, namespace string) (*Watch, error) {
	ctx, stop := context.WithCancel(ctx)
	w := &Watch{gates: map[string]Gate{}, ended: map[string]bool{}, stop: stop}
	tekton := tektoninformers.NewSharedInformerFactoryWithOptions(r.Admin.Tekton, 0,
		tektoninformers.WithNamespace(namespace), tektoninformers.WithTransform(slim))
	corbel := corbelinformers.NewSharedInformerFactoryWithOptions(r.Admin.Corbel, 0,
		corbelinformers.WithNamespace(namespace), corbelinformers.WithTransform(slim))
	runs := tekton.Tekton().V1beta1().CustomRuns().Informer()
	requests := corbel.Corbel().V1alpha1().ApprovalRequests().Informer()
	for _, informer := range []cache.SharedIndexInformer{runs, requests} {
		_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc:    w.see,
			UpdateFunc: func(_, obj any) { w.see(obj) },
		})
		if err != nil {
			stop()
			return nil, fmt.Errorf("watch: %w", err)
		}
	}
	tekton.Start(ctx.Done())
	corbel.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), runs.HasSynced, requests.HasSynced) {
		stop()
		return nil, fmt.Errorf("watch: %w", context.Cause(ctx))
	}
	return w, nil
}

// Stop ends it.
func (w *Watch) Stop() { w.stop() }

// slim keeps what see reads.
func slim(obj any) (any, error) {
	switch o := obj.(type) {
	case *v1beta1.CustomRun:
		o.ManagedFields, o.Spec = nil, v1beta1.CustomRunSpec{}
	case *v1alpha1.ApprovalRequest:
		o.ManagedFields, o.Status = nil, v1alpha1.ApprovalRequestStatus{}
	}
	return obj, nil
}

func (w *Watch) see(obj any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch o := obj.(type) {
	case *v1beta1.CustomRun:
		if o.Status.CompletionTime != nil {
			w.ended[o.Name] = o.IsSuccessful()
		}
	case *v1alpha1.ApprovalRequest:
		w.gates[o.Spec.Subject.CustomRun] = Gate{Run: o.Spec.Subject.CustomRun, Request: o.Name, UID: o.UID, Ref: o.Spec.Gate}
	}
}

// Opened waits until every run has a request, and returns them in the order of runs.
func (w *Watch) Opened(ctx context.Context, runs []string) ([]Gate, error) {
	var gates []Gate
	err := Until(ctx, "all gates are open", func(context.Context) (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		gates = gates[:0]
		for _, run := range runs {
			g, ok := w.gates[run]
			if !ok {
				return false, nil
			}
			gates = append(gates, g)
		}
		return true, nil
	})
	return gates, err
}

// Ended waits until every run is over, and names those that did not succeed.
func (w *Watch) Ended(ctx context.Context, runs []string) (failed []string, err error) {
	err = Until(ctx, "all runs are done", func(context.Context) (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		failed = nil
		for _, run := range runs {
			succeeded, ok := w.ended[run]
			if !ok {
				return false, nil
			}
			if !succeeded {
				failed = append(failed, run)
			}
		}
		return true, nil
	})
	return failed, err
}
