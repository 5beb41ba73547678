package reconciler

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/observe"
)

// metrics of the ledgers.
type metrics struct {
	decisions metric.Int64Counter
	lag       metric.Float64Histogram
	wait      metric.Float64Histogram
}

func newMetrics(meters metric.MeterProvider) (*metrics, error) {
	meter := meters.Meter(observe.Meter)
	decisions, err := meter.Int64Counter(observe.MetricGateDecisions,
		metric.WithUnit("{decision}"), metric.WithDescription("Decisions entered into a ledger."))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", observe.MetricGateDecisions, err)
	}
	lag, err := meter.Float64Histogram(observe.MetricGateLag,
		metric.WithUnit("s"), metric.WithDescription("Time from the storing of a decision to its entry into the ledger."),
		metric.WithExplicitBucketBoundaries(1, 2, 5, 10, 30, 60, 300))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", observe.MetricGateLag, err)
	}
	wait, err := meter.Float64Histogram(observe.MetricGateDecided,
		metric.WithUnit("s"), metric.WithDescription("Time from the opening of a gate to its outcome."),
		metric.WithExplicitBucketBoundaries(10, 60, 300, 900, 3600, 14400, 86400, 259200, 604800))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", observe.MetricGateDecided, err)
	}
	return &metrics{decisions: decisions, lag: lag, wait: wait}, nil
}

// recorded counts what a saved status holds beyond the one before it.
func (m *metrics) recorded(ctx context.Context, req *v1alpha1.ApprovalRequest, before v1alpha1.ApprovalRequestStatus, now time.Time) {
	kind := attribute.String(observe.AttrKind, req.Spec.Gate.Kind)
	for _, e := range req.Status.Decisions[min(len(before.Decisions), len(req.Status.Decisions)):] {
		m.decisions.Add(ctx, 1, metric.WithAttributes(kind, attribute.String(observe.AttrReason, string(e.Reason))))
		m.lag.Record(ctx, max(0, now.Sub(e.Time.Time).Seconds()), metric.WithAttributes(kind))
	}
	if req.Status.Phase.Final() && !before.Phase.Final() {
		m.wait.Record(ctx, now.Sub(req.CreationTimestamp.Time).Seconds(),
			metric.WithAttributes(kind, attribute.String(observe.AttrPhase, string(req.Status.Phase))))
	}
}
