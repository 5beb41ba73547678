package measure

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/corbel-dev/corbel/test/bench/audit"
	"github.com/corbel-dev/corbel/test/bench/others"
	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

const (
	pollingGates = 5
	pollEvery    = 5 * time.Second
)

// polling runs the loop of a step that waits for a ConfigMap, without the pod.
func polling(ctx context.Context, r *rig.Rig, settings Settings) (results []report.Result, err error) {
	homes, err := os.MkdirTemp("", "corbel-bench-")
	if err != nil {
		return nil, fmt.Errorf("homes: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(homes)) }()
	s, err := setStage(ctx, r, "polling", 0)
	if err != nil {
		return nil, err
	}
	defer s.strike(ctx, &err)
	pollers, err := others.Pollers(ctx, r, others.Home{Namespace: s.namespace, Dir: homes}, pollingGates)
	if err != nil {
		return nil, err
	}
	if err := r.Audit.Skip(); err != nil {
		return nil, err
	}
	load := r.StartLoad()
	var used others.Polls
	for round := range settings.PollRounds {
		polls, err := s.pollRound(ctx, pollers, round)
		if err != nil {
			return nil, err
		}
		used.N += polls.N
		used.CPU += polls.CPU
		used.Resident = max(used.Resident, polls.Resident)
	}
	result := report.Result{
		Scenario: "polling",
		Title:    fmt.Sprintf("%d gates that ask for a ConfigMap every %s", pollingGates, pollEvery),
		Conditions: []string{
			"the loop that a step of a pod runs, each gate with its own kubectl, user and home, but without the pod: what the pod itself costs and how long it takes to end come on top",
			"from the answered write of the ConfigMap to the answer that the kubectl get got which saw it; decisions at random moments",
		},
		Load: load(),
	}
	events, err := r.Audit.Read()
	if err != nil {
		return nil, err
	}
	gets := audit.Select(events, audit.Match{Verb: "get", Resource: "configmaps", Namespace: s.namespace})
	result.Add(report.Spread("decision -> noticed", s.noticed(events, gets), report.Targets{})...)
	result.Add(
		report.Figure{Name: "requests per gate and hour", Value: perHour(gets), Unit: "requests", Note: "from the time between two polls of a gate"},
		report.Figure{Name: "kubectl, resident", Value: mebibytes(used.Resident), Unit: "MiB", Note: "the most that one call took"},
		report.Figure{Name: "kubectl, processor time a call", Value: report.Number(report.Milliseconds(used.CPU) / float64(used.N)), Unit: "ms"},
	)
	return []report.Result{result}, nil
}

// pollRound has every poller wait for a ConfigMap of its own, and decides each at a
// random moment after some polls.
func (s *stage) pollRound(ctx context.Context, pollers []*others.Poller, round int) (others.Polls, error) {
	used := make([]others.Polls, len(pollers))
	group, ctx := errgroup.WithContext(ctx)
	for i, p := range pollers {
		name := fmt.Sprintf("gate-%02d-%02d", i, round)
		if err := others.OpenConfigMap(ctx, s.Admin, s.namespace, name); err != nil {
			return others.Polls{}, errors.Join(err, group.Wait())
		}
		group.Go(func() (err error) {
			used[i], err = p.Wait(ctx, name, pollEvery)
			return err
		})
		group.Go(func() error {
			moment := pollEvery + time.Duration(rand.Int64N(int64(pollEvery))) //nolint:gosec // not a secret
			return errors.Join(rig.Sleep(ctx, moment), others.DecideConfigMap(ctx, s.Admin, s.namespace, name))
		})
	}
	err := group.Wait()
	var sum others.Polls
	for _, u := range used {
		sum.N += u.N
		sum.CPU += u.CPU
		sum.Resident = max(sum.Resident, u.Resident)
	}
	return sum, err
}

// noticed takes, for each ConfigMap, the last get: the loop ends with the one that saw
// the decision.
func (s *stage) noticed(events, gets []audit.Event) []time.Duration {
	last := audit.LastByName(gets)
	var out []time.Duration
	for _, e := range audit.Select(events, audit.Match{Verb: "patch", Resource: "configmaps", Namespace: s.namespace}) {
		if get, ok := last[e.Name]; ok {
			out = append(out, max(0, get.Answered.Sub(e.Answered)))
		}
	}
	return out
}

// perHour is how often one gate asks in an hour.
func perHour(gets []audit.Event) report.Number {
	byName := map[string][]audit.Event{}
	for _, e := range gets {
		byName[e.Name] = append(byName[e.Name], e)
	}
	intervals, span := 0, time.Duration(0)
	for _, of := range byName {
		intervals += len(of) - 1
		span += audit.LastReceived(of).Sub(audit.FirstReceived(of))
	}
	return report.Number(float64(intervals) / span.Hours())
}
