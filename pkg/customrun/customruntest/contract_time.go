package customruntest

import (
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
)

var timedOut = "False/" + v1beta1.CustomRunReasonTimedOut.String()

func (c contract[Spec, World, State]) timesOut(t point) {
	for name, tc := range map[string]struct {
		shape Make
		bound time.Duration
	}{
		"its own":              {timeout(10 * time.Minute), 10 * time.Minute},
		"longer than the hour": {timeout(72 * time.Hour), 72 * time.Hour},
		"an hour where unset":  {func(*v1beta1.CustomRun) {}, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s, run := c.waiting(t, tc.shape)
			s.Advance(tc.bound - time.Second)
			again, err := s.Pass(t, run)
			if err != nil || again != time.Second {
				t.Fatalf("a second before: want another pass in a second, got %s, %v", again, err)
			}
			if !Waits(s.Statuses.Get(run)) {
				t.Fatal("timed out too early")
			}
			s.Advance(time.Second)
			wantCondition(t, s.Settle(t, run), timedOut)
			s.wantEffects(t, 1, 0)
		})
	}
	t.Run("never where 0", func(t *testing.T) {
		s, run := c.waiting(t, timeout(0))
		s.Advance(3 * 365 * 24 * time.Hour)
		again, err := s.Pass(t, run)
		if err != nil || again != 0 || !Waits(s.Statuses.Get(run)) {
			t.Errorf("want a run that waits for ever, got %s, %v", again, err)
		}
		s.succeed(t, run)
	})
	t.Run("not when it succeeded in time and nobody looked", func(t *testing.T) {
		s, run := c.waiting(t)
		s.out.Succeed(run)
		s.Advance(24 * time.Hour)
		if run = s.Settle(t, run); Condition(run)[:4] != "True" {
			t.Errorf("got %s", Condition(run))
		}
	})
}

func (c contract[Spec, World, State]) timesOutOverRestart(t point) {
	s, run := c.waiting(t, timeout(10*time.Minute))
	s.Advance(4 * time.Minute)
	s.Restart(s.out.Kind)
	again, err := s.Pass(t, run)
	if err != nil || again != 6*time.Minute {
		t.Fatalf("want another pass in the 6m that remain, got %s, %v", again, err)
	}
	s.Advance(time.Hour)
	s.Restart(s.out.Kind)
	wantCondition(t, s.Settle(t, run), timedOut)
}

func (c contract[Spec, World, State]) retries(t point) {
	s, run := c.waiting(t, retries(2), timeout(10*time.Minute))
	for n := 1; n <= 2; n++ {
		began := run.Status.StartTime
		s.Advance(10 * time.Minute)
		run = s.Settle(t, run)
		if !Waits(run) || run.GetRetryCount() != n {
			t.Fatalf("after attempt %d: %s with %d entries", n, Condition(run), run.GetRetryCount())
		}
		if !began.Before(run.Status.StartTime) {
			t.Errorf("attempt %d has the startTime of the one before", n+1)
		}
		past := run.Status.RetriesStatus[n-1]
		if past.RetriesStatus != nil || past.CompletionTime == nil || !past.StartTime.Equal(began) {
			t.Errorf("past attempt: %+v", past)
		}
		s.wantEffects(t, n+1, 1)
	}
	s.Advance(10 * time.Minute)
	run = s.Settle(t, run)
	wantCondition(t, run, timedOut)
	if run.GetRetryCount() != 2 {
		t.Errorf("want 2 entries, got %d", run.GetRetryCount())
	}
	s.wantEffects(t, 3, 0)
}

func (c contract[Spec, World, State]) stopsRetrying(t point) {
	s, run := c.waiting(t, retries(5), timeout(10*time.Minute))
	s.Advance(10 * time.Minute)
	run = s.Settle(t, run)
	s.Statuses.Edit(run, Cancelled)
	run = s.Settle(t, run)
	wantCancelled(t, run)
	if run.GetRetryCount() != 1 {
		t.Errorf("want 1 past attempt, got %d", run.GetRetryCount())
	}
	s.wantEffects(t, 2, 0)
}
