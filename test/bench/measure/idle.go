package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/corbel-dev/corbel/test/bench/audit"
	"github.com/corbel-dev/corbel/test/bench/report"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

// idle counts what the controllers ask for while gates wait and nothing happens.
func idle(ctx context.Context, r *rig.Rig, settings Settings) (results []report.Result, err error) {
	s, err := setStage(ctx, r, "idle", 0)
	if err != nil {
		return nil, err
	}
	defer s.strike(ctx, &err)
	load := r.StartLoad()
	none, err := s.window(ctx, settings.IdleWindow)
	if err != nil {
		return nil, err
	}
	if _, err := s.open(ctx, rig.Work{Prefix: "idle", N: settings.Burst, Required: 1}); err != nil {
		return nil, err
	}
	many, err := s.window(ctx, settings.IdleWindow)
	if err != nil {
		return nil, err
	}
	hours := settings.IdleWindow.Hours()
	caused := float64(many.asked - none.asked)
	result := report.Result{
		Scenario: "idle",
		Title:    fmt.Sprintf("what %d waiting gates cost", settings.Burst),
		Conditions: []string{
			fmt.Sprintf("requests of the controllers in %s with the gates less those in %s without, leases and watches counted apart", settings.IdleWindow, settings.IdleWindow),
			fmt.Sprintf("the finest step of this measurement is one request: %.2g per gate and hour", 1/float64(settings.Burst)/hours),
		},
		Load: load(),
	}
	result.Add(
		report.Figure{Name: "requests per gate and hour", Value: report.Number(max(0, caused) / float64(settings.Burst) / hours), Unit: "requests", Target: 0.1},
		report.Figure{Name: "requests in the window, with gates", Value: report.Number(many.asked), Unit: "requests"},
		report.Figure{Name: "requests in the window, without", Value: report.Number(none.asked), Unit: "requests"},
		report.Figure{Name: "leases and watches, with gates", Value: report.Number(many.standing), Unit: "requests", Note: "of all replicas; the same for any number of gates"},
		report.Figure{Name: "leases and watches, without", Value: report.Number(none.standing), Unit: "requests"},
	)
	return []report.Result{result}, nil
}

type traffic struct{ asked, standing int }

// window counts requests for a while, from when there is nothing left to do.
func (s *stage) window(ctx context.Context, d time.Duration) (traffic, error) {
	var t traffic
	if err := s.Settled(ctx); err != nil {
		return t, err
	}
	if err := s.Audit.Skip(); err != nil {
		return t, err
	}
	if err := rig.Sleep(ctx, d); err != nil {
		return t, err
	}
	events, err := s.Audit.Read()
	if err != nil {
		return t, err
	}
	for _, e := range events {
		switch {
		case e.User != rig.Controller:
		case audit.Standing(e):
			t.standing++
		default:
			t.asked++
		}
	}
	return t, nil
}
