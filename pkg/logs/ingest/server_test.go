package ingest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/ingest"
)

// bearer lets a source in by a token that is its name.
type bearer struct{}

func (bearer) MayWrite(r *http.Request, source string) (bool, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return false, errors.New("no token")
	}
	return token == source, nil
}

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	store, err := logs.NewStore(t.TempDir(), logs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer((&ingest.Server{Store: store, Auth: bearer{}}).Handler())
	t.Cleanup(server.Close)
	return server
}

type call struct {
	method, path, token, header, body string
	namespace                         string
}

func (c call) do(t *testing.T, server *httptest.Server) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.namespace != "" {
		req.Header.Set(ingest.HeaderNamespace, c.namespace)
	}
	if c.header != "" {
		req.Header.Set("Content-Range", c.header)
	}
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, resp.Header.Get(ingest.HeaderOffset)
}

func TestIngest(t *testing.T) {
	server := serve(t)
	digest := sha256.Sum256([]byte("one\ntwo\n"))
	finish := fmt.Sprintf("/logs/edge/r/p/c/finish?size=8&sha256=%s", hex.EncodeToString(digest[:]))
	const path = "/logs/edge/r/p/c"
	for _, step := range []struct {
		what   string
		call   call
		code   int
		offset string
	}{
		{"nothing is there yet", call{"HEAD", path, "edge", "", "", ""}, 204, "0"},
		{"no namespace", call{"PATCH", path, "edge", "bytes 0-3/*", "one\n", ""}, 400, "0"},
		{"a namespace that is none", call{"PATCH", path, "edge", "bytes 0-3/*", "one\n", "../shop"}, 400, "0"},
		{"the first bytes", call{"PATCH", path, "edge", "bytes 0-3/*", "one\n", "shop"}, 204, "4"},
		{"a stream of unknown length", call{"PATCH", path, "edge", "bytes 4-/*", "tw", ""}, 204, "6"},
		{"another namespace", call{"PATCH", path, "edge", "bytes 6-6/*", "x", "bank"}, 409, "6"},
		{"another source for the same pod", call{"PATCH", "/logs/core/r/p/c", "core", "bytes 0-0/*", "x", "shop"}, 409, "0"},
		{"an empty log", call{"POST", "/logs/edge/r/p/empty/finish?size=0&sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "edge", "", "", "shop"}, 204, "0"},
		{"a gap", call{"PATCH", path, "edge", "bytes 7-8/*", "xx", ""}, 416, "6"},
		{"other bytes", call{"PATCH", path, "edge", "bytes 0-2/*", "two", ""}, 416, "6"},
		{"an early end", call{"POST", finish, "edge", "", "", ""}, 416, "6"},
		{"the rest, with an overlap", call{"PATCH", path, "edge", "bytes 4-7/8", "two\n", ""}, 204, "8"},
		{"a wrong digest", call{"POST", path + "/finish?size=8&sha256=" + strings.Repeat("0", 64), "edge", "", "", ""}, 409, "8"},
		{"no digest", call{"POST", path + "/finish?size=8", "edge", "", "", ""}, 400, "8"},
		{"the end", call{"POST", finish, "edge", "", "", ""}, 204, "8"},
		{"the end again", call{"POST", finish, "edge", "", "", ""}, 204, "8"},
		{"bytes after the end", call{"PATCH", path, "edge", "bytes 8-8/*", "x", ""}, 416, "8"},
		{"no range", call{"PATCH", path, "edge", "", "x", ""}, 400, "8"},
		{"an unknown run is not finished", call{"POST", strings.Replace(finish, "/r/", "/q/", 1), "edge", "", "", ""}, 404, "0"},
		{"another source's log", call{"PATCH", path, "core", "bytes 8-8/*", "x", ""}, 403, ""},
		{"a stranger", call{"PATCH", path, "", "bytes 8-8/*", "x", ""}, 401, ""},
		{"a path that leads away", call{"PATCH", "/logs/edge/..%2f..%2fetc/p/c", "edge", "bytes 0-0/*", "x", ""}, 400, ""},
		{"another method", call{"GET", path, "edge", "", "", ""}, 405, ""},
	} {
		code, offset := step.call.do(t, server)
		if code != step.code || offset != step.offset {
			t.Errorf("%s: %d at %q, want %d at %q", step.what, code, offset, step.code, step.offset)
		}
	}
}
