package customrun

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	eventrecord "k8s.io/client-go/tools/record"
	"knative.dev/pkg/apis"
	"knative.dev/pkg/controller"

	"github.com/corbel-dev/corbel/pkg/observe"
)

func TestEventsFollowEdges(t *testing.T) {
	unknown, failed, succeeded := corev1.ConditionUnknown, corev1.ConditionFalse, corev1.ConditionTrue
	tests := map[string]struct {
		before, after apis.Condition
		want          string
	}{
		"the first condition":       {apis.Condition{}, apis.Condition{Status: unknown, Reason: "Pending", Message: "m"}, "Normal Pending m"},
		"another reason":            {apis.Condition{Status: unknown, Reason: "A"}, apis.Condition{Status: unknown, Reason: "B", Message: "m"}, "Normal B m"},
		"another status":            {apis.Condition{Status: unknown, Reason: "A"}, apis.Condition{Status: succeeded, Reason: "A", Message: "m"}, "Normal A m"},
		"failure is a warning":      {apis.Condition{Status: unknown, Reason: "A"}, apis.Condition{Status: failed, Reason: "B", Message: "m"}, "Warning B m"},
		"other words are no event":  {apis.Condition{Status: unknown, Reason: "A", Message: "1"}, apis.Condition{Status: unknown, Reason: "A", Message: "2"}, ""},
		"nothing new is no event":   {apis.Condition{Status: unknown, Reason: "A"}, apis.Condition{Status: unknown, Reason: "A"}, ""},
		"a percent sign is no verb": {apis.Condition{}, apis.Condition{Status: unknown, Reason: "A", Message: "100%s"}, "Normal A 100%s"},
	}
	a, err := NewAnnouncements("Scripted", metric.NewMeterProvider())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			recorder := eventrecord.NewFakeRecorder(2)
			a.Changed(controller.WithEventRecorder(t.Context(), recorder), &v1beta1.CustomRun{}, tc.before, tc.after)
			close(recorder.Events)
			if diff := cmp.Diff(tc.want, <-recorder.Events); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMetricsCountAttemptsAndTimeRuns(t *testing.T) {
	reader := metric.NewManualReader()
	a, err := NewAnnouncements("Scripted", metric.NewMeterProvider(metric.WithReader(reader)))
	if err != nil {
		t.Fatal(err)
	}
	run := &v1beta1.CustomRun{}
	a.Ended(t.Context(), run, &nine, Verdict{Reason: "Bad"}, nine.Add(time.Minute))
	run.Status.CompletionTime = &metav1.Time{Time: nine}
	a.Ended(t.Context(), run, &nine, Verdict{Reason: "Done"}, nine.Add(2*time.Minute))
	var got metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	attempts, seconds := map[string]int64{}, map[string]float64{}
	for _, m := range got.ScopeMetrics[0].Metrics {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				reason, _ := p.Attributes.Value(observe.AttrReason)
				attempts[reason.AsString()] = p.Value
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				reason, _ := p.Attributes.Value(observe.AttrReason)
				seconds[reason.AsString()] = p.Sum
			}
		}
	}
	if diff := cmp.Diff(map[string]int64{"Bad": 1, "Done": 1}, attempts); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"Done": 120}, seconds); diff != "" {
		t.Errorf("durations (-want +got):\n%s", diff)
	}
}
