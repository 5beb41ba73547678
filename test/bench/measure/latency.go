package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

const (
	// maxBatch is how many gates are opened ahead of their decisions.
	maxBatch = 50
	// settle lets the traces of opening fade before the decisions.
	settle = time.Second
	// aloneShare of the samples is taken where each gate is opened and decided alone.
	aloneShare = 4
)

// latency decides gates while others wait.
func latency(ctx context.Context, r *rig.Rig, settings Settings) ([]report.Result, error) {
	var results []report.Result
	for _, n := range settings.Waiting {
		result, err := latencyWith(ctx, r, settings, n)
		if err != nil {
			return results, fmt.Errorf("latency with %d waiting: %w", n, err)
		}
		results = append(results, result)
	}
	return results, nil
}

func latencyWith(ctx context.Context, r *rig.Rig, settings Settings, n int) (result report.Result, err error) {
	s, err := setStage(ctx, r, "latency", 1)
	if err != nil {
		return result, err
	}
	defer s.strike(ctx, &err)
	if _, err := s.openQuietly(ctx, rig.Work{Prefix: "waiting", N: n - 1, Required: 1}); err != nil {
		return result, err
	}
	batch, samples := min(n, maxBatch), settings.Samples
	if batch == 1 {
		samples = max(1, samples/aloneShare)
	}
	if err := r.Audit.Skip(); err != nil {
		return result, err
	}
	load := r.StartLoad()
	var votes []rig.Vote
	for len(votes) < samples {
		cast, err := s.batch(ctx, len(votes), min(batch, samples-len(votes)), settings.Every)
		if err != nil {
			return result, err
		}
		votes = append(votes, cast...)
	}
	result = report.Result{
		Scenario: fmt.Sprintf("latency-%d", n),
		Title:    fmt.Sprintf("from a decision to what follows it, with at least %d waiting gates", n),
		Conditions: []string{
			fmt.Sprintf("%d decisions by one user with a client certificate, one every %s, in batches of %d PipelineRuns opened ahead, beside %d gates that go on waiting", len(votes), settings.Every, batch, n-1),
			"from the 201 of the decision to when the write that ends the CustomRun comes in: the last successful write of its status, for the controller writes none after it",
			"the next task is a Pause of one second, as there are no pods here: to when the pipeline controller's POST of its CustomRun comes in",
		},
		Load: load(),
	}
	events, err := r.Audit.Read()
	if err != nil {
		return result, err
	}
	t := trace(events, votes)
	target := report.Targets{}
	switch n {
	case 1:
		target.P50 = 20
	case 1000:
		target.P99 = 100
	}
	result.Add(report.Spread("decision -> run done", t.done, target)...)
	result.Add(report.Spread("decision -> next task created", t.next, report.Targets{})...)
	result.Add(
		report.Figure{Name: "decision -> ledger written p50", Value: report.Number(report.Percentile(t.ledger, 50)), Unit: "ms"},
		report.Figure{Name: "decider waits for the 201 p50", Value: report.Number(report.Percentile(t.answer, 50)), Unit: "ms"},
	)
	return result, s.judge(ctx, &result, votes)
}

// batch opens gates in pipelines, decides them one after the other, and waits until
// the pipelines are through.
func (s *stage) batch(ctx context.Context, from, n int, every time.Duration) ([]rig.Vote, error) {
	runs, err := rig.OpenPipelines(ctx, s.admins, rig.Work{
		Namespace: s.namespace, Prefix: fmt.Sprintf("sample-%04d", from), N: n, Required: 1, Of: rig.Ours(),
	})
	if err != nil {
		return nil, err
	}
	gates, err := s.watch.Opened(ctx, runs)
	if err != nil {
		return nil, err
	}
	if err := rig.Sleep(ctx, settle); err != nil {
		return nil, err
	}
	votes, err := rig.Cast(ctx, rig.Ballot{Namespace: s.namespace, Gates: gates, By: s.people, Every: every})
	if err != nil {
		return nil, err
	}
	nexts := make([]string, len(runs))
	for i, run := range runs {
		nexts[i] = rig.NextRun(run)
	}
	return votes, s.through(ctx, append(runs, nexts...))
}

// through waits until runs are done; all of them have to succeed.
func (s *stage) through(ctx context.Context, runs []string) error {
	failed, err := s.watch.Ended(ctx, runs)
	if err == nil && len(failed) > 0 {
		err = fmt.Errorf("%d runs failed, such as %s in %s", len(failed), failed[0], s.namespace)
	}
	return err
}
