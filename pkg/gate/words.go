package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// maxNames is how many names a sentence lists before it counts the rest.
const maxNames = 5

// WaitingFor says who can bring a pending request forward.
func WaitingFor(spec v1alpha1.ApprovalRequestSpec, status v1alpha1.ApprovalRequestStatus) string {
	if spec.Gate.Kind == v1alpha1.PauseKind {
		return pauseWaitsFor(spec)
	}
	counted := Approvers(status)
	var parts []string
	for _, rule := range spec.Rules {
		have := 0
		for _, p := range status.Rules {
			if p.Name == rule.Name {
				have = len(p.Approvers)
			}
		}
		if missing := int(rule.Required) - have; missing > 0 {
			parts = append(parts, fmt.Sprintf("%d more from %s", missing, whoFills(rule, counted)))
		}
	}
	return strings.Join(parts, "; ")
}

func pauseWaitsFor(spec v1alpha1.ApprovalRequestSpec) string {
	if spec.ResumeAt != nil {
		return "the time " + spec.ResumeAt.UTC().Format("2006-01-02T15:04:05Z") + ", or somebody who may resume"
	}
	return "somebody who may resume"
}

// whoFills names those who may fill a rule and have not decided yet.
func whoFills(rule v1alpha1.ApprovalRule, counted []string) string {
	var names []string
	for _, u := range rule.Users {
		if !slices.Contains(counted, u) {
			names = append(names, "user "+u)
		}
	}
	for _, g := range rule.Groups {
		names = append(names, "group "+g)
	}
	if len(names) == 0 {
		return "those who may approve"
	}
	return join(names)
}

// join lists names, and counts those that are too many.
func join(names []string) string {
	if extra := len(names) - maxNames; extra > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), extra)
	}
	return strings.Join(names, ", ")
}

// said is who decided, with the comment.
func said(e v1alpha1.LedgerEntry) string {
	if e.Comment == "" {
		return e.Decider
	}
	return e.Decider + ": " + e.Comment
}

func fraction(rules []v1alpha1.RuleProgress) string {
	if len(rules) == 0 {
		return ""
	}
	var have, need int
	for _, r := range rules {
		have += len(r.Approvers)
		need += int(r.Required)
	}
	return fmt.Sprintf("%d/%d", have, need)
}
