package approval_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/approval"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
	"github.com/corbel-dev/corbel/pkg/gate"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

func TestApprovalKeepsTheContract(t *testing.T) {
	customruntest.Contract(t, customruntest.Harness[approval.Spec, approval.World, approval.State]{
		KindName: v1alpha1.ApprovalKind,
		Open:     openApprovals,
		Waits:    param(approval.ParamApprovers, "alice", "bob"),
		Shapes: map[string]customruntest.Make{
			"by name":               ref("production"),
			"by parameters alone":   param(approval.ParamApprovers, "alice"),
			"embedded":              embed(`{"rules":[{"users":["alice","bob"]}],"description":"ship?"}`),
			"embedded, with a text": all(embed(`{"rules":[{"users":["alice"]}]}`), text(approval.ParamDescription, "ship?")),
			"by name, with a text":  all(ref("production"), text(approval.ParamDescription, "ship?"), text(approval.ParamTimeout, "2h")),
			"with nothing at all":   func(*v1beta1.CustomRun) {},
		},
		Missing: ref("no-such-approval"),
		Broken: map[string]customruntest.Make{
			"a number that is none":             text(approval.ParamRequired, "many"),
			"no approval required":              text(approval.ParamRequired, "0"),
			"more approvals than approvers":     all(param(approval.ParamApprovers, "alice"), text(approval.ParamRequired, "2")),
			"an approver without a name":        param(approval.ParamApprovers, "group:"),
			"a timeout that is none":            text(approval.ParamTimeout, "soon"),
			"an embedded field that is unknown": embed(`{"ruls":[]}`),
			"an embedded spec that is a list":   embed(`[]`),
			"an embedded outcome that is none":  embed(`{"onReject":"Explode"}`),
			"approvers beside a definition":     all(ref("production"), param(approval.ParamApprovers, "mallory")),
			"a text of 5000 bytes":              text(approval.ParamDescription, strings.Repeat("x", 5000)),
		},
		Params:  []string{approval.ParamApprovers, approval.ParamRequired, approval.ParamDescription, approval.ParamTimeout},
		Results: []string{approval.ResultDecision, approval.ResultApprovers, approval.ResultComments, approval.ResultRequest},
		Lists:   []string{approval.ResultApprovers},
	})
}

func openApprovals(at clock.PassiveClock) customruntest.Outside[approval.Spec, approval.World, approval.State] {
	s := &requests{clock: at, open: map[string]*v1alpha1.ApprovalRequest{}}
	return customruntest.Outside[approval.Spec, approval.World, approval.State]{
		Kind: &approval.Kind{Sources: gatekind.Sources[v1alpha1.Approval]{
			Kind: v1alpha1.ApprovalKind, Definitions: production{}, Requests: s,
		}},
		Succeed: func(run *v1beta1.CustomRun) { s.decide(run, "alice", v1alpha1.DecisionApprove, "[\"fine\"]") },
		Fail:    func(run *v1beta1.CustomRun) { s.decide(run, "bob", v1alpha1.DecisionReject, "no") },
		Flood: func(run *v1beta1.CustomRun) {
			for i := range 500 {
				s.decide(run, fmt.Sprintf("mallory-%d", i), v1alpha1.DecisionApprove, strings.Repeat("x", 1024))
			}
			s.decide(run, "alice", v1alpha1.DecisionApprove, strings.Repeat("界", 340))
		},
		Effects: s.effects,
	}
}

// production is the one definition there is.
type production struct{}

func (production) Get(_ context.Context, _, name string) (*v1alpha1.Approval, error) {
	if name != "production" {
		return nil, nil //nolint:nilnil // the interface says so: no definition is an answer
	}
	return &v1alpha1.Approval{Spec: v1alpha1.ApprovalSpec{Rules: []v1alpha1.ApprovalRule{{Users: []string{"alice", "bob"}}}}}, nil
}

// requests is the store of requests, with the ledger counted at once.
type requests struct {
	mu        sync.Mutex
	clock     clock.PassiveClock
	open      map[string]*v1alpha1.ApprovalRequest
	decisions int
}

func (s *requests) Get(_ context.Context, namespace, name string) (*v1alpha1.ApprovalRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[namespace+"/"+name].DeepCopy(), nil
}

func (s *requests) Open(_ context.Context, req *v1alpha1.ApprovalRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[req.Namespace+"/"+req.Name] == nil {
		stored := req.DeepCopy()
		stored.UID = types.UID("uid-of-" + req.Name)
		s.open[req.Namespace+"/"+req.Name] = stored
	}
	return nil
}

func (s *requests) Close(_ context.Context, namespace, name string, phase v1alpha1.RequestPhase) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req := s.open[namespace+"/"+name]; req != nil {
		req.Status = gate.Close(req, nil, phase, metav1.Time{Time: s.clock.Now()})
	}
	return nil
}

// decide enters a decision about the open requests of a run.
func (s *requests) decide(run *v1beta1.CustomRun, who string, what v1alpha1.DecisionKind, comment string) {
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

func (s *requests) effects() []customruntest.Effect {
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

func ref(name string) customruntest.Make {
	return func(run *v1beta1.CustomRun) { run.Spec.CustomRef.Name = name }
}

func param(name string, values ...string) customruntest.Make {
	return give(name, v1beta1.ParamValue{Type: v1beta1.ParamTypeArray, ArrayVal: values})
}

func text(name, value string) customruntest.Make {
	return give(name, v1beta1.ParamValue{Type: v1beta1.ParamTypeString, StringVal: value})
}

func give(name string, value v1beta1.ParamValue) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		run.Spec.Params = append(run.Spec.Params, v1beta1.Param{Name: name, Value: value})
	}
}

func embed(spec string) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		run.Spec.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{
			TypeMeta: runtime.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: string(run.Spec.CustomRef.Kind)},
			Spec:     runtime.RawExtension{Raw: []byte(spec)},
		}
		run.Spec.CustomRef = nil
	}
}

func all(makes ...customruntest.Make) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		for _, m := range makes {
			m(run)
		}
	}
}
