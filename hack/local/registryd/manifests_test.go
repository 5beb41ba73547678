package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func open(t *testing.T, dir string) *httptest.Server {
	t.Helper()
	blobs := registry.NewDiskBlobHandler(filepath.Join(dir, "blobs"))
	handler, err := keep(filepath.Join(dir, "manifests"), registry.New(registry.WithBlobHandler(blobs)))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func reference(t *testing.T, server *httptest.Server) name.Reference {
	t.Helper()
	ref, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/a/b:1")
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestImagesAreThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	img, err := random.Image(1024, 2)
	if err != nil {
		t.Fatal(err)
	}
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: img})
	first := open(t, dir)
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(reference(t, first), index); err != nil {
		t.Fatal(err)
	}
	first.Close()
	got, err := remote.Index(reference(t, open(t, dir)))
	if err != nil {
		t.Fatal(err)
	}
	want, err := index.Digest()
	if err != nil {
		t.Fatal(err)
	}
	if d, err := got.Digest(); err != nil || d != want {
		t.Errorf("digest %s, %v, want %s", d, err, want)
	}
}

func TestRefusedManifestsAreNotKept(t *testing.T) {
	dir := t.TempDir()
	server := open(t, dir)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, server.URL+"/v2/a/manifests/1", strings.NewReader("{"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/vnd.oci.image.index.v1+json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	kept, err := filepath.Glob(filepath.Join(dir, "manifests", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode == http.StatusCreated || len(kept) != 0 {
		t.Errorf("status %d, kept %v", answer.StatusCode, kept)
	}
}
