package rig

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// Vote is a decision that the API server answered with 201.
type Vote struct {
	Gate Gate
	UID  types.UID
	Name string
}

// Decide approves a gate with one request that is never repeated.
func Decide(ctx context.Context, c *Clients, namespace string, g Gate) (Vote, error) {
	decision := &v1alpha1.ApprovalDecision{
		TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: "ApprovalDecision"},
		ObjectMeta: metav1.ObjectMeta{
			Name: g.Request + "-" + c.User, Namespace: namespace,
			// As the plugin does: a decision that leaves nothing out.
			Labels:          map[string]string{corbel.LabelRequest: g.Request},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: v1alpha1.APIVersion, Kind: "ApprovalRequest", Name: g.Request, UID: g.UID}},
		},
		Spec: v1alpha1.ApprovalDecisionSpec{
			Request:  v1alpha1.RequestReference{Name: g.Request, UID: g.UID},
			Gate:     g.Ref,
			Decision: v1alpha1.DecisionApprove,
			Decider:  v1alpha1.Decider{Username: c.User, Groups: []string{Deciders}},
		},
	}
	stored := &v1alpha1.ApprovalDecision{}
	err := c.Corbel.CorbelV1alpha1().RESTClient().Post().
		Namespace(namespace).Resource("approvaldecisions").Body(decision).MaxRetries(0).Do(ctx).Into(stored)
	if err != nil {
		return Vote{}, fmt.Errorf("decide %s: %w", g.Request, err)
	}
	return Vote{Gate: g, UID: stored.UID, Name: stored.Name}, nil
}

// Ballot is what is to be decided, by whom and how fast.
type Ballot struct {
	Namespace string
	Gates     []Gate
	By        []*Clients
	// Every is the time from one decision to the next; they do not wait for answers.
	Every time.Duration
}

// Cast decides every gate once, in turn by each of the clients. It returns the
// decisions that were answered 201, and the errors of the others.
func Cast(ctx context.Context, b Ballot) ([]Vote, error) {
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		votes []Vote
		errs  []error
	)
	begin := time.Now()
	for i, g := range b.Gates {
		if err := sleepUntil(ctx, begin.Add(time.Duration(i)*b.Every)); err != nil {
			errs = append(errs, err)
			break
		}
		by := b.By[i%len(b.By)]
		group.Go(func() {
			vote, err := Decide(ctx, by, b.Namespace, g)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, err)
				return
			}
			votes = append(votes, vote)
		})
	}
	group.Wait()
	return votes, errors.Join(errs...)
}

func sleepUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
