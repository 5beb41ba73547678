package customrun_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"

	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
	"github.com/corbel-dev/corbel/pkg/fault"
)

var errTransient = errors.New("connection refused")

type (
	attempt  = customruntest.Attempt
	decision = customruntest.Decision
	world    = customruntest.World
	state    = customruntest.State
)

const (
	wordDone = world("done")
	wordBad  = world("bad")
)

// opensOnce is a kind that opens something at its start, and then does what it sees.
func opensOnce(a attempt, w world, _ time.Time) decision {
	d := decision{State: a.State, Verdict: customrun.Verdict{Phase: customrun.Running, Reason: "Pending", Message: "waits"}}
	switch {
	case a.Ending != customrun.EndingNone && a.State.Step == 1:
		d.Do, d.Verdict = "close", customrun.Verdict{Phase: customrun.Stopped}
	case a.Ending != customrun.EndingNone:
		d.Verdict = customrun.Verdict{Phase: customrun.Stopped}
	case a.State.Step == 0:
		d.Do, d.State.Step = "open", 1
	case w == wordDone:
		d.Verdict = customrun.Verdict{Phase: customrun.Succeeded, Reason: "Done", Results: []v1beta1.CustomRunResult{{Name: "r", Value: "v"}}}
	case w == wordBad:
		d.Verdict = customrun.Verdict{Phase: customrun.Failed, Reason: "Bad", Message: "it is bad"}
	}
	return d
}

type stage = customruntest.Stage[v1beta1.CustomRunSpec, customruntest.World, customruntest.State]

func newStage() (*stage, *customruntest.Scripted) {
	kind := &customruntest.Scripted{Script: opensOnce}
	return customruntest.NewStage[v1beta1.CustomRunSpec, customruntest.World, customruntest.State](kind), kind
}

func newRun(changes ...func(run *v1beta1.CustomRun)) *v1beta1.CustomRun {
	return customruntest.NewRun("Scripted", "run", changes...)
}

func effects(k *customruntest.Scripted) []string {
	var out []string
	for _, c := range k.Calls(customruntest.MethodAct) {
		out = append(out, c.Do)
	}
	return out
}

func wantEffects(t *testing.T, k *customruntest.Scripted, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, effects(k)); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
}

func wantCondition(t *testing.T, run *v1beta1.CustomRun, want string) {
	t.Helper()
	if got := customruntest.Condition(run); got != want {
		t.Errorf("condition: want %s, got %s (%s)", want, got, customruntest.Message(run))
	}
}

func TestARunGoesFromStartToResults(t *testing.T) {
	s, kind := newStage()
	run := s.Start(t, newRun())
	wantCondition(t, run, "Unknown/Pending")
	kind.See(wordDone)
	s.Advance(time.Minute)
	run = s.Settle(t, run)
	wantCondition(t, run, "True/Done")
	wantEffects(t, kind, "open")
	if diff := cmp.Diff([]v1beta1.CustomRunResult{{Name: "r", Value: "v"}}, run.Status.Results); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if took := run.Status.CompletionTime.Sub(run.Status.StartTime.Time); took != time.Minute {
		t.Errorf("want a minute from start to completion, got %s", took)
	}
	if run.Status.ObservedGeneration != 1 {
		t.Errorf("observedGeneration: want 1, got %d", run.Status.ObservedGeneration)
	}
	want := []string{"Unknown/Pending", "True/Done", "ended/Done"}
	if diff := cmp.Diff(want, s.Announced.Said()); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
}

func TestStateIsSavedBeforeTheEffect(t *testing.T) {
	s, kind := newStage()
	run := newRun()
	var saved string
	kind.OnAct = func(attempt, decision) { saved = string(s.Statuses.Get(run).Status.ExtraFields.Raw) }
	s.Start(t, run)
	if !strings.Contains(saved, `"step":1`) {
		t.Errorf("when the effect began, the status held %q", saved)
	}
}

func TestAStaleCopyHasNoEffect(t *testing.T) {
	tests := map[string]func(s *stage, run *v1beta1.CustomRun){
		"somebody edited the run": func(s *stage, run *v1beta1.CustomRun) {
			s.Statuses.Edit(run, func(r *v1beta1.CustomRun) { r.Labels = map[string]string{"a": "b"} })
		},
		"somebody cancelled the run": func(s *stage, run *v1beta1.CustomRun) { s.Statuses.Edit(run, customruntest.Cancelled) },
		"another one has taken its name": func(s *stage, run *v1beta1.CustomRun) {
			s.Statuses.Delete(run)
			s.Statuses.Create(newRun())
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s, kind := newStage()
			run := newRun()
			s.Statuses.Create(run)
			seen := s.Statuses.Get(run)
			change(s, run)
			again, err := s.PassOver(t, seen)
			if err != nil || again == 0 {
				t.Errorf("want another pass soon and no error, got %s, %v", again, err)
			}
			wantEffects(t, kind)
			if n := len(s.Statuses.History()); n != 0 {
				t.Errorf("want no write, got %d", n)
			}
		})
	}
}

func TestAStaleCopyOfARunThatOpenedOpensNothing(t *testing.T) {
	s, kind := newStage()
	run := newRun()
	s.Statuses.Create(run)
	young := s.Statuses.Get(run)
	s.Settle(t, run)
	for range 3 {
		if _, err := s.PassOver(t, young); err != nil {
			t.Fatal(err)
		}
	}
	wantEffects(t, kind, "open")
}

func TestARunThatIsGoneIsNoError(t *testing.T) {
	s, kind := newStage()
	run := newRun()
	s.Statuses.Create(run)
	seen := s.Statuses.Get(run)
	s.Statuses.Delete(run)
	if again, err := s.PassOver(t, seen); err != nil || again != 0 {
		t.Errorf("want nothing, got %s, %v", again, err)
	}
	wantEffects(t, kind)
}

func TestACrashBetweenEffectAndSaveRepeatsTheEffect(t *testing.T) {
	s, kind := newStage()
	run := s.Start(t, newRun())
	s.Statuses.Edit(run, customruntest.Cancelled)
	kind.OnAct = func(attempt, decision) { s.Statuses.FailNext(errTransient) }
	if _, err := s.Pass(t, run); !errors.Is(err, errTransient) {
		t.Fatalf("want the failed save, got %v", err)
	}
	kind.OnAct = nil
	if !customruntest.Waits(s.Statuses.Get(run)) {
		t.Error("the run ended without the last save")
	}
	s.Restart(kind)
	run = s.Settle(t, run)
	wantCondition(t, run, "False/CustomRunCancelled")
	wantEffects(t, kind, "open", "close", "close")
}

func TestAFailedEffectIsTriedAgainWithTheSameState(t *testing.T) {
	s, kind := newStage()
	kind.Script = func(a attempt, _ world, _ time.Time) decision {
		if len(effects(kind)) < 2 {
			return decision{Do: "open", State: state{Step: 1, Note: "name"}, Verdict: customrun.Verdict{Phase: customrun.Running}}
		}
		return decision{State: a.State, Verdict: customrun.Verdict{Phase: customrun.Running}}
	}
	kind.FailNext(customruntest.MethodAct, errTransient)
	run := newRun()
	s.Statuses.Create(run)
	if _, err := s.Pass(t, run); !errors.Is(err, errTransient) {
		t.Fatalf("want the effect's error, got %v", err)
	}
	s.Settle(t, run)
	var saved []state
	for _, c := range kind.Calls(customruntest.MethodAct) {
		saved = append(saved, c.State)
	}
	if diff := cmp.Diff([]state{{Step: 1, Note: "name"}, {Step: 1, Note: "name"}}, saved); diff != "" {
		t.Errorf("states of the effect (-want +got):\n%s", diff)
	}
}

func TestTheFirstPassStartsTheRunWhateverHappens(t *testing.T) {
	tests := map[string]func(s *stage, kind *customruntest.Scripted){
		"the world cannot be seen": func(_ *stage, k *customruntest.Scripted) { k.FailNext(customruntest.MethodObserve, errTransient) },
		"the effect fails":         func(_ *stage, k *customruntest.Scripted) { k.FailNext(customruntest.MethodAct, errTransient) },
		"nobody knows the owner":   func(s *stage, _ *customruntest.Scripted) { s.Owners.FailNext(errTransient) },
	}
	for name, upset := range tests {
		t.Run(name, func(t *testing.T) {
			s, kind := newStage()
			upset(s, kind)
			run := newRun()
			s.Statuses.Create(run)
			if _, err := s.Pass(t, run); !errors.Is(err, errTransient) {
				t.Errorf("want the error back, got %v", err)
			}
			run = s.Statuses.Get(run)
			if !customruntest.Waits(run) {
				t.Errorf("the run has not begun: %+v", run.Status)
			}
			s.Advance(30 * time.Second)
			run = s.Settle(t, run)
			wantCondition(t, run, "Unknown/Pending")
			if !run.Status.StartTime.Time.Equal(customruntest.Epoch) {
				t.Errorf("the clock of the run was set anew: %s", run.Status.StartTime)
			}
		})
	}
}

func TestClassesOfFaults(t *testing.T) {
	tests := map[string]struct {
		err      error
		retries  int
		again    time.Duration
		want     string
		attempts int
	}{
		"the user's fault is final, whatever retries are left": {fault.User("Wrong", "mend it"), 3, 0, "False/Wrong", 1},
		"what is lost fails the last attempt":                  {fault.Lost("HostDied", "gone"), 0, 0, "False/HostDied", 1},
		"what is lost is followed by the next attempt":         {fault.Lost("HostDied", "gone"), 1, 0, "Unknown/Retrying", 2},
		"who is busy is asked again when it says":              {fault.Busy(15*time.Second, "NoHost", "wait"), 0, 15 * time.Second, "Unknown/NoHost", 1},
		"who is busy is not pressed":                           {fault.Busy(0, "NoHost", "wait"), 0, time.Second, "Unknown/NoHost", 1},
		"who is busy longer than there is time":                {fault.Busy(72*time.Hour, "NoHost", "wait"), 0, time.Hour, "Unknown/NoHost", 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s, kind := newStage()
			kind.FailNext(customruntest.MethodObserve, tc.err)
			run := newRun(func(r *v1beta1.CustomRun) { r.Spec.Retries = tc.retries })
			s.Statuses.Create(run)
			again, err := s.Pass(t, run)
			if err != nil {
				t.Fatalf("a class is no error: %v", err)
			}
			run = s.Statuses.Get(run)
			wantCondition(t, run, tc.want)
			if again != tc.again {
				t.Errorf("look again: want %s, got %s", tc.again, again)
			}
			if got := run.GetRetryCount() + 1; got != tc.attempts {
				t.Errorf("attempts: want %d, got %d", tc.attempts, got)
			}
		})
	}
}

func TestATransientErrorKeepsTheLastWord(t *testing.T) {
	s, kind := newStage()
	run := s.Start(t, newRun())
	before := run.ResourceVersion
	kind.FailNext(customruntest.MethodObserve, errTransient)
	if _, err := s.Pass(t, run); !errors.Is(err, errTransient) {
		t.Fatalf("want the error back, got %v", err)
	}
	if after := s.Statuses.Get(run); after.ResourceVersion != before {
		t.Errorf("the run was written: %+v", after.Status)
	}
}

func TestRetriesKeepWhatWas(t *testing.T) {
	s, kind := newStage()
	run := s.Start(t, newRun(func(r *v1beta1.CustomRun) { r.Spec.Retries = 2 }))
	kind.See(wordBad)
	for n := 1; n <= 2; n++ {
		s.Advance(time.Minute)
		if _, err := s.Pass(t, run); err != nil {
			t.Fatal(err)
		}
		run = s.Statuses.Get(run)
		wantCondition(t, run, "Unknown/Retrying")
		if got := run.GetRetryCount(); got != n {
			t.Fatalf("retriesStatus: want %d entries, got %d", n, got)
		}
		past := run.Status.RetriesStatus[n-1]
		if past.RetriesStatus != nil || past.CompletionTime == nil || past.GetCondition(apis.ConditionSucceeded).GetReason() != "Bad" {
			t.Errorf("past attempt: %+v", past)
		}
		if !run.Status.StartTime.Time.Equal(s.Clock.Now()) {
			t.Errorf("attempt %d has the start of an earlier one", n+1)
		}
		if _, err := s.Pass(t, run); err != nil { // opens
			t.Fatal(err)
		}
	}
	run = s.Settle(t, run)
	wantCondition(t, run, "False/Bad")
	wantEffects(t, kind, "open", "open", "open")
	want := []string{
		"Unknown/Pending", "Unknown/Retrying", "ended/Bad", "Unknown/Pending", "Unknown/Retrying", "ended/Bad",
		"Unknown/Pending", "False/Bad", "ended/Bad",
	}
	if diff := cmp.Diff(want, s.Announced.Said()); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
}

func TestExtraFieldsSurvive(t *testing.T) {
	s, kind := newStage()
	run := s.Start(t, newRun())
	s.Restart(kind)
	s.Advance(time.Minute)
	s.Settle(t, run)
	calls := kind.Calls(customruntest.MethodDecide)
	if got := calls[len(calls)-1].State; got.Step != 1 {
		t.Errorf("the state after a restart: %+v", got)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(run.Status.ExtraFields.Raw, &fields); err != nil {
		t.Errorf("extraFields are no object: %v", err)
	}
}

func TestLongMessagesAreCutBetweenLetters(t *testing.T) {
	for name, message := range map[string]string{
		"long":           strings.Repeat("word ", 1000),
		"long, of runes": strings.Repeat("界", 1000),
		"one off":        "x" + strings.Repeat("界", 1000),
		"broken":         "bad \xff byte",
	} {
		t.Run(name, func(t *testing.T) {
			s, kind := newStage()
			kind.Script = func(a attempt, _ world, _ time.Time) decision {
				return decision{State: a.State, Verdict: customrun.Verdict{Phase: customrun.Running, Message: message}}
			}
			got := customruntest.Message(s.Start(t, newRun()))
			if len(got) > 1024 || !utf8.ValidString(got) || strings.ContainsRune(got, utf8.RuneError) {
				t.Errorf("%d bytes: %q", len(got), got)
			}
			if n := len(s.Statuses.History()); n != 1 {
				t.Errorf("want one write, got %d", n)
			}
		})
	}
}

func TestARunThatDoesNotFitEndsWithoutAnEffect(t *testing.T) {
	s, kind := newStage()
	run := s.Start(t, newRun(func(r *v1beta1.CustomRun) {
		r.Spec.Params = v1beta1.Params{{Name: "p", Value: *v1beta1.NewStructuredValues(strings.Repeat("x", 700<<10))}}
	}))
	wantCondition(t, run, "False/RunTooLarge")
	wantEffects(t, kind)
	if diff := cmp.Diff([]string{"False/RunTooLarge", "ended/RunTooLarge"}, s.Announced.Said()); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
}

func TestRetriesEndWhenNoMoreOfThemFit(t *testing.T) {
	s, kind := newStage()
	kind.Script = func(attempt, world, time.Time) decision {
		return decision{Verdict: customrun.Verdict{Phase: customrun.Failed, Reason: "Bad", Message: strings.Repeat("x", 1000)}}
	}
	run := newRun(func(r *v1beta1.CustomRun) { r.Spec.Retries = 100_000 })
	past := v1beta1.CustomRunStatus{}
	past.Annotations = map[string]string{"note": strings.Repeat("x", 102<<10)}
	run.Status.RetriesStatus = []v1beta1.CustomRunStatus{past, past, past, past, past, past, past, past, past, past}
	s.Statuses.Create(run)
	for range 1000 {
		if _, err := s.Pass(t, run); err != nil {
			t.Fatal(err)
		}
		if run = s.Statuses.Get(run); run.Status.CompletionTime != nil {
			break
		}
	}
	wantCondition(t, run, "False/RunTooLarge")
}

func TestADeletedRunIsLeftAlone(t *testing.T) {
	s, kind := newStage()
	now := metav1.Now()
	s.Start(t, newRun(func(r *v1beta1.CustomRun) { r.DeletionTimestamp = &now }))
	if calls := kind.Calls(); calls != nil {
		t.Errorf("want no call, got %v", calls)
	}
}
