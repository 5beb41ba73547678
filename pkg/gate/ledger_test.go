package gate

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

const requestUID = types.UID("request-uid")

func request(rules ...v1alpha1.ApprovalRule) *v1alpha1.ApprovalRequest {
	return &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{Name: "gate", Namespace: "ns", UID: requestUID},
		Spec: v1alpha1.ApprovalRequestSpec{
			Gate:     v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"},
			Rules:    rules,
			Deadline: &metav1.Time{Time: noon.Add(time.Hour)},
		},
	}
}

// vote is a decision n seconds after noon.
func vote(n int, user string, what v1alpha1.DecisionKind, groups ...string) *v1alpha1.ApprovalDecision {
	return &v1alpha1.ApprovalDecision{
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("%s-%d", user, n), UID: types.UID(fmt.Sprintf("%s-%d", user, n)),
			CreationTimestamp: metav1.Time{Time: noon.Add(time.Duration(n) * time.Second)},
		},
		Spec: v1alpha1.ApprovalDecisionSpec{
			Request:  v1alpha1.RequestReference{Name: "gate", UID: requestUID},
			Gate:     v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"},
			Decision: what,
			Decider:  v1alpha1.Decider{Username: user, Groups: groups},
		},
	}
}

func with(d *v1alpha1.ApprovalDecision, change func(*v1alpha1.ApprovalDecisionSpec)) *v1alpha1.ApprovalDecision {
	change(&d.Spec)
	return d
}

func TestCount(t *testing.T) {
	const yes, no = v1alpha1.DecisionApprove, v1alpha1.DecisionReject
	anyTwo := v1alpha1.ApprovalRule{Name: "two", Users: []string{"ana", "bob", "raj"}, Required: 2}
	release := v1alpha1.ApprovalRule{Name: "release", Groups: []string{"release"}, Required: 1}
	security := v1alpha1.ApprovalRule{Name: "security", Groups: []string{"security"}, Required: 1}
	for name, tc := range map[string]struct {
		req     *v1alpha1.ApprovalRequest
		votes   []*v1alpha1.ApprovalDecision
		phase   v1alpha1.RequestPhase
		have    string
		ledger  []string // decider:reason[:rule], in the order of record
		waiting string
	}{
		"nobody has decided": {
			req: request(anyTwo), phase: v1alpha1.PhasePending, have: "0/2",
			waiting: "2 more from user ana, user bob, user raj",
		},
		"enough approve": {
			req:   request(anyTwo),
			votes: []*v1alpha1.ApprovalDecision{vote(2, "bob", yes), vote(1, "ana", yes)},
			phase: v1alpha1.PhaseApproved, have: "2/2", ledger: []string{"ana:Counted:two", "bob:Counted:two"},
		},
		"one person counts once": {
			req:   request(anyTwo),
			votes: []*v1alpha1.ApprovalDecision{vote(1, "ana", yes), vote(2, "ana", yes)},
			phase: v1alpha1.PhasePending, have: "1/2", ledger: []string{"ana:Counted:two", "ana:Duplicate"},
			waiting: "1 more from user bob, user raj",
		},
		"one rejection rejects, also after an own approval": {
			req:   request(anyTwo),
			votes: []*v1alpha1.ApprovalDecision{vote(1, "ana", yes), vote(2, "ana", no), vote(3, "bob", yes)},
			phase: v1alpha1.PhaseRejected, have: "1/2", ledger: []string{"ana:Counted:two", "ana:Counted", "bob:Late"},
		},
		"a stranger counts for nothing": {
			req:   request(release),
			votes: []*v1alpha1.ApprovalDecision{vote(1, "zoe", yes, "guests"), vote(2, "zoe", no)},
			phase: v1alpha1.PhasePending, have: "0/1", ledger: []string{"zoe:NotEligible", "zoe:NotEligible"},
			waiting: "1 more from group release",
		},
		"a member of both groups never blocks": {
			req:   request(release, security),
			votes: []*v1alpha1.ApprovalDecision{vote(1, "ana", yes, "release", "security"), vote(2, "bob", yes, "release")},
			phase: v1alpha1.PhaseApproved, have: "2/2", ledger: []string{"ana:Counted:security", "bob:Counted:release"},
		},
		"one whose rules are filled is not needed": {
			req:   request(release, security),
			votes: []*v1alpha1.ApprovalDecision{vote(1, "ana", yes, "release"), vote(2, "bob", yes, "release")},
			phase: v1alpha1.PhasePending, have: "1/2", ledger: []string{"ana:Counted:release", "bob:NotNeeded"},
			waiting: "1 more from group security",
		},
		"after the deadline is late": {
			req:   request(release),
			votes: []*v1alpha1.ApprovalDecision{vote(3601, "ana", yes, "release")},
			phase: v1alpha1.PhasePending, have: "0/1", ledger: []string{"ana:Late"}, waiting: "1 more from group release",
		},
		"a vote for another request of the same name": {
			req:   request(release),
			votes: []*v1alpha1.ApprovalDecision{with(vote(1, "ana", yes, "release"), func(s *v1alpha1.ApprovalDecisionSpec) { s.Request.UID = "other" })},
			phase: v1alpha1.PhasePending, have: "0/1", ledger: []string{"ana:WrongRequest"}, waiting: "1 more from group release",
		},
		"a vote that admission checked on another gate": {
			req:   request(release),
			votes: []*v1alpha1.ApprovalDecision{with(vote(1, "ana", yes, "release"), func(s *v1alpha1.ApprovalDecisionSpec) { s.Gate.Name = "staging" })},
			phase: v1alpha1.PhasePending, have: "0/1", ledger: []string{"ana:WrongGate"}, waiting: "1 more from group release",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := Count(tc.req, tc.votes)
			if got.Phase != tc.phase || got.Progress != tc.have || got.WaitingFor != tc.waiting {
				t.Errorf("got %s %s %q, want %s %s %q", got.Phase, got.Progress, got.WaitingFor, tc.phase, tc.have, tc.waiting)
			}
			if diff := cmp.Diff(tc.ledger, lines(got)); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
		})
	}
}

func lines(s v1alpha1.ApprovalRequestStatus) []string {
	var out []string
	for _, e := range s.Decisions {
		line := e.Decider + ":" + string(e.Reason)
		if e.Rule != "" {
			line += ":" + e.Rule
		}
		out = append(out, line)
	}
	return out
}

// TestCountIsStable counts one by one, and all at once, and again: the ledger is
// the same, and what was entered never moves.
func TestCountIsStable(t *testing.T) {
	votes := []*v1alpha1.ApprovalDecision{
		vote(1, "ana", v1alpha1.DecisionApprove, "release", "security"),
		vote(2, "zoe", v1alpha1.DecisionApprove),
		vote(3, "bob", v1alpha1.DecisionApprove, "release"),
		vote(4, "raj", v1alpha1.DecisionReject, "security"),
	}
	rules := []v1alpha1.ApprovalRule{{Name: "release", Groups: []string{"release"}, Required: 1}, {Name: "security", Groups: []string{"security"}, Required: 1}}
	atOnce := request(rules...)
	atOnce.Status = Count(atOnce, votes)
	single := request(rules...)
	for i := range votes {
		single.Status = Count(single, votes[:i+1])
	}
	if diff := cmp.Diff(atOnce.Status, single.Status); diff != "" {
		t.Errorf("one by one differs (-at once +one by one):\n%s", diff)
	}
	if diff := cmp.Diff(atOnce.Status, Count(atOnce, votes)); diff != "" {
		t.Errorf("counted again (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(atOnce.Status.Decisions, Count(atOnce, nil).Decisions); diff != "" {
		t.Errorf("decisions that are gone leave the ledger (-want +got):\n%s", diff)
	}
}

func TestCountFloodLeavesRoom(t *testing.T) {
	req := request(v1alpha1.ApprovalRule{Name: "release", Groups: []string{"release"}, Required: 1})
	var flood []*v1alpha1.ApprovalDecision
	for i := range 1500 {
		flood = append(flood, vote(1, fmt.Sprintf("zoe%04d", i), v1alpha1.DecisionApprove))
	}
	req.Status = Count(req, flood)
	if n := len(req.Status.Decisions); n != v1alpha1.MaxLedgerEntries-MaxPlaces || req.Status.Omitted != int32(1500-n) {
		t.Fatalf("ledger holds %d and omits %d", n, req.Status.Omitted)
	}
	if got := Count(req, append(flood, vote(9, "ana", v1alpha1.DecisionApprove, "release"))); got.Phase != v1alpha1.PhaseApproved || got.Omitted != 600 {
		t.Errorf("after the flood: %s, omitted %d; want Approved, 600", got.Phase, got.Omitted)
	}
}

func TestClose(t *testing.T) {
	at := metav1.Time{Time: noon.Add(2 * time.Hour)}
	rule := v1alpha1.ApprovalRule{Name: "release", Groups: []string{"release"}, Required: 1}
	for name, tc := range map[string]struct {
		votes []*v1alpha1.ApprovalDecision
		want  v1alpha1.RequestPhase
	}{
		"nobody decided":                         {want: v1alpha1.PhaseExpired},
		"a decision in time was not counted yet": {votes: []*v1alpha1.ApprovalDecision{vote(3600, "ana", v1alpha1.DecisionApprove, "release")}, want: v1alpha1.PhaseApproved},
		"a decision after the deadline":          {votes: []*v1alpha1.ApprovalDecision{vote(3601, "ana", v1alpha1.DecisionApprove, "release")}, want: v1alpha1.PhaseExpired},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Close(request(rule), tc.votes, v1alpha1.PhaseExpired, at); got.Phase != tc.want {
				t.Errorf("phase %s, want %s", got.Phase, tc.want)
			}
		})
	}
}

func TestPauseIsResumedByAnybodyAdmitted(t *testing.T) {
	req := request()
	req.Spec.Gate = v1alpha1.GateReference{Kind: v1alpha1.PauseKind}
	d := with(vote(1, "ana", v1alpha1.DecisionResume), func(s *v1alpha1.ApprovalDecisionSpec) { s.Gate = req.Spec.Gate })
	wrong := with(vote(0, "bob", v1alpha1.DecisionApprove), func(s *v1alpha1.ApprovalDecisionSpec) { s.Gate = req.Spec.Gate })
	got := Count(req, []*v1alpha1.ApprovalDecision{d, wrong})
	if got.Phase != v1alpha1.PhaseResumed || got.Message != "resumed by ana" {
		t.Errorf("got %s %q", got.Phase, got.Message)
	}
	if diff := cmp.Diff([]string{"bob:WrongDecision", "ana:Counted"}, lines(got)); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}
