package caller_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/corbel-dev/corbel/pkg/logs/caller"
)

// reviewer judges tokens by a table, and counts.
type reviewer struct {
	status map[string]authenticationv1.TokenReviewStatus
	asked  int
	err    error
}

func (r *reviewer) Create(_ context.Context, review *authenticationv1.TokenReview, _ metav1.CreateOptions) (*authenticationv1.TokenReview, error) {
	r.asked++
	out := review.DeepCopy()
	out.Status = r.status[review.Spec.Token]
	return out, r.err
}

func request(header string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	return r
}

func TestTokens(t *testing.T) {
	who := func(name string, audiences ...string) authenticationv1.TokenReviewStatus {
		return authenticationv1.TokenReviewStatus{Authenticated: true, User: authenticationv1.UserInfo{Username: name}, Audiences: audiences}
	}
	judge := &reviewer{status: map[string]authenticationv1.TokenReviewStatus{
		"ours": who("ana", "corbel-logs"), "theirs": who("ana", "vault"), "blind": who("ana"), "nameless": who("", "corbel-logs"),
	}}
	tokens := caller.NewTokens(judge, clocktesting.NewFakePassiveClock(time.Unix(0, 0)), "corbel-logs")
	for header, known := range map[string]bool{
		"Bearer ours":            true,
		"bearer  ours":           true,
		"Basic dG9rZW46b3Vycw==": true, // token:ours
		"Bearer theirs":          false,
		"Bearer blind":           false, // who reviewed it did not look at the audience
		"Bearer nameless":        false,
		"Bearer wrong":           false,
		"Bearer ":                false,
		"Digest ours":            false,
		"":                       false,
	} {
		c, err := tokens.Identify(request(header))
		if known != (err == nil) || (known && c.Name != "ana") || (!known && !errors.Is(err, caller.ErrUnknown)) {
			t.Errorf("%q: %v, %v", header, c, err)
		}
	}
	if judge.asked != 5 {
		t.Errorf("%d reviews, want one for each token", judge.asked)
	}
}

func TestFailureIsNotRemembered(t *testing.T) {
	judge := &reviewer{err: errors.New("away")}
	tokens := caller.NewTokens(judge, clocktesting.NewFakePassiveClock(time.Unix(0, 0)))
	for range 2 {
		if _, err := (caller.Any{tokens}).Identify(request("Bearer x")); err == nil || errors.Is(err, caller.ErrUnknown) {
			t.Errorf("error %v", err)
		}
	}
	if judge.asked != 2 {
		t.Errorf("%d reviews", judge.asked)
	}
}

// access allows everything that is asked for the first time.
type access struct{ asked int }

func (a *access) Create(_ context.Context, review *authorizationv1.SubjectAccessReview, _ metav1.CreateOptions) (*authorizationv1.SubjectAccessReview, error) {
	a.asked++
	out := review.DeepCopy()
	out.Status.Allowed = true
	out.Status.Denied = review.Spec.User == "denied"
	return out, nil
}

func TestAccess(t *testing.T) {
	judge, clock := new(access), clocktesting.NewFakePassiveClock(time.Unix(0, 0))
	a := caller.NewAccess(judge, clock)
	read := authorizationv1.ResourceAttributes{Verb: "get", Resource: "pods", Subresource: "log"}
	ask := func(c caller.Caller) bool {
		t.Helper()
		ok, err := a.May(t.Context(), &c, read)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if ask(caller.Caller{Name: "denied"}) {
		t.Error("denied wins over allowed")
	}
	// Who is in other groups, or has other properties, is another question.
	for range 3 {
		ask(caller.Caller{Name: "ana"})
		ask(caller.Caller{Name: "ana", Groups: []string{"a"}})
		ask(caller.Caller{Name: "ana", Groups: []string{"a", "b"}})
		ask(caller.Caller{Name: "ana", Extra: map[string][]string{"scope": {"x"}}})
	}
	if judge.asked != 5 {
		t.Errorf("%d reviews, want 5", judge.asked)
	}
	clock.SetTime(clock.Now().Add(11 * time.Second))
	if ask(caller.Caller{Name: "ana"}); judge.asked != 6 {
		t.Error("what was said is remembered for too long")
	}
	// However many ask, what is remembered is bounded: the first is asked anew.
	for i := range 5000 {
		ask(caller.Caller{Name: fmt.Sprint(i)})
	}
	before := judge.asked
	if ask(caller.Caller{Name: "0"}); judge.asked != before+1 {
		t.Error("what is remembered has no bound")
	}
}
