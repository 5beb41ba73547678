package caller

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/utils/clock"
)

// TokenReviewer is the API server's judge of tokens. It honours ctx.
type TokenReviewer interface {
	Create(ctx context.Context, review *authenticationv1.TokenReview, opts metav1.CreateOptions) (*authenticationv1.TokenReview, error)
}

// Tokens know callers by a bearer token, or by one that is the password of basic
// authentication, for programs that can be given no more than a URL.
type Tokens struct {
	reviewer  TokenReviewer
	audiences []string
	known     *cache.LRUExpireCache
}

// NewTokens accepts tokens for one of the audiences; with none, for the API server.
func NewTokens(reviewer TokenReviewer, c clock.PassiveClock, audiences ...string) *Tokens {
	return &Tokens{reviewer: reviewer, audiences: audiences, known: cache.NewLRUExpireCacheWithClock(remembered, c)}
}

// Identify has the token reviewed, or remembers what the last review said.
func (t *Tokens) Identify(r *http.Request) (*Caller, error) {
	token := tokenOf(r)
	if token == "" {
		return nil, ErrUnknown
	}
	key := sha256.Sum256([]byte(token))
	if c, ok := t.known.Get(key); ok {
		return unlessNil(c.(*Caller))
	}
	c, err := t.review(r.Context(), token)
	if err != nil {
		return nil, err
	}
	t.known.Add(key, c, keep)
	return unlessNil(c)
}

func unlessNil(c *Caller) (*Caller, error) {
	if c == nil {
		return nil, ErrUnknown
	}
	return c, nil
}

// review returns nil for a token that does not hold.
func (t *Tokens) review(ctx context.Context, token string) (*Caller, error) {
	ask := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: t.audiences}}
	got, err := t.reviewer.Create(ctx, ask, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("review the token: %w", err)
	}
	if got.Status.Error != "" && got.Status.Authenticated {
		return nil, errors.New("review the token: " + got.Status.Error)
	}
	user := got.Status.User
	if !got.Status.Authenticated || user.Username == "" || !t.meantForUs(got.Status.Audiences) {
		return nil, nil //nolint:nilnil // nobody is an answer
	}
	c := &Caller{Name: user.Username, UID: user.UID, Groups: user.Groups, Extra: map[string][]string{}}
	for k, v := range user.Extra {
		c.Extra[k] = v
	}
	return c, nil
}

// meantForUs makes sure that whoever reviewed the token looked at the audience.
func (t *Tokens) meantForUs(audiences []string) bool {
	if len(t.audiences) == 0 {
		return true
	}
	for _, ours := range t.audiences {
		for _, theirs := range audiences {
			if ours == theirs {
				return true
			}
		}
	}
	return false
}

func tokenOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
