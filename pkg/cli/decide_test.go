package cli

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

var hash = regexp.MustCompile(`-[0-9a-f]{10}\b`)

// plain hides the hash in the name of a decision.
func (r result) plain() result {
	r.Out, r.Err = hash.ReplaceAllString(r.Out, "-HASH"), hash.ReplaceAllString(r.Err, "-HASH")
	return r
}

func TestDecidingTellsWhatBecameOfIt(t *testing.T) {
	release := []string{"release"}
	approve := v1alpha1.DecisionApprove
	cases := map[string]struct {
		gate   *v1alpha1.ApprovalRequest
		groups []string
		args   []string
		want   result
	}{
		"an approval, one of several": {
			request("sign-off", decided("alice", "release", approve)), release, []string{"approve", "sign-off"},
			result{Out: "Approved sign-off: counted for rule release (2/3); waiting for 1 more from user carol, group security\n"},
		},
		"the last approval, by the name of the PipelineRun": {
			request("sign-off", oneRule), release, []string{"approve", "release-42", "-m", "fine"},
			result{Out: "Approved sign-off: counted for rule release (1/1); the gate is open\n"},
		},
		"a rejection, by the name of the CustomRun": {
			request("sign-off"), release, []string{"reject", "release-42-sign-off"},
			result{Out: "Rejected sign-off: counted; the gate is closed\n"},
		},
		"a resumption": {
			request("hold", pause), nil, []string{"resume", "hold"},
			result{Out: "Resumed hold: counted; the run goes on\n"},
		},
		"one whom no rule names": {
			request("sign-off", oneRule), []string{"dev"}, []string{"approve", "sign-off"},
			result{Code: 1, Err: "Error: Not counted: NotEligible - no rule of sign-off names bob or a group of that user; ask group release (rule release)\n"},
		},
		"one whose rules are full": {
			request("sign-off", decided("alice", "release", approve), decided("ann", "release", approve)), release, []string{"approve", "sign-off"},
			result{Code: 1, Err: "Error: Not counted: NotNeeded - the rules that bob can fill are filled; nothing is left to do for you: waiting for 1 more from user carol, group security\n"},
		},
		"one that has ended": {
			request("sign-off", oneRule, decided("alice", "release", approve)), release, []string{"approve", "sign-off"},
			result{Code: 1, Err: "Error: sign-off: the request has ended as Approved (approved by alice); nothing is left to decide\n"},
		},
		"the wrong verb for a Pause": {
			request("hold", pause), nil, []string{"approve", "hold"},
			result{Code: 1, Err: "Error: hold is a Pause: use tkn corbel resume hold -n ci\n"},
		},
		"a name of nothing": {
			request("sign-off"), nil, []string{"approve", "nope"},
			result{Code: 1, Err: "Error: nothing found for nope: no ApprovalRequest, CustomRun or PipelineRun of that name has a request in namespace ci; see: tkn corbel approvals --all -n ci\n"},
		},
		"no name": {
			request("sign-off"), nil, []string{"approve"},
			result{Code: 1, Err: "Error: approve takes the NAME of one request, or of its CustomRun or PipelineRun; see: tkn corbel approvals\n"},
		},
		"without waiting": {
			request("sign-off", oneRule), release, []string{"approve", "sign-off", "--no-wait"},
			result{Out: "approvaldecision.corbel.dev/sign-off-HASH\n"},
		},
		"with the name for a program, the verdict for the person": {
			request("sign-off", oneRule), release, []string{"approve", "sign-off", "-o", "name"},
			result{Out: "approvaldecision.corbel.dev/sign-off-HASH\n", Err: "Approved sign-off: counted for rule release (1/1); the gate is open\n"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "bob", c.groups, c.gate)
			w.controller(t)
			if diff := cmp.Diff(c.want, w.run(c.args...).plain()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// theDecision is the only one that is stored.
func (w *world) theDecision(t *testing.T) v1alpha1.ApprovalDecision {
	t.Helper()
	list, err := w.corbel.CorbelV1alpha1().ApprovalDecisions("ci").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 {
		t.Fatalf("%d decisions are stored", len(list.Items))
	}
	return list.Items[0]
}

func TestADecisionIsStoredWithAllThatAdmissionNeeds(t *testing.T) {
	w := newWorld(t, "bob", []string{"release", "system:authenticated"}, request("sign-off", oneRule))
	w.controller(t)
	w.run("approve", "sign-off", "-m", "fine")
	want := v1alpha1.ApprovalDecisionSpec{
		Request:  v1alpha1.RequestReference{Name: "sign-off", UID: "uid-sign-off"},
		Gate:     v1alpha1.GateReference{Kind: "Approval", Name: "production"},
		Decision: "Approve", Comment: "fine",
		Decider: v1alpha1.Decider{Username: "bob", Groups: []string{"release", "system:authenticated"}},
	}
	if diff := cmp.Diff(want, w.theDecision(t).Spec); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecidingAgainIsHarmless(t *testing.T) {
	cases := map[string]struct {
		gate *v1alpha1.ApprovalRequest
		want string
	}{
		"while the gate waits":   {request("sign-off"), "Approved sign-off: counted for rule release (1/3); waiting for 1 more from group release; 1 more from user carol, group security\n"},
		"when that had ended it": {request("sign-off", oneRule), "Approved sign-off: counted for rule release (1/1); the gate is open\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "bob", []string{"release"}, c.gate)
			w.controller(t)
			for range 2 {
				if diff := cmp.Diff(result{Out: c.want}, w.run("approve", "sign-off")); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			w.theDecision(t)
			if got := w.run("approve", "sign-off", "-o", "yaml").Out; !strings.Contains(got, "kind: ApprovalDecision\n") {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestARetryFindsWhatTheControllerHasNotCounted(t *testing.T) {
	w := newWorld(t, "bob", []string{"release"}, request("sign-off"))
	want := result{Out: "approvaldecision.corbel.dev/sign-off-HASH\n"}
	for range 2 {
		if diff := cmp.Diff(want, w.run("approve", "sign-off", "--wait=false").plain()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	w.theDecision(t)
}

func TestADecisionThatIsNotCountedInTimeIsSafe(t *testing.T) {
	w := newWorld(t, "bob", []string{"release"}, request("sign-off"))
	got := w.run("approve", "sign-off", "--timeout", "10ms").plain()
	want := result{Code: ExitNotYet, Err: "Error: the decision is stored (sign-off-HASH), but the controller has not counted it within 10ms; " +
		"see: tkn corbel describe sign-off -n ci\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADecisionWhoseRequestVanishesIsTold(t *testing.T) {
	w := newWorld(t, "bob", []string{"release"}, request("sign-off"))
	w.corbel.PrependWatchReactor("approvalrequests", func(clienttesting.Action) (bool, watch.Interface, error) {
		source := watch.NewRaceFreeFake()
		source.Delete(request("sign-off"))
		return true, source, nil
	})
	got := w.run("approve", "sign-off").plain()
	want := result{Code: ExitNotYet, Err: "Error: the decision is stored (sign-off-HASH), but the request was deleted before the decision was counted; " +
		"see: tkn corbel describe sign-off -n ci\n"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestADecisionThatAdmissionRefusesIsOneSentence(t *testing.T) {
	w := newWorld(t, "bob", []string{"release"}, request("sign-off"))
	w.corbel.PrependReactor("create", "approvaldecisions", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(v1alpha1.Resource("approvaldecisions"), "sign-off-1", errors.New(
			"ValidatingAdmissionPolicy 'p' with binding 'p' denied request: spec.gate: bob does not hold the verb approve"))
	})
	want := result{Code: 1, Err: "Error: the decision was refused: spec.gate: bob does not hold the verb approve; " +
		"check: kubectl auth can-i approve approvals.corbel.dev/production -n ci\n"}
	if diff := cmp.Diff(want, w.run("approve", "sign-off")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPipelineRunWithSeveralGatesIsNotGuessed(t *testing.T) {
	w := newWorld(t, "bob", []string{"release"}, request("a"), request("b", pause))
	want := result{Code: 1, Err: "Error: release-42 has 2 pending requests, name one of them: " +
		"a (Approval/production, task a, Pending), b (Pause/soak, task b, Pending)\n"}
	if diff := cmp.Diff(want, w.run("approve", "release-42")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
