package gates

import (
	"context"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

var bob = story.Caller{Username: "bob", Groups: []string{"release"}}

func request(name string, change ...func(*v1alpha1.ApprovalRequest)) *v1alpha1.ApprovalRequest {
	r := &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "ci", UID: types.UID("uid-" + name), ResourceVersion: "1"},
		Spec: v1alpha1.ApprovalRequestSpec{
			Gate:    v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"},
			Subject: v1alpha1.RequestSubject{CustomRun: name + "-run", PipelineRun: "release-42", PipelineTask: name},
			Rules:   []v1alpha1.ApprovalRule{{Name: "release", Groups: []string{"release"}, Required: 1}},
		},
		Status: v1alpha1.ApprovalRequestStatus{Phase: v1alpha1.PhasePending},
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func phase(p v1alpha1.RequestPhase) func(*v1alpha1.ApprovalRequest) {
	return func(r *v1alpha1.ApprovalRequest) { r.Status.Phase = p }
}

func version(v string) func(*v1alpha1.ApprovalRequest) {
	return func(r *v1alpha1.ApprovalRequest) { r.ResourceVersion = v }
}

func ledger(entries ...v1alpha1.LedgerEntry) func(*v1alpha1.ApprovalRequest) {
	return func(r *v1alpha1.ApprovalRequest) { r.Status.Decisions = entries }
}

// round is what a scripted server says to one list and the watch after it.
type round struct {
	listErr  error
	items    []*v1alpha1.ApprovalRequest
	watchErr error
	events   []watch.Event
	// open keeps the watch open after its events.
	open bool
}

// script is a server that answers by rounds; the last one repeats.
type script struct {
	mu      sync.Mutex
	rounds  []round
	lists   int
	options []metav1.ListOptions
}

func (s *script) Get(_ context.Context, name string, _ metav1.GetOptions) (*v1alpha1.ApprovalRequest, error) {
	return nil, apierrors.NewNotFound(v1alpha1.Resource("approvalrequests"), name)
}

func (s *script) now() round { return s.rounds[min(s.lists, len(s.rounds))-1] }

func (s *script) List(_ context.Context, opts metav1.ListOptions) (*v1alpha1.ApprovalRequestList, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	s.options = append(s.options, opts)
	list := &v1alpha1.ApprovalRequestList{ListMeta: metav1.ListMeta{ResourceVersion: "7"}}
	for _, r := range s.now().items {
		list.Items = append(list.Items, *r)
	}
	return list, s.now().listErr
}

func (s *script) Watch(_ context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.options = append(s.options, opts)
	r := s.now()
	if r.watchErr != nil {
		return nil, r.watchErr
	}
	w := watch.NewRaceFreeFake()
	for _, e := range r.events {
		w.Action(e.Type, e.Object)
	}
	if !r.open {
		w.Stop()
	}
	return w, nil
}
