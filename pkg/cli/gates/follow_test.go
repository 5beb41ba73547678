package gates

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// impatient is a clock on which every wait is over at once.
type impatient struct{ clock.RealClock }

func (impatient) After(time.Duration) <-chan time.Time {
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

// follow runs a follower until it has seen enough changes.
func follow(t *testing.T, s *script, enough int) ([]string, error) {
	t.Helper()
	var seen []string
	err := NewFollower(s, impatient{}, "").Run(t.Context(), func(_ context.Context, changes []Change) (bool, error) {
		for _, c := range changes {
			text := fmt.Sprintf("%s@%s %s", c.Request.Name, c.Request.ResourceVersion, c.Request.Status.Phase)
			if c.Gone {
				text += " gone"
			}
			seen = append(seen, text)
		}
		return len(seen) >= enough, nil
	})
	return seen, err
}

func TestFollowingTellsTheListThenEveryChangeOnce(t *testing.T) {
	expired := watch.Event{Type: watch.Error, Object: &metav1.Status{Reason: metav1.StatusReasonExpired, Code: 410}}
	done := phase(v1alpha1.PhaseApproved)
	cases := map[string]struct {
		rounds []round
		want   []string
	}{
		"events of one watch": {
			[]round{{items: []*v1alpha1.ApprovalRequest{request("a")}, open: true, events: []watch.Event{
				{Type: watch.Added, Object: request("b", version("2"))},
				{Type: watch.Bookmark, Object: request("")},
				{Type: watch.Modified, Object: request("a", version("3"), done)},
				{Type: watch.Deleted, Object: request("b", version("4"))},
			}}},
			[]string{"a@1 Pending", "b@2 Pending", "a@3 Approved", "b@4 Pending gone"},
		},
		"a watch that ends is taken up, and only news are told": {
			[]round{
				{items: []*v1alpha1.ApprovalRequest{request("a"), request("b")}},
				{items: []*v1alpha1.ApprovalRequest{request("a"), request("b", version("2"), done)}, open: true},
			},
			[]string{"a@1 Pending", "b@1 Pending", "b@2 Approved"},
		},
		"a watch that is too old is taken up, and what vanished meanwhile is told": {
			[]round{
				{items: []*v1alpha1.ApprovalRequest{request("a"), request("b")}, events: []watch.Event{expired}, open: true},
				{items: []*v1alpha1.ApprovalRequest{request("b")}, open: true},
			},
			[]string{"a@1 Pending", "b@1 Pending", "a@1 Pending gone"},
		},
		"a server that is away for a while is waited for": {
			[]round{
				{items: []*v1alpha1.ApprovalRequest{request("a")}},
				{listErr: errors.New("connection refused")},
				{items: []*v1alpha1.ApprovalRequest{request("a", version("2"), done)}, open: true},
			},
			[]string{"a@1 Pending", "a@2 Approved"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := follow(t, &script{rounds: c.rounds}, len(c.want))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFollowingStopsAtAnErrorThatWaitingDoesNotMend(t *testing.T) {
	forbidden := apierrors.NewForbidden(v1alpha1.Resource("approvalrequests"), "", errors.New("no"))
	cases := map[string]struct {
		rounds []round
		want   string
	}{
		"the first list fails":         {[]round{{listErr: errors.New("connection refused")}}, "connection refused"},
		"the watch is forbidden":       {[]round{{}, {watchErr: forbidden}}, forbidden.Error()},
		"a later list is forbidden":    {[]round{{}, {listErr: forbidden}}, forbidden.Error()},
		"the watch is forbidden first": {[]round{{watchErr: forbidden}}, forbidden.Error()},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := follow(t, &script{rounds: c.rounds}, 1)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestFollowingStopsWhenTheOneWhoSeesFails(t *testing.T) {
	broken := errors.New("broken pipe")
	for name, rounds := range map[string][]round{
		"at the list":   {{items: []*v1alpha1.ApprovalRequest{request("a")}}},
		"at the change": {{open: true, events: []watch.Event{{Type: watch.Added, Object: request("a")}}}},
	} {
		t.Run(name, func(t *testing.T) {
			err := NewFollower(&script{rounds: rounds}, impatient{}, "").Run(t.Context(), func(_ context.Context, c []Change) (bool, error) {
				if len(c) > 0 {
					return false, broken
				}
				return false, nil
			})
			if !errors.Is(err, broken) {
				t.Errorf("got %v, want %v", err, broken)
			}
		})
	}
}

func TestFollowingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := NewFollower(&script{rounds: []round{{open: true}}}, impatient{}, "").Run(ctx, func(context.Context, []Change) (bool, error) {
		cancel()
		return false, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFollowingOneAsksForItsNameAndFromTheListOn(t *testing.T) {
	s := &script{rounds: []round{{open: true, events: []watch.Event{{Type: watch.Added, Object: request("a")}}}}}
	err := NewFollower(s, impatient{}, "a").Run(t.Context(), func(_ context.Context, c []Change) (bool, error) { return len(c) > 0, nil })
	if err != nil {
		t.Fatal(err)
	}
	want := []metav1.ListOptions{
		{FieldSelector: "metadata.name=a"},
		{FieldSelector: "metadata.name=a", ResourceVersion: "7", AllowWatchBookmarks: true},
	}
	if diff := cmp.Diff(want, s.options); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
