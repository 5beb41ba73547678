package pause_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind/gatekindtest"
	"github.com/corbel-dev/corbel/pkg/pause"
)

func TestPauseKeepsTheContract(t *testing.T) {
	customruntest.Contract(t, customruntest.Harness[pause.Spec, pause.World, pause.State]{
		KindName: v1alpha1.PauseKind,
		Open:     openPauses,
		Waits:    gatekindtest.Text(pause.ParamDescription, "look at the graphs"),
		Shapes: map[string]customruntest.Make{
			"by name":                         gatekindtest.Ref("soak"),
			"by a duration":                   gatekindtest.Text(pause.ParamDuration, "30m"),
			"until a time":                    gatekindtest.Text(pause.ParamUntil, customruntest.Epoch.Add(time.Hour).Format(time.RFC3339)),
			"embedded":                        gatekindtest.Embed(`{"duration":"30m"}`),
			"embedded, with another duration": gatekindtest.All(gatekindtest.Embed(`{"duration":"30m"}`), gatekindtest.Text(pause.ParamDuration, "1h")),
			"by name, with another duration":  gatekindtest.All(gatekindtest.Ref("soak"), gatekindtest.Text(pause.ParamDuration, "1h")),
			"with nothing at all":             func(*v1beta1.CustomRun) {},
		},
		Missing: gatekindtest.Ref("no-such-pause"),
		Broken: map[string]customruntest.Make{
			"a duration that is none":           gatekindtest.Text(pause.ParamDuration, "soon"),
			"a negative duration":               gatekindtest.Text(pause.ParamDuration, "-1m"),
			"a duration of nothing":             gatekindtest.Text(pause.ParamDuration, "0s"),
			"a time that is none":               gatekindtest.Text(pause.ParamUntil, "tomorrow"),
			"a duration and a time":             gatekindtest.All(gatekindtest.Text(pause.ParamDuration, "1m"), gatekindtest.Text(pause.ParamUntil, "2031-03-03T10:00:00Z")),
			"an embedded field that is unknown": gatekindtest.Embed(`{"dration":"30m"}`),
			"an embedded spec that is a text":   gatekindtest.Embed(`"30m"`),
		},
		Params:  []string{pause.ParamDuration, pause.ParamUntil, pause.ParamDescription, pause.ParamTimeout},
		Results: []string{pause.ResultOutcome, pause.ResultResumedBy, pause.ResultComment, pause.ResultRequest},
	})
}

func openPauses(at clock.PassiveClock) customruntest.Outside[pause.Spec, pause.World, pause.State] {
	s := gatekindtest.NewRequests(at)
	resume := func(comment string) func(run *v1beta1.CustomRun) {
		return func(run *v1beta1.CustomRun) { s.Decide(run, "alice", v1alpha1.DecisionResume, comment) }
	}
	return customruntest.Outside[pause.Spec, pause.World, pause.State]{
		Kind: &pause.Kind{Sources: gatekind.Sources[v1alpha1.Pause]{
			Kind: v1alpha1.PauseKind, Definitions: soak{}, Requests: s,
		}},
		Succeed: resume(`["fine"]`),
		Flood:   resume(strings.Repeat("x", 1024)),
		Effects: s.Effects,
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
