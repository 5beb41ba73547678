// Package observe names what operators see: metrics with their units, the keys
// of metric attributes and the keys of log fields. It holds constants only, so
// that dashboards and alerts have one list to rely on.
package observe

// Meter is the instrumentation scope of all metrics.
const Meter = "github.com/corbel-dev/corbel"

// Metric names. Durations are in seconds.
const (
	// MetricRunDuration is a histogram of the time from the start of the first
	// attempt to the end of a custom task, by kind and reason.
	MetricRunDuration = "corbel.customrun.duration"
	// MetricRunAttempts counts attempts that ended, by kind and reason.
	MetricRunAttempts = "corbel.customrun.attempts"
	// MetricGateDecisions counts decisions entered into a ledger, by kind of gate and reason.
	MetricGateDecisions = "corbel.gate.decisions"
	// MetricGateDecided is a histogram of the time from the opening of a gate to
	// its outcome, by kind of gate and phase.
	MetricGateDecided = "corbel.gate.wait.duration"
	// MetricGateLag is a histogram of the time from the storing of a decision to
	// its entry into the ledger. Decisions carry whole seconds, so that values
	// under one second are not exact.
	MetricGateLag = "corbel.gate.decision.lag"
)

// Attribute keys. Values come from closed sets: never names of runs or users.
const (
	AttrKind   = "kind"
	AttrReason = "reason"
	AttrPhase  = "phase"
)

// Log keys.
const (
	LogRun     = "customrun"
	LogAttempt = "attempt"
	LogEffect  = "effect"
	LogRequest = "request"
	LogPhase   = "phase"
)
