package pause

import (
	"strings"
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/gate/gatekind"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func run(embedded string, params map[string]string) *v1beta1.CustomRun {
	r := &v1beta1.CustomRun{ObjectMeta: metav1.ObjectMeta{Name: "run", Namespace: "ns", UID: "uid"}}
	r.Spec.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{Spec: runtime.RawExtension{Raw: []byte(embedded)}}
	for name, value := range params {
		r.Spec.Params = append(r.Spec.Params, v1beta1.Param{Name: name, Value: v1beta1.ParamValue{Type: v1beta1.ParamTypeString, StringVal: value}})
	}
	return r
}

func begin(t *testing.T, r *v1beta1.CustomRun) (customrun.Attempt[Spec, State], customrun.Decision[State]) {
	t.Helper()
	spec, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	a := customrun.Attempt[Spec, State]{Run: r, UID: r.UID, Number: 1, Spec: spec, Started: noon}
	d := (&Kind{}).Decide(a, World{}, noon)
	a.State = d.State
	return a, d
}

func TestHold(t *testing.T) {
	hour := noon.Add(time.Hour)
	for name, tc := range map[string]struct {
		run      *v1beta1.CustomRun
		resumeAt time.Time
		deadline time.Time
	}{
		"until somebody resumes, within Tekton's hour": {run: run("null", nil), deadline: hour},
		"for a duration, without a bound":              {run: run(`{"duration":"72h"}`, nil), resumeAt: noon.Add(72 * time.Hour)},
		"the parameter comes first":                    {run: run(`{"duration":"72h"}`, map[string]string{ParamDuration: "1h"}), resumeAt: hour},
		"until a time, with a bound":                   {run: run(`{"until":"2026-01-02T14:00:00Z","timeout":"1h"}`, nil), resumeAt: noon.Add(2 * time.Hour), deadline: hour},
	} {
		t.Run(name, func(t *testing.T) {
			_, d := begin(t, tc.run)
			got := d.State.Request
			if d.Do != gatekind.EffectOpen || d.Verdict.Phase != customrun.Running {
				t.Errorf("decision %q %s", d.Do, d.Verdict.Phase)
			}
			if at := resumeAt(d.State); !at.Equal(tc.resumeAt) || !d.Again.Equal(tc.resumeAt) {
				t.Errorf("resumes at %v, looks again at %v, want %v", at, d.Again, tc.resumeAt)
			}
			if (got.Deadline == nil) != tc.deadline.IsZero() || (got.Deadline != nil && !got.Deadline.Time.Equal(tc.deadline)) {
				t.Errorf("deadline %v, want %v", got.Deadline, tc.deadline)
			}
		})
	}
}

func TestFollow(t *testing.T) {
	for name, tc := range map[string]struct {
		phase  v1alpha1.RequestPhase
		after  time.Duration
		ending customrun.Ending
		do     string
		want   customrun.Phase
		reason string
	}{
		"before its time":              {after: time.Minute, want: customrun.Running, reason: ReasonPaused},
		"at its time":                  {after: time.Hour, do: gatekind.EffectElapse, want: customrun.Running, reason: ReasonPaused},
		"its time was written":         {phase: v1alpha1.PhaseElapsed, want: customrun.Succeeded, reason: ReasonElapsed},
		"somebody resumed":             {phase: v1alpha1.PhaseResumed, want: customrun.Succeeded, reason: ReasonResumed},
		"cancelled":                    {ending: customrun.EndingCancelled, do: gatekind.EffectWithdraw, want: customrun.Stopped},
		"timed out before its time":    {ending: customrun.EndingTimedOut, do: gatekind.EffectExpire, want: customrun.Running, reason: ReasonPaused},
		"timed out, its time came too": {after: time.Hour, ending: customrun.EndingTimedOut, do: gatekind.EffectElapse, want: customrun.Running, reason: ReasonPaused},
		"the timeout was written":      {phase: v1alpha1.PhaseExpired, want: customrun.Failed, reason: "CustomRunTimedOut"},
		"the request was withdrawn":    {phase: v1alpha1.PhaseWithdrawn, want: customrun.Stopped},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := begin(t, run(`{"duration":"1h"}`, nil))
			a.Ending = tc.ending
			req := &v1alpha1.ApprovalRequest{Spec: *a.State.Request, Status: v1alpha1.ApprovalRequestStatus{Phase: tc.phase}}
			got := (&Kind{}).Decide(a, World{Request: req}, noon.Add(tc.after))
			if got.Do != tc.do || got.Verdict.Phase != tc.want || got.Verdict.Reason != tc.reason {
				t.Errorf("got %q %s %s, want %q %s %s", got.Do, got.Verdict.Phase, got.Verdict.Reason, tc.do, tc.want, tc.reason)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for want, r := range map[string]*v1beta1.CustomRun{
		"duration and until exclude each other":            run(`{"duration":"1h","until":"2026-01-02T14:00:00Z"}`, nil),
		"duration must be positive, such as 30m: duration": run(`{"duration":"0s"}`, nil),
		"duration must be positive, such as 30m":           run(`{"duration":"-1h"}`, nil),
		"duration is over 8784h":                           run("", map[string]string{ParamDuration: "9000h"}),
		"timeout is negative":                              run(`{"timeout":"-1h"}`, nil),
		`"until" is "tomorrow"`:                            run("", map[string]string{ParamUntil: "tomorrow"}),
		`"for" is not known`:                               run("", map[string]string{"for": "1h"}),
	} {
		_, err := Parse(r)
		if _, ok := fault.AsUser(err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestResults(t *testing.T) {
	req := &v1alpha1.ApprovalRequest{ObjectMeta: metav1.ObjectMeta{Name: "req"}, Status: v1alpha1.ApprovalRequestStatus{
		Decisions: []v1alpha1.LedgerEntry{{Decider: "zoe"}, {Decider: "ana", Counted: true, Comment: "go"}},
	}}
	got := map[string]string{}
	for _, r := range results(req, OutcomeResumed) {
		got[r.Name] = r.Value
	}
	if got[ResultOutcome] != "resumed" || got[ResultResumedBy] != "ana" || got[ResultComment] != "ana: go" || got[ResultRequest] != "req" {
		t.Errorf("results %v", got)
	}
}
