package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }

func threeGates() []runtime.Object {
	return []runtime.Object{
		request("sign-off", decided("alice", "release", v1alpha1.DecisionApprove)),
		request("soak", older, pause),
		request("done", oneRule, decided("alice", "release", v1alpha1.DecisionApprove)),
		request("elsewhere", in("other"), oneRule),
	}
}

func TestTheListShowsWhatIsAskedFor(t *testing.T) {
	cases := map[string]struct {
		args []string
		want result
	}{
		"pending ones of the namespace, the oldest first": {
			[]string{"approvals"},
			result{Out: lines(
				"NAME       GATE                  PIPELINERUN   TASK       STATUS    HAVE/NEED   WAITING FOR                                                    AGE",
				"soak       Pause/soak            release-42    soak       Pending   -           somebody who may resume                                        60m",
				"sign-off   Approval/production   release-42    sign-off   Pending   1/3         1 more from group release; 1 more from user carol, group se…   5m",
			)},
		},
		"ended ones too, without a header": {
			[]string{"ls", "--all", "--no-headers"},
			result{Out: lines(
				"soak       Pause/soak            release-42   soak       Pending    -     somebody who may resume                                        60m",
				"done       Approval/production   release-42   done       Approved   1/1   -                                                              5m",
				"sign-off   Approval/production   release-42   sign-off   Pending    1/3   1 more from group release; 1 more from user carol, group se…   5m",
			)},
		},
		"all namespaces, by name": {
			[]string{"list", "-A", "-o", "name"},
			result{Out: lines("approvalrequest.corbel.dev/soak", "approvalrequest.corbel.dev/sign-off", "approvalrequest.corbel.dev/elsewhere")},
		},
		"another namespace, wide": {
			[]string{"approvals", "-n", "other", "-o", "wide"},
			result{Out: lines(
				"NAME        GATE                  PIPELINERUN   TASK        STATUS    HAVE/NEED   WAITING FOR                 AGE   CUSTOMRUN              DEADLINE               DESCRIPTION",
				"elsewhere   Approval/production   release-42    elsewhere   Pending   0/1         1 more from group release   5m    release-42-elsewhere   2026-03-04T13:00:00Z   Release 1.2 to production",
			)},
		},
		"nothing": {
			[]string{"approvals", "-n", "empty"},
			result{Err: "No pending requests in namespace empty.\n"},
		},
		"nothing, for a program": {
			[]string{"approvals", "-n", "empty", "-o", "yaml"},
			result{Out: "---\napiVersion: corbel.dev/v1alpha1\nitems: []\nkind: ApprovalRequestList\nmetadata: {}\n"},
		},
		"a format that is not known": {
			[]string{"approvals", "-o", "xml"},
			result{Err: "Error: -o xml is not known; use one of: json, yaml, name, wide\n", Code: 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, newWorld(t, "bob", nil, threeGates()...).run(c.args...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheListForProgramsHasKindsAndItems(t *testing.T) {
	got := newWorld(t, "bob", nil, threeGates()...).run("approvals", "-n", "other", "-o", "json")
	for _, want := range []string{`"kind": "ApprovalRequestList"`, `"kind": "ApprovalRequest"`, `"name": "elsewhere"`} {
		if !strings.Contains(got.Out, want) {
			t.Errorf("no %s in %s", want, got.Out)
		}
	}
}

func TestMineIsWhatICanDecide(t *testing.T) {
	const approve, resume = "approve approvals.corbel.dev/ci/production", "resume pauses.corbel.dev/ci/soak"
	cases := map[string]struct {
		user   string
		groups []string
		denied []string
		want   string
	}{
		"verb and rule":                    {"bob", []string{"release"}, []string{resume}, "approvalrequest.corbel.dev/sign-off\n"},
		"a user of a rule":                 {"carol", nil, []string{resume}, "approvalrequest.corbel.dev/sign-off\n"},
		"the verb of a Pause is enough":    {"dave", nil, nil, "approvalrequest.corbel.dev/soak\n"},
		"no rule, no verb":                 {"dave", nil, []string{resume}, ""},
		"a rule without the verb":          {"bob", []string{"release"}, []string{approve, resume}, ""},
		"not when counted already":         {"alice", []string{"release"}, []string{resume}, ""},
		"a ServiceAccount needs two verbs": {"system:serviceaccount:ci:bot", []string{"release"}, []string{"approve-as-machine approvals.corbel.dev/ci/production", resume}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.user, c.groups, threeGates()...)
			for _, d := range c.denied {
				w.denied[d] = true
			}
			got := w.run("approvals", "--mine", "-o", "name")
			if diff := cmp.Diff(result{Out: c.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMineAsksForEachVerbOnce(t *testing.T) {
	w := newWorld(t, "bob", []string{"release"}, request("a"), request("b"), request("c"))
	if got := w.run("approvals", "--mine", "--no-headers"); strings.Count(got.Out, "\n") != 3 {
		t.Fatalf("got %+v", got)
	}
	if diff := cmp.Diff(map[string]int{"approve approvals.corbel.dev/ci/production": 1}, w.asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMineSaysWhoIsMeant(t *testing.T) {
	want := result{Err: "No pending requests that dave can decide in any namespace.\n"}
	if diff := cmp.Diff(want, newWorld(t, "dave", nil, request("a")).run("approvals", "--mine", "-A")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// watched makes the world's watch tell these requests, and then interrupts.
func (w *world) watched(t *testing.T, events ...watch.Event) {
	t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	w.ctx = ctx
	w.corbel.PrependWatchReactor("approvalrequests", func(clienttesting.Action) (bool, watch.Interface, error) {
		source := watch.NewFake()
		go func() {
			for _, e := range events {
				source.Action(e.Type, e.Object)
			}
			source.Action(watch.Bookmark, &v1alpha1.ApprovalRequest{}) // taken only when the last event was dealt with
			cancel()
		}()
		return true, source, nil
	})
}

func TestWatchTellsChangesUntilInterrupted(t *testing.T) {
	w := newWorld(t, "bob", nil, request("sign-off", oneRule), request("soak", older, pause))
	w.watched(t,
		watch.Event{Type: watch.Modified, Object: request("sign-off", oneRule)},
		watch.Event{Type: watch.Added, Object: request("never-seen", oneRule, decided("alice", "release", v1alpha1.DecisionApprove))},
		watch.Event{Type: watch.Modified, Object: request("sign-off", oneRule, decided("alice", "release", v1alpha1.DecisionApprove))},
		watch.Event{Type: watch.Deleted, Object: request("soak", pause)},
		watch.Event{Type: watch.Added, Object: request("next", oneRule)},
	)
	want := result{Out: lines(
		"NAME       GATE                  PIPELINERUN   TASK       STATUS    HAVE/NEED   WAITING FOR                 AGE",
		"soak       Pause/soak            release-42    soak       Pending   -           somebody who may resume     60m",
		"sign-off   Approval/production   release-42    sign-off   Pending   0/1         1 more from group release   5m",
		"sign-off   Approval/production   release-42    sign-off   Approved   1/1         -                           5m",
		"soak       Pause/soak            release-42    soak       Deleted    -           somebody who may resume     5m",
		"next       Approval/production   release-42    next       Pending    0/1         1 more from group release   5m",
	)}
	if diff := cmp.Diff(want, w.run("approvals", "-w")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWatchSaysThatThereIsNothingYet(t *testing.T) {
	w := newWorld(t, "bob", nil)
	w.watched(t, watch.Event{Type: watch.Added, Object: request("next", oneRule)})
	want := result{
		Err: "No pending requests in namespace ci yet; watching.\n",
		Out: "approvalrequest.corbel.dev/next\n",
	}
	got := w.run("approvals", "-w", "-o", "name")
	if diff := cmp.Diff(result{Out: want.Out}, got); diff != "" {
		t.Errorf("for programs (-want +got):\n%s", diff)
	}
	w = newWorld(t, "bob", nil)
	w.watched(t)
	if diff := cmp.Diff(result{Err: want.Err}, w.run("approvals", "-w")); diff != "" {
		t.Errorf("for people (-want +got):\n%s", diff)
	}
}

func TestAListThatIsRefusedIsAnErrorInOneLine(t *testing.T) {
	cases := map[string]struct {
		err  error
		want string
	}{
		"forbidden": {
			apierrors.NewForbidden(v1alpha1.Resource("approvalrequests"), "", errors.New(`User "bob" cannot list resource`)),
			"Error: approvalrequests.corbel.dev is forbidden: User \"bob\" cannot list resource\n",
		},
		"not installed": {
			apierrors.NewGenericServerResponse(404, "GET", v1alpha1.Resource("approvalrequests"), "", "404 page not found", 0, true),
			"Error: this cluster does not serve corbel.dev/v1alpha1: Corbel is not installed, or --context names another cluster\n",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "bob", nil)
			w.corbel.PrependReactor("list", "approvalrequests", func(clienttesting.Action) (bool, runtime.Object, error) {
				return true, nil, c.err
			})
			for _, args := range [][]string{{"approvals"}, {"approvals", "-w"}} {
				if diff := cmp.Diff(result{Err: c.want, Code: 1}, w.run(args...)); diff != "" {
					t.Errorf("%v (-want +got):\n%s", args, diff)
				}
			}
		})
	}
}
