package gates

import (
	"context"
	"errors"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func stored() *v1alpha1.ApprovalDecision {
	d := Vote{Request: request("a"), Decision: v1alpha1.DecisionApprove, Caller: bob}.Object(0)
	d.UID = "vote-1"
	return d
}

func TestAwaitEndsWhenTheLedgerHoldsTheDecision(t *testing.T) {
	mine := v1alpha1.LedgerEntry{Name: stored().Name, UID: "vote-1", Counted: true}
	other := v1alpha1.LedgerEntry{Name: stored().Name, UID: "vote-0"}
	cases := map[string][]round{
		"at once": {{items: []*v1alpha1.ApprovalRequest{request("a", ledger(mine))}}},
		"by an event": {{items: []*v1alpha1.ApprovalRequest{request("a")}, open: true, events: []watch.Event{
			{Type: watch.Modified, Object: request("b", ledger(other))},
			{Type: watch.Modified, Object: request("a", ledger(other))},
			{Type: watch.Modified, Object: request("a", ledger(other, mine))},
		}}},
		"after the watch had to be taken up": {
			{items: []*v1alpha1.ApprovalRequest{request("a")}},
			{items: []*v1alpha1.ApprovalRequest{request("a", version("2"), ledger(mine))}},
		},
	}
	for name, rounds := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Await(t.Context(), NewFollower(&script{rounds: rounds}, impatient{}, "a"), stored())
			if err != nil {
				t.Fatal(err)
			}
			if got.Entry.UID != "vote-1" || got.Request.Name != "a" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestAwaitKnowsADecisionByNameWhereItMayNotBeRead(t *testing.T) {
	d := stored()
	d.UID = ""
	entry := v1alpha1.LedgerEntry{Name: d.Name, UID: "vote-1"}
	s := &script{rounds: []round{{items: []*v1alpha1.ApprovalRequest{request("a", ledger(entry))}}}}
	got, err := Await(t.Context(), NewFollower(s, impatient{}, "a"), d)
	if err != nil || got.Entry.UID != "vote-1" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAwaitSaysWhenTheRequestIsGone(t *testing.T) {
	again := request("a", func(r *v1alpha1.ApprovalRequest) { r.UID = "uid-other" })
	cases := map[string][]round{
		"before the wait": {{}},
		"made anew":       {{items: []*v1alpha1.ApprovalRequest{again}}},
		"during the wait": {{items: []*v1alpha1.ApprovalRequest{request("a")}, open: true,
			events: []watch.Event{{Type: watch.Deleted, Object: request("a")}}}},
	}
	for name, rounds := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Await(t.Context(), NewFollower(&script{rounds: rounds}, impatient{}, "a"), stored())
			if !errors.Is(err, ErrGone) {
				t.Errorf("got %v, want %v", err, ErrGone)
			}
		})
	}
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	s := &script{rounds: []round{{items: []*v1alpha1.ApprovalRequest{request("a")}, open: true}}}
	if _, err := Await(ctx, NewFollower(s, impatient{}, "a"), stored()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// shelf keeps decisions as a server does. It answers a read with readErr.
type shelf struct {
	kept    map[string]*v1alpha1.ApprovalDecision
	readErr error
	putErr  error
}

func (s *shelf) Create(_ context.Context, d *v1alpha1.ApprovalDecision, _ metav1.CreateOptions) (*v1alpha1.ApprovalDecision, error) {
	if s.putErr != nil {
		return nil, s.putErr
	}
	if s.kept[d.Name] != nil {
		return nil, apierrors.NewAlreadyExists(v1alpha1.Resource("approvaldecisions"), d.Name)
	}
	kept := d.DeepCopy()
	kept.UID = "vote-new"
	s.kept[d.Name] = kept
	return kept, nil
}

func (s *shelf) Get(_ context.Context, name string, _ metav1.GetOptions) (*v1alpha1.ApprovalDecision, error) {
	if s.readErr != nil {
		return nil, s.readErr
	}
	return s.kept[name], nil
}
