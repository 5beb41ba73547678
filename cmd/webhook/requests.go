package main

import (
	"context"

	"go.uber.org/zap"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/logging"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	clientset "github.com/corbel-dev/corbel/pkg/client/clientset/versioned/typed/corbel/v1alpha1"
	corbelclient "github.com/corbel-dev/corbel/pkg/client/injection/client"
	requestinformer "github.com/corbel-dev/corbel/pkg/client/injection/informers/corbel/v1alpha1/approvalrequest"
	listers "github.com/corbel-dev/corbel/pkg/client/listers/corbel/v1alpha1"
)

// requests finds ApprovalRequests: in the cache, and at the API server when a
// request is so new that the cache does not know it yet.
type requests struct {
	cached listers.ApprovalRequestLister
	live   clientset.ApprovalRequestsGetter
	filled cache.InformerSynced
}

func newRequests(ctx context.Context) *requests {
	informer := requestinformer.Get(ctx)
	if err := informer.Informer().SetTransform(strip); err != nil {
		logging.FromContext(ctx).Fatalw("The cache of ApprovalRequests was started too early", zap.Error(err))
	}
	return &requests{
		cached: informer.Lister(),
		live:   corbelclient.Get(ctx).CorbelV1alpha1(),
		filled: informer.Informer().HasSynced,
	}
}

// find returns nil where the request cannot be read: the decision then goes on as
// it is, and the API server tells its author what is missing.
func (r *requests) find(ctx context.Context, namespace, name string) *v1alpha1.ApprovalRequest {
	if request, err := r.cached.ApprovalRequests(namespace).Get(name); err == nil {
		return request
	}
	request, err := r.live.ApprovalRequests(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		logging.FromContext(ctx).Warnw("Cannot read the ApprovalRequest of a decision", zap.Error(err))
		return nil
	}
	return request
}

// strip keeps what a decision is filled from: name, UID and gate.
func strip(object any) (any, error) {
	request, ok := object.(*v1alpha1.ApprovalRequest)
	if !ok {
		return object, nil
	}
	return &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       request.Namespace,
			Name:            request.Name,
			UID:             request.UID,
			ResourceVersion: request.ResourceVersion,
		},
		Spec: v1alpha1.ApprovalRequestSpec{Gate: request.Spec.Gate},
	}, nil
}
