package gatekindtest

import (
	"context"
	"fmt"
	"sync"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
	"github.com/corbel-dev/corbel/pkg/gate"
)

// Requests is the store of requests, with the ledger counted at once.
type Requests struct {
	mu        sync.Mutex
	clock     clock.PassiveClock
	open      map[string]*v1alpha1.ApprovalRequest
	decisions int
}

// NewRequests makes an empty store.
func NewRequests(at clock.PassiveClock) *Requests {
	return &Requests{clock: at, open: map[string]*v1alpha1.ApprovalRequest{}}
}

// Get returns a request, or nil where there is none.
func (s *Requests) Get(_ context.Context, namespace, name string) (*v1alpha1.ApprovalRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[namespace+"/"+name].DeepCopy(), nil
}

// Open creates a request; one that is there already stays.
func (s *Requests) Open(_ context.Context, req *v1alpha1.ApprovalRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[req.Namespace+"/"+req.Name] == nil {
		stored := req.DeepCopy()
		stored.UID = types.UID("uid-of-" + req.Name)
		s.open[req.Namespace+"/"+req.Name] = stored
	}
	return nil
}

// Close ends a request that no decision has ended.
func (s *Requests) Close(_ context.Context, namespace, name string, phase v1alpha1.RequestPhase) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req := s.open[namespace+"/"+name]; req != nil {
		req.Status = gate.Close(req, nil, phase, metav1.Time{Time: s.clock.Now()})
	}
	return nil
}

// Decide enters a decision about the open requests of a run.
func (s *Requests) Decide(run *v1beta1.CustomRun, who string, what v1alpha1.DecisionKind, comment string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, req := range s.open {
		if req.Spec.Subject.UID != run.UID || req.Status.Phase.Final() {
			continue
		}
		s.decisions++
		d := &v1alpha1.ApprovalDecision{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("d-%d", s.decisions), UID: types.UID(fmt.Sprintf("uid-%d", s.decisions)),
			CreationTimestamp: metav1.Time{Time: s.clock.Now()},
		}}
		d.Spec.Request = v1alpha1.RequestReference{Name: req.Name, UID: req.UID}
		d.Spec.Gate, d.Spec.Decision, d.Spec.Comment = req.Spec.Gate, what, comment
		d.Spec.Decider.Username = who
		req.Status = gate.Count(req, []*v1alpha1.ApprovalDecision{d})
	}
}

// Effects lists what was opened, for the contract suite.
func (s *Requests) Effects() []customruntest.Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []customruntest.Effect
	for _, req := range s.open {
		out = append(out, customruntest.Effect{
			Name: req.Name, Run: req.Spec.Subject.UID, Attempt: int(req.Spec.Subject.Attempt), Open: !req.Status.Phase.Final(),
		})
	}
	return out
}
