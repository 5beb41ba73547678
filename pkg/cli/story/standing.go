package story

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/gate"
)

const serviceAccountPrefix = "system:serviceaccount:"

// Caller is a user as the API server knows him.
type Caller struct {
	Username string
	Groups   []string
}

// Question is one check of a verb on an object of the group corbel.dev.
type Question struct {
	Namespace, Verb, Resource, Name string
}

// Object names what the verb is checked on, as kubectl writes it.
func (q Question) Object() string {
	return q.Resource + "." + corbel.GroupName + "/" + q.Name
}

// CanI is the command that answers the question.
func (q Question) CanI() string {
	return fmt.Sprintf("kubectl auth can-i %s %s -n %s", q.Verb, q.Object(), q.Namespace)
}

// Permit is the question that a person needs answered with yes in order to decide:
// the verb on the definition, or on the request where the gate has none.
func Permit(r *v1alpha1.ApprovalRequest) Question {
	q := Question{Namespace: r.Namespace, Verb: corbel.VerbApprove, Resource: "approvals", Name: r.Spec.Gate.Name}
	if isPause(r) {
		q.Verb, q.Resource = corbel.VerbResume, "pauses"
	}
	if q.Name == "" {
		q.Resource, q.Name = "approvalrequests", r.Name
	}
	return q
}

// Permits are all questions for one caller; a ServiceAccount has two.
func Permits(r *v1alpha1.ApprovalRequest, c Caller) []Question {
	q := Permit(r)
	if !strings.HasPrefix(c.Username, serviceAccountPrefix) {
		return []Question{q}
	}
	machine := q
	machine.Verb = corbel.VerbApproveAsMachine
	if isPause(r) {
		machine.Verb = corbel.VerbResumeAsMachine
	}
	return []Question{q, machine}
}

// Standing is what is known of somebody who may want to decide.
type Standing struct {
	Caller
	// Denied are those of Permits that the API server answered with no.
	Denied []Question
}

// ObstacleReason says why somebody cannot decide.
type ObstacleReason string

// Reasons why somebody cannot decide.
const (
	ObstacleEnded       ObstacleReason = "Ended"
	ObstacleDeadline    ObstacleReason = "DeadlinePassed"
	ObstacleVerb        ObstacleReason = "NoVerb"
	ObstacleNotEligible ObstacleReason = "NotEligible"
	ObstacleDecided     ObstacleReason = "AlreadyDecided"
	ObstacleNotNeeded   ObstacleReason = "NotNeeded"
)

// Obstacle is one thing that keeps somebody from deciding.
type Obstacle struct {
	Reason  ObstacleReason
	Message string
}

// Obstacles lists what keeps somebody from deciding about a request. Without
// any, a decision counts.
func Obstacles(r *v1alpha1.ApprovalRequest, s Standing, now time.Time) []Obstacle {
	if r.Status.Phase.Final() {
		return []Obstacle{{ObstacleEnded, "the request has ended as " + string(r.Status.Phase)}}
	}
	var found []Obstacle
	if d := r.Spec.Deadline; d != nil && !now.Before(d.Time) {
		found = append(found, Obstacle{ObstacleDeadline, "the deadline passed at " + stamp(*d)})
	}
	for _, q := range s.Denied {
		found = append(found, Obstacle{ObstacleVerb, fmt.Sprintf("the verb %s on %s in namespace %s is not yours; check: %s",
			q.Verb, q.Object(), q.Namespace, q.CanI())})
	}
	if !eligibleForAny(r, s.Caller) {
		found = append(found, Obstacle{ObstacleNotEligible, fmt.Sprintf("no rule names %s or a group of yours (%s)",
			name(s.Username), names(s.Groups))})
	}
	return append(found, votes(r, s.Caller, now)...)
}

// votes says what of the earlier decisions makes another approval void.
func votes(r *v1alpha1.ApprovalRequest, c Caller, now time.Time) []Obstacle {
	if e := countedOf(r, c.Username); e != nil {
		return []Obstacle{{ObstacleDecided, fmt.Sprintf("you have decided already: %s at %s%s%s",
			e.Decision, stamp(e.Time), forRule(*e), stillReject)}}
	}
	if isPause(r) {
		return nil
	}
	switch forecast(r, c, now) {
	case v1alpha1.ReasonNotNeeded:
		return []Obstacle{{ObstacleNotNeeded, "the rules that you can fill are filled, and nobody there can be moved" + stillReject}}
	case v1alpha1.ReasonDuplicate:
		return []Obstacle{{ObstacleDecided, "you have approved already, and the rules that you can fill are filled by others" + stillReject}}
	default:
		return nil
	}
}

const stillReject = "; while the gate waits you can still reject"

// forecast says what the ledger would make of an approval by the caller.
func forecast(r *v1alpha1.ApprovalRequest, c Caller, now time.Time) v1alpha1.LedgerReason {
	const uid = "forecast"
	vote := &v1alpha1.ApprovalDecision{
		ObjectMeta: metav1.ObjectMeta{UID: uid, CreationTimestamp: metav1.NewTime(now)},
		Spec: v1alpha1.ApprovalDecisionSpec{
			Request:  v1alpha1.RequestReference{Name: r.Name, UID: r.UID},
			Gate:     r.Spec.Gate,
			Decision: v1alpha1.DecisionApprove,
			Decider:  v1alpha1.Decider{Username: c.Username, Groups: c.Groups},
		},
	}
	for _, e := range gate.Count(r, []*v1alpha1.ApprovalDecision{vote}).Decisions {
		if e.UID == uid {
			return e.Reason
		}
	}
	return ""
}

func eligibleForAny(r *v1alpha1.ApprovalRequest, c Caller) bool {
	if len(r.Spec.Rules) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Spec.Rules, func(rule v1alpha1.ApprovalRule) bool {
		return gate.Eligible(rule, c.Username, c.Groups)
	})
}

// countedOf finds the decision of a user that counts.
func countedOf(r *v1alpha1.ApprovalRequest, username string) *v1alpha1.LedgerEntry {
	for i := range r.Status.Decisions {
		if e := &r.Status.Decisions[i]; e.Counted && e.Decider == username {
			return e
		}
	}
	return nil
}

func isPause(r *v1alpha1.ApprovalRequest) bool { return r.Spec.Gate.Kind == v1alpha1.PauseKind }

func forRule(e v1alpha1.LedgerEntry) string {
	if e.Rule == "" {
		return ""
	}
	return ", counted for rule " + name(e.Rule)
}
