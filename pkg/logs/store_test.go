package logs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/corbel-dev/corbel/pkg/logs"
)

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	name1 = logs.Name{Source: "hosts", Run: "uid-1", Pod: "build", Container: "step-build"}
)

func newStore(t *testing.T, opts logs.Options) (*logs.Store, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := logs.NewStore(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func write(t *testing.T, s *logs.Store, offset int64, text string) int64 {
	t.Helper()
	n, err := s.Write(name1, offset, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func read(t *testing.T, s *logs.Store, opts logs.ReadOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Read(context.Background(), name1, opts, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

func TestWriteTakesEveryByteOnce(t *testing.T) {
	s, _ := newStore(t, logs.Options{})
	write(t, s, 0, "one\ntwo\n")
	if n := write(t, s, 4, "two\nthree"); n != 13 {
		t.Errorf("committed %d, want 13", n)
	}
	if n := write(t, s, 0, "one\n"); n != 13 {
		t.Errorf("committed %d after a repetition, want 13", n)
	}
	if got := read(t, s, logs.ReadOptions{}); got != "one\ntwo\nthree" {
		t.Errorf("log %q", got)
	}
}

func TestWriteRefusesWhatDoesNotContinue(t *testing.T) {
	s, _ := newStore(t, logs.Options{})
	write(t, s, 0, "0123456789")
	for name, tc := range map[string]struct {
		offset int64
		text   string
	}{
		"a gap":                            {11, "x"},
		"other bytes than are stored":      {4, "4x6"},
		"an overlap with other bytes":      {8, "8xAB"},
		"a negative offset":                {-1, "x"},
		"an overlap that is right, far on": {100, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Write(name1, tc.offset, strings.NewReader(tc.text))
			var refused *logs.RangeError
			if !errors.As(err, &refused) || (tc.offset >= 0 && refused.Committed != 10) {
				t.Errorf("error %v, want a RangeError at 10", err)
			}
		})
	}
	if got := read(t, s, logs.ReadOptions{}); got != "0123456789" {
		t.Errorf("log %q", got)
	}
}

func TestFinish(t *testing.T) {
	s, dir := newStore(t, logs.Options{})
	write(t, s, 0, "all\n")
	var digest *logs.DigestError
	if err := s.Finish(name1, 4, sum("other")); !errors.As(err, &digest) {
		t.Errorf("a wrong digest: %v", err)
	}
	var refused *logs.RangeError
	if err := s.Finish(name1, 9, sum("all\n")); !errors.As(err, &refused) || refused.Committed != 4 {
		t.Errorf("a wrong size: %v", err)
	}
	for range 2 {
		if err := s.Finish(name1, 4, sum("all\n")); err != nil {
			t.Fatal(err)
		}
	}
	again, err := logs.NewStore(dir, logs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := write(t, again, 0, "all\n"); n != 4 {
		t.Errorf("committed %d", n)
	}
	if _, err := again.Write(name1, 4, strings.NewReader("more")); !errors.As(err, &refused) {
		t.Errorf("bytes after the end: %v", err)
	}
	if err := s.Finish(logs.Name{Source: "a", Run: "b", Pod: "c", Container: "d"}, 3, sum("abc")); !errors.Is(err, logs.ErrNotFound) {
		t.Errorf("an unknown stream: %v", err)
	}
}

func TestCapSaysThatItTruncates(t *testing.T) {
	s, dir := newStore(t, logs.Options{MaxStream: 10})
	if n := write(t, s, 0, "0123456789abc"); n != 13 {
		t.Errorf("accepted %d, want all 13, so that the sender is never stalled", n)
	}
	write(t, s, 13, "def")
	const want = "0123456789\n[log truncated: it is longer than 10 bytes]\n"
	if got := read(t, s, logs.ReadOptions{}); got != want {
		t.Errorf("log %q", got)
	}
	again, err := logs.NewStore(dir, logs.Options{MaxStream: 10})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := again.Committed(name1); n != 10 { // the number tells
		t.Errorf("after a restart %d bytes are accepted, want 10", n)
	}
	write(t, again, 10, "abcdef")
	if err := again.Finish(name1, 16, sum("0123456789abcdef")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, again, logs.ReadOptions{}); got != want {
		t.Errorf("log %q", got)
	}
}

func TestReadOptions(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	s, _ := newStore(t, logs.Options{Clock: clock})
	write(t, s, 0, "one\ntw")
	clock.SetTime(noon.Add(time.Minute))
	write(t, s, 6, "o\nthree\n")
	clock.SetTime(noon.Add(-time.Hour)) // a clock that goes back stands still
	write(t, s, 14, "four")
	n := func(i int64) *int64 { return &i }
	for name, tc := range map[string]struct {
		opts logs.ReadOptions
		want string
	}{
		"all":                         {logs.ReadOptions{}, "one\ntwo\nthree\nfour"},
		"the last line has no end":    {logs.ReadOptions{TailLines: n(1)}, "four"},
		"two lines":                   {logs.ReadOptions{TailLines: n(2)}, "three\nfour"},
		"more lines than there are":   {logs.ReadOptions{TailLines: n(9)}, "one\ntwo\nthree\nfour"},
		"no lines":                    {logs.ReadOptions{TailLines: n(0)}, ""},
		"since begins with a line":    {logs.ReadOptions{Since: noon.Add(time.Second)}, "three\nfour"},
		"since after the end":         {logs.ReadOptions{Since: noon.Add(time.Hour)}, ""},
		"a limit":                     {logs.ReadOptions{LimitBytes: n(5)}, "one\nt"},
		"a limit longer than the log": {logs.ReadOptions{LimitBytes: n(500)}, "one\ntwo\nthree\nfour"},
		"a limit of the last lines":   {logs.ReadOptions{TailLines: n(2), LimitBytes: n(2)}, "th"},
		"times":                       {logs.ReadOptions{Timestamps: true, TailLines: n(3)}, "2026-01-02T12:00:00.000000000Z two\n2026-01-02T12:01:00.000000000Z three\n2026-01-02T12:01:00.000000000Z four"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := read(t, s, tc.opts); got != tc.want {
				t.Errorf("log %q, want %q", got, tc.want)
			}
		})
	}
}

// TestFollow writes random bytes in random pieces, with overlaps, under followers.
func TestFollow(t *testing.T) {
	s, _ := newStore(t, logs.Options{})
	random := rand.New(rand.NewPCG(1, 2))
	all := make([]byte, 1<<20)
	for i := range all {
		all[i] = byte(random.IntN(256))
	}
	if _, err := s.Write(name1, 0, bytes.NewReader(nil)); err != nil {
		t.Fatal(err)
	}
	var followers sync.WaitGroup
	got := make([]bytes.Buffer, 20)
	for i := range got {
		followers.Go(func() {
			if err := s.Read(context.Background(), name1, logs.ReadOptions{Follow: true}, &got[i]); err != nil {
				t.Error(err)
			}
		})
	}
	for at := 0; at < len(all); {
		from, to := max(0, at-random.IntN(100)), min(len(all), at+random.IntN(9000))
		if _, err := s.Write(name1, int64(from), bytes.NewReader(all[from:to])); err != nil {
			t.Fatal(err)
		}
		at = to
	}
	if err := s.Finish(name1, int64(len(all)), sum(string(all))); err != nil {
		t.Fatal(err)
	}
	followers.Wait()
	for i := range got {
		if !bytes.Equal(all, got[i].Bytes()) {
			t.Errorf("follower %d has other bytes", i)
		}
	}
}

func TestFollowEndsWithItsContext(t *testing.T) {
	s, _ := newStore(t, logs.Options{})
	write(t, s, 0, "x")
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Read(ctx, name1, logs.ReadOptions{Follow: true}, io.Discard); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

// TestCrash leaves files as a power cut may: an index that speaks of bytes that
// are not there, and half a record.
func TestCrash(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	s, dir := newStore(t, logs.Options{Clock: clock})
	for i := range 10 {
		clock.SetTime(noon.Add(time.Duration(i) * time.Second))
		write(t, s, int64(i*10), "012345678\n")
	}
	folder := filepath.Join(dir, "hosts", "uid-1", "build", "step-build")
	if err := os.Truncate(filepath.Join(folder, "data"), 55); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(folder, "arrivals"), 9*20+7); err != nil {
		t.Fatal(err)
	}
	again, err := logs.NewStore(dir, logs.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := again.Committed(name1); n != 55 || err != nil {
		t.Fatalf("committed %d, %v", n, err)
	}
	write(t, again, 50, "012345678\n")
	two := int64(2)
	const want = "2026-01-02T12:00:04.000000000Z 012345678\n2026-01-02T12:00:05.000000000Z 012345678\n"
	if got := read(t, again, logs.ReadOptions{Timestamps: true, TailLines: &two}); got != want {
		t.Errorf("log %q", got)
	}
}

func TestNamesLeadNowhereElse(t *testing.T) {
	s, _ := newStore(t, logs.Options{})
	for _, bad := range []string{"", ".", "..", "../x", "a/b", "A", ".hidden", "a\x00", strings.Repeat("x", 254), "ends-"} {
		for i := range 4 {
			parts := []string{"a", "b", "c", "d"}
			parts[i] = bad
			n := logs.Name{Source: parts[0], Run: parts[1], Pod: parts[2], Container: parts[3]}
			if _, err := s.Write(n, 0, strings.NewReader("x")); !errors.Is(err, logs.ErrName) {
				t.Errorf("name %q: %v", n, err)
			}
		}
	}
}

func TestTinyWrites(t *testing.T) {
	s, _ := newStore(t, logs.Options{})
	var want strings.Builder
	for i := range 10_000 {
		line := fmt.Sprintln(i)
		write(t, s, int64(want.Len()), line)
		want.WriteString(line)
	}
	if read(t, s, logs.ReadOptions{}) != want.String() {
		t.Error("the log differs")
	}
}

func TestSweep(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	s, _ := newStore(t, logs.Options{Clock: clock})
	at := func(run string) logs.Name { return logs.Name{Source: "hosts", Run: run, Pod: "p", Container: "c"} }
	for i, run := range []string{"old", "middle", "new"} {
		clock.SetTime(noon.Add(time.Duration(i) * time.Hour))
		if _, err := s.Write(at(run), 0, strings.NewReader("0123456789")); err != nil {
			t.Fatal(err)
		}
		if err := s.Finish(at(run), 10, sum("0123456789")); err != nil {
			t.Fatal(err)
		}
	}
	left := func() string {
		var out []string
		for _, run := range []string{"old", "middle", "new"} {
			if _, err := s.Done(at(run)); err == nil {
				out = append(out, run)
			}
		}
		return strings.Join(out, " ")
	}
	for _, step := range []struct {
		r    logs.Retention
		want string
	}{
		{logs.Retention{}, "old middle new"},
		{logs.Retention{MaxAge: 90 * time.Minute}, "middle new"},
		{logs.Retention{MaxTotal: 15}, "new"},
	} {
		if _, err := s.Sweep(context.Background(), step.r); err != nil {
			t.Fatal(err)
		}
		if got := left(); got != step.want {
			t.Errorf("%+v leaves %q, want %q", step.r, got, step.want)
		}
	}
}
