package admission_test

import (
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func can(t *testing.T, who actor, want authorizationv1.ResourceAttributes) bool {
	t.Helper()
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &want}}
	review, err := who.kube.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}

func TestWhatTheRolesForPeopleGive(t *testing.T) {
	ns := namespace(t)
	for name, role := range map[string]string{"viewer": "view", "editor": "edit", "owner": "admin", "approver": "corbel-approver", "resumer": "corbel-resumer"} {
		bindRole(t, ns, name, role)
	}
	for _, test := range []struct {
		verb, resource string
		allowed        string // who may; nobody else may
	}{
		{"list", "approvals", "viewer editor owner approver resumer"},
		{"watch", "approvalrequests", "viewer editor owner approver resumer"},
		{"list", "approvaldecisions", "viewer editor owner approver resumer"},
		{"create", "approvals", "editor owner"},
		{"delete", "pauses", "editor owner"},
		{"create", "approvaldecisions", "editor owner approver resumer"},
		{"update", "approvaldecisions", ""},
		{"delete", "approvaldecisions", ""},
		{"create", "approvalrequests", ""},
		{"patch", "approvalrequests", ""},
		{"delete", "approvalrequests", ""},
		{"approve", "approvals", "approver"},
		{"approve", "approvalrequests", "approver"},
		{"resume", "pauses", "resumer"},
		{"resume", "approvalrequests", "resumer"},
		{"resume", "approvals", ""},
		{"approve-as-machine", "approvals", ""},
		{"resume-as-machine", "pauses", ""},
	} {
		for _, name := range []string{"viewer", "editor", "owner", "approver", "resumer"} {
			t.Run(name+" "+test.verb+" "+test.resource, func(t *testing.T) {
				got := can(t, user(t, name), authorizationv1.ResourceAttributes{Namespace: ns, Verb: test.verb, Group: "corbel.dev", Resource: test.resource, Name: "x"})
				if want := isAmong(name, test.allowed); got != want {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}

func TestTheProgramsMayDoNoMoreThanTheyNeed(t *testing.T) {
	ns := namespace(t)
	webhook := serviceAccount(t, systemNamespace, "corbel-webhook")
	for name, test := range map[string]struct {
		who  actor
		what authorizationv1.ResourceAttributes
		want bool
	}{
		"the webhook reads its certificate":           {webhook, authorizationv1.ResourceAttributes{Namespace: systemNamespace, Verb: "get", Resource: "secrets", Name: "corbel-webhook-certs"}, true},
		"the webhook reads another secret":            {webhook, authorizationv1.ResourceAttributes{Namespace: systemNamespace, Verb: "get", Resource: "secrets", Name: "host-key"}, false},
		"the webhook lists the secrets":               {webhook, authorizationv1.ResourceAttributes{Namespace: systemNamespace, Verb: "list", Resource: "secrets"}, false},
		"the webhook changes another webhook":         {webhook, authorizationv1.ResourceAttributes{Verb: "update", Group: "admissionregistration.k8s.io", Resource: "mutatingwebhookconfigurations", Name: "webhook.pipeline.tekton.dev"}, false},
		"the webhook writes a request":                {webhook, authorizationv1.ResourceAttributes{Namespace: ns, Verb: "update", Group: "corbel.dev", Resource: "approvalrequests"}, false},
		"the controller writes an outcome":            {controller(t), authorizationv1.ResourceAttributes{Namespace: ns, Verb: "patch", Group: "tekton.dev", Resource: "customruns", Subresource: "status"}, true},
		"the controller edits a run":                  {controller(t), authorizationv1.ResourceAttributes{Namespace: ns, Verb: "update", Group: "tekton.dev", Resource: "customruns"}, false},
		"the controller makes a decision":             {controller(t), authorizationv1.ResourceAttributes{Namespace: ns, Verb: "create", Group: "corbel.dev", Resource: "approvaldecisions"}, false},
		"the controller approves":                     {controller(t), authorizationv1.ResourceAttributes{Namespace: ns, Verb: "approve", Group: "corbel.dev", Resource: "approvals"}, false},
		"the controller reads a secret":               {controller(t), authorizationv1.ResourceAttributes{Namespace: ns, Verb: "get", Resource: "secrets"}, false},
		"anybody with an account reads the version":   {user(t, "zoe"), authorizationv1.ResourceAttributes{Namespace: systemNamespace, Verb: "get", Resource: "configmaps", Name: "corbel-info"}, true},
		"anybody with an account reads other configs": {user(t, "zoe"), authorizationv1.ResourceAttributes{Namespace: systemNamespace, Verb: "get", Resource: "configmaps", Name: "config-logging"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := can(t, test.who, test.what); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func isAmong(name, names string) bool {
	return slices.Contains(strings.Fields(names), name)
}
