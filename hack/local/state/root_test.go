package state_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/hack/local/state"
)

func TestCheckName(t *testing.T) {
	for name, test := range map[string]struct {
		given string
		good  bool
	}{
		"a plain name":                       {"edge", true},
		"digits and dashes inside":           {"edge-2", true},
		"one letter":                         {"a", true},
		"nothing":                            {"", false},
		"a digit first":                      {"2edge", false},
		"a dash last":                        {"edge-", false},
		"capitals":                           {"Edge", false},
		"what would leave the folder":        {"../edge", false},
		"what a shell would read":            {"a;b", false},
		"more than fits other names' limits": {"abcdefghijklmnopqrstuvwxyzabcde", false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := state.CheckName(test.given); (err == nil) != test.good {
				t.Errorf("CheckName(%q) = %v, want good: %v", test.given, err, test.good)
			}
		})
	}
}

func TestSavedIsLoaded(t *testing.T) {
	type record struct{ Name string }
	path := filepath.Join(t.TempDir(), "a", "record.json")
	want := record{Name: "edge"}
	if err := state.Save(path, want); err != nil {
		t.Fatal(err)
	}
	var got record
	if err := state.Load(path, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLoadTellsWhatIsMissing(t *testing.T) {
	var got string
	if err := state.Load(filepath.Join(t.TempDir(), "none.json"), &got); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of nothing = %v, want fs.ErrNotExist", err)
	}
}

func TestNames(t *testing.T) {
	root := state.Root{Dir: t.TempDir()}
	if got, err := root.Names("clusters"); err != nil || len(got) != 0 {
		t.Fatalf("Names of an empty root = %v, %v", got, err)
	}
	for _, name := range []string{"hub", "edge"} {
		if err := state.Save(root.Path("clusters", name, "cluster.json"), name); err != nil {
			t.Fatal(err)
		}
	}
	got, err := root.Names("clusters")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"edge", "hub"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLockIsHeldByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := state.Lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := state.Lock(short, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second Lock = %v, want it to wait", err)
	}
	unlock()
	again, err := state.Lock(t.Context(), path)
	if err != nil {
		t.Fatalf("Lock after unlock: %v", err)
	}
	again()
}
