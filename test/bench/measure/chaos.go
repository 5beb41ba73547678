package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// chaos decides many gates while the controllers are killed twice.
func chaos(ctx context.Context, r *rig.Rig, settings Settings) (results []report.Result, err error) {
	s, err := setStage(ctx, r, "chaos", settings.Clients)
	if err != nil {
		return nil, err
	}
	defer s.strike(ctx, &err)
	gates, err := s.openQuietly(ctx, rig.Work{Prefix: "chaos", N: settings.Burst, Required: 1})
	if err != nil {
		return nil, err
	}
	if err := r.Audit.Skip(); err != nil {
		return nil, err
	}
	load := r.StartLoad()
	votes, err := s.castAndKill(ctx, settings, gates)
	if err != nil {
		return nil, err
	}
	failed, err := s.watch.Ended(ctx, runsOf(gates))
	if err != nil {
		return nil, err
	}
	result := report.Result{
		Scenario: "chaos",
		Title:    fmt.Sprintf("%d decisions in %s while the controllers are killed", len(gates), settings.BurstOver),
		Conditions: []string{
			fmt.Sprintf("all replicas of the controller are killed (SIGKILL) at the same time and started again at once, after %s and after %s", settings.BurstOver*3/10, settings.BurstOver*6/10),
			"nobody has released the leases of the dead, so the new ones wait for them to run out",
			"from the last decision's 201 to when the last write that ends a CustomRun comes in",
		},
		Load: load(),
	}
	events, err := s.readAll(ctx)
	if err != nil {
		return nil, err
	}
	for _, run := range failed {
		result.Wrong = append(result.Wrong, "run "+run+" was approved and did not succeed")
	}
	result.Add(report.Figure{Name: figureAllDone, Value: trace(events, votes).after(), Unit: "s"})
	return []report.Result{result}, s.judge(ctx, &result, votes)
}

// castAndKill decides, and kills at three and six tenths of the time.
func (s *stage) castAndKill(ctx context.Context, settings Settings, gates []rig.Gate) ([]rig.Vote, error) {
	killed := make(chan error, 1)
	go func() {
		pause := settings.BurstOver * 3 / 10
		for range 2 {
			if err := errors.Join(rig.Sleep(ctx, pause), s.KillControllers()); err != nil {
				killed <- err
				return
			}
		}
		killed <- nil
	}()
	votes, err := rig.Cast(ctx, rig.Ballot{
		Namespace: s.namespace, Gates: gates, By: s.people, Every: settings.BurstOver / time.Duration(len(gates)),
	})
	return votes, errors.Join(err, <-killed)
}
