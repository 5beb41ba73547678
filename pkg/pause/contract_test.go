package pause_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
	"github.com/corbel-dev/corbel/pkg/gate"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
	"github.com/corbel-dev/corbel/pkg/pause"
)

func TestPauseKeepsTheContract(t *testing.T) {
	customruntest.Contract(t, customruntest.Harness[pause.Spec, pause.World, pause.State]{
		KindName: v1alpha1.PauseKind,
		Open:     openPauses,
		Waits:    text(pause.ParamDescription, "look at the graphs"),
		Shapes: map[string]customruntest.Make{
			"by name":                         ref("soak"),
			"by a duration":                   text(pause.ParamDuration, "30m"),
			"until a time":                    text(pause.ParamUntil, customruntest.Epoch.Add(time.Hour).Format(time.RFC3339)),
			"embedded":                        embed(`{"duration":"30m"}`),
			"embedded, with another duration": all(embed(`{"duration":"30m"}`), text(pause.ParamDuration, "1h")),
			"by name, with another duration":  all(ref("soak"), text(pause.ParamDuration, "1h")),
			"with nothing at all":             func(*v1beta1.CustomRun) {},
		},
		Missing: ref("no-such-pause"),
		Broken: map[string]customruntest.Make{
			"a duration that is none":           text(pause.ParamDuration, "soon"),
			"a negative duration":               text(pause.ParamDuration, "-1m"),
			"a duration of nothing":             text(pause.ParamDuration, "0s"),
			"a time that is none":               text(pause.ParamUntil, "tomorrow"),
			"a duration and a time":             all(text(pause.ParamDuration, "1m"), text(pause.ParamUntil, "2031-03-03T10:00:00Z")),
			"an embedded field that is unknown": embed(`{"dration":"30m"}`),
			"an embedded spec that is a text":   embed(`"30m"`),
		},
		Params:  []string{pause.ParamDuration, pause.ParamUntil, pause.ParamDescription, pause.ParamTimeout},
		Results: []string{pause.ResultOutcome, pause.ResultResumedBy, pause.ResultComment, pause.ResultRequest},
	})
}

func openPauses(at clock.PassiveClock) customruntest.Outside[pause.Spec, pause.World, pause.State] {
	s := &requests{clock: at, open: map[string]*v1alpha1.ApprovalRequest{}}
	resume := func(comment string) func(run *v1beta1.CustomRun) {
		return func(run *v1beta1.CustomRun) { s.decide(run, "alice", v1alpha1.DecisionResume, comment) }
	}
	return customruntest.Outside[pause.Spec, pause.World, pause.State]{
		Kind: &pause.Kind{Sources: gatekind.Sources[v1alpha1.Pause]{
			Kind: v1alpha1.PauseKind, Definitions: soak{}, Requests: s,
		}},
		Succeed: resume(`["fine"]`),
		Flood:   resume(strings.Repeat("x", 1024)),
		Effects: s.effects,
	}
}

// soak is the one definition there is.
type soak struct{}

func (soak) Get(_ context.Context, _, name string) (*v1alpha1.Pause, error) {
	if name != "soak" {
		return nil, nil //nolint:nilnil // the interface says so: no definition is an answer
	}
	return &v1alpha1.Pause{Spec: v1alpha1.PauseSpec{Duration: &metav1.Duration{Duration: 30 * time.Minute}}}, nil
}

// requests is the store of requests, with the ledger counted at once.
type requests struct {
	mu        sync.Mutex
	clock     clock.PassiveClock
	open      map[string]*v1alpha1.ApprovalRequest
	decisions int
}

func (s *requests) Get(_ context.Context, namespace, name string) (*v1alpha1.ApprovalRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[namespace+"/"+name].DeepCopy(), nil
}

func (s *requests) Open(_ context.Context, req *v1alpha1.ApprovalRequest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[req.Namespace+"/"+req.Name] == nil {
		stored := req.DeepCopy()
		stored.UID = types.UID("uid-of-" + req.Name)
		s.open[req.Namespace+"/"+req.Name] = stored
	}
	return nil
}

func (s *requests) Close(_ context.Context, namespace, name string, phase v1alpha1.RequestPhase) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req := s.open[namespace+"/"+name]; req != nil {
		req.Status = gate.Close(req, nil, phase, metav1.Time{Time: s.clock.Now()})
	}
	return nil
}

// decide enters a decision about the open requests of a run.
func (s *requests) decide(run *v1beta1.CustomRun, who string, what v1alpha1.DecisionKind, comment string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, req := range s.open {
		if req.Spec.Subject.UID != run.UID || req.Status.Phase.Final() {
			continue
		}
		s.decisions++
		d := &v1alpha1.ApprovalDecision{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("d-%d", s.decisions), UID: types.UID(fmt.Sprintf("uid-%d", s.decisions)),
			CreationTimestamp: metav1.Time{Time: s.clock.Now()},
		}}
		d.Spec.Request = v1alpha1.RequestReference{Name: req.Name, UID: req.UID}
		d.Spec.Gate, d.Spec.Decision, d.Spec.Comment = req.Spec.Gate, what, comment
		d.Spec.Decider.Username = who
		req.Status = gate.Count(req, []*v1alpha1.ApprovalDecision{d})
	}
}

func (s *requests) effects() []customruntest.Effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []customruntest.Effect
	for _, req := range s.open {
		out = append(out, customruntest.Effect{
			Name: req.Name, Run: req.Spec.Subject.UID, Attempt: int(req.Spec.Subject.Attempt), Open: !req.Status.Phase.Final(),
		})
	}
	return out
}

func ref(name string) customruntest.Make {
	return func(run *v1beta1.CustomRun) { run.Spec.CustomRef.Name = name }
}

func text(name, value string) customruntest.Make {
	return give(name, v1beta1.ParamValue{Type: v1beta1.ParamTypeString, StringVal: value})
}

func give(name string, value v1beta1.ParamValue) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		run.Spec.Params = append(run.Spec.Params, v1beta1.Param{Name: name, Value: value})
	}
}

func embed(spec string) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		run.Spec.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{
			TypeMeta: runtime.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: string(run.Spec.CustomRef.Kind)},
			Spec:     runtime.RawExtension{Raw: []byte(spec)},
		}
		run.Spec.CustomRef = nil
	}
}

func all(makes ...customruntest.Make) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		for _, m := range makes {
			m(run)
		}
	}
}
