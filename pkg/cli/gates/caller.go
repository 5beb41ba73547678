package gates

import (
	"context"
	"fmt"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/sync/errgroup"

	"github.com/corbel-dev/corbel/pkg/apis/corbel"
	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/cli/story"
)

const parallelReviews = 16

// SelfReviews asks the API server who the caller is.
type SelfReviews interface {
	Create(ctx context.Context, r *authenticationv1.SelfSubjectReview, opts metav1.CreateOptions) (*authenticationv1.SelfSubjectReview, error)
}

// AccessReviews asks the API server what the caller may do.
type AccessReviews interface {
	Create(ctx context.Context, r *authorizationv1.SelfSubjectAccessReview, opts metav1.CreateOptions) (*authorizationv1.SelfSubjectAccessReview, error)
}

// WhoAmI is the caller as the API server knows him, impersonation included.
func WhoAmI(ctx context.Context, reviews SelfReviews) (story.Caller, error) {
	r, err := reviews.Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return story.Caller{}, fmt.Errorf("ask the API server who you are: %w", err)
	}
	return story.Caller{Username: r.Status.UserInfo.Username, Groups: r.Status.UserInfo.Groups}, nil
}

// Permits answers questions about the caller's verbs, each once.
type Permits struct {
	reviews AccessReviews
	mu      sync.Mutex
	answers map[story.Question]bool
}

// NewPermits remembers nothing yet.
func NewPermits(reviews AccessReviews) *Permits {
	return &Permits{reviews: reviews, answers: map[story.Question]bool{}}
}

// Standing is what the caller can bring to a request.
func (p *Permits) Standing(ctx context.Context, c story.Caller, r *v1alpha1.ApprovalRequest) (story.Standing, error) {
	s := story.Standing{Caller: c}
	for _, q := range story.Permits(r, c) {
		yes, err := p.allowed(ctx, q)
		if err != nil {
			return s, err
		}
		if !yes {
			s.Denied = append(s.Denied, q)
		}
	}
	return s, nil
}

// Learn asks what the requests need, several questions at a time, so that
// Standing then answers from memory.
func (p *Permits) Learn(ctx context.Context, c story.Caller, requests []*v1alpha1.ApprovalRequest) error {
	wanted := map[story.Question]struct{}{}
	for _, r := range requests {
		for _, q := range story.Permits(r, c) {
			wanted[q] = struct{}{}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelReviews)
	for q := range wanted {
		group.Go(func() error {
			_, err := p.allowed(ctx, q)
			return err
		})
	}
	return group.Wait()
}

func (p *Permits) allowed(ctx context.Context, q story.Question) (bool, error) {
	p.mu.Lock()
	yes, known := p.answers[q]
	p.mu.Unlock()
	if known {
		return yes, nil
	}
	r, err := p.reviews.Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: corbel.GroupName, Namespace: q.Namespace, Verb: q.Verb, Resource: q.Resource, Name: q.Name,
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("ask the API server whether you may %s %s: %w", q.Verb, q.Object(), err)
	}
	p.mu.Lock()
	p.answers[q] = r.Status.Allowed
	p.mu.Unlock()
	return r.Status.Allowed, nil
}
