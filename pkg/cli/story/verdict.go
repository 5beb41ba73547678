package story

import (
	"fmt"
	"strings"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

var pastTense = map[v1alpha1.DecisionKind]string{
	v1alpha1.DecisionApprove: "Approved",
	v1alpha1.DecisionReject:  "Rejected",
	v1alpha1.DecisionResume:  "Resumed",
}

// Counted says what a decision that counts has done.
func Counted(r *v1alpha1.ApprovalRequest, e v1alpha1.LedgerEntry) string {
	text := fmt.Sprintf("%s %s: counted", pastTense[e.Decision], r.Name)
	if e.Rule != "" {
		text += " for rule " + name(e.Rule)
	}
	if p := Progress(r); p != "" && e.Decision == v1alpha1.DecisionApprove {
		text += " (" + p + ")"
	}
	return text + "; " + Outcome(r)
}

// Outcome says where the request stands now.
func Outcome(r *v1alpha1.ApprovalRequest) string {
	switch Phase(r) {
	case v1alpha1.PhasePending:
		if waitingFor(r) == "" {
			return "still waiting"
		}
		return "waiting for " + waitingFor(r)
	case v1alpha1.PhaseApproved:
		return "the gate is open"
	case v1alpha1.PhaseRejected:
		return "the gate is closed"
	case v1alpha1.PhaseResumed:
		return "the run goes on"
	default:
		return Ended(r)
	}
}

// Ended says how a request ended, with the controller's own sentence.
func Ended(r *v1alpha1.ApprovalRequest) string {
	text := "the request has ended as " + string(Phase(r))
	if m := name(r.Status.Message); m != "" {
		text += " (" + strings.TrimSuffix(m, ".") + ")"
	}
	return text
}

// NotCounted says why a decision does not count and what mends it.
func NotCounted(r *v1alpha1.ApprovalRequest, e v1alpha1.LedgerEntry) string {
	return fmt.Sprintf("Not counted: %s - %s; %s", e.Reason, because(r, e), mend(r, e.Reason))
}

// because says what a reason in the ledger means for this request.
func because(r *v1alpha1.ApprovalRequest, e v1alpha1.LedgerEntry) string {
	switch e.Reason {
	case v1alpha1.ReasonCounted:
		return "it counts"
	case v1alpha1.ReasonLate:
		return "it came after the deadline or after the outcome"
	case v1alpha1.ReasonDuplicate:
		return name(e.Decider) + " has decided so before"
	case v1alpha1.ReasonNotEligible:
		return fmt.Sprintf("no rule of %s names %s or a group of that user", r.Name, name(e.Decider))
	case v1alpha1.ReasonNotNeeded:
		return "the rules that " + name(e.Decider) + " can fill are filled"
	case v1alpha1.ReasonWrongGate:
		return "it names another gate than " + Gate(r)
	case v1alpha1.ReasonWrongRequest:
		return "it was made for another request of that name"
	case v1alpha1.ReasonWrongDecision:
		return fmt.Sprintf("%s does not fit the kind %s", e.Decision, r.Spec.Gate.Kind)
	default:
		return "the controller did not accept it"
	}
}

func mend(r *v1alpha1.ApprovalRequest, reason v1alpha1.LedgerReason) string {
	switch reason {
	case v1alpha1.ReasonLate:
		return Ended(r) + "; a new run asks again"
	case v1alpha1.ReasonDuplicate:
		return "the first decision stands, nothing is left to do"
	case v1alpha1.ReasonNotNeeded:
		return "nothing is left to do for you: " + Outcome(r)
	case v1alpha1.ReasonNotEligible:
		return "ask " + eligiblePeople(r)
	case v1alpha1.ReasonWrongDecision:
		return "use " + strings.Join(Commands(r), "  or  ")
	default:
		return "decide again with " + strings.Join(Commands(r), "  or  ")
	}
}

func eligiblePeople(r *v1alpha1.ApprovalRequest) string {
	parts := make([]string, len(r.Spec.Rules))
	for i, rule := range r.Spec.Rules {
		parts[i] = fmt.Sprintf("%s (rule %s)", who(rule), ruleName(rule, i))
	}
	return strings.Join(parts, ", ")
}
