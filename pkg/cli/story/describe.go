package story

import (
	"fmt"
	"strings"
	"time"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/output"
)

// Fields tells a request as pairs of label and value.
func Fields(r *v1alpha1.ApprovalRequest, now time.Time) [][]string {
	subject := r.Spec.Subject
	rows := [][]string{
		{"Name:", r.Name},
		{"Namespace:", r.Namespace},
		{"Gate:", Gate(r)},
		{"Asked:", output.Line(r.Spec.Description)},
		{"PipelineRun:", subject.PipelineRun},
		{"Pipeline task:", subject.PipelineTask},
		{"CustomRun:", fmt.Sprintf("%s (attempt %d)", subject.CustomRun, subject.Attempt)},
		{"Status:", status(r)},
		{"Age:", age(r, now)},
	}
	if r.Spec.ResumeAt != nil {
		rows = append(rows, []string{"Ends by itself:", ago(*r.Spec.ResumeAt, now)})
	}
	if r.Spec.Deadline != nil {
		rows = append(rows, []string{"Deadline:", ago(*r.Spec.Deadline, now)})
	}
	if r.Status.DecidedAt != nil {
		rows = append(rows, []string{"Decided:", ago(*r.Status.DecidedAt, now)})
	}
	return append(rows, permitFields(r)...)
}

func status(r *v1alpha1.ApprovalRequest) string {
	text := string(Phase(r))
	if p := Progress(r); p != "" {
		text += ", " + p
	}
	if Phase(r).Final() {
		if m := name(r.Status.Message); m != "" {
			text += ": " + m
		}
		return text
	}
	if w := waitingFor(r); w != "" {
		text += ", waiting for " + w
	}
	return text
}

func permitFields(r *v1alpha1.ApprovalRequest) [][]string {
	q := Permit(r)
	rows := [][]string{{"Verb:", fmt.Sprintf("%s on %s", q.Verb, q.Object())}}
	if Phase(r).Final() {
		return rows
	}
	return append(rows,
		[]string{"Decide:", strings.Join(Commands(r), "  or  ")},
		[]string{"Check:", q.CanI()})
}

// RuleRows tells the rules with their progress, under a header.
func RuleRows(r *v1alpha1.ApprovalRequest) [][]string {
	rows := [][]string{{"RULE", "HAVE/NEED", "COUNTED", "WHO MAY"}}
	for i, rule := range r.Spec.Rules {
		counted := approvers(r, i)
		text := ""
		if len(counted) > 0 {
			text = names(counted)
		}
		rows = append(rows, []string{
			ruleName(rule, i), fmt.Sprintf("%d/%d", len(counted), required(rule)), text, who(rule),
		})
	}
	return rows
}

// LedgerRows tells every decision in the order of record, under a header.
func LedgerRows(r *v1alpha1.ApprovalRequest) [][]string {
	rows := [][]string{{"TIME", "DECIDER", "DECISION", "COUNTED", "RULE", "REASON", "COMMENT"}}
	for _, e := range r.Status.Decisions {
		counted := "no"
		if e.Counted {
			counted = "yes"
		}
		rows = append(rows, []string{
			stamp(e.Time), name(e.Decider), string(e.Decision), counted, name(e.Rule), string(e.Reason), output.Line(e.Comment),
		})
	}
	return rows
}
