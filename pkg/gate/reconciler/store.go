package reconciler

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/client/clientset/versioned"
	corbelclient "github.com/corbel-dev/corbel/pkg/client/injection/client"
	requestinformer "github.com/corbel-dev/corbel/pkg/client/injection/informers/corbel/v1alpha1/approvalrequest"
	listers "github.com/corbel-dev/corbel/pkg/client/listers/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/gate"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

// Store is gatekind.Requests on the API server, with the cache in front.
type Store struct {
	client versioned.Interface
	lister listers.ApprovalRequestLister
	clock  clock.PassiveClock
}

var _ gatekind.Requests = (*Store)(nil)

// NewStore makes a Store on the clients of ctx.
func NewStore(ctx context.Context) *Store {
	return &Store{client: corbelclient.Get(ctx), lister: requestinformer.Get(ctx).Lister(), clock: clock.RealClock{}}
}

// Get asks the cache and, when it knows nothing, the API server: the cache may be
// younger than the request.
func (s *Store) Get(ctx context.Context, namespace, name string) (*v1alpha1.ApprovalRequest, error) {
	req, err := s.lister.ApprovalRequests(namespace).Get(name)
	if apierrors.IsNotFound(err) {
		req, err = s.client.CorbelV1alpha1().ApprovalRequests(namespace).Get(ctx, name, metav1.GetOptions{})
	}
	if apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // the interface says so: no request is an answer
	}
	return req, err
}

// Open creates the request. One of the same name is ours if it is about the same
// attempt of the same run.
func (s *Store) Open(ctx context.Context, req *v1alpha1.ApprovalRequest) error {
	requests := s.client.CorbelV1alpha1().ApprovalRequests(req.Namespace)
	_, err := requests.Create(ctx, req, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	found, err := requests.Get(ctx, req.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if found.Spec.Subject != req.Spec.Subject {
		return fmt.Errorf("ApprovalRequest %s belongs to another run (uid %s)", req.Name, found.Spec.Subject.UID)
	}
	return nil
}

// Close asks the API server itself, not the cache, so that no decision that was
// stored in time is missed.
func (s *Store) Close(ctx context.Context, namespace, name string, phase v1alpha1.RequestPhase) error {
	req, err := s.client.CorbelV1alpha1().ApprovalRequests(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if req.Status.Phase.Final() {
		return nil
	}
	decisions, err := s.decisions(ctx, namespace, name)
	if err != nil {
		return fmt.Errorf("list decisions: %w", err)
	}
	req.Status = gate.Close(req, decisions, phase, metav1.Time{Time: s.clock.Now()})
	_, err = s.client.CorbelV1alpha1().ApprovalRequests(namespace).UpdateStatus(ctx, req, metav1.UpdateOptions{})
	return err
}

// decisions lists what the API server holds about a request. Kubernetes 1.30
// selects by field only where an administrator asks for it; there the whole
// namespace is read.
func (s *Store) decisions(ctx context.Context, namespace, name string) ([]*v1alpha1.ApprovalDecision, error) {
	client := s.client.CorbelV1alpha1().ApprovalDecisions(namespace)
	byRequest := fields.OneTermEqualSelector("spec.request.name", name).String()
	list, err := client.List(ctx, metav1.ListOptions{FieldSelector: byRequest})
	if apierrors.IsBadRequest(err) {
		list, err = client.List(ctx, metav1.ListOptions{})
	}
	if err != nil {
		return nil, err
	}
	var out []*v1alpha1.ApprovalDecision
	for i := range list.Items {
		if list.Items[i].Spec.Request.Name == name {
			out = append(out, &list.Items[i])
		}
	}
	return out, nil
}
