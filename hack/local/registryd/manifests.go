package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/corbel-dev/corbel/hack/local/state"
)

// manifestLimit is more than any manifest of an image that a node would run.
const manifestLimit = 16 << 20

// entry is one manifest as it was put.
type entry struct {
	Path        string `json:"path"`
	ContentType string `json:"contentType"`
	Body        []byte `json:"body"`
}

// keep wraps a registry whose manifests are in memory: each that is put is also
// written to dir, and all in dir are put again at the start.
func keep(dir string, inner http.Handler) (http.Handler, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	// An index is refused before the images it names, and no order is kept: so twice.
	for range 2 {
		for _, f := range files {
			if err := restore(inner, f); err != nil {
				return nil, err
			}
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") {
			inner.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, manifestLimit))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		inner.ServeHTTP(answer, r)
		if answer.Code == http.StatusCreated {
			e := entry{Path: r.URL.Path, ContentType: r.Header.Get("Content-Type"), Body: body}
			if err := save(dir, e); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		for k, v := range answer.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	}), nil
}

func save(dir string, e entry) error {
	sum := sha256.Sum256([]byte(e.Path))
	return state.Save(filepath.Join(dir, hex.EncodeToString(sum[:16])+".json"), e)
}

func restore(inner http.Handler, file string) error {
	var e entry
	if err := state.Load(file, &e); err != nil {
		// One torn file costs one push, not the registry.
		return os.Remove(file)
	}
	r := httptest.NewRequest(http.MethodPut, e.Path, bytes.NewReader(e.Body))
	r.Header.Set("Content-Type", e.ContentType)
	inner.ServeHTTP(httptest.NewRecorder(), r)
	return nil
}
