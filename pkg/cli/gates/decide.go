package gates

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

const (
	hashLength  = 10
	nameLimit   = 253
	nameRetries = 8
	groupLimit  = 1024
)

// Decisions writes ApprovalDecisions of one namespace.
type Decisions interface {
	Create(ctx context.Context, d *v1alpha1.ApprovalDecision, opts metav1.CreateOptions) (*v1alpha1.ApprovalDecision, error)
	Get(ctx context.Context, name string, opts metav1.GetOptions) (*v1alpha1.ApprovalDecision, error)
}

// Vote is what somebody decides about a request.
type Vote struct {
	Request  *v1alpha1.ApprovalRequest
	Decision v1alpha1.DecisionKind
	Comment  string
	Caller   story.Caller
}

// Refuse says why a vote makes no sense, before anything is written.
func (v Vote) Refuse() error {
	pause := v.Request.Spec.Gate.Kind == v1alpha1.PauseKind
	if pause != (v.Decision == v1alpha1.DecisionResume) {
		article := "an"
		if pause {
			article = "a"
		}
		return fmt.Errorf("%s is %s %s: use %s", v.Request.Name, article, v.Request.Spec.Gate.Kind,
			strings.Join(story.Commands(v.Request), "  or  "))
	}
	if v.Request.Status.Phase.Final() {
		return fmt.Errorf("%s: %s; nothing is left to decide", v.Request.Name, story.Ended(v.Request))
	}
	return nil
}

// Earlier is the vote's own entry in the ledger, where a former try has counted.
func (v Vote) Earlier() *v1alpha1.LedgerEntry {
	for i := range v.Request.Status.Decisions {
		e := &v.Request.Status.Decisions[i]
		if e.Counted && e.Decider == v.Caller.Username && e.Decision == v.Decision {
			return e
		}
	}
	return nil
}

// Object is the ApprovalDecision of the vote. The same vote has the same name,
// so that a retry finds what the first try stored. Try is 0, unless an object
// of somebody else stands on the name.
func (v Vote) Object(try int) *v1alpha1.ApprovalDecision {
	r := v.Request
	return &v1alpha1.ApprovalDecision{
		ObjectMeta: metav1.ObjectMeta{
			Name:      v.name(try),
			Namespace: r.Namespace,
			Labels:    map[string]string{corbel.LabelRequest: r.Name},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: v1alpha1.APIVersion, Kind: "ApprovalRequest", Name: r.Name, UID: r.UID,
			}},
		},
		Spec: v1alpha1.ApprovalDecisionSpec{
			Request:  v1alpha1.RequestReference{Name: r.Name, UID: r.UID},
			Gate:     r.Spec.Gate,
			Decision: v.Decision,
			Comment:  v.Comment,
			Decider:  v1alpha1.Decider{Username: v.Caller.Username, Groups: v.Caller.Groups[:min(len(v.Caller.Groups), groupLimit)]},
		},
	}
}

func (v Vote) name(try int) string {
	key := fmt.Sprintf("%q %q %q", v.Caller.Username, v.Decision, v.Request.UID)
	if try > 0 {
		key += fmt.Sprintf(" %d", try)
	}
	sum := sha256.Sum256([]byte(key))
	head := v.Request.Name
	if limit := nameLimit - hashLength - 1; len(head) > limit {
		head = strings.TrimRight(head[:limit], "-.")
	}
	return head + "-" + hex.EncodeToString(sum[:])[:hashLength]
}

// Cast stores the vote. A vote that is stored already is returned as it is.
func Cast(ctx context.Context, decisions Decisions, v Vote) (*v1alpha1.ApprovalDecision, error) {
	for try := range nameRetries {
		want := v.Object(try)
		got, err := decisions.Create(ctx, want, metav1.CreateOptions{})
		if err == nil {
			return got, nil
		}
		if !apierrors.IsAlreadyExists(err) {
			return nil, story.Refusal(err, story.Permit(v.Request))
		}
		got, err = decisions.Get(ctx, want.Name, metav1.GetOptions{})
		if apierrors.IsForbidden(err) {
			return want, nil // the name says enough: it is made of the vote
		}
		if err != nil {
			return nil, fmt.Errorf("read the decision %s, which is stored already: %w", want.Name, err)
		}
		if v.same(got) {
			return got, nil
		}
	}
	return nil, errors.New("the names of this decision are taken by others; see: kubectl get approvaldecisions -n " + v.Request.Namespace)
}

// same tells whether an object is this vote, whatever its comment.
func (v Vote) same(d *v1alpha1.ApprovalDecision) bool {
	return d.Spec.Request.Name == v.Request.Name && d.Spec.Request.UID == v.Request.UID &&
		d.Spec.Gate == v.Request.Spec.Gate && d.Spec.Decision == v.Decision && d.Spec.Decider.Username == v.Caller.Username
}
