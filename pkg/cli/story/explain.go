package story

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/gate"
)

// Explain says in lines why a request waits or how it ended, and whether the
// caller can decide.
func Explain(r *v1alpha1.ApprovalRequest, s Standing, now time.Time) []string {
	lines := []string{headline(r)}
	lines = append(lines, clocks(r, now)...)
	for i, rule := range r.Spec.Rules {
		lines = append(lines, "  "+explainRule(r, rule, i))
	}
	for _, e := range r.Status.Decisions {
		if !e.Counted {
			lines = append(lines, fmt.Sprintf("  Not counted: %s by %s at %s (%s: %s).",
				e.Decision, name(e.Decider), stamp(e.Time), e.Reason, because(r, e)))
		}
	}
	q := Permit(r)
	lines = append(lines, fmt.Sprintf("Who decides needs the verb %s on %s in namespace %s.", q.Verb, q.Object(), q.Namespace))
	return append(lines, explainCaller(r, s, now)...)
}

func headline(r *v1alpha1.ApprovalRequest) string {
	subject := r.Name + " (" + Gate(r) + ")"
	if r.Status.Phase.Final() {
		text := fmt.Sprintf("%s ended as %s", subject, r.Status.Phase)
		if r.Status.DecidedAt != nil {
			text += " at " + stamp(*r.Status.DecidedAt)
		}
		return sentence(text, r.Status.Message)
	}
	if isPause(r) {
		return sentence(subject+" holds its run", r.Status.WaitingFor)
	}
	return sentence(fmt.Sprintf("%s waits with %s approvals", subject, Progress(r)), r.Status.WaitingFor)
}

// sentence ends text with a full stop, after what explains it.
func sentence(text, why string) string {
	if why = name(why); why != "" {
		text += ": " + why
	}
	return strings.TrimSuffix(text, ".") + "."
}

func clocks(r *v1alpha1.ApprovalRequest, now time.Time) []string {
	if r.Status.Phase.Final() {
		return nil
	}
	var lines []string
	if r.Spec.ResumeAt != nil {
		lines = append(lines, "  It ends by itself at "+ago(*r.Spec.ResumeAt, now)+".")
	}
	if r.Spec.Deadline != nil {
		lines = append(lines, "  A decision after "+ago(*r.Spec.Deadline, now)+" comes too late.")
	}
	return lines
}

func explainRule(r *v1alpha1.ApprovalRequest, rule v1alpha1.ApprovalRule, place int) string {
	counted := approvers(r, place)
	text := fmt.Sprintf("Rule %s has %d of %d", ruleName(rule, place), len(counted), required(rule))
	if len(counted) > 0 {
		text += ": " + names(counted)
	}
	text += "."
	if r.Status.Phase.Final() {
		return text
	}
	if len(counted) >= int(required(rule)) {
		return text + " It is filled."
	}
	return text + " It can be filled by " + who(open(r, rule)) + "."
}

// open is the rule without the users who are counted already, as nobody counts
// twice. Where that leaves nobody, the rule is told as it stands.
func open(r *v1alpha1.ApprovalRequest, rule v1alpha1.ApprovalRule) v1alpha1.ApprovalRule {
	left := slices.DeleteFunc(slices.Clone(rule.Users), func(u string) bool { return countedOf(r, u) != nil })
	if len(left) > 0 || len(rule.Groups) > 0 {
		rule.Users = left
	}
	return rule
}

func explainCaller(r *v1alpha1.ApprovalRequest, s Standing, now time.Time) []string {
	obstacles := Obstacles(r, s, now)
	you := name(s.Username)
	if len(obstacles) == 0 {
		return []string{fmt.Sprintf("You (%s) can decide%s: %s", you, forRules(r, s.Caller), strings.Join(Commands(r), "  or  "))}
	}
	lines := []string{fmt.Sprintf("You (%s) cannot decide:", you)}
	for _, o := range obstacles {
		lines = append(lines, "  "+string(o.Reason)+": "+o.Message)
	}
	return lines
}

// forRules names the rules that the caller can fill.
func forRules(r *v1alpha1.ApprovalRequest, c Caller) string {
	var fits []string
	for i, rule := range r.Spec.Rules {
		if gate.Eligible(rule, c.Username, c.Groups) {
			fits = append(fits, ruleName(rule, i))
		}
	}
	if len(fits) == 0 {
		return ""
	}
	return " for " + noun("rule", fits)
}
