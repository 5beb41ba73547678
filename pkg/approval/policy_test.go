package approval

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func attempt(change func(*customrun.Attempt[Spec, State])) customrun.Attempt[Spec, State] {
	r := run(nil)
	a := customrun.Attempt[Spec, State]{Run: r, UID: r.UID, Number: 1, Started: noon}
	if change != nil {
		change(&a)
	}
	return a
}

func TestDecideOpens(t *testing.T) {
	definition := &v1alpha1.Approval{Spec: v1alpha1.ApprovalSpec{
		Rules:    []v1alpha1.ApprovalRule{{Groups: []string{"release"}}},
		Timeout:  asDuration(72 * time.Hour),
		OnReject: v1alpha1.OutcomeContinue,
	}}
	a := attempt(func(a *customrun.Attempt[Spec, State]) { a.Spec.Definition = "production" })
	got := (&Kind{}).Decide(a, World{Definition: definition}, noon)
	want := &v1alpha1.ApprovalRequestSpec{
		Gate:     v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"},
		Subject:  v1alpha1.RequestSubject{CustomRun: "run", UID: "uid", Attempt: 1},
		Rules:    []v1alpha1.ApprovalRule{{Name: "rule-1", Groups: []string{"release"}, Required: 1}},
		Deadline: &metav1.Time{Time: noon.Add(72 * time.Hour)},
	}
	if diff := cmp.Diff(want, got.State.Request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if got.Do != gatekind.EffectOpen || got.State.OnReject != v1alpha1.OutcomeContinue || *got.Timeout != 72*time.Hour {
		t.Errorf("decision %+v", got)
	}
	wantMessage := "Waiting for approval: 1 more from group release. Decide with: tkn corbel approve " + gatekind.Name(want.Subject)
	if got.Verdict.Phase != customrun.Running || got.Verdict.Reason != ReasonPending || got.Verdict.Message != wantMessage {
		t.Errorf("verdict %+v", got.Verdict)
	}
}

func TestDecideFollowsTheRequest(t *testing.T) {
	spec := &v1alpha1.ApprovalRequestSpec{Subject: v1alpha1.RequestSubject{CustomRun: "run", UID: "uid", Attempt: 1}}
	for name, tc := range map[string]struct {
		phase    v1alpha1.RequestPhase
		state    State
		ending   customrun.Ending
		gone     bool
		do       string
		want     customrun.Phase
		reason   string
		decision string
	}{
		"nobody has decided":                         {phase: v1alpha1.PhasePending, want: customrun.Running, reason: ReasonPending},
		"no status yet":                              {want: customrun.Running, reason: ReasonPending},
		"approved":                                   {phase: v1alpha1.PhaseApproved, want: customrun.Succeeded, reason: ReasonApproved, decision: DecisionApproved},
		"approved just before the timeout":           {phase: v1alpha1.PhaseApproved, ending: customrun.EndingTimedOut, want: customrun.Succeeded, reason: ReasonApproved, decision: DecisionApproved},
		"rejected is refused, not retried":           {phase: v1alpha1.PhaseRejected, want: customrun.Refused, reason: ReasonRejected, decision: DecisionRejected},
		"rejected with onReject Continue":            {phase: v1alpha1.PhaseRejected, state: State{OnReject: v1alpha1.OutcomeContinue}, want: customrun.Succeeded, reason: ReasonRejected, decision: DecisionRejected},
		"expired":                                    {phase: v1alpha1.PhaseExpired, want: customrun.Failed, reason: "CustomRunTimedOut", decision: DecisionTimeout},
		"expired with onTimeout Continue":            {phase: v1alpha1.PhaseExpired, state: State{OnTimeout: v1alpha1.OutcomeContinue}, want: customrun.Succeeded, reason: ReasonUndecided, decision: DecisionTimeout},
		"withdrawn":                                  {phase: v1alpha1.PhaseWithdrawn, want: customrun.Stopped},
		"cancelled withdraws":                        {phase: v1alpha1.PhasePending, ending: customrun.EndingCancelled, do: gatekind.EffectWithdraw, want: customrun.Stopped},
		"timed out expires, and looks again":         {phase: v1alpha1.PhasePending, ending: customrun.EndingTimedOut, do: gatekind.EffectExpire, want: customrun.Running, reason: ReasonPending},
		"a restart before the opening opens":         {gone: true, do: gatekind.EffectOpen, want: customrun.Running, reason: ReasonPending},
		"cancelled before the opening opens nothing": {gone: true, ending: customrun.EndingCancelled, want: customrun.Stopped},
	} {
		t.Run(name, func(t *testing.T) {
			tc.state.Request = spec
			a := attempt(func(a *customrun.Attempt[Spec, State]) { a.State, a.Ending = tc.state, tc.ending })
			w := World{Request: &v1alpha1.ApprovalRequest{Spec: *spec, Status: v1alpha1.ApprovalRequestStatus{Phase: tc.phase}}}
			if tc.gone {
				w.Request = nil
			}
			got := (&Kind{}).Decide(a, w, noon)
			if got.Do != tc.do || got.Verdict.Phase != tc.want || got.Verdict.Reason != tc.reason {
				t.Errorf("got %q %s %s, want %q %s %s", got.Do, got.Verdict.Phase, got.Verdict.Reason, tc.do, tc.want, tc.reason)
			}
			if d := result(got.Verdict, ResultDecision); d != tc.decision {
				t.Errorf("result decision %q, want %q", d, tc.decision)
			}
			if tc.ending == customrun.EndingTimedOut && tc.do != "" && got.Again.IsZero() {
				t.Error("does not look again")
			}
		})
	}
}

func result(v customrun.Verdict, name string) string {
	for _, r := range v.Results {
		if r.Name == name {
			return r.Value
		}
	}
	return ""
}

func TestResults(t *testing.T) {
	req := &v1alpha1.ApprovalRequest{ObjectMeta: metav1.ObjectMeta{Name: "req"}, Status: v1alpha1.ApprovalRequestStatus{
		Decisions: []v1alpha1.LedgerEntry{
			{Decider: "ana", Decision: v1alpha1.DecisionApprove, Counted: true, Comment: `["looks like a list"]`},
			{Decider: "zoe", Decision: v1alpha1.DecisionApprove, Comment: "let me in"},
			{Decider: "bob", Decision: v1alpha1.DecisionApprove, Counted: true},
			{Decider: "raj", Decision: v1alpha1.DecisionReject, Counted: true, Comment: "no"},
		},
	}}
	want := []v1beta1.CustomRunResult{
		{Name: ResultDecision, Value: DecisionRejected},
		{Name: ResultApprovers, Value: `["ana","bob"]`},
		{Name: ResultComments, Value: "ana: [\"looks like a list\"]\nraj: no"},
		{Name: ResultRequest, Value: "req"},
	}
	if diff := cmp.Diff(want, results(req, DecisionRejected)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}
