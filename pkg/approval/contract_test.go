package approval_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/approval"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind/gatekindtest"
)

func TestApprovalKeepsTheContract(t *testing.T) {
	customruntest.Contract(t, customruntest.Harness[approval.Spec, approval.World, approval.State]{
		KindName: v1alpha1.ApprovalKind,
		Open:     openApprovals,
		Waits:    gatekindtest.Param(approval.ParamApprovers, "alice", "bob"),
		Shapes: map[string]customruntest.Make{
			"by name":               gatekindtest.Ref("production"),
			"by parameters alone":   gatekindtest.Param(approval.ParamApprovers, "alice"),
			"embedded":              gatekindtest.Embed(`{"rules":[{"users":["alice","bob"]}],"description":"ship?"}`),
			"embedded, with a text": gatekindtest.All(gatekindtest.Embed(`{"rules":[{"users":["alice"]}]}`), gatekindtest.Text(approval.ParamDescription, "ship?")),
			"by name, with a text":  gatekindtest.All(gatekindtest.Ref("production"), gatekindtest.Text(approval.ParamDescription, "ship?"), gatekindtest.Text(approval.ParamTimeout, "2h")),
			"with nothing at all":   func(*v1beta1.CustomRun) {},
		},
		Missing: gatekindtest.Ref("no-such-approval"),
		Broken: map[string]customruntest.Make{
			"a number that is none":             gatekindtest.Text(approval.ParamRequired, "many"),
			"no approval required":              gatekindtest.Text(approval.ParamRequired, "0"),
			"more approvals than approvers":     gatekindtest.All(gatekindtest.Param(approval.ParamApprovers, "alice"), gatekindtest.Text(approval.ParamRequired, "2")),
			"an approver without a name":        gatekindtest.Param(approval.ParamApprovers, "group:"),
			"a timeout that is none":            gatekindtest.Text(approval.ParamTimeout, "soon"),
			"an embedded field that is unknown": gatekindtest.Embed(`{"ruls":[]}`),
			"an embedded spec that is a list":   gatekindtest.Embed(`[]`),
			"an embedded outcome that is none":  gatekindtest.Embed(`{"onReject":"Explode"}`),
			"approvers beside a definition":     gatekindtest.All(gatekindtest.Ref("production"), gatekindtest.Param(approval.ParamApprovers, "mallory")),
			"a text of 5000 bytes":              gatekindtest.Text(approval.ParamDescription, strings.Repeat("x", 5000)),
		},
		Params:  []string{approval.ParamApprovers, approval.ParamRequired, approval.ParamDescription, approval.ParamTimeout},
		Results: []string{approval.ResultDecision, approval.ResultApprovers, approval.ResultComments, approval.ResultRequest},
		Lists:   []string{approval.ResultApprovers},
	})
}

func openApprovals(at clock.PassiveClock) customruntest.Outside[approval.Spec, approval.World, approval.State] {
	s := gatekindtest.NewRequests(at)
	return customruntest.Outside[approval.Spec, approval.World, approval.State]{
		Kind: &approval.Kind{Sources: gatekind.Sources[v1alpha1.Approval]{
			Kind: v1alpha1.ApprovalKind, Definitions: production{}, Requests: s,
		}},
		Succeed: func(run *v1beta1.CustomRun) { s.Decide(run, "alice", v1alpha1.DecisionApprove, "[\"fine\"]") },
		Fail:    func(run *v1beta1.CustomRun) { s.Decide(run, "bob", v1alpha1.DecisionReject, "no") },
		Flood: func(run *v1beta1.CustomRun) {
			for i := range 500 {
				s.Decide(run, fmt.Sprintf("mallory-%d", i), v1alpha1.DecisionApprove, strings.Repeat("x", 1024))
			}
			s.Decide(run, "alice", v1alpha1.DecisionApprove, strings.Repeat("界", 340))
		},
		Effects: s.Effects,
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
