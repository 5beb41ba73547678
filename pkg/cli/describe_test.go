package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestDescribeTellsAll(t *testing.T) {
	r := request("sign-off", decided("alice", "release", v1alpha1.DecisionApprove), decided("eve", "dev", v1alpha1.DecisionApprove),
		func(r *v1alpha1.ApprovalRequest) { r.Status.Omitted = 3 })
	want := lines(
		"Name:            sign-off",
		"Namespace:       ci",
		"Gate:            Approval/production",
		"Asked:           Release 1.2 to production",
		"PipelineRun:     release-42",
		"Pipeline task:   sign-off",
		"CustomRun:       release-42-sign-off (attempt 1)",
		"Status:          Pending, 1/3, waiting for 1 more from group release; 1 more from user carol, group security",
		"Age:             5m",
		"Deadline:        2026-03-04T13:00:00Z (in 60m)",
		"Verb:            approve on approvals.corbel.dev/production",
		"Decide:          tkn corbel approve sign-off -n ci  or  tkn corbel reject sign-off -n ci",
		"Check:           kubectl auth can-i approve approvals.corbel.dev/production -n ci",
		"",
		"Rules:",
		"RULE       HAVE/NEED   COUNTED   WHO MAY",
		"release    1/2         alice     group release",
		"security   0/1         -         user carol or group security",
		"",
		"Decisions:",
		"TIME                   DECIDER   DECISION   COUNTED   RULE      REASON        COMMENT",
		"2026-03-04T11:59:00Z   alice     Approve    yes       release   Counted       as agreed",
		"2026-03-04T11:59:00Z   eve       Approve    no        -         NotEligible   -",
		"3 more decisions found the ledger full and were not counted.",
	)
	if diff := cmp.Diff(result{Out: want}, newWorld(t, "bob", nil, r).run("describe", "release-42")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDescribeTellsHowItEnded(t *testing.T) {
	r := request("sign-off", oneRule, decided("alice", "release", v1alpha1.DecisionReject))
	got := newWorld(t, "bob", nil, r).run("describe", "sign-off").Out
	for _, want := range []string{
		"Status:          Rejected, 0/1: rejected by alice: as agreed\n",
		"Decided:         2026-03-04T11:59:00Z (60s ago)\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Decide:") {
		t.Errorf("a request that has ended offers a decision:\n%s", got)
	}
}

func TestDescribeOfAPauseHasNoRules(t *testing.T) {
	got := newWorld(t, "bob", nil, request("hold", pause)).run("describe", "hold").Out
	if strings.Contains(got, "Rules:") || !strings.Contains(got, "Decide:          tkn corbel resume hold -n ci\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestDescribeForPrograms(t *testing.T) {
	w := newWorld(t, "bob", nil, request("sign-off"))
	if got := w.run("describe", "sign-off", "-o", "yaml").Out; !strings.HasPrefix(got, "---\napiVersion: corbel.dev/v1alpha1\nkind: ApprovalRequest\n") {
		t.Errorf("got\n%s", got)
	}
	want := result{Err: "Error: -o wide is not known; use one of: json, yaml, name\n", Code: 1}
	if diff := cmp.Diff(want, w.run("describe", "sign-off", "-o", "wide")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExplainAsksForTheCallersVerb(t *testing.T) {
	w := newWorld(t, "bob", []string{"release"}, request("sign-off"))
	w.denied["approve approvals.corbel.dev/ci/production"] = true
	want := lines(
		"sign-off (Approval/production) waits with 0/3 approvals: 2 more from group release; 1 more from user carol, group security.",
		"  A decision after 2026-03-04T13:00:00Z (in 60m) comes too late.",
		"  Rule release has 0 of 2. It can be filled by group release.",
		"  Rule security has 0 of 1. It can be filled by user carol or group security.",
		"Who decides needs the verb approve on approvals.corbel.dev/production in namespace ci.",
		"You (bob) cannot decide:",
		"  NoVerb: the verb approve on approvals.corbel.dev/production in namespace ci is not yours; check: kubectl auth can-i approve approvals.corbel.dev/production -n ci",
	)
	if diff := cmp.Diff(result{Out: want}, w.run("explain", "sign-off")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
