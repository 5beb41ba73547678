package customruntest

import (
	"strings"
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func duration(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

func (c contract[Spec, World, State]) takesShapes(t point) {
	for name, shape := range c.Shapes {
		t.Run(name, func(t *testing.T) {
			s := c.scene()
			run := s.Start(t, NewRun(c.KindName, "gate", shape))
			if !Waits(run) {
				t.Fatalf("the run does not wait: %s: %s", Condition(run), Message(run))
			}
			s.succeed(t, run)
		})
	}
	t.Run("with the resolver that a cluster may add to every reference", func(t *testing.T) {
		s, run := c.waiting(t, func(run *v1beta1.CustomRun) {
			if run.Spec.CustomRef != nil {
				run.Spec.CustomRef.Resolver = "git"
			}
		})
		s.succeed(t, run)
	})
}

func (c contract[Spec, World, State]) failsMissing(t point) {
	s := c.scene()
	run := s.Start(t, NewRun(c.KindName, "gate", c.Missing, retries(3)))
	wantFailed(t, run)
	s.wantEffects(t, 0, 0)
	if name := run.Spec.CustomRef.Name; !strings.Contains(Message(run), name) {
		t.Errorf("the message does not name %q: %s", name, Message(run))
	}
}

func (c contract[Spec, World, State]) treatsEmptyAlike(t point) {
	var first string
	for _, raw := range []string{"", "null", "{}", " null\n"} {
		s := c.scene()
		run := s.Start(t, NewRun(c.KindName, "gate", func(run *v1beta1.CustomRun) {
			run.Spec.CustomRef = nil
			run.Spec.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{
				TypeMeta: runtime.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: c.KindName},
			}
			if raw != "" {
				run.Spec.CustomSpec.Spec = runtime.RawExtension{Raw: []byte(raw)}
			}
		}))
		got := Condition(run)
		if first == "" {
			first = got
		}
		if got != first || Message(run) == "" {
			t.Errorf("spec %q: want %s with a message, got %s: %q", raw, first, got, Message(run))
		}
	}
}

func (c contract[Spec, World, State]) failsBroken(t point) {
	broken := map[string]Make{
		"an unknown parameter":               param("no-such-parameter", "x"),
		"an unknown parameter, with retries": both(param("no-such-parameter", "x"), retries(3)),
		"a parameter twice":                  both(param(c.Params[0], "1"), param(c.Params[0], "1")),
		"a parameter of 700 KB":              param(c.Params[0], strings.Repeat("x", 700<<10)),
		"a negative timeout":                 timeout(-time.Second),
		"a timeout of two years":             timeout(2 * 366 * 24 * time.Hour),
	}
	for name, shape := range c.Broken {
		broken[name] = shape
	}
	for name, shape := range broken {
		t.Run(name, func(t *testing.T) {
			s := c.scene()
			run := s.Start(t, NewRun(c.KindName, "gate", shape))
			wantFailed(t, run)
			s.wantEffects(t, 0, 0)
			if run.Status.StartTime == nil {
				t.Error("the run has no startTime")
			}
			if run.GetRetryCount() != 0 {
				t.Error("the run was retried, though nothing can change")
			}
		})
	}
}

func (c contract[Spec, World, State]) survivesParams(t point) {
	values := map[string]v1beta1.ParamValue{
		"array":       {Type: v1beta1.ParamTypeArray, ArrayVal: []string{"a", "b"}},
		"empty array": {Type: v1beta1.ParamTypeArray},
		"object":      {Type: v1beta1.ParamTypeObject, ObjectVal: map[string]string{"a": "b"}},
		"empty":       {Type: v1beta1.ParamTypeString},
		"nonsense":    {Type: v1beta1.ParamTypeString, StringVal: "[\"a\", {"},
	}
	for _, name := range c.Params {
		for kind, value := range values {
			t.Run(name+" as "+kind, func(t *testing.T) {
				s := c.scene()
				run := s.Start(t, NewRun(c.KindName, "gate", func(run *v1beta1.CustomRun) {
					run.Spec.Params = v1beta1.Params{{Name: name, Value: value}}
				}))
				if !Waits(run) && run.Status.CompletionTime == nil {
					t.Errorf("neither taken nor refused: %+v", run.Status)
				}
				if Message(run) == "" {
					t.Errorf("%s says nothing", Condition(run))
				}
			})
		}
	}
}

func (c contract[Spec, World, State]) refusesWorkspaces(t point) {
	s := c.scene()
	run := s.Start(t, c.run(func(run *v1beta1.CustomRun) {
		run.Spec.Workspaces = []v1beta1.WorkspaceBinding{{Name: "source"}}
	}))
	wantCondition(t, run, "False/"+v1beta1.CustomRunReasonWorkspaceNotSupported.String())
	s.wantEffects(t, 0, 0)
}

func (c contract[Spec, World, State]) takesServiceAccount(t point) {
	s, run := c.waiting(t, func(run *v1beta1.CustomRun) { run.Spec.ServiceAccountName = "no-such-account" })
	s.succeed(t, run)
}

func (c contract[Spec, World, State]) ignoresEdits(t point) {
	s, run := c.waiting(t, timeout(time.Hour))
	s.Statuses.Edit(run, func(run *v1beta1.CustomRun) {
		run.Spec.Params = v1beta1.Params{{Name: "no-such-parameter", Value: *v1beta1.NewStructuredValues("x")}}
		run.Spec.Timeout = duration(time.Second)
		run.Spec.Retries = 5
		run.Spec.Workspaces = []v1beta1.WorkspaceBinding{{Name: "source"}}
	})
	s.Advance(time.Minute)
	if run = s.Settle(t, run); !Waits(run) {
		t.Fatalf("the edit ended the run: %s: %s", Condition(run), Message(run))
	}
	s.wantEffects(t, 1, 1)
	s.succeed(t, run)
}

func param(name, value string) Make {
	return func(run *v1beta1.CustomRun) {
		run.Spec.Params = append(run.Spec.Params, v1beta1.Param{Name: name, Value: v1beta1.ParamValue{Type: v1beta1.ParamTypeString, StringVal: value}})
	}
}

func both(makes ...Make) Make {
	return func(run *v1beta1.CustomRun) {
		for _, m := range makes {
			m(run)
		}
	}
}
