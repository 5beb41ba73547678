package gates

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

func pause(r *v1alpha1.ApprovalRequest) {
	r.Spec.Gate = v1alpha1.GateReference{Kind: v1alpha1.PauseKind}
	r.Spec.Rules = nil
}

func TestAVoteThatMakesNoSenseIsRefused(t *testing.T) {
	closed := func(r *v1alpha1.ApprovalRequest) {
		r.Status.Phase, r.Status.Message = v1alpha1.PhaseRejected, "rejected by carol"
	}
	cases := map[string]struct {
		request  *v1alpha1.ApprovalRequest
		decision v1alpha1.DecisionKind
		want     string
	}{
		"approve an Approval": {request("a"), v1alpha1.DecisionApprove, ""},
		"reject an Approval":  {request("a"), v1alpha1.DecisionReject, ""},
		"resume a Pause":      {request("a", pause), v1alpha1.DecisionResume, ""},
		"approve a Pause":     {request("a", pause), v1alpha1.DecisionApprove, "a is a Pause: use tkn corbel resume a -n ci"},
		"resume an Approval": {request("a"), v1alpha1.DecisionResume,
			"a is an Approval: use tkn corbel approve a -n ci  or  tkn corbel reject a -n ci"},
		"approve what has ended": {request("a", closed), v1alpha1.DecisionApprove,
			"a: the request has ended as Rejected (rejected by carol); nothing is left to decide"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := (Vote{Request: c.request, Decision: c.decision}).Refuse(); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAVoteFillsInWhatTheWebhookWould(t *testing.T) {
	got := Vote{Request: request("a"), Decision: v1alpha1.DecisionReject, Comment: "too early", Caller: bob}.Object(0)
	want := &v1alpha1.ApprovalDecision{
		ObjectMeta: metav1.ObjectMeta{
			Name: got.Name, Namespace: "ci",
			Labels:          map[string]string{"corbel.dev/request": "a"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "corbel.dev/v1alpha1", Kind: "ApprovalRequest", Name: "a", UID: "uid-a"}},
		},
		Spec: v1alpha1.ApprovalDecisionSpec{
			Request:  v1alpha1.RequestReference{Name: "a", UID: "uid-a"},
			Gate:     v1alpha1.GateReference{Kind: "Approval", Name: "production"},
			Decision: "Reject", Comment: "too early",
			Decider: v1alpha1.Decider{Username: "bob", Groups: []string{"release"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheNameIsThatOfTheVoteAndNothingElse(t *testing.T) {
	base := Vote{Request: request("a"), Decision: v1alpha1.DecisionApprove, Caller: bob}
	same, other := base, map[string]Vote{}
	same.Comment, same.Caller.Groups = "on second thought", nil
	if same.name(0) != base.name(0) {
		t.Error("comment or groups change the name")
	}
	for _, change := range []string{"decision", "user", "uid"} {
		v := base
		switch change {
		case "decision":
			v.Decision = v1alpha1.DecisionReject
		case "user":
			v.Caller.Username = "ana"
		case "uid":
			v.Request = request("a", func(r *v1alpha1.ApprovalRequest) { r.UID = "other" })
		}
		other[change] = v
	}
	for change, v := range other {
		if v.name(0) == base.name(0) {
			t.Errorf("another %s has the same name", change)
		}
	}
	if base.name(1) == base.name(0) {
		t.Error("a second try has the same name")
	}
}

func TestTheNameOfALongRequestStaysValid(t *testing.T) {
	v := Vote{Request: request(strings.Repeat("a", 241) + "." + strings.Repeat("b", 11)), Caller: bob}
	if got := v.name(0); len(got) > 253 || strings.Contains(got, ".-") {
		t.Errorf("%d characters: %s", len(got), got)
	}
}

func TestMoreGroupsThanADecisionCanHoldAreLeftOut(t *testing.T) {
	many := make([]string, 1500)
	for i := range many {
		many[i] = fmt.Sprint("g", i)
	}
	v := Vote{Request: request("a"), Caller: story.Caller{Username: "bob", Groups: many}}
	if got := len(v.Object(0).Spec.Decider.Groups); got != 1024 {
		t.Errorf("got %d groups", got)
	}
}

func TestCastingTwiceStoresOneDecision(t *testing.T) {
	s := &shelf{kept: map[string]*v1alpha1.ApprovalDecision{}}
	v := Vote{Request: request("a"), Decision: v1alpha1.DecisionApprove, Caller: bob}
	first, err := Cast(t.Context(), s, v)
	if err != nil {
		t.Fatal(err)
	}
	v.Comment = "again"
	second, err := Cast(t.Context(), s, v)
	if err != nil {
		t.Fatal(err)
	}
	if first.UID != second.UID || len(s.kept) != 1 {
		t.Errorf("first %s, second %s, %d kept", first.UID, second.UID, len(s.kept))
	}
}

func TestCastingGoesRoundAnObjectThatSomebodyPutInTheWay(t *testing.T) {
	v := Vote{Request: request("a"), Decision: v1alpha1.DecisionApprove, Caller: bob}
	obstacle := v.Object(0)
	obstacle.Spec.Decider.Username = "mallory"
	s := &shelf{kept: map[string]*v1alpha1.ApprovalDecision{obstacle.Name: obstacle}}
	got, err := Cast(t.Context(), s, v)
	if err != nil {
		t.Fatal(err)
	}
	if got.Spec.Decider.Username != "bob" || got.Name == obstacle.Name {
		t.Errorf("got %s by %s", got.Name, got.Spec.Decider.Username)
	}
}

func TestCastingDoesNotNeedToReadDecisions(t *testing.T) {
	v := Vote{Request: request("a"), Decision: v1alpha1.DecisionApprove, Caller: bob}
	s := &shelf{kept: map[string]*v1alpha1.ApprovalDecision{v.name(0): v.Object(0)}}
	s.readErr = apierrors.NewForbidden(v1alpha1.Resource("approvaldecisions"), v.name(0), errors.New("no"))
	got, err := Cast(t.Context(), s, v)
	if err != nil || got.Name != v.name(0) || got.UID != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestCastingGivesUpWhenAllNamesAreTaken(t *testing.T) {
	v := Vote{Request: request("a"), Decision: v1alpha1.DecisionApprove, Caller: bob}
	s := &shelf{kept: map[string]*v1alpha1.ApprovalDecision{}}
	for try := range nameRetries {
		s.kept[v.name(try)] = &v1alpha1.ApprovalDecision{}
	}
	if _, err := Cast(t.Context(), s, v); err == nil || !strings.Contains(err.Error(), "taken by others") {
		t.Errorf("got %v", err)
	}
}

func TestAnEarlierVoteIsFoundOnlyWhereItCounts(t *testing.T) {
	entry := func(decider string, counted bool, k v1alpha1.DecisionKind) v1alpha1.LedgerEntry {
		return v1alpha1.LedgerEntry{Decider: decider, Counted: counted, Decision: k}
	}
	cases := map[string]struct {
		ledger []v1alpha1.LedgerEntry
		found  bool
	}{
		"the same":           {[]v1alpha1.LedgerEntry{entry("bob", true, v1alpha1.DecisionApprove)}, true},
		"of another":         {[]v1alpha1.LedgerEntry{entry("ana", true, v1alpha1.DecisionApprove)}, false},
		"another decision":   {[]v1alpha1.LedgerEntry{entry("bob", true, v1alpha1.DecisionReject)}, false},
		"one without effect": {[]v1alpha1.LedgerEntry{entry("bob", false, v1alpha1.DecisionApprove)}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			v := Vote{Request: request("a", ledger(c.ledger...)), Decision: v1alpha1.DecisionApprove, Caller: bob}
			if got := v.Earlier() != nil; got != c.found {
				t.Errorf("found %v, want %v", got, c.found)
			}
		})
	}
}
