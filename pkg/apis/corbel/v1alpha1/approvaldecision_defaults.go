package v1alpha1

import (
	"context"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
)

// approvalRequestKind is the kind of the owner of every decision.
const approvalRequestKind = "ApprovalRequest"

// maxDeciderGroups is how many groups a decision can carry.
const maxDeciderGroups = 1024

// RequestLookup finds an ApprovalRequest, or returns nil when there is none that
// the caller can read.
type RequestLookup func(ctx context.Context, namespace, name string) *ApprovalRequest

type requestLookupKey struct{}

// WithRequestLookup gives SetDefaults of an ApprovalDecision a way to find its request.
func WithRequestLookup(ctx context.Context, lookup RequestLookup) context.Context {
	return context.WithValue(ctx, requestLookupKey{}, lookup)
}

// SetDefaults fills what a person leaves out of a new decision: who decides, the
// request's UID and gate, and the link by which the decision is deleted with its
// request. What is given is never changed: admission judges it.
func (d *ApprovalDecision) SetDefaults(ctx context.Context) {
	if !apis.IsInCreate(ctx) {
		return
	}
	if user := apis.GetUserInfo(ctx); user != nil {
		d.Spec.Decider.setDefaults(user)
	}
	d.setRequestLabel()
	lookup, ok := ctx.Value(requestLookupKey{}).(RequestLookup)
	if !ok || d.Spec.Request.Name == "" {
		return
	}
	if request := lookup(ctx, d.Namespace, d.Spec.Request.Name); request != nil {
		d.setRequest(request)
	}
}

func (d *Decider) setDefaults(user *authenticationv1.UserInfo) {
	if d.Username != "" || len(d.Groups) > 0 {
		return
	}
	d.Username = user.Username
	d.Groups = slices.Clone(user.Groups[:min(len(user.Groups), maxDeciderGroups)])
}

// setRequestLabel leaves the label out where the name is too long for one.
func (d *ApprovalDecision) setRequestLabel() {
	name := d.Spec.Request.Name
	if _, given := d.Labels[corbel.LabelRequest]; given || name == "" || len(validation.IsValidLabelValue(name)) > 0 {
		return
	}
	if d.Labels == nil {
		d.Labels = map[string]string{}
	}
	d.Labels[corbel.LabelRequest] = name
}

// setRequest leaves a decision alone that names another request of the same name.
func (d *ApprovalDecision) setRequest(request *ApprovalRequest) {
	if d.Spec.Request.UID != "" && d.Spec.Request.UID != request.UID {
		return
	}
	d.Spec.Request.UID = request.UID
	if d.Spec.Gate == (GateReference{}) {
		d.Spec.Gate = request.Spec.Gate
	}
	if len(d.OwnerReferences) == 0 {
		d.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: APIVersion,
			Kind:       approvalRequestKind,
			Name:       request.Name,
			UID:        request.UID,
		}}
	}
}
