package caller

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/utils/clock"
)

// AccessReviewer is the API server's judge of rights. It honours ctx.
type AccessReviewer interface {
	Create(ctx context.Context, review *authorizationv1.SubjectAccessReview, opts metav1.CreateOptions) (*authorizationv1.SubjectAccessReview, error)
}

// Access asks what callers may do.
type Access struct {
	reviewer AccessReviewer
	known    *cache.LRUExpireCache
}

// NewAccess asks reviewer, and remembers what it said for a short while.
func NewAccess(reviewer AccessReviewer, c clock.PassiveClock) *Access {
	return &Access{reviewer: reviewer, known: cache.NewLRUExpireCacheWithClock(remembered, c)}
}

// question is one that was asked before.
type question struct {
	name, uid, groups, extra string
	what                     authorizationv1.ResourceAttributes
}

// May tells whether the caller has a right. An error is a failure to find out.
func (a *Access) May(ctx context.Context, c *Caller, what authorizationv1.ResourceAttributes) (bool, error) {
	key := question{c.Name, c.UID, strings.Join(c.Groups, "\x00"), fmt.Sprint(c.Extra), what}
	if allowed, ok := a.known.Get(key); ok {
		return allowed.(bool), nil
	}
	ask := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: c.Name, UID: c.UID, Groups: c.Groups,
		Extra: map[string]authorizationv1.ExtraValue{}, ResourceAttributes: &what,
	}}
	for k, v := range c.Extra {
		ask.Spec.Extra[k] = v
	}
	got, err := a.reviewer.Create(ctx, ask, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("review the access: %w", err)
	}
	allowed := got.Status.Allowed && !got.Status.Denied
	a.known.Add(key, allowed, keep)
	return allowed, nil
}
