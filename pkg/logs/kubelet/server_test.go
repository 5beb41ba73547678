package kubelet_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/caller"
	"github.com/corbel-dev/corbel/pkg/logs/kubelet"
	"github.com/corbel-dev/corbel/pkg/logs/logstest"
)

const (
	apiServer = "kube-apiserver-kubelet-client"
	text      = "one\ntwo\nthree\n"
)

var build = logs.Name{Source: "edge", Run: "r1", Pod: "app-build", Container: "step-build"}

// world is the service over TLS, with an API server that reviews.
type world struct {
	store     *logs.Store
	clock     *clocktesting.FakePassiveClock
	authority *logstest.Authority
	server    *httptest.Server
	reviews   atomic.Int64
	broken    atomic.Bool
	rights    map[string]string // user -> resource/subresource in namespace
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		clock:     clocktesting.NewFakePassiveClock(time.Now()),
		authority: logstest.NewAuthority(t),
		rights: map[string]string{
			"ana": "pods/log shop", "root": "nodes/proxy ", "ops": "nodes/log ",
		},
	}
	var err error
	if w.store, err = logs.NewStore(t.TempDir(), logs.Options{Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Place(build, "shop"); err != nil {
		t.Fatal(err)
	}
	api := w.api()
	certificates := &caller.Certificates{Roots: func() *x509.CertPool { return w.authority.Pool() }, Clock: clock.RealClock{}}
	tokens := caller.NewTokens(api.AuthenticationV1().TokenReviews(), w.clock)
	access := caller.NewAccess(api.AuthorizationV1().SubjectAccessReviews(), w.clock)
	s := &kubelet.Server{Logs: w.store, Resolver: w.store, Clock: w.clock, Auth: kubelet.AnyOf{
		&kubelet.ByCertificate{Certificates: certificates, Names: []string{apiServer}},
		&kubelet.ByReview{Callers: caller.Any{certificates, tokens}, Access: access},
	}}
	w.server = httptest.NewUnstartedServer(s.Handler())
	w.server.TLS = &tls.Config{
		MinVersion: tls.VersionTLS12, ClientAuth: tls.RequestClientCert,
		Certificates: []tls.Certificate{w.authority.Issue(t, logstest.Subject{Name: "logs", Server: true})},
	}
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	return w
}

// api reviews: a token is the name of its user and a right is in the table.
func (w *world) api() *fake.Clientset {
	api := fake.NewClientset()
	api.PrependReactor("create", "tokenreviews", func(a ktesting.Action) (bool, runtime.Object, error) {
		w.reviews.Add(1)
		if w.broken.Load() {
			return true, nil, errors.New("the API server is away")
		}
		review := a.(ktesting.CreateAction).GetObject().(*authenticationv1.TokenReview).DeepCopy()
		if user, ok := strings.CutPrefix(review.Spec.Token, "token-of-"); ok {
			review.Status.Authenticated = true
			review.Status.User.Username = user
		}
		return true, review, nil
	})
	api.PrependReactor("create", "subjectaccessreviews", func(a ktesting.Action) (bool, runtime.Object, error) {
		w.reviews.Add(1)
		review := a.(ktesting.CreateAction).GetObject().(*authorizationv1.SubjectAccessReview).DeepCopy()
		what := review.Spec.ResourceAttributes
		right := what.Resource + "/" + what.Subresource + " " + what.Namespace
		review.Status.Allowed = what.Verb == "get" && right == w.rights[review.Spec.User]
		return true, review, nil
	})
	return api
}

func (w *world) write(t testing.TB, offset int, s string) {
	t.Helper()
	if _, err := w.store.Write(build, int64(offset), strings.NewReader(s)); err != nil {
		t.Fatal(err)
	}
}

func (w *world) finish(t testing.TB, whole string) {
	t.Helper()
	h := sha256.Sum256([]byte(whole))
	if err := w.store.Finish(build, int64(len(whole)), hex.EncodeToString(h[:])); err != nil {
		t.Fatal(err)
	}
}

// call is one request; token "" sends none, "basic:x" sends x as a password.
func (w *world) call(t testing.TB, client *http.Client, method, path, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if password, ok := strings.CutPrefix(token, "basic:"); ok {
		req.SetBasicAuth("token", password)
	} else if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestWhoMayRead(t *testing.T) {
	w := newWorld(t)
	w.write(t, 0, text)
	stranger := logstest.NewAuthority(t)
	client := func(certs ...tls.Certificate) *http.Client { return w.authority.Client(t, certs...) }
	api := w.authority.Issue(t, logstest.Subject{Name: apiServer})
	agent := w.authority.Issue(t, logstest.Subject{Name: "corbel:edge:agent", Organizations: []string{"corbel:edge"}})
	forged := stranger.Issue(t, logstest.Subject{Name: apiServer})
	old := w.authority.Issue(t, logstest.Subject{Name: apiServer, NotAfter: time.Now().Add(-time.Minute)})
	serving := w.authority.Issue(t, logstest.Subject{Name: apiServer, Server: true})
	ana := w.authority.Issue(t, logstest.Subject{Name: "ana"})
	const node, external = "/containerLogs/shop/app-build/step-build", "/external/shop/app-build/step-build"
	for _, tc := range []struct {
		what   string
		client *http.Client
		path   string
		token  string
		code   int
	}{
		{"the API server", client(api), node, "", 200},
		{"the API server, the other door", client(api), external, "", 200},
		{"nobody", client(), node, "", 401},
		{"nobody, the other door", client(), external, "", 401},
		{"a bad token", client(), external, "x", 401},
		{"a certificate of another authority", client(forged), node, "", 401},
		{"a certificate that is over", client(old), node, "", 401},
		{"a serving certificate", client(serving), node, "", 401},
		{"an agent", client(agent), node, "", 403},
		{"an agent, the other door", client(agent), external, "", 403},
		{"who may read the pod's log", client(), external, "token-of-ana", 200},
		{"the same with a password", client(), external, "basic:token-of-ana", 200},
		{"the same with a certificate", client(ana), external, "", 200},
		{"another namespace", client(), "/external/bank/app-build/step-build", "token-of-ana", 403},
		{"the node's door", client(), node, "token-of-ana", 403},
		{"nodes/proxy", client(), node, "token-of-root", 200},
		{"nodes/log", client(), node, "token-of-ops", 200},
		{"nodes/proxy, the other door", client(), external, "token-of-root", 403},
		{"another", client(), external, "token-of-raj", 403},
		{"no such pod, without the right", client(), "/external/shop/other/x", "token-of-raj", 403},
		{"no such pod", client(), "/external/shop/other/x", "token-of-ana", 404},
	} {
		code, body := w.call(t, tc.client, "GET", tc.path, tc.token)
		if code != tc.code || (code == 200) != (body == text) {
			t.Errorf("%s: %d %q, want %d", tc.what, code, body, tc.code)
		}
	}
}

func TestReviewsAreRememberedForAWhile(t *testing.T) {
	w := newWorld(t)
	client := w.authority.Client(t)
	const external = "/external/shop/app-build/step-build"
	for range 5 {
		w.call(t, client, "GET", external, "token-of-ana")
		w.call(t, client, "GET", external, "bad")
	}
	if n := w.reviews.Load(); n != 3 {
		t.Errorf("%d reviews, want 3: two tokens, one right", n)
	}
	delete(w.rights, "ana")
	w.clock.SetTime(w.clock.Now().Add(11 * time.Second))
	if code, _ := w.call(t, client, "GET", external, "token-of-ana"); code != 403 {
		t.Errorf("a right that was taken away: %d", code)
	}
	w.broken.Store(true)
	for range 2 {
		if code, _ := w.call(t, client, "GET", external, "token-of-new"); code != 500 {
			t.Errorf("no review: %d", code)
		}
	}
	w.broken.Store(false)
	if code, _ := w.call(t, client, "GET", external, "token-of-new"); code != 403 {
		t.Error("that there was no review is not remembered")
	}
}

func TestWhatIsServed(t *testing.T) {
	w := newWorld(t)
	w.write(t, 0, text)
	client := w.authority.Client(t, w.authority.Issue(t, logstest.Subject{Name: apiServer}))
	const at = "/containerLogs/shop/app-build/step-build"
	for _, tc := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", at, 200, text},
		{"GET", at + "?tailLines=2", 200, "two\nthree\n"},
		{"GET", at + "?tail=1", 200, "three\n"},
		{"GET", at + "?limitBytes=5", 200, "one\nt"},
		{"GET", at + "?sinceSeconds=1", 200, text},
		{"GET", at + "?sinceTime=2100-01-01T00:00:00Z", 200, ""},
		{"GET", at + "?tailLines=-1", 422, `{"message": "Invalid request."}`},
		{"GET", at + "?tailLines=x", 400, `{"message": "Unable to decode query."}`},
		{"GET", at + "?previous=true", 400, `previous terminated container "step-build" in pod "app-build" not found`},
		{"GET", "/containerLogs/shop/app-build/step-none", 404, `container "step-none" not found in pod "app-build"`},
		{"GET", "/containerLogs/bank/app-build/step-build", 404, `container "step-build" not found in pod "app-build"`},
		{"GET", "/containerLogs/shop/..%2f..%2fr1/step-build", 404, `container "step-build" not found in pod "../../r1"`},
		{"GET", "/external/shop/app-build/step-build?startTime=x&completionTime=y", 200, text},
	} {
		if code, body := w.call(t, client, tc.method, tc.path, ""); code != tc.code || body != tc.body {
			t.Errorf("%s: %d %q, want %d %q", tc.path, code, body, tc.code, tc.body)
		}
	}
	for _, path := range []string{
		"/exec/shop/app-build/step-build", "/attach/shop/app-build/step-build", "/portForward/shop/app-build",
		"/run/shop/app-build/step-build", "/cri/exec/x", "/pods", "/runningpods/", "/metrics", "/metrics/cadvisor",
		"/stats/summary", "/logs/", "/configz", "/debug/pprof/", "/", "/healthz", "/containerLogs/shop/app-build",
		at + "/more", "/checkpoint/shop/app-build/step-build",
	} {
		for _, method := range []string{"GET", "POST"} {
			if code, _ := w.call(t, client, method, path, ""); code != 404 {
				t.Errorf("%s %s: %d, want 404", method, path, code)
			}
		}
	}
	if code, _ := w.call(t, client, "POST", at, ""); code != 405 {
		t.Errorf("POST: %d", code)
	}
}

// follow opens a log and returns its lines and a way to go away.
func (w *world) follow(t testing.TB, client *http.Client, path string) (*bufio.Reader, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", w.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		t.Fatalf("follow: %d", resp.StatusCode)
	}
	t.Cleanup(func() { cancel(); _ = resp.Body.Close() })
	return bufio.NewReaderSize(resp.Body, 1<<10), cancel
}

func TestFollowShowsBytesAsTheyCome(t *testing.T) {
	w := newWorld(t)
	client := w.authority.Client(t, w.authority.Issue(t, logstest.Subject{Name: apiServer}))
	// The head comes although there is no byte yet.
	lines, _ := w.follow(t, client, "/containerLogs/shop/app-build/step-build?follow=true")
	whole := ""
	for _, line := range []string{"one\n", "two\n", "\x00\xff\n"} {
		w.write(t, len(whole), line)
		whole += line
		if got, err := lines.ReadString('\n'); got != line || err != nil {
			t.Fatalf("line %q, %v, want %q", got, err, line)
		}
	}
	w.write(t, len(whole), "no end")
	w.finish(t, whole+"no end")
	if rest, err := io.ReadAll(lines); string(rest) != "no end" || err != nil {
		t.Errorf("the end %q, %v", rest, err)
	}
}
