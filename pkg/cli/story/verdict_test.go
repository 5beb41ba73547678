package story

import (
	"testing"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestWhatADecisionThatCountsHasDone(t *testing.T) {
	forRule := func(e *v1alpha1.LedgerEntry) { e.Counted, e.Rule = true, "release" }
	kind := func(k v1alpha1.DecisionKind) func(*v1alpha1.LedgerEntry) {
		return func(e *v1alpha1.LedgerEntry) { e.Counted, e.Decision = true, k }
	}
	cases := map[string]struct {
		request *v1alpha1.ApprovalRequest
		entry   v1alpha1.LedgerEntry
		want    string
	}{
		"an approval, and more are needed": {twoRules(), entry("alice", forRule),
			"Approved sign-off: counted for rule release (1/3); waiting for 1 more from group release; 1 more from user carol, group security"},
		"the approval that opens the gate": {twoRules(ended(v1alpha1.PhaseApproved, "approved by all")), entry("alice", forRule),
			"Approved sign-off: counted for rule release (1/3); the gate is open"},
		"a rejection": {twoRules(ended(v1alpha1.PhaseRejected, "rejected by alice")), entry("alice", kind(v1alpha1.DecisionReject)),
			"Rejected sign-off: counted; the gate is closed"},
		"a resumption": {paused(ended(v1alpha1.PhaseResumed, "resumed by alice")), entry("alice", kind(v1alpha1.DecisionResume)),
			"Resumed soak: counted; the run goes on"},
		"an approval that others' silence undid": {twoRules(ended(v1alpha1.PhaseExpired, "nobody decided in time")), entry("alice", forRule),
			"Approved sign-off: counted for rule release (1/3); the request has ended as Expired (nobody decided in time)"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Counted(c.request, c.entry); got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestADecisionThatDoesNotCountSaysTheMend(t *testing.T) {
	approveOrReject := "tkn corbel approve sign-off -n ci  or  tkn corbel reject sign-off -n ci"
	cases := map[v1alpha1.LedgerReason]string{
		v1alpha1.ReasonLate:          "it came after the deadline or after the outcome; the request has ended as Expired (nobody decided in time); a new run asks again",
		v1alpha1.ReasonDuplicate:     "dave has decided so before; the first decision stands, nothing is left to do",
		v1alpha1.ReasonNotEligible:   "no rule of sign-off names dave or a group of that user; ask group release (rule release), user carol or group security (rule security)",
		v1alpha1.ReasonNotNeeded:     "the rules that dave can fill are filled; nothing is left to do for you: the request has ended as Expired (nobody decided in time)",
		v1alpha1.ReasonWrongGate:     "it names another gate than Approval/production; decide again with " + approveOrReject,
		v1alpha1.ReasonWrongRequest:  "it was made for another request of that name; decide again with " + approveOrReject,
		v1alpha1.ReasonWrongDecision: "Approve does not fit the kind Approval; use " + approveOrReject,
	}
	for reason, want := range cases {
		t.Run(string(reason), func(t *testing.T) {
			r := twoRules(ended(v1alpha1.PhaseExpired, "nobody decided in time."))
			e := entry("dave", func(e *v1alpha1.LedgerEntry) { e.Reason = reason })
			if got, want := NotCounted(r, e), "Not counted: "+string(reason)+" - "+want; got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}
