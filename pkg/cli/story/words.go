package story

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/output"
)

func name(s string) string { return output.Line(s) }

// names joins cleaned names, or says that there are none.
func names(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	clean := make([]string, len(list))
	for i, s := range list {
		clean[i] = name(s)
	}
	return strings.Join(clean, ", ")
}

func stamp(t metav1.Time) string { return t.UTC().Format(time.RFC3339) }

// ago is a moment with its distance from now.
func ago(t metav1.Time, now time.Time) string {
	if d := t.Sub(now); d > 0 {
		return fmt.Sprintf("%s (in %s)", stamp(t), duration.HumanDuration(d))
	}
	return fmt.Sprintf("%s (%s ago)", stamp(t), duration.HumanDuration(now.Sub(t.Time)))
}

// Gate names the definition of a request: "Approval/production", or the kind
// alone where the gate has no definition.
func Gate(r *v1alpha1.ApprovalRequest) string {
	g := r.Spec.Gate
	if g.Name == "" {
		return g.Kind
	}
	return g.Kind + "/" + g.Name
}

// Phase of a request; one that the controller has not met yet is pending.
func Phase(r *v1alpha1.ApprovalRequest) v1alpha1.RequestPhase {
	if r.Status.Phase == "" {
		return v1alpha1.PhasePending
	}
	return r.Status.Phase
}

// Progress is approvals counted and needed, such as "1/3". A Pause has none.
func Progress(r *v1alpha1.ApprovalRequest) string {
	if r.Status.Progress != "" || isPause(r) {
		return r.Status.Progress
	}
	var need int32
	for _, rule := range r.Spec.Rules {
		need += required(rule)
	}
	return fmt.Sprintf("0/%d", need)
}

func required(rule v1alpha1.ApprovalRule) int32 { return max(rule.Required, 1) }

// ruleName is a rule's name, or the one it has by its place, from 0.
func ruleName(rule v1alpha1.ApprovalRule, place int) string {
	if rule.Name != "" {
		return name(rule.Name)
	}
	return fmt.Sprintf("rule-%d", place+1)
}

// who says who may fill a rule.
func who(rule v1alpha1.ApprovalRule) string {
	users, groups := noun("user", rule.Users), noun("group", rule.Groups)
	switch {
	case users == "" && groups == "":
		return "anybody who holds the verb"
	case users == "":
		return groups
	case groups == "":
		return users
	}
	return users + " or " + groups
}

func noun(word string, list []string) string {
	switch len(list) {
	case 0:
		return ""
	case 1:
		return word + " " + name(list[0])
	}
	return word + "s " + names(list)
}

// waitingFor is the controller's sentence, without a verb in front.
func waitingFor(r *v1alpha1.ApprovalRequest) string {
	return strings.TrimPrefix(name(r.Status.WaitingFor), "waiting for ")
}

// approvers are those counted for the rule at a place.
func approvers(r *v1alpha1.ApprovalRequest, place int) []string {
	if place < len(r.Status.Rules) {
		return r.Status.Rules[place].Approvers
	}
	return nil
}

// Commands are what a person types to decide.
func Commands(r *v1alpha1.ApprovalRequest) []string {
	verbs := []string{"approve", "reject"}
	if isPause(r) {
		verbs = []string{"resume"}
	}
	for i, v := range verbs {
		verbs[i] = fmt.Sprintf("tkn corbel %s %s -n %s", v, r.Name, r.Namespace)
	}
	return verbs
}
