package story

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(d)) }

// twoRules is a request for two of group release and one of security or carol.
// Alice has approved for release.
func twoRules(change ...func(*v1alpha1.ApprovalRequest)) *v1alpha1.ApprovalRequest {
	deadline := at(time.Hour)
	r := &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{Name: "sign-off", Namespace: "ci", UID: "req-1", CreationTimestamp: at(-5 * time.Minute)},
		Spec: v1alpha1.ApprovalRequestSpec{
			Gate: v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"},
			Subject: v1alpha1.RequestSubject{
				CustomRun: "release-42-sign-off", UID: "run-1", Attempt: 1, PipelineRun: "release-42", PipelineTask: "sign-off",
			},
			Description: "Release 1.2 to production",
			Rules: []v1alpha1.ApprovalRule{
				{Name: "release", Groups: []string{"release"}, Required: 2},
				{Name: "security", Users: []string{"carol"}, Groups: []string{"security"}, Required: 1},
			},
			Deadline: &deadline,
		},
		Status: v1alpha1.ApprovalRequestStatus{
			Phase: v1alpha1.PhasePending, Progress: "1/3",
			WaitingFor: "1 more from group release; 1 more from user carol, group security",
			Rules: []v1alpha1.RuleProgress{
				{Name: "release", Required: 2, Approvers: []string{"alice"}},
				{Name: "security", Required: 1},
			},
			Decisions: []v1alpha1.LedgerEntry{entry("alice", func(e *v1alpha1.LedgerEntry) {
				e.Counted, e.Rule, e.Reason, e.Comment = true, "release", v1alpha1.ReasonCounted, "looks good"
				e.Eligible = []string{"release"}
			})},
		},
	}
	for _, f := range change {
		f(r)
	}
	return r
}

// paused is a hold without a definition, until one hour from now.
func paused(change ...func(*v1alpha1.ApprovalRequest)) *v1alpha1.ApprovalRequest {
	resume := at(time.Hour)
	r := &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{Name: "soak", Namespace: "ci", UID: "req-2", CreationTimestamp: at(-5 * time.Minute)},
		Spec: v1alpha1.ApprovalRequestSpec{
			Gate:     v1alpha1.GateReference{Kind: v1alpha1.PauseKind},
			Subject:  v1alpha1.RequestSubject{CustomRun: "soak-run", UID: "run-2", Attempt: 2},
			ResumeAt: &resume,
		},
		Status: v1alpha1.ApprovalRequestStatus{Phase: v1alpha1.PhasePending, WaitingFor: "somebody who may resume"},
	}
	for _, f := range change {
		f(r)
	}
	return r
}

func entry(decider string, change func(*v1alpha1.LedgerEntry)) v1alpha1.LedgerEntry {
	e := v1alpha1.LedgerEntry{
		Name: "d-" + decider, UID: "uid-d", Decider: decider, Decision: v1alpha1.DecisionApprove,
		Time: at(-time.Minute),
	}
	change(&e)
	return e
}

func withEntry(decider string, change func(*v1alpha1.LedgerEntry)) func(*v1alpha1.ApprovalRequest) {
	return func(r *v1alpha1.ApprovalRequest) {
		r.Status.Decisions = append(r.Status.Decisions, entry(decider, change))
	}
}

func ended(phase v1alpha1.RequestPhase, message string) func(*v1alpha1.ApprovalRequest) {
	return func(r *v1alpha1.ApprovalRequest) {
		when := at(-time.Second)
		r.Status.Phase, r.Status.Message, r.Status.WaitingFor, r.Status.DecidedAt = phase, message, "", &when
	}
}
