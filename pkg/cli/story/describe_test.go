package story

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestARowTellsOneRequest(t *testing.T) {
	short := []string{
		"sign-off", "Approval/production", "release-42", "sign-off", "Pending", "1/3",
		"1 more from group release; 1 more from user carol, group se…", "5m",
	}
	wide := append([]string{"ci"}, short...)
	wide[7] = "1 more from group release; 1 more from user carol, group security"
	wide = append(wide, "release-42-sign-off", "2026-03-04T13:00:00Z", "Release 1.2 to production")
	cases := map[string]struct {
		columns Columns
		request *v1alpha1.ApprovalRequest
		want    []string
	}{
		"an Approval":                      {Columns{}, twoRules(), short},
		"an Approval, wide and everywhere": {Columns{Namespace: true, Wide: true}, twoRules(), wide},
		"a Pause without a definition":     {Columns{}, paused(), []string{"soak", "Pause", "", "", "Pending", "", "somebody who may resume", "5m"}},
		"one that the controller has not met": {Columns{}, twoRules(func(r *v1alpha1.ApprovalRequest) {
			r.Status = v1alpha1.ApprovalRequestStatus{}
		}), []string{"sign-off", "Approval/production", "release-42", "sign-off", "Pending", "0/3", "", "5m"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := c.columns.Row(c.request, noon)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(got) != len(c.columns.Header()) {
				t.Errorf("%d cells under %d headers", len(got), len(c.columns.Header()))
			}
		})
	}
}

func TestThePermitIsNotOfferedForARequestThatHasEnded(t *testing.T) {
	want := [][]string{{"Verb:", "approve on approvals.corbel.dev/production"}}
	if diff := cmp.Diff(want, permitFields(twoRules(ended(v1alpha1.PhaseApproved, "")))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
