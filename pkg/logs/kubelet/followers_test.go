package kubelet_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs"
	"github.com/corbel-dev/corbel/pkg/logs/kubelet"
	"github.com/corbel-dev/corbel/pkg/logs/logstest"
)

const followPath = "/containerLogs/shop/app-build/step-build?follow=true"

// inUse is the memory of the whole process, this test's clients included.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

// everybody lets all in.
type everybody struct{}

func (everybody) MayRead(*http.Request, kubelet.Target) (bool, error) { return true, nil }

// TestThousandFollowers holds each of them to a bound of memory, and shows every
// byte to each.
func TestThousandFollowers(t *testing.T) {
	const followers, each = 1000, 160 << 10
	w := newWorld(t)
	plain := httptest.NewServer((&kubelet.Server{Logs: w.store, Resolver: w.store, Auth: everybody{}, Clock: clock.RealClock{}}).Handler())
	defer plain.Close()
	client := &http.Client{Transport: &http.Transport{ReadBufferSize: 4 << 10, WriteBufferSize: 4 << 10}}
	before := inUse()
	var done sync.WaitGroup
	var wrong atomic.Int64
	want := sha256.New()
	sums := make([][]byte, followers)
	for i := range followers {
		resp, err := client.Get(plain.URL + followPath) //nolint:noctx // it ends with the log
		if err != nil {
			t.Fatal(err)
		}
		done.Go(func() {
			defer func() { _ = resp.Body.Close() }()
			h := sha256.New()
			if _, err := io.Copy(h, resp.Body); err != nil {
				wrong.Add(1)
			}
			sums[i] = h.Sum(nil)
		})
	}
	line := bytes.Repeat([]byte("x"), 1<<10)
	size := int64(0)
	for range 64 {
		if _, err := w.store.Write(build, size, bytes.NewReader(line)); err != nil {
			t.Fatal(err)
		}
		want.Write(line)
		size += int64(len(line))
	}
	took := inUse() - before
	digest := want.Sum(nil)
	if err := w.store.Finish(build, size, hex.EncodeToString(digest)); err != nil {
		t.Fatal(err)
	}
	done.Wait()
	t.Logf("%d followers, with their clients, take %d KiB each", followers, took/followers>>10)
	if took > followers*each {
		t.Errorf("%d bytes for %d followers, more than %d each", took, followers, each)
	}
	for i := range sums {
		if !bytes.Equal(sums[i], digest) {
			wrong.Add(1)
		}
	}
	if n := wrong.Load(); n > 0 {
		t.Errorf("%d followers saw something else", n)
	}
}

// TestStoppedReader neither holds up the sender nor grows memory, and ends when its
// client goes away.
func TestStoppedReader(t *testing.T) {
	const size, most = 64 << 20, 8 << 20
	w := newWorld(t)
	client := w.authority.Client(t, w.authority.Issue(t, logstest.Subject{Name: apiServer}))
	before, running := inUse(), runtime.NumGoroutine()
	_, leave := w.follow(t, client, followPath) // and never reads
	block := bytes.Repeat([]byte("0123456789abcde\n"), 64<<10)
	for at := 0; at < size; at += len(block) {
		if _, err := w.store.Write(build, int64(at), bytes.NewReader(block)); err != nil {
			t.Fatal(err)
		}
	}
	if took := inUse() - before; took > most {
		t.Errorf("a reader that stopped takes %d bytes", took)
	}
	leave()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > running+2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines run, %d before", runtime.NumGoroutine(), running)
		}
	}
	// The store lets go of the stream when nobody uses it: retention may take it.
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	if n, err := w.store.Sweep(t.Context(), logs.Retention{MaxAbandoned: time.Minute}); n != 1 || err != nil {
		t.Errorf("removed %d, %v: the reader is still there", n, err)
	}
}

// TestServerEndsInMidLog breaks the connection: no part looks like the whole.
func TestServerEndsInMidLog(t *testing.T) {
	w := newWorld(t)
	w.write(t, 0, text)
	client := w.authority.Client(t, w.authority.Issue(t, logstest.Subject{Name: apiServer}))
	lines, _ := w.follow(t, client, followPath)
	if _, err := io.ReadFull(lines, make([]byte, len(text))); err != nil {
		t.Fatal(err)
	}
	go w.server.CloseClientConnections()
	if _, err := io.ReadAll(lines); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the log ends with %v", err)
	}
}

// BenchmarkFollowLatency is from the write to the follower's having read it, over TLS.
func BenchmarkFollowLatency(b *testing.B) {
	w := newWorld(b)
	client := w.authority.Client(b, w.authority.Issue(b, logstest.Subject{Name: apiServer}))
	lines, _ := w.follow(b, client, followPath)
	took := make([]time.Duration, 0, b.N)
	size := 0
	for b.Loop() {
		start := time.Now()
		w.write(b, size, text)
		size += len(text)
		if _, err := io.ReadFull(lines, make([]byte, len(text))); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
