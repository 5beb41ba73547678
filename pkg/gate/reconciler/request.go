package reconciler

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/client/clientset/versioned"
	requestreconciler "github.com/corbel-dev/corbel/pkg/client/injection/reconciler/corbel/v1alpha1/approvalrequest"
	"github.com/corbel-dev/corbel/pkg/gate"
	"github.com/corbel-dev/corbel/pkg/observe"
)

// afterConflict bounds the wait when the cache was behind; the watch brings what
// is new before.
const afterConflict = 50 * time.Millisecond

// requestIndex finds decisions by the request that they name.
const requestIndex = "corbel.dev/request"

// Reconciler keeps the ledger of each ApprovalRequest.
type Reconciler struct {
	client    versioned.Interface
	decisions cache.Indexer
	clock     clock.PassiveClock
	metrics   *metrics
}

var _ requestreconciler.Interface = (*Reconciler)(nil)

// ReconcileKind enters the decisions about a request into its ledger. The write
// carries the version that was read: over a stale copy it fails, and is made again.
func (r *Reconciler) ReconcileKind(ctx context.Context, req *v1alpha1.ApprovalRequest) reconciler.Event {
	found, err := r.decisions.ByIndex(requestIndex, req.Namespace+"/"+req.Name)
	if err != nil {
		return fmt.Errorf("look decisions up: %w", err)
	}
	status := gate.Count(req, asDecisions(found))
	if equality.Semantic.DeepEqual(req.Status, status) {
		return nil
	}
	before := req.Status
	req.Status = status
	if _, err := r.client.CorbelV1alpha1().ApprovalRequests(req.Namespace).UpdateStatus(ctx, req, metav1.UpdateOptions{}); err != nil {
		if apierrors.IsConflict(err) {
			return controller.NewRequeueAfter(afterConflict)
		}
		return fmt.Errorf("save the ledger: %w", err)
	}
	r.metrics.recorded(ctx, req, before, r.clock.Now())
	if status.Phase != before.Phase {
		logging.FromContext(ctx).Infow("gate", observe.LogRequest, req.Namespace+"/"+req.Name, observe.LogPhase, status.Phase)
	}
	return nil
}

func asDecisions(objects []any) []*v1alpha1.ApprovalDecision {
	out := make([]*v1alpha1.ApprovalDecision, 0, len(objects))
	for _, o := range objects {
		if d, ok := o.(*v1alpha1.ApprovalDecision); ok {
			out = append(out, d)
		}
	}
	return out
}
