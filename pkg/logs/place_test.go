package logs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/corbel-dev/corbel/pkg/logs"
)

func TestPlace(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	s, dir := newStore(t, logs.Options{Clock: clock})
	first := logs.Name{Source: "edge", Run: "r2", Pod: "app", Container: "step-build"}
	retry := logs.Name{Source: "edge", Run: "r1", Pod: "app", Container: "step-build"}
	other := logs.Name{Source: "core", Run: "r1", Pod: "app", Container: "step-build"}
	var refused *logs.PlaceError
	for _, step := range []struct {
		what      string
		name      logs.Name
		namespace string
		ok        bool
	}{
		{"the first", first, "shop", true},
		{"the first again", first, "shop", true},
		{"it does not move", first, "bank", false},
		{"another source", other, "shop", false},
		{"another source, another namespace", other, "bank", true},
		{"the same source, a later run", retry, "shop", true},
	} {
		clock.SetTime(clock.Now().Add(time.Second))
		err := s.Place(step.name, step.namespace)
		if (err == nil) != step.ok || (err != nil && !errors.As(err, &refused)) {
			t.Errorf("%s: %v", step.what, err)
		}
	}
	for _, bad := range []string{"", "..", "a/b", "A", "-a", strings.Repeat("x", 64)} {
		if err := s.Place(first, bad); !errors.Is(err, logs.ErrName) {
			t.Errorf("namespace %q: %v", bad, err)
		}
	}
	again, err := logs.NewStore(dir, logs.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	for _, store := range []*logs.Store{s, again} {
		found(t, store, "shop", retry)
		found(t, store, "bank", other)
		found(t, store, "none", logs.Name{})
	}
}

func found(t *testing.T, s *logs.Store, namespace string, want logs.Name) {
	t.Helper()
	got, err := s.Find(context.Background(), namespace, "app", "step-build")
	if got != want || (want == logs.Name{}) != errors.Is(err, logs.ErrNotFound) {
		t.Errorf("found %s, %v, want %s", got, err, want)
	}
}

// TestPlaceOfWhatIsRemoved: what retention removes is found no more; the run before
// it is.
func TestPlaceOfWhatIsRemoved(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(noon)
	s, _ := newStore(t, logs.Options{Clock: clock})
	var names []logs.Name
	for _, run := range []string{"r1", "r2"} {
		name := logs.Name{Source: "edge", Run: run, Pod: "app", Container: "step-build"}
		clock.SetTime(clock.Now().Add(time.Second))
		if err := s.Place(name, "shop"); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := s.Finish(names[1], 0, sum("")); err != nil {
		t.Fatal(err)
	}
	found(t, s, "shop", names[1])
	clock.SetTime(noon.Add(time.Hour))
	if n, err := s.Sweep(context.Background(), logs.Retention{MaxAge: time.Minute}); n != 1 || err != nil {
		t.Fatalf("removed %d, %v", n, err)
	}
	found(t, s, "shop", names[0])
}

func TestPlaceThatIsDamaged(t *testing.T) {
	s, dir := newStore(t, logs.Options{})
	if err := s.Place(name1, "shop"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hosts", "uid-1", "build", "step-build", "place"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := logs.NewStore(dir, logs.Options{})
	if err != nil {
		t.Fatal("the other logs are lost too: ", err)
	}
	if _, err := again.Placed(name1); !errors.Is(err, logs.ErrNotFound) {
		t.Errorf("placed: %v", err)
	}
	if err := again.Place(name1, "shop"); err != nil {
		t.Fatal(err)
	}
	write(t, again, 0, "x")
}

// TestCapStaysWithTheStream restarts the store with another cap.
func TestCapStaysWithTheStream(t *testing.T) {
	for _, limit := range []int64{4, 100} {
		s, dir := newStore(t, logs.Options{MaxStream: 10})
		if err := s.Place(name1, "shop"); err != nil {
			t.Fatal(err)
		}
		write(t, s, 0, "0123456789abc")
		again, err := logs.NewStore(dir, logs.Options{MaxStream: limit})
		if err != nil {
			t.Fatal(err)
		}
		if n := write(t, again, 0, "0123456789abcdef"); n != 16 {
			t.Errorf("accepted %d, want 16", n)
		}
		if err := again.Finish(name1, 16, sum("0123456789abcdef")); err != nil {
			t.Errorf("cap %d: %v", limit, err)
		}
		if got := read(t, again, logs.ReadOptions{}); got != "0123456789\n[log truncated: it is longer than 10 bytes]\n" {
			t.Errorf("log %q", got)
		}
	}
}

// TestCrashInTheLastLine cuts the line that tells of the cap.
func TestCrashInTheLastLine(t *testing.T) {
	s, dir := newStore(t, logs.Options{MaxStream: 10})
	write(t, s, 0, "0123456789abc")
	if err := os.Truncate(filepath.Join(dir, "hosts", "uid-1", "build", "step-build", "data"), 20); err != nil {
		t.Fatal(err)
	}
	again, err := logs.NewStore(dir, logs.Options{MaxStream: 10})
	if err != nil {
		t.Fatal(err)
	}
	write(t, again, 10, "abc")
	if got := read(t, again, logs.ReadOptions{}); got != "0123456789\n[log truncated: it is longer than 10 bytes]\n" {
		t.Errorf("log %q", got)
	}
}

// TestStalledSender holds nobody up: readers see what it sent, and the sender that
// comes back on another connection goes on.
func TestStalledSender(t *testing.T) {
	s, _ := newStore(t, logs.Options{})
	from, to := io.Pipe()
	stalled := make(chan error, 1)
	go func() {
		_, err := s.Write(name1, 0, from)
		stalled <- err
	}()
	if _, err := to.Write([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	seen, out := make(chan string, 8), new(bytes.Buffer)
	go func() {
		defer close(seen)
		_ = s.Read(ctx, name1, logs.ReadOptions{Follow: true}, writerFunc(func(b []byte) { seen <- string(b) })) // what was seen tells
	}()
	if got := <-seen; got != "one\n" {
		t.Fatalf("a follower saw %q", got)
	}
	if n, err := s.Committed(name1); n != 4 || err != nil {
		t.Fatalf("committed %d, %v", n, err)
	}
	if n := write(t, s, 4, "two\n"); n != 8 {
		t.Fatalf("committed %d", n)
	}
	if err := s.Finish(name1, 8, sum("one\ntwo\n")); err != nil {
		t.Fatal(err)
	}
	for part := range seen {
		out.WriteString(part)
	}
	if out.String() != "two\n" {
		t.Errorf("then it saw %q", out)
	}
	// The old connection wakes up with the same bytes, and with others.
	if _, err := to.Write([]byte("two\n")); err != nil {
		t.Fatal(err)
	}
	_ = to.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-stalled; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the stalled sender: %v", err)
	}
}

type writerFunc func(b []byte)

func (f writerFunc) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}
