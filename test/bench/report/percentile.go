package report

import (
	"math"
	"slices"
	"time"
)

// Percentile of some durations by the nearest rank, in milliseconds; NaN of none.
func Percentile(of []time.Duration, p float64) float64 {
	if len(of) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(of))
	rank := int(math.Ceil(p/100*float64(len(sorted)))) - 1
	return Milliseconds(sorted[max(rank, 0)])
}

// Milliseconds with their fraction.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Spread makes the figures p50, p90, p99 and max of some durations.
func Spread(name string, of []time.Duration, target Targets) []Figure {
	return []Figure{
		{Name: name + " p50", Value: Number(Percentile(of, 50)), Unit: "ms", Target: target.P50},
		{Name: name + " p90", Value: Number(Percentile(of, 90)), Unit: "ms"},
		{Name: name + " p99", Value: Number(Percentile(of, 99)), Unit: "ms", Target: target.P99},
		{Name: name + " max", Value: Number(Percentile(of, 100)), Unit: "ms"},
	}
}

// Targets of a spread; zero is none.
type Targets struct{ P50, P99 Number }
