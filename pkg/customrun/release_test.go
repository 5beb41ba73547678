package customrun_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"knative.dev/pkg/controller"

	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
	"github.com/corbel-dev/corbel/pkg/fault"
)

func TestFinalizeReleasesWhatIsHeld(t *testing.T) {
	s, kind := newStage()
	run := s.Start(t, newRun())
	if err := s.Kernel.Finalize(t.Context(), run, kind); err != nil {
		t.Fatal(err)
	}
	want := []customruntest.Call{{Method: customruntest.MethodRelease, Attempt: 1, Ending: customrun.EndingCancelled, State: customruntest.State{Step: 1}}}
	if diff := cmp.Diff(want, kind.Calls(customruntest.MethodRelease)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestFinalizeHasNothingToRelease(t *testing.T) {
	tests := map[string]func(s *stage, kind *customruntest.Scripted) *v1beta1.CustomRun{
		"of a run that never began": func(*stage, *customruntest.Scripted) *v1beta1.CustomRun { return newRun() },
		"of a run that is over": func(s *stage, kind *customruntest.Scripted) *v1beta1.CustomRun {
			run := s.Start(t, newRun())
			kind.See(wordDone)
			return s.Settle(t, run)
		},
		"of a run that never got beyond its spec": func(s *stage, kind *customruntest.Scripted) *v1beta1.CustomRun {
			run := s.Start(t, newRun())
			kind.FailNext(customruntest.MethodParse, fault.User("Wrong", "mend it"))
			return run
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			s, kind := newStage()
			run := prepare(s, kind)
			if err := s.Kernel.Finalize(t.Context(), run, kind); err != nil {
				t.Error(err)
			}
			if calls := kind.Calls(customruntest.MethodRelease); calls != nil {
				t.Errorf("want no call, got %v", calls)
			}
		})
	}
}

func TestFinalizeKeepsTheRunUntilItIsReleased(t *testing.T) {
	tests := map[string]struct {
		err   error
		again time.Duration
	}{
		"the host does not answer": {errTransient, 0},
		"the host is busy":         {fault.Busy(15*time.Second, "NotConnected", "wait"), 15 * time.Second},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s, kind := newStage()
			run := s.Start(t, newRun())
			kind.FailNext(customruntest.MethodRelease, tc.err)
			err := s.Kernel.Finalize(t.Context(), run, kind)
			if _, again := controller.IsRequeueKey(err); again != tc.again {
				t.Errorf("look again: want %s, got %s (%v)", tc.again, again, err)
			}
			if tc.again == 0 && !errors.Is(err, tc.err) {
				t.Errorf("want the error back, got %v", err)
			}
			if err == nil {
				t.Error("the run would go")
			}
		})
	}
}
