package manifest

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

const (
	fieldManager = "corbel-local"
	atOnce       = 8
	patience     = 60 * time.Second
)

// Applier applies objects to one cluster.
type Applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

// NewApplier needs a configuration whose user may make all kinds.
func NewApplier(cfg *rest.Config) (*Applier, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS, cfg.Burst = -1, 0
	// A CustomResourceDefinition's warnings are its authors' business.
	cfg.WarningHandler = rest.NoWarnings{}
	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("applier: %w", err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("applier: %w", err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))
	return &Applier{client: client, mapper: mapper}, nil
}

// Apply makes or updates the objects, those of one rank side by side.
func (a *Applier) Apply(ctx context.Context, objects []Object) error {
	for begin := 0; begin < len(objects); {
		end := begin
		group, groupCtx := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for ; end < len(objects) && rank(objects[end]) == rank(objects[begin]); end++ {
			o := objects[end]
			group.Go(func() error { return a.patiently(groupCtx, o) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		begin = end
	}
	return nil
}

// patiently waits for what a fresh cluster does not have yet: a kind whose definition
// is being established, a namespace being made, a webhook coming up.
func (a *Applier) patiently(ctx context.Context, o Object) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last = a.apply(ctx, o)
		if last == nil {
			return true, nil
		}
		if meta.IsNoMatchError(last) {
			a.mapper.Reset()
			return false, nil
		}
		if errors.IsNotFound(last) || errors.IsInternalError(last) || errors.IsServiceUnavailable(last) || errors.IsConflict(last) {
			return false, nil
		}
		return false, last
	})
	if err != nil {
		return fmt.Errorf("apply %s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), last)
	}
	return nil
}

func (a *Applier) apply(ctx context.Context, o Object) error {
	gvk := o.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	var target dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := o.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		target = a.client.Resource(mapping.Resource).Namespace(namespace)
	}
	_, err = target.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
	return err
}
