package customruntest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"
)

func (c contract[Spec, World, State]) givesResults(t point) {
	s, run := c.waiting(t)
	var names []string
	for _, r := range s.succeed(t, run).Status.Results {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(slices.Sorted(slices.Values(c.Results)), names); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func (c contract[Spec, World, State]) shapesResults(t point) {
	for name, end := range map[string]func(s scene[Spec, World, State], run *v1beta1.CustomRun) *v1beta1.CustomRun{
		"of a success": func(s scene[Spec, World, State], run *v1beta1.CustomRun) *v1beta1.CustomRun { return s.succeed(t, run) },
		"of a failure": func(s scene[Spec, World, State], run *v1beta1.CustomRun) *v1beta1.CustomRun { return s.fail(t, run) },
	} {
		t.Run(name, func(t *testing.T) {
			s, run := c.waiting(t)
			seen := map[string]bool{}
			for _, r := range end(s, run).Status.Results {
				if seen[r.Name] {
					t.Errorf("%s is there twice", r.Name)
				}
				seen[r.Name] = true
				isList := json.Unmarshal([]byte(r.Value), new([]string)) == nil
				if isList != slices.Contains(c.Lists, r.Name) {
					t.Errorf("%s is %q: a pipeline would take it for the wrong type", r.Name, r.Value)
				}
			}
		})
	}
}

func (c contract[Spec, World, State]) repeatsNothing(t point) {
	s := c.scene()
	run := c.run(timeout(0))
	s.Statuses.Create(run)
	young := s.Statuses.Get(run)
	run = s.Settle(t, run)
	writes := len(s.Statuses.History())
	for range 5 {
		s.Advance(time.Minute)
		if _, err := s.Pass(t, run); err != nil {
			t.Fatal(err)
		}
		if _, err := s.PassOver(t, young); err != nil {
			t.Fatal(err)
		}
	}
	s.wantEffects(t, 1, 1)
	if n := len(s.Statuses.History()); n != writes {
		t.Errorf("the status of a waiting run was written %d times", n-writes)
	}
	waiting := s.Statuses.Get(run)
	run = s.succeed(t, run)
	want := asJSON(t, run)
	for _, seen := range []*v1beta1.CustomRun{young, waiting} {
		if _, err := s.PassOver(t, seen); err != nil {
			t.Fatal(err)
		}
	}
	s.wantEffects(t, 1, 0)
	if got := asJSON(t, s.Statuses.Get(run)); got != want {
		t.Errorf("a stale copy changed the finished run:\n-%s\n+%s", want, got)
	}
}

func (c contract[Spec, World, State]) readsOldState(t point) {
	s, run := c.waiting(t)
	var fields map[string]any
	if err := json.Unmarshal(run.Status.ExtraFields.Raw, &fields); err != nil {
		t.Fatalf("extraFields are no object: %v", err)
	}
	fields["of-another-version"] = map[string]any{"a": "b"}
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	run.Status.ExtraFields = runtime.RawExtension{Raw: raw}
	if run, err = s.Statuses.UpdateStatus(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	s.Restart(s.out.Kind)
	if run = s.Settle(t, run); !Waits(run) {
		t.Fatalf("after an upgrade: %s: %s", Condition(run), Message(run))
	}
	s.wantEffects(t, 1, 1)
	s.succeed(t, run)
}

// maxStatus is far below what etcd takes: the run has a spec, too.
const maxStatus = 512 << 10

func (c contract[Spec, World, State]) staysSmall(t point) {
	s, run := c.waiting(t, retries(50), timeout(time.Minute))
	for range 50 {
		s.Advance(time.Minute)
		run = s.Settle(t, run)
	}
	s.out.Flood(run)
	run = s.Settle(t, run)
	if run.Status.CompletionTime == nil {
		t.Fatalf("the flood did not end the run: %s", Condition(run))
	}
	if size := len(asJSON(t, run)); size > maxStatus {
		t.Errorf("the status has %d bytes", size)
	}
}
