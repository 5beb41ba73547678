package measure

import (
	"fmt"
	"slices"

	"github.com/corbel-dev/corbel/test/bench/report"
)

// ratio compares a figure of ours with one of another way.
type ratio struct {
	name                 string
	ours, theirs         string // scenarios
	figure, theirsFigure string
	// more is better, as of rates.
	more bool
}

func ratiosOf(waiting string) []ratio {
	return []ratio{
		{name: "p50 from decision to noticed, a polled ConfigMap", ours: waiting, figure: figureDoneP50, theirs: "polling", theirsFigure: "decision -> noticed p50"},
		{name: "p50 from decision to done, manual-approval-gate", ours: "latency-1", figure: figureDoneP50, theirs: "peer", theirsFigure: figureDoneP50},
		{name: "gates opened per second, manual-approval-gate", ours: "burst-open", figure: figureOpenRate, theirs: "peer", theirsFigure: figureOpenRate, more: true},
		{name: "decisions carried out per second in a burst, manual-approval-gate", ours: "burst-decide", figure: figureRate, theirs: "peer", theirsFigure: figureRate, more: true},
	}
}

// Ratios compares results of one run with each other: how many times better Corbel's
// gates are than the other way. Figures from elsewhere stand in where there are no
// others, and are marked.
func Ratios(results []report.Result) []report.Result {
	out := report.Result{
		Scenario:   "ratios",
		Title:      "how many times better than the other ways (less than 1: worse)",
		Conditions: []string{"from the figures above; their loads differ where other work ran on the machine meanwhile"},
	}
	for _, r := range ratiosOf(mostWaiting(results)) {
		ours, ok := find(results, r.ours, r.figure)
		theirs, found := find(results, r.theirs, r.theirsFigure)
		if !ok || !found {
			continue
		}
		value, note := theirs.Value/ours.Value, fmt.Sprintf("%s %s against %s %s", ours.Value, ours.Unit, theirs.Value, theirs.Unit)
		if r.more {
			value = 1 / value
		}
		if theirs.elsewhere {
			note += ", which was measured elsewhere"
		}
		out.Add(report.Figure{Name: r.name, Value: value, Unit: "times", Note: note})
	}
	if len(out.Figures) == 0 {
		return nil
	}
	return []report.Result{out}
}

// mostWaiting is the latency scenario with the most gates.
func mostWaiting(results []report.Result) string {
	name := ""
	for _, r := range results {
		if _, ok := find([]report.Result{r}, r.Scenario, "decision -> ledger written p50"); ok {
			name = r.Scenario
		}
	}
	return name
}

// figure is one that was found.
type figure struct {
	report.Figure
	elsewhere bool // and not measured in this run
}

func find(results []report.Result, scenario, name string) (figure, bool) {
	named := func(f report.Figure) bool { return f.Name == name }
	for _, r := range results {
		if r.Scenario != scenario {
			continue
		}
		if i := slices.IndexFunc(r.Figures, named); i >= 0 {
			return figure{Figure: r.Figures[i]}, true
		}
		if i := slices.IndexFunc(r.Elsewhere, named); i >= 0 {
			return figure{Figure: r.Elsewhere[i], elsewhere: true}, true
		}
	}
	return figure{}, false
}
