package story

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestWhatKeepsSomebodyFromDeciding(t *testing.T) {
	release := Caller{Username: "bob", Groups: []string{"release"}}
	full := func(r *v1alpha1.ApprovalRequest) {
		r.Spec.Rules[0].Required = 1
		r.Status.Rules[0].Required = 1
	}
	cases := map[string]struct {
		request *v1alpha1.ApprovalRequest
		caller  Caller
		denied  bool
		after   time.Duration
		want    []ObstacleReason
	}{
		"nothing, for a member of a group of a rule":     {request: twoRules(), caller: release},
		"nothing, for a user whom a rule names":          {request: twoRules(), caller: Caller{Username: "carol"}},
		"the verb":                                       {request: twoRules(), caller: release, denied: true, want: []ObstacleReason{ObstacleVerb}},
		"the rules":                                      {request: twoRules(), caller: Caller{Username: "dave"}, want: []ObstacleReason{ObstacleNotEligible}},
		"verb and rules are both told":                   {request: twoRules(), caller: Caller{Username: "dave"}, denied: true, want: []ObstacleReason{ObstacleVerb, ObstacleNotEligible}},
		"an own decision that counts":                    {request: twoRules(), caller: Caller{Username: "alice", Groups: []string{"release"}}, want: []ObstacleReason{ObstacleDecided}},
		"an own decision that does not count is nothing": {request: twoRules(withEntry("bob", func(e *v1alpha1.LedgerEntry) { e.Reason = v1alpha1.ReasonNotEligible })), caller: release},
		"rules that others have filled":                  {request: twoRules(full), caller: release, want: []ObstacleReason{ObstacleNotNeeded}},
		"an own approval that was not needed":            {request: twoRules(full, withEntry("bob", func(e *v1alpha1.LedgerEntry) { e.Reason = v1alpha1.ReasonNotNeeded })), caller: release, want: []ObstacleReason{ObstacleDecided}},
		"the deadline":                                   {request: twoRules(), caller: release, after: 2 * time.Hour, want: []ObstacleReason{ObstacleDeadline}},
		"the end, and then nothing else":                 {request: twoRules(ended(v1alpha1.PhaseApproved, "")), caller: Caller{Username: "dave"}, denied: true, want: []ObstacleReason{ObstacleEnded}},
		"nothing, for a Pause":                           {request: paused(), caller: Caller{Username: "dave"}},
		"the verb, for a Pause":                          {request: paused(), caller: Caller{Username: "dave"}, denied: true, want: []ObstacleReason{ObstacleVerb}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := Standing{Caller: c.caller}
			if c.denied {
				s.Denied = []Question{Permit(c.request)}
			}
			var got []ObstacleReason
			for _, o := range Obstacles(c.request, s, noon.Add(c.after)) {
				got = append(got, o.Reason)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheVerbIsCheckedOnTheDefinitionOrOnTheRequest(t *testing.T) {
	person, machine := Caller{Username: "bob"}, Caller{Username: "system:serviceaccount:ci:bot"}
	noName := func(r *v1alpha1.ApprovalRequest) { r.Spec.Gate.Name = "" }
	soak := func(r *v1alpha1.ApprovalRequest) { r.Spec.Gate.Name = "soak-time" }
	cases := map[string]struct {
		request *v1alpha1.ApprovalRequest
		caller  Caller
		want    []Question
	}{
		"an Approval with a definition": {twoRules(), person, []Question{{"ci", "approve", "approvals", "production"}}},
		"an Approval without one":       {twoRules(noName), person, []Question{{"ci", "approve", "approvalrequests", "sign-off"}}},
		"a Pause with a definition":     {paused(soak), person, []Question{{"ci", "resume", "pauses", "soak-time"}}},
		"a Pause without one":           {paused(), person, []Question{{"ci", "resume", "approvalrequests", "soak"}}},
		"a ServiceAccount needs two verbs": {twoRules(), machine, []Question{
			{"ci", "approve", "approvals", "production"}, {"ci", "approve-as-machine", "approvals", "production"},
		}},
		"a ServiceAccount needs two verbs for a Pause too": {paused(), machine, []Question{
			{"ci", "resume", "approvalrequests", "soak"}, {"ci", "resume-as-machine", "approvalrequests", "soak"},
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Permits(c.request, c.caller)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAskingForObstaclesLeavesTheRequestAlone(t *testing.T) {
	r := twoRules()
	Obstacles(r, Standing{Caller: Caller{Username: "bob", Groups: []string{"release"}}}, noon)
	if diff := cmp.Diff(twoRules(), r); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
}
