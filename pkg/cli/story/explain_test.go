package story

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestExplainSaysWhyAndWhetherTheCallerCanDecide(t *testing.T) {
	verb := "Who decides needs the verb approve on approvals.corbel.dev/production in namespace ci."
	waiting := []string{
		"sign-off (Approval/production) waits with 1/3 approvals: 1 more from group release; 1 more from user carol, group security.",
		"  A decision after 2026-03-04T13:00:00Z (in 60m) comes too late.",
		"  Rule release has 1 of 2: alice. It can be filled by group release.",
		"  Rule security has 0 of 1. It can be filled by user carol or group security.",
		verb,
	}
	cases := map[string]struct {
		request  *v1alpha1.ApprovalRequest
		standing Standing
		want     []string
	}{
		"one who can decide for a rule": {
			twoRules(), Standing{Caller: Caller{Username: "bob", Groups: []string{"release"}}},
			append(waiting[:5:5], "You (bob) can decide for rule release: tkn corbel approve sign-off -n ci  or  tkn corbel reject sign-off -n ci"),
		},
		"one who lacks verb and rules": {
			twoRules(),
			Standing{Caller: Caller{Username: "dave", Groups: []string{"dev", "qa"}}, Denied: []Question{{"ci", "approve", "approvals", "production"}}},
			append(waiting[:5:5],
				"You (dave) cannot decide:",
				"  NoVerb: the verb approve on approvals.corbel.dev/production in namespace ci is not yours; check: kubectl auth can-i approve approvals.corbel.dev/production -n ci",
				"  NotEligible: no rule names dave or a group of yours (dev, qa)"),
		},
		"one who has decided": {
			twoRules(), Standing{Caller: Caller{Username: "alice", Groups: []string{"release"}}},
			append(waiting[:5:5],
				"You (alice) cannot decide:",
				"  AlreadyDecided: you have decided already: Approve at 2026-03-04T11:59:00Z, counted for rule release; while the gate waits you can still reject"),
		},
		"one that has ended, with a decision that did not count": {
			twoRules(ended(v1alpha1.PhaseRejected, "rejected by carol: too early"),
				withEntry("eve", func(e *v1alpha1.LedgerEntry) { e.Reason = v1alpha1.ReasonNotEligible })),
			Standing{Caller: Caller{Username: "bob"}},
			[]string{
				"sign-off (Approval/production) ended as Rejected at 2026-03-04T11:59:59Z: rejected by carol: too early.",
				"  Rule release has 1 of 2: alice.",
				"  Rule security has 0 of 1.",
				"  Not counted: Approve by eve at 2026-03-04T11:59:00Z (NotEligible: no rule of sign-off names eve or a group of that user).",
				verb,
				"You (bob) cannot decide:",
				"  Ended: the request has ended as Rejected",
			},
		},
		"a Pause": {
			paused(), Standing{Caller: Caller{Username: "bob"}},
			[]string{
				"soak (Pause) holds its run: somebody who may resume.",
				"  It ends by itself at 2026-03-04T13:00:00Z (in 60m).",
				"Who decides needs the verb resume on approvalrequests.corbel.dev/soak in namespace ci.",
				"You (bob) can decide: tkn corbel resume soak -n ci",
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Explain(c.request, c.standing, noon)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestARuleIsNotOfferedToThoseWhoAreCounted(t *testing.T) {
	r := twoRules(func(r *v1alpha1.ApprovalRequest) {
		r.Spec.Rules[1] = v1alpha1.ApprovalRule{Users: []string{"alice", "carol"}, Required: 1}
	})
	want := "Rule rule-2 has 0 of 1. It can be filled by user carol."
	if got := explainRule(r, r.Spec.Rules[1], 1); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
