package upload_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/ingest"
	"github.com/corbel-dev/corbel/pkg/logs/upload"
)

var target = upload.Target{
	Name:      logs.Name{Source: "edge", Run: "r1", Pod: "app-build", Container: "step-build"},
	Namespace: "shop",
}

type everybody struct{}

func (everybody) MayWrite(*http.Request, string) (bool, error) { return true, nil }

// hasty is a clock whose timers are a hundred times too fast.
type hasty struct{ clock.RealClock }

func (h hasty) NewTimer(d time.Duration) clock.Timer { return h.RealClock.NewTimer(d / 100) }

// service takes logs in, through a handler that may do harm.
type service struct {
	store *logs.Store
	url   string
	harm  atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

func newService(t testing.TB) *service {
	t.Helper()
	store, err := logs.NewStore(t.TempDir(), logs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &service{store: store}
	next := (&ingest.Server{Store: store, Auth: everybody{}}).Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if harm := s.harm.Load(); harm != nil && (*harm)(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// do sets what happens before a request is served; true means that it was answered.
func (s *service) do(harm func(w http.ResponseWriter, r *http.Request) bool) { s.harm.Store(&harm) }

func (s *service) uploader() *upload.Uploader {
	return &upload.Uploader{Client: http.DefaultClient, URL: s.url + "/", Clock: hasty{}}
}

func (s *service) holds(t testing.TB, want []byte) {
	t.Helper()
	var got bytes.Buffer
	if err := s.store.Read(t.Context(), target.Name, logs.ReadOptions{}, &got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the service has %d bytes, want %d, or others", got.Len(), len(want))
	}
	if done, err := s.store.Done(target.Name); err != nil || done == nil {
		t.Errorf("the log is not finished: %v", err)
	}
}

func newSpool(t testing.TB, first []byte) *upload.Spool {
	t.Helper()
	s, err := upload.OpenSpool(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Write(first); err != nil {
		t.Fatal(err)
	}
	return s
}

func randomBytes(n int) []byte {
	out, random := make([]byte, n), rand.New(rand.NewPCG(3, 4))
	for i := range out {
		out[i] = byte(random.IntN(256))
	}
	return out
}

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestEverythingBreaks cuts, refuses and loses answers at random, while the source
// grows.
func TestEverythingBreaks(t *testing.T) {
	s, all := newService(t), randomBytes(6<<20)
	var mu sync.Mutex
	random, broke := rand.New(rand.NewPCG(1, 2)), 0
	s.do(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		how, part := random.IntN(8), random.Int64N(1<<20)
		if how < 5 {
			broke++
		}
		mu.Unlock()
		switch how {
		case 0:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 1:
			panic(http.ErrAbortHandler) // before anything is read
		case 2: // a part arrives, then the connection is cut
			r.Body = io.NopCloser(io.LimitReader(r.Body, part))
			next := (&ingest.Server{Store: s.store, Auth: everybody{}}).Handler()
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case 3: // all arrives, and the answer is lost
			next := (&ingest.Server{Store: s.store, Auth: everybody{}}).Handler()
			next.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case 4: // a page of somebody else
			_, _ = io.WriteString(w, "<html>log in</html>")
			return true
		default:
			return false
		}
		return true
	})
	spool := newSpool(t, all[:1<<20])
	go func() {
		for at := 1 << 20; at < len(all); {
			n := min(len(all)-at, 1+int(all[at])*300)
			_, _ = spool.Write(all[at : at+n])
			at += n
		}
		spool.Finish()
	}()
	u := s.uploader()
	u.Retrying = func(logs.Name, error, time.Duration) {}
	err := u.Upload(within(t), target, spool)
	// A page with 200 is an answer of something else: it is told, and the next
	// upload goes on.
	for refused := new(upload.RefusedError); errors.As(err, &refused) && refused.Code == http.StatusOK; {
		err = u.Upload(within(t), target, spool)
	}
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	t.Logf("%d requests broke", broke)
	mu.Unlock()
	s.do(func(http.ResponseWriter, *http.Request) bool { return false })
	s.holds(t, all)
}

func TestRefusals(t *testing.T) {
	for _, tc := range []struct {
		what string
		harm func(s *service, w http.ResponseWriter, r *http.Request) bool
		code int
	}{
		{"no right", func(_ *service, w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "not yours", http.StatusForbidden)
			return true
		}, 403},
		{"no such service", func(_ *service, w http.ResponseWriter, r *http.Request) bool { http.NotFound(w, r); return true }, 404},
		{"the service has more than the source", func(_ *service, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set(ingest.HeaderOffset, "9")
			w.WriteHeader(http.StatusNoContent)
			return true
		}, 0},
		{"it was finished with less", func(s *service, _ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPatch {
				s.finish("lo")
			}
			return false
		}, 416},
		{"a pod of another source", func(s *service, _ http.ResponseWriter, _ *http.Request) bool {
			other := target.Name
			other.Source = "core"
			_ = s.store.Place(other, target.Namespace)
			return false
		}, 409},
	} {
		t.Run(tc.what, func(t *testing.T) {
			s := newService(t)
			s.do(func(w http.ResponseWriter, r *http.Request) bool { return tc.harm(s, w, r) })
			err := s.uploader().Upload(within(t), target, newSpool(t, []byte("log")))
			refused := new(upload.RefusedError)
			if !errors.As(err, &refused) || refused.Code != tc.code {
				t.Errorf("error %v, want %d", err, tc.code)
			}
		})
	}
}

func (s *service) finish(text string) {
	h := sha256.Sum256([]byte(text))
	_ = s.store.Place(target.Name, target.Namespace)
	_, _ = s.store.Write(target.Name, 0, strings.NewReader(text))
	_ = s.store.Finish(target.Name, int64(len(text)), hex.EncodeToString(h[:]))
}

// lying is a source that fails, or says what is not so.
type lying struct {
	*upload.Spool
	readErr error
	digest  string
}

func (l *lying) ReadAt(b []byte, at int64) (int, error) {
	if l.readErr != nil {
		return 0, l.readErr
	}
	return l.Spool.ReadAt(b, at)
}

func (l *lying) State(ctx context.Context) (upload.State, error) {
	s, err := l.Spool.State(ctx)
	s.SHA256 = l.digest
	return s, err
}

func TestSourceThatFails(t *testing.T) {
	s, gone := newService(t), errors.New("the host is gone")
	spool := newSpool(t, []byte("log"))
	spool.Finish()
	for _, readErr := range []error{gone, io.EOF} {
		err := s.uploader().Upload(within(t), target, &lying{Spool: spool, readErr: readErr})
		if readErr == io.EOF { //nolint:errorlint // it is the one of the table
			readErr = io.ErrUnexpectedEOF
		}
		if !errors.Is(err, readErr) {
			t.Errorf("error %v, want %v", err, readErr)
		}
	}
	refused := new(upload.RefusedError)
	err := s.uploader().Upload(within(t), target, &lying{Spool: spool, digest: strings.Repeat("0", 64)})
	if !errors.As(err, &refused) || refused.Code != http.StatusConflict {
		t.Errorf("a wrong digest: %v", err)
	}
	if err := s.uploader().Upload(within(t), target, spool); err != nil {
		t.Error(err)
	}
}

func TestCancelLeavesWhatWasSent(t *testing.T) {
	s := newService(t)
	spool := newSpool(t, []byte("one\n"))
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() { ended <- s.uploader().Upload(ctx, target, spool) }()
	for n := int64(0); n != 4; {
		var err error
		if n, err = s.store.Committed(target.Name); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	_, _ = spool.Write([]byte("two\n"))
	spool.Finish()
	if err := s.uploader().Upload(within(t), target, spool); err != nil {
		t.Fatal(err)
	}
	s.holds(t, []byte("one\ntwo\n"))
}

// TestPausesGrow watches a service that answers and takes nothing.
func TestPausesGrow(t *testing.T) {
	s := newService(t)
	s.do(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			w.WriteHeader(http.StatusInsufficientStorage)
			return true
		}
		return false
	})
	ctx, cancel := context.WithCancel(within(t))
	var pauses []string
	u := s.uploader()
	u.Random = func() float64 { return 0 }
	u.Retrying = func(_ logs.Name, err error, after time.Duration) {
		if refused := new(upload.RefusedError); !errors.As(err, &refused) || refused.Code != 507 {
			t.Errorf("told of %v", err)
		}
		if pauses = append(pauses, after.String()); len(pauses) == 11 {
			cancel()
		}
	}
	if err := u.Upload(ctx, target, newSpool(t, []byte("x"))); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	const want = "[100ms 200ms 400ms 800ms 1.6s 3.2s 6.4s 12.8s 25.6s 30s 30s]"
	if got := fmt.Sprint(pauses); got != want {
		t.Errorf("pauses %s, want %s", got, want)
	}
}

// TestSpoolNeverWaits: the service hangs, and the build writes on, at no memory.
func TestSpoolNeverWaits(t *testing.T) {
	s := newService(t)
	ctx, cancel := context.WithCancel(within(t))
	s.do(func(_ http.ResponseWriter, r *http.Request) bool { <-ctx.Done(); return true })
	spool := newSpool(t, nil)
	ended := make(chan error, 1)
	go func() { ended <- s.uploader().Upload(ctx, target, spool) }()
	var before, after runtime.MemStats
	block := randomBytes(1 << 20)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 64 {
		if _, err := spool.Write(block); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if after.HeapInuse > before.HeapInuse+8<<20 {
		t.Errorf("%d bytes more are in use", after.HeapInuse-before.HeapInuse)
	}
	cancel()
	<-ended
}

func BenchmarkUpload(b *testing.B) {
	s, all := newService(b), randomBytes(16<<20)
	spool := newSpool(b, all)
	spool.Finish()
	b.SetBytes(int64(len(all)))
	i := 0
	for b.Loop() {
		to := target
		i++
		to.Name.Run = fmt.Sprint("r", i)
		if err := s.uploader().Upload(context.Background(), to, spool); err != nil {
			b.Fatal(err)
		}
	}
}
