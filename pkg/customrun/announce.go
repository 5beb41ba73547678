package customrun

import (
	"context"
	"fmt"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	corev1 "k8s.io/api/core/v1"
	"knative.dev/pkg/apis"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"

	"github.com/corbel-dev/corbel/pkg/observe"
)

// Announcer tells people and dashboards what has been saved, never before.
type Announcer interface {
	// Changed follows a write of the status.
	Changed(ctx context.Context, run *v1beta1.CustomRun, before, after apis.Condition)
	// Ended follows the end of an attempt. first is when the run's first attempt began.
	Ended(ctx context.Context, run *v1beta1.CustomRun, first *time.Time, v Verdict, now time.Time)
}

// Announcements sends Kubernetes events and metrics.
type Announcements struct {
	kind     string
	duration metric.Float64Histogram
	attempts metric.Int64Counter
}

// NewAnnouncements makes the instruments of one kind.
func NewAnnouncements(kind string, meters metric.MeterProvider) (*Announcements, error) {
	meter := meters.Meter(observe.Meter)
	duration, err := meter.Float64Histogram(observe.MetricRunDuration,
		metric.WithUnit("s"),
		metric.WithDescription("Time from the start of the first attempt to the end of a custom task."),
		metric.WithExplicitBucketBoundaries(1, 10, 60, 300, 900, 3600, 14400, 86400, 604800))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", observe.MetricRunDuration, err)
	}
	attempts, err := meter.Int64Counter(observe.MetricRunAttempts,
		metric.WithUnit("{attempt}"),
		metric.WithDescription("Attempts at custom tasks that ended."))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", observe.MetricRunAttempts, err)
	}
	return &Announcements{kind: kind, duration: duration, attempts: attempts}, nil
}

// Changed sends an event when the condition's status or reason changed: on edges,
// not on every word of a message.
func (a *Announcements) Changed(ctx context.Context, run *v1beta1.CustomRun, before, after apis.Condition) {
	if before.Status == after.Status && before.Reason == after.Reason {
		return
	}
	kind := corev1.EventTypeNormal
	if after.Status == corev1.ConditionFalse {
		kind = corev1.EventTypeWarning
	}
	if recorder := controller.GetEventRecorder(ctx); recorder != nil {
		recorder.Event(run, kind, after.Reason, after.Message)
	}
}

// Ended counts the attempt and, when the run is over with it, its duration.
func (a *Announcements) Ended(ctx context.Context, run *v1beta1.CustomRun, first *time.Time, v Verdict, now time.Time) {
	set := metric.WithAttributes(attribute.String(observe.AttrKind, a.kind), attribute.String(observe.AttrReason, v.Reason))
	a.attempts.Add(ctx, 1, set)
	if run.Status.CompletionTime == nil {
		return
	}
	if first != nil {
		a.duration.Record(ctx, now.Sub(*first).Seconds(), set)
	}
	logging.FromContext(ctx).Infow("run ended", observe.LogRun, run.Namespace+"/"+run.Name, "reason", v.Reason)
}
