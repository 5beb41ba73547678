package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/ingest"
	"github.com/corbel-dev/corbel/pkg/logs/logstest"
	"github.com/corbel-dev/corbel/pkg/logs/server"
)

const (
	controller = "system:serviceaccount:corbel-system:corbel-controller"
	reader     = "kube-apiserver-kubelet-client"
)

// running is the service, as it runs.
type running struct {
	url, dir  string
	authority *logstest.Authority
	stop      context.CancelFunc
	ended     chan error
}

func start(t *testing.T, change func(c *server.Config)) *running {
	t.Helper()
	r := &running{dir: t.TempDir(), authority: logstest.NewAuthority(t), ended: make(chan error, 1)}
	logstest.Write(t, r.dir, r.authority.Issue(t, logstest.Subject{Name: "first", Server: true}))
	r.authority.WriteAuthority(t, filepath.Join(r.dir, "ca.crt"))
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is a test's
	if err != nil {
		t.Fatal(err)
	}
	r.url = "https://" + listener.Addr().String()
	c := server.Config{
		Listener: listener,
		CertFile: filepath.Join(r.dir, "tls.crt"), KeyFile: filepath.Join(r.dir, "tls.key"),
		ClientCAFile: filepath.Join(r.dir, "ca.crt"), Readers: []string{reader},
		Writers: map[string]string{"hosts": controller},
		Root:    t.TempDir(), SweepEvery: 10 * time.Millisecond,
		Clock: clock.RealClock{}, Log: zap.NewNop().Sugar(),
	}
	api := fake.NewClientset()
	api.PrependReactor("create", "tokenreviews", func(a ktesting.Action) (bool, runtime.Object, error) {
		review := a.(ktesting.CreateAction).GetObject().(*authenticationv1.TokenReview).DeepCopy()
		review.Status.Authenticated = strings.HasPrefix(review.Spec.Token, "system:")
		review.Status.User.Username = review.Spec.Token
		return true, review, nil
	})
	api.PrependReactor("create", "subjectaccessreviews", func(a ktesting.Action) (bool, runtime.Object, error) {
		return true, a.(ktesting.CreateAction).GetObject(), nil // nobody has a right
	})
	c.Kubernetes = api
	if change != nil {
		change(&c)
	}
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.ended <- server.Run(ctx, c) }()
	t.Cleanup(func() {
		stop()
		<-r.ended
	})
	return r
}

// call is one request, with bytes from the first on if it has a body.
type call struct {
	client                    *http.Client
	method, path, token, body string
}

func (r *running) do(t *testing.T, c call) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, r.url+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	req.Header.Set("Content-Range", "bytes 0-/*")
	req.Header.Set(ingest.HeaderNamespace, "shop")
	resp, err := c.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(out)
}

func TestWhoMayWrite(t *testing.T) {
	r := start(t, nil)
	client := func(name string, organizations ...string) *http.Client {
		return r.authority.Client(t, r.authority.Issue(t, logstest.Subject{Name: name, Organizations: organizations}))
	}
	edge, nobody := client("corbel:edge:agent", "corbel:edge"), r.authority.Client(t)
	for i, tc := range []struct {
		what   string
		client *http.Client
		source string
		token  string
		code   int
	}{
		{"the agent", edge, "edge", "", 204},
		{"the agent of another cluster", edge, "core", "", 403},
		{"an agent without the organisation", client("corbel:edge:agent"), "edge", "", 403},
		{"the organisation without the agent", client("raj", "corbel:edge"), "edge", "", 403},
		{"a cluster with the name of a writer's source", client("corbel:hosts:agent", "corbel:hosts"), "hosts", "", 403},
		{"the API server", client(reader), "edge", "", 403},
		{"the writer", nobody, "hosts", controller, 204},
		{"the writer, another source", nobody, "edge", controller, 403},
		{"another service account", nobody, "hosts", "system:serviceaccount:shop:default", 403},
		{"nobody", nobody, "edge", "", 401},
		{"a bad token", nobody, "hosts", "x", 401},
	} {
		path := fmt.Sprintf("/logs/%s/r/p%d/c", tc.source, i)
		if code, body := r.do(t, call{tc.client, "PATCH", path, tc.token, "log\n"}); code != tc.code {
			t.Errorf("%s: %d %s, want %d", tc.what, code, body, tc.code)
		}
	}
	// What was written is read where people look.
	if code, body := r.do(t, call{client(reader), "GET", "/containerLogs/shop/p0/c", "", ""}); code != 200 || body != "log\n" {
		t.Errorf("read: %d %q", code, body)
	}
	if code, _ := r.do(t, call{edge, "GET", "/containerLogs/shop/p0/c", "", ""}); code != 403 {
		t.Errorf("an agent reads: %d", code)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if code, body := r.do(t, call{nobody, "GET", path, "", ""}); code != 200 || body != "ok" {
			t.Errorf("%s: %d %q", path, code, body)
		}
	}
}

// served is the name of the certificate that the service shows.
func (r *running) served(t *testing.T) string {
	t.Helper()
	dialer := &tls.Dialer{Config: &tls.Config{RootCAs: r.authority.Pool(), MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(r.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestCertificatesAreReadAgain(t *testing.T) {
	r := start(t, nil)
	if name := r.served(t); name != "first" {
		t.Fatalf("certificate %q", name)
	}
	logstest.Write(t, r.dir, r.authority.Issue(t, logstest.Subject{Name: "second certificate", Server: true}))
	newer := logstest.NewAuthority(t)
	newer.WriteAuthority(t, filepath.Join(r.dir, "ca.crt"))
	agent := r.authority.Client(t, newer.Issue(t, logstest.Subject{Name: "corbel:edge:agent", Organizations: []string{"corbel:edge"}}))
	old := r.authority.Client(t, r.authority.Issue(t, logstest.Subject{Name: "corbel:edge:agent", Organizations: []string{"corbel:edge"}}))
	if code, _ := r.do(t, call{old, "HEAD", "/logs/edge/r/p/c", "", ""}); code != 204 {
		t.Errorf("at once, the old authority: %d", code)
	}
	time.Sleep(1100 * time.Millisecond)
	if name := r.served(t); name != "second certificate" {
		t.Errorf("certificate %q", name)
	}
	if code, _ := r.do(t, call{agent, "HEAD", "/logs/edge/r/p/c", "", ""}); code != 204 {
		t.Errorf("the new authority: %d", code)
	}
	if code, _ := r.do(t, call{old, "HEAD", "/logs/edge/r/p/c", "", ""}); code != 401 {
		t.Errorf("the old authority, on the same connection: %d", code)
	}
}

// TestEnd breaks followers off, and lets what is under way be done.
func TestEnd(t *testing.T) {
	r := start(t, nil)
	api := r.authority.Client(t, r.authority.Issue(t, logstest.Subject{Name: reader}))
	agent := r.authority.Client(t, r.authority.Issue(t, logstest.Subject{Name: "corbel:edge:agent", Organizations: []string{"corbel:edge"}}))
	r.do(t, call{agent, "PATCH", "/logs/edge/r/p/c", "", "one\n"})
	req, err := http.NewRequestWithContext(t.Context(), "GET", r.url+"/containerLogs/shop/p/c?follow=true", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := api.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, slow := io.Pipe()
	sent := make(chan int, 1)
	go func() {
		req, err := http.NewRequestWithContext(context.Background(), "PATCH", r.url+"/logs/edge/r/p/c", body)
		if err != nil {
			return
		}
		req.Header.Set("Content-Range", "bytes 4-/*")
		resp, err := agent.Do(req)
		if err != nil {
			sent <- 0
			return
		}
		_ = resp.Body.Close()
		sent <- resp.StatusCode
	}()
	if _, err := slow.Write([]byte("two\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	r.stop()
	if rest, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the follower ends with %q, %v", rest, err)
	}
	if _, err := slow.Write([]byte("three\n")); err != nil {
		t.Fatal(err)
	}
	_ = slow.Close()
	if code := <-sent; code != 204 {
		t.Errorf("the sender gets %d", code)
	}
	err = <-r.ended
	r.ended <- err // for the clean-up
	if err != nil {
		t.Error(err)
	}
}

func TestRetention(t *testing.T) {
	r := start(t, func(c *server.Config) { c.Retention = logs.Retention{MaxAbandoned: time.Millisecond} })
	api := r.authority.Client(t, r.authority.Issue(t, logstest.Subject{Name: reader}))
	agent := r.authority.Client(t, r.authority.Issue(t, logstest.Subject{Name: "corbel:edge:agent", Organizations: []string{"corbel:edge"}}))
	r.do(t, call{agent, "PATCH", "/logs/edge/r/p/c", "", "one\n"})
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if code, _ := r.do(t, call{api, "GET", "/containerLogs/shop/p/c", "", ""}); code == 404 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("an abandoned log stays")
		}
	}
}

func TestWrongConfig(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is a test's
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c := server.Config{Listener: listener, Root: t.TempDir(), CertFile: "/none", KeyFile: "/none", Clock: clock.RealClock{}, Log: zap.NewNop().Sugar()}
	if err := server.Run(t.Context(), c); err == nil || !strings.Contains(err.Error(), "serving certificate") {
		t.Errorf("error %v", err)
	}
	for _, bad := range [][]string{{"hosts"}, {"=x"}, {"hosts="}, {"hosts=a", "hosts=b"}} {
		if _, err := server.ParseWriters(bad); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
