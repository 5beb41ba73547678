package measure

import (
	"time"

	"github.com/corbel-dev/corbel/test/bench/audit"
	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// spans are the times from decisions to what follows them.
type spans struct {
	answer []time.Duration // how long the decider waited for the 201
	ledger []time.Duration // 201 -> write of the ledger comes in
	done   []time.Duration // 201 -> write that ends the run comes in
	next   []time.Duration // 201 -> creation of the next run comes in

	first time.Time // when the first decision came in
	last  time.Time // 201 of the last decision
	end   time.Time // when the last run's end came in
}

// trace follows votes through the log. The write that ends a run is the last one of
// its status that was answered with success: the controller never writes the status of
// a run that has ended, and the runs have ended.
func trace(events []audit.Event, votes []rig.Vote) spans {
	decided := audit.LastByName(audit.Select(events, audit.Match{Verb: "create", Resource: "approvaldecisions"}))
	ledgers := audit.LastByName(audit.Select(events, audit.Match{User: rig.Controller, Verb: "update", Resource: "approvalrequests", Subresource: "status"}))
	runs := audit.LastByName(audit.Select(events, audit.Match{User: rig.Controller, Verb: "update", Resource: "customruns", Subresource: "status"}))
	nexts := audit.LastByName(audit.Select(events, audit.Match{User: rig.Tekton, Verb: "create", Resource: "customruns"}))
	var s spans
	for _, v := range votes {
		t0, ok := decided[v.Name]
		if !ok {
			continue
		}
		s.answer = append(s.answer, t0.Answered.Sub(t0.Received))
		s.decided(t0)
		if e, ok := ledgers[v.Gate.Request]; ok {
			s.ledger = append(s.ledger, e.Received.Sub(t0.Answered))
		}
		if e, ok := runs[v.Gate.Run]; ok {
			s.done = append(s.done, e.Received.Sub(t0.Answered))
			s.end = later(s.end, e.Received)
		}
		if e, ok := nexts[rig.NextRun(v.Gate.Run)]; ok {
			s.next = append(s.next, e.Received.Sub(t0.Answered))
		}
	}
	return s
}

// decided takes one decision into the bounds.
func (s *spans) decided(e audit.Event) {
	if s.first.IsZero() || e.Received.Before(s.first) {
		s.first = e.Received
	}
	s.last = later(s.last, e.Answered)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// after is how long after the last decision the last run ended; not less than zero.
func (s spans) after() report.Number {
	return report.Number(max(0, s.end.Sub(s.last).Seconds()))
}

// rate is how many decisions led to the end of their runs per second, from the first
// decision to the last end.
func (s spans) rate() report.Figure {
	return report.Figure{Name: figureRate, Value: report.Number(float64(len(s.done)) / s.end.Sub(s.first).Seconds()), Unit: "1/s"}
}

// shares are the controller's requests for each of n things.
func shares(events []audit.Event, of string, n int) []report.Share {
	var out []report.Share
	for _, c := range audit.CountOf(events, rig.Controller) {
		out = append(out, report.Share{Of: of, What: c.What, Code: c.Code, PerGate: report.Number(float64(c.N) / float64(n))})
	}
	return out
}

func perGate(shares []report.Share) report.Number {
	sum := report.Number(0)
	for _, s := range shares {
		sum += s.PerGate
	}
	return sum
}
