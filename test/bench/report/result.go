package report

import (
	"encoding/json"
	"math"
	"strconv"
)

// Number is a figure's value. What could not be measured is NaN, and null in JSON.
type Number float64

// MarshalJSON writes null for what is no number.
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// String has three significant digits, and all of those before the point.
func (n Number) String() string {
	v := float64(n)
	if math.IsNaN(v) {
		return "-"
	}
	digits := 0
	for limit := 100.0; digits < 4 && v != 0 && math.Abs(v) < limit; limit /= 10 {
		digits++
	}
	if v == math.Trunc(v) {
		digits = 0
	}
	return strconv.FormatFloat(v, 'f', digits, 64)
}

// Figure is one thing that was measured.
type Figure struct {
	Name  string `json:"name"`
	Value Number `json:"value"`
	Unit  string `json:"unit"`
	// Target that the project has set itself, an upper bound; zero is none.
	Target Number `json:"target,omitempty"`
	// Note says what is not plain from the name.
	Note string `json:"note,omitempty"`
}

// Result is what one scenario has found.
type Result struct {
	Scenario   string   `json:"scenario"`
	Title      string   `json:"title"`
	Conditions []string `json:"conditions,omitempty"`
	Figures    []Figure `json:"figures"`
	// Requests per gate, by verb and resource.
	Requests []Share `json:"requests,omitempty"`
	// Elsewhere are figures from another time and place, for orientation.
	Elsewhere []Figure `json:"measuredElsewhere,omitempty"`
	// Wrong is what is not slow but false: lost or doubled decisions.
	Wrong []string `json:"wrong,omitempty"`
	Load  Load     `json:"load"`
}

// Add appends figures.
func (r *Result) Add(figures ...Figure) { r.Figures = append(r.Figures, figures...) }

// Share is how many requests of one sort the controller made for each gate.
type Share struct {
	Of      string `json:"of"`
	What    string `json:"what"`
	Code    int    `json:"code"`
	PerGate Number `json:"perGate"`
}

// Load is what the machine did meanwhile.
type Load struct {
	Seconds Number `json:"seconds"`
	// Busy are the cores that were busy on average, Ours those of the benchmark and its
	// cluster: the difference is other work on the same machine.
	Busy Number `json:"busyCores"`
	Ours Number `json:"ourCores"`
	// By is what each of our processes took, most first.
	By []Work `json:"byProcess,omitempty"`
}

// Work is how many cores a process kept busy on average.
type Work struct {
	Process string `json:"process"`
	Cores   Number `json:"cores"`
}

// Report is a whole run.
type Report struct {
	Conditions []Condition `json:"conditions"`
	Results    []Result    `json:"results"`
}

// Condition is something that the figures depend on.
type Condition struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Wrong counts what is false in all results.
func (r Report) Wrong() int {
	n := 0
	for _, result := range r.Results {
		n += len(result.Wrong)
	}
	return n
}
