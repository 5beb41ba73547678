package story

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestAnAnswerOfAdmissionIsOneSentenceWithItsMend(t *testing.T) {
	resource := v1alpha1.Resource("approvaldecisions")
	policy := "ValidatingAdmissionPolicy 'corbel-decision-identity' with binding 'corbel-decision-identity' denied request: "
	cases := map[string]struct {
		err  error
		want string
	}{
		"the policy misses the verb": {
			apierrors.NewForbidden(resource, "sign-off-1", errors.New(policy+"spec.gate: bob does not hold the verb approve on approvals.corbel.dev/production in namespace ci")),
			"the decision was refused: spec.gate: bob does not hold the verb approve on approvals.corbel.dev/production in namespace ci; check: kubectl auth can-i approve approvals.corbel.dev/production -n ci",
		},
		"the policy finds another name": {
			apierrors.NewForbidden(resource, "sign-off-1", errors.New(policy+"spec.decider.username: is alice but you are bob.")),
			"the decision was refused: spec.decider.username: is alice but you are bob",
		},
		"a webhook refuses": {
			apierrors.NewBadRequest(`admission webhook "w.corbel.dev" denied the request: spec is odd`),
			"the decision was refused: spec is odd",
		},
		"RBAC refuses": {
			apierrors.NewForbidden(resource, "", errors.New(`User "bob" cannot create resource`)),
			"the decision was refused: you may not create ApprovalDecisions in namespace ci; check: kubectl auth can-i create approvaldecisions.corbel.dev -n ci",
		},
		"the schema refuses": {
			apierrors.NewInvalid(v1alpha1.Kind("ApprovalDecision"), "sign-off-1", field.ErrorList{field.TooLong(field.NewPath("spec", "comment"), "", 1024), field.Invalid(nil, nil, "some rules were not checked")}),
			"the decision was refused: spec.comment: Too long: may not be more than 1024 bytes",
		},
		"anything else passes": {errors.New("connection refused"), "connection refused"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Refusal(c.err, Permit(twoRules())).Error(); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAnAPIThatIsNotServedIsToldFromAnObjectThatIsNotThere(t *testing.T) {
	resource := v1alpha1.Resource("approvalrequests")
	if NotServed(apierrors.NewNotFound(resource, "x")) {
		t.Error("an object that is not there was taken for an API that is not served")
	}
	absent := apierrors.NewGenericServerResponse(404, "GET", resource, "x", "404 page not found", 0, true)
	if !NotServed(absent) {
		t.Errorf("an API that is not served was not seen: %v", absent)
	}
	if NotServed(&apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonForbidden}}) {
		t.Error("Forbidden was taken for an API that is not served")
	}
}
