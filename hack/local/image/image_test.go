package image

import (
	"archive/tar"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var someFiles = []file{
	{path: "tmp/", mode: 0o1777, dir: true},
	{path: "bin/tool", mode: 0o755, content: []byte("tool")},
	{path: "bin/alias", mode: 0o777, link: "tool"},
}

func serve(t *testing.T) Registry {
	t.Helper()
	server := httptest.NewServer(registry.New())
	t.Cleanup(server.Close)
	address := strings.TrimPrefix(server.URL, "http://")
	return Registry{Local: address, Wan: address}
}

func TestImageIsMadeOnce(t *testing.T) {
	r := serve(t)
	made := 0
	p := plan{repository: "example.com/cmd/tool", tag: "1", config: baseConfig(), files: func() ([]file, error) {
		made++
		return someFiles, nil
	}}
	first, err := r.ensure(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.ensure(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if first != second || made != 1 {
		t.Errorf("made %d times, as %s and %s", made, first, second)
	}
	if !strings.HasPrefix(first, r.Wan+"/example.com/cmd/tool@sha256:") {
		t.Errorf("reference %s is not by digest", first)
	}
}

func TestSameFilesAreTheSameLayer(t *testing.T) {
	if a, b := digest(t, someFiles), digest(t, someFiles); a != b {
		t.Errorf("layers %s and %s", a, b)
	}
}

func digest(t *testing.T, files []file) v1.Hash {
	t.Helper()
	l, err := layer(files)
	if err != nil {
		t.Fatal(err)
	}
	d, err := l.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLayerHoldsItsFiles(t *testing.T) {
	l, err := layer(someFiles)
	if err != nil {
		t.Fatal(err)
	}
	content, err := l.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(content); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, header.Name+" "+header.Linkname+" "+string(data))
	}
	want := []string{"tmp/  ", "bin/tool  tool", "bin/alias tool "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
