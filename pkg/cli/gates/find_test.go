package gates

import (
	"errors"
	"testing"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestANameMeansTheOneRequestThatIsPending(t *testing.T) {
	done := phase(v1alpha1.PhaseApproved)
	cases := map[string]struct {
		list []v1alpha1.ApprovalRequest
		name string
		want string
	}{
		"of a CustomRun":                     {[]v1alpha1.ApprovalRequest{*request("a"), *request("b")}, "b-run", "b"},
		"of a PipelineRun":                   {[]v1alpha1.ApprovalRequest{*request("a")}, "release-42", "a"},
		"of a PipelineRun with ended ones":   {[]v1alpha1.ApprovalRequest{*request("a", done), *request("b")}, "release-42", "b"},
		"or the one that ended, if it is so": {[]v1alpha1.ApprovalRequest{*request("a", done)}, "release-42", "a"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := choose(c.list, "ci", c.name)
			if err != nil {
				t.Fatal(err)
			}
			if got.Name != c.want {
				t.Errorf("got %s, want %s", got.Name, c.want)
			}
		})
	}
}

func TestANameThatMeansNoneOrSeveralIsRefusedWithTheCandidates(t *testing.T) {
	done := phase(v1alpha1.PhaseApproved)
	cases := map[string]struct {
		list []v1alpha1.ApprovalRequest
		want string
	}{
		"several are pending": {
			[]v1alpha1.ApprovalRequest{*request("b"), *request("a"), *request("c", done)},
			"release-42 has 2 pending requests, name one of them: a (Approval/production, task a, Pending), b (Approval/production, task b, Pending)",
		},
		"several have ended": {
			[]v1alpha1.ApprovalRequest{*request("b", done), *request("a", done)},
			"release-42 has no pending request; ended ones: a (Approval/production, task a, Approved), b (Approval/production, task b, Approved)",
		},
		"there are none": {
			nil,
			"nothing found for release-42: no ApprovalRequest, CustomRun or PipelineRun of that name has a request in namespace ci; see: tkn corbel approvals --all -n ci",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := choose(c.list, "ci", "release-42")
			if err == nil || err.Error() != c.want {
				t.Errorf("\n got %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestFindingByRunSaysWhyItCannotLook(t *testing.T) {
	refused := errors.New("connection refused")
	_, err := Find(t.Context(), &script{rounds: []round{{listErr: refused}}}, "ci", "x")
	if !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
}
