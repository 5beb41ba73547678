package v1alpha1

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
)

var (
	alice = &authenticationv1.UserInfo{Username: "alice", Groups: []string{"release", "oidc:devs"}}
	gate  = GateReference{Kind: ApprovalKind, Name: "production"}
)

func creating(t *testing.T, user *authenticationv1.UserInfo) context.Context {
	t.Helper()
	ctx := apis.WithUserInfo(apis.WithinCreate(t.Context()), user)
	return WithRequestLookup(ctx, func(_ context.Context, namespace, name string) *ApprovalRequest {
		if namespace != "shop" || name != "sign-off" {
			return nil
		}
		return &ApprovalRequest{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, UID: "uid-1"},
			Spec:       ApprovalRequestSpec{Gate: gate},
		}
	})
}

func decisionAbout(request RequestReference) *ApprovalDecision {
	return &ApprovalDecision{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop"},
		Spec:       ApprovalDecisionSpec{Request: request, Decision: DecisionApprove},
	}
}

func TestDecisionDefaults(t *testing.T) {
	owners := []metav1.OwnerReference{{APIVersion: APIVersion, Kind: "ApprovalRequest", Name: "sign-off", UID: "uid-1"}}
	labels := map[string]string{corbel.LabelRequest: "sign-off"}
	all := Decider{Username: "alice", Groups: []string{"release", "oidc:devs"}}
	for name, test := range map[string]struct {
		change func(*ApprovalDecision) // from a decision that names its request only
		want   func(*ApprovalDecision) // from a decision with all of it filled in
	}{
		"everything is left out": {func(*ApprovalDecision) {}, func(*ApprovalDecision) {}},
		"a decider is given":     {func(d *ApprovalDecision) { d.Spec.Decider.Username = "mallory" }, func(d *ApprovalDecision) { d.Spec.Decider = Decider{Username: "mallory"} }},
		"groups alone are given": {func(d *ApprovalDecision) { d.Spec.Decider.Groups = []string{"x"} }, func(d *ApprovalDecision) { d.Spec.Decider = Decider{Groups: []string{"x"}} }},
		"another gate is given":  {func(d *ApprovalDecision) { d.Spec.Gate = GateReference{Kind: PauseKind} }, func(d *ApprovalDecision) { d.Spec.Gate = GateReference{Kind: PauseKind} }},
		"the right UID is given": {func(d *ApprovalDecision) { d.Spec.Request.UID = "uid-1" }, func(*ApprovalDecision) {}},
		"the UID of another is given": {func(d *ApprovalDecision) { d.Spec.Request.UID = "uid-0" }, func(d *ApprovalDecision) {
			d.Spec.Request.UID, d.Spec.Gate, d.OwnerReferences = "uid-0", GateReference{}, nil
		}},
		"another label is given": {func(d *ApprovalDecision) { d.Labels = map[string]string{corbel.LabelRequest: "x"} }, func(d *ApprovalDecision) { d.Labels = map[string]string{corbel.LabelRequest: "x"} }},
		"the request does not exist": {func(d *ApprovalDecision) { d.Spec.Request.Name = "x" }, func(d *ApprovalDecision) {
			*d = *decisionAbout(RequestReference{Name: "x"})
			d.Spec.Decider = all
			d.Labels = map[string]string{corbel.LabelRequest: "x"}
		}},
		"the request has no name": {func(d *ApprovalDecision) { d.Spec.Request.Name = "" }, func(d *ApprovalDecision) { *d = *decisionAbout(RequestReference{}); d.Spec.Decider = all }},
		"the name is too long to be one": {func(d *ApprovalDecision) { d.Spec.Request.Name = strings.Repeat("x", 64) }, func(d *ApprovalDecision) {
			*d = *decisionAbout(RequestReference{Name: strings.Repeat("x", 64)})
			d.Spec.Decider = all
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := decisionAbout(RequestReference{Name: "sign-off"})
			test.change(got)
			got.SetDefaults(creating(t, alice))
			want := decisionAbout(RequestReference{Name: "sign-off", UID: "uid-1"})
			want.Labels, want.OwnerReferences, want.Spec.Gate, want.Spec.Decider = labels, owners, gate, all
			test.want(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again := got.DeepCopy()
			again.SetDefaults(creating(t, alice))
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("a second time changes it (-first +second):\n%s", diff)
			}
		})
	}
}

func TestDecisionDefaultsLeaveAStoredDecisionAlone(t *testing.T) {
	ctx := apis.WithUserInfo(apis.WithinUpdate(t.Context(), &ApprovalDecision{}), alice)
	got := decisionAbout(RequestReference{Name: "sign-off"})
	got.SetDefaults(ctx)
	if diff := cmp.Diff(decisionAbout(RequestReference{Name: "sign-off"}), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecisionDefaultsKeepWhatFits(t *testing.T) {
	member := &authenticationv1.UserInfo{Username: "carol"}
	for i := range 1500 {
		member.Groups = append(member.Groups, fmt.Sprintf("group-%d", i))
	}
	got := decisionAbout(RequestReference{Name: "sign-off"})
	got.SetDefaults(creating(t, member))
	if diff := cmp.Diff(member.Groups[:1024], got.Spec.Decider.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}
