package measure

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/corbel-dev/corbel/test/bench/audit"
	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// conflict lets many decide on one gate at the same moment.
func conflict(ctx context.Context, r *rig.Rig, settings Settings) ([]report.Result, error) {
	var results []report.Result
	for _, k := range settings.Conflict {
		result, err := conflictOf(ctx, r, k)
		if err != nil {
			return results, fmt.Errorf("conflict of %d: %w", k, err)
		}
		results = append(results, result)
	}
	return results, nil
}

// rounds is on how many gates, one after the other, so many decide.
func rounds(k int) int { return max(3, min(20, 200/k)) }

func conflictOf(ctx context.Context, r *rig.Rig, k int) (result report.Result, err error) {
	s, err := setStage(ctx, r, "conflict", k)
	if err != nil {
		return result, err
	}
	defer s.strike(ctx, &err)
	gates, err := s.openQuietly(ctx, rig.Work{Prefix: "conflict", N: rounds(k), Required: k})
	if err != nil {
		return result, err
	}
	if err := r.Audit.Skip(); err != nil {
		return result, err
	}
	load := r.StartLoad()
	var votes []rig.Vote
	for _, g := range gates {
		votes = append(votes, s.allAtOnce(ctx, g)...)
	}
	failed, err := s.watch.Ended(ctx, runsOf(gates))
	if err != nil {
		return result, err
	}
	result = report.Result{
		Scenario:   fmt.Sprintf("conflict-%d", k),
		Title:      fmt.Sprintf("%d people decide on one gate at once, and it needs all of them", k),
		Conditions: []string{fmt.Sprintf("%d gates, one after the other; each person has a certificate and a connection; nobody tries twice", len(gates))},
		Load:       load(),
	}
	for _, run := range failed {
		result.Wrong = append(result.Wrong, "run "+run+" was approved and did not succeed")
	}
	events, err := s.readAll(ctx)
	if err != nil {
		return result, err
	}
	posts, stored := firstTries(events)
	t := trace(events, votes)
	writes := len(audit.Select(events, audit.Match{User: rig.Controller, Verb: "update", Resource: "approvalrequests", Subresource: "status"}))
	result.Add(
		report.Figure{Name: "first try succeeds", Value: report.Number(100 * float64(stored) / float64(posts)), Unit: "%", Note: fmt.Sprintf("%d of %d POSTs were answered 201", stored, posts)},
		report.Figure{Name: "decider waits for the 201 p99", Value: report.Number(report.Percentile(t.answer, 99)), Unit: "ms"},
		report.Figure{Name: "ledger writes per gate", Value: report.Number(float64(writes) / float64(len(gates))), Unit: "writes"},
	)
	return result, s.judge(ctx, &result, votes)
}

// firstTries counts the decisions that came in, and those that were stored.
func firstTries(events []audit.Event) (posts, stored int) {
	for _, e := range events {
		if e.Verb != "create" || e.Resource != "approvaldecisions" || !strings.HasPrefix(e.User, "decider-") {
			continue
		}
		posts++
		if e.Done() {
			stored++
		}
	}
	return posts, stored
}

// allAtOnce has everybody approve a gate at the same moment.
func (s *stage) allAtOnce(ctx context.Context, g rig.Gate) []rig.Vote {
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		votes []rig.Vote
	)
	begin := make(chan struct{})
	for _, person := range s.people {
		group.Go(func() {
			<-begin
			vote, err := rig.Decide(ctx, person, s.namespace, g)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				s.Say("%v", err)
				return
			}
			votes = append(votes, vote)
		})
	}
	close(begin)
	group.Wait()
	return votes
}
