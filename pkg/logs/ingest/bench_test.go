package ingest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/ingest"
)

// BenchmarkIngest sends pieces of the usual sizes over TLS, one after the other.
func BenchmarkIngest(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			store, err := logs.NewStore(b.TempDir(), logs.Options{MaxStream: 1 << 40})
			if err != nil {
				b.Fatal(err)
			}
			server := httptest.NewTLSServer((&ingest.Server{Store: store, Auth: bearer{}}).Handler())
			defer server.Close()
			client, piece := server.Client(), bytes.Repeat([]byte("0123456789abcde\n"), size/16)
			b.SetBytes(int64(size))
			at := 0
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPatch, server.URL+"/logs/edge/r/p/c", bytes.NewReader(piece))
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Authorization", "Bearer edge")
				req.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/*", at, at+size-1))
				req.Header.Set(ingest.HeaderNamespace, "shop")
				resp, err := client.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				if err := resp.Body.Close(); err != nil || resp.StatusCode != http.StatusNoContent {
					b.Fatal(resp.Status, err)
				}
				at += size
			}
		})
	}
}
