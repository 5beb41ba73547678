package measure

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/corbel-dev/corbel/test/bench/audit"
	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// burst opens many gates at once, and then decides all of them.
func burst(ctx context.Context, r *rig.Rig, settings Settings) (results []report.Result, err error) {
	s, err := setStage(ctx, r, "burst", settings.Clients)
	if err != nil {
		return nil, err
	}
	defer s.strike(ctx, &err)
	gates, opened, err := s.burstOpen(ctx, settings)
	if err != nil {
		return nil, fmt.Errorf("burst open: %w", err)
	}
	decided, err := s.burstDecide(ctx, settings, gates)
	if err != nil {
		return []report.Result{opened}, fmt.Errorf("burst decide: %w", err)
	}
	return []report.Result{opened, decided}, nil
}

func (s *stage) burstOpen(ctx context.Context, settings Settings) ([]rig.Gate, report.Result, error) {
	result := report.Result{
		Scenario: "burst-open",
		Title:    fmt.Sprintf("%d gates opened at once", settings.Burst),
		Conditions: []string{
			fmt.Sprintf("CustomRuns of kind Approval, by parameters alone, created by %d clients as fast as they can", len(s.admins)),
			"from when the first POST of a CustomRun comes in to when the last POST of an ApprovalRequest is answered",
		},
	}
	if err := s.Audit.Skip(); err != nil {
		return nil, result, err
	}
	profiled := s.profile(ctx, settings, "burst-open")
	load := s.StartLoad()
	gates, err := s.open(ctx, rig.Work{Prefix: "burst", N: settings.Burst, Required: 1})
	if err != nil {
		return nil, result, err
	}
	result.Load = load()
	profiled()
	events, err := s.readAll(ctx)
	if err != nil {
		return nil, result, err
	}
	asked := audit.Select(events, audit.Match{Verb: "create", Resource: "customruns", Namespace: s.namespace})
	requests := audit.Select(events, audit.Match{User: rig.Controller, Verb: "create", Resource: "approvalrequests", Namespace: s.namespace})
	begin, end := audit.FirstReceived(asked), audit.LastAnswered(requests)
	result.Requests = shares(events, "gate opened", settings.Burst)
	result.Add(
		report.Figure{Name: figureListable, Value: report.Number(end.Sub(begin).Seconds()), Unit: "s", Target: 20},
		report.Figure{Name: figureOpenRate, Value: report.Number(float64(len(requests)) / end.Sub(begin).Seconds()), Unit: "1/s"},
		report.Figure{Name: "the clients were done after", Value: report.Number(audit.LastAnswered(asked).Sub(begin).Seconds()), Unit: "s"},
		report.Figure{Name: "controller's requests per gate", Value: perGate(result.Requests), Unit: "requests"},
	)
	return gates, result, nil
}

func (s *stage) burstDecide(ctx context.Context, settings Settings, gates []rig.Gate) (report.Result, error) {
	result := report.Result{
		Scenario: "burst-decide",
		Title:    fmt.Sprintf("%d decisions in %s", len(gates), settings.BurstOver),
		Conditions: []string{
			fmt.Sprintf("by %d users with a client certificate and a connection each; decisions do not wait for each other's answers", len(s.people)),
			"from the last decision's 201 to when the last write that ends a CustomRun comes in",
		},
	}
	if err := s.Audit.Skip(); err != nil {
		return result, err
	}
	profiled := s.profile(ctx, settings, "burst-decide")
	load := s.StartLoad()
	votes, err := rig.Cast(ctx, rig.Ballot{
		Namespace: s.namespace, Gates: gates, By: s.people, Every: settings.BurstOver / time.Duration(len(gates)),
	})
	if err != nil {
		return result, err
	}
	if err := s.through(ctx, runsOf(gates)); err != nil {
		return result, err
	}
	result.Load = load()
	profiled()
	events, err := s.readAll(ctx)
	if err != nil {
		return result, err
	}
	t := trace(events, votes)
	result.Requests = shares(events, "decision", len(votes))
	result.Add(report.Figure{Name: figureAllDone, Value: t.after(), Unit: "s", Target: 2}, t.rate())
	result.Add(report.Spread("decision -> run done", t.done, report.Targets{})...)
	result.Add(
		report.Figure{Name: "decider waits for the 201 p99", Value: report.Number(report.Percentile(t.answer, 99)), Unit: "ms"},
		report.Figure{Name: "controller's requests per decision", Value: perGate(result.Requests), Unit: "requests"},
	)
	return result, s.judge(ctx, &result, votes)
}

// readAll reads what has happened, when nothing happens any more.
func (s *stage) readAll(ctx context.Context) ([]audit.Event, error) {
	events, err := s.Audit.Read()
	if err != nil {
		return nil, err
	}
	for {
		if err := rig.Sleep(ctx, 2*time.Second); err != nil {
			return nil, err
		}
		more, err := s.Audit.Read()
		if err != nil {
			return nil, err
		}
		events = append(events, more...)
		if len(audit.CountOf(more, rig.Controller)) == 0 {
			return events, nil
		}
	}
}

// profile takes CPU profiles of the controllers for as long as the decisions take, if
// wanted. The function waits for them.
func (s *stage) profile(ctx context.Context, settings Settings, name string) func() {
	if settings.Profiles == "" {
		return func() {}
	}
	controllers, err := s.Controllers()
	if err != nil {
		s.Say("no profile: %v", err)
		return func() {}
	}
	done := make(chan struct{})
	for _, p := range controllers {
		go func() {
			path := filepath.Join(settings.Profiles, name+"-"+p.Name+".pprof")
			if err := s.Profile(ctx, p, settings.BurstOver, path); err != nil {
				s.Say("no profile: %v", err)
			}
			done <- struct{}{}
		}()
	}
	return func() {
		for range controllers {
			<-done
		}
	}
}
