package customruntest

import (
	"context"
	"sync"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/customrun"
)

// Methods of a kind, as Call and FailNext name them.
const (
	MethodParse   = "Parse"
	MethodObserve = "Observe"
	MethodDecide  = "Decide"
	MethodAct     = "Act"
	MethodRelease = "Release"
)

// State is what a Scripted kind saves.
type State struct {
	Step int    `json:"step,omitempty"`
	Note string `json:"note,omitempty"`
}

// World is what a Scripted kind sees: a word that the test sets.
type World string

// Attempt is one of a Scripted kind.
type Attempt = customrun.Attempt[v1beta1.CustomRunSpec, State]

// Decision is one of a Scripted kind.
type Decision = customrun.Decision[State]

// Call is one call of a method.
type Call struct {
	Method  string
	Attempt int
	Ending  customrun.Ending
	State   State
	Do      string // of Act
}

// Scripted is a kind that does what the test says, and notes what it was asked. Its
// Spec is the run's own.
type Scripted struct {
	// Script decides; without one the kind waits.
	Script func(a Attempt, w World, now time.Time) Decision
	// OnAct is called by Act, if it is set.
	OnAct func(a Attempt, d Decision)

	mu    sync.Mutex
	world World
	fail  map[string]error
	calls []Call
}

var (
	_ customrun.Kind[v1beta1.CustomRunSpec, World, State] = (*Scripted)(nil)
	_ customrun.Releaser[v1beta1.CustomRunSpec, State]    = (*Scripted)(nil)
)

// See sets what Observe sees from now on.
func (s *Scripted) See(w World) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.world = w
}

// FailNext lets the next call of a method fail. Decide cannot.
func (s *Scripted) FailNext(method string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail == nil {
		s.fail = map[string]error{}
	}
	s.fail[method] = err
}

// Calls of the methods named, or of all, oldest first.
func (s *Scripted) Calls(methods ...string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Call
	for _, c := range s.calls {
		if len(methods) == 0 || contains(methods, c.Method) {
			out = append(out, c)
		}
	}
	return out
}

// Parse gives the run's own spec.
func (s *Scripted) Parse(run *v1beta1.CustomRun) (v1beta1.CustomRunSpec, error) {
	return run.Spec, s.called(Call{Method: MethodParse, Attempt: run.GetRetryCount() + 1})
}

// Observe gives the word that See set.
func (s *Scripted) Observe(_ context.Context, a Attempt) (World, error) {
	if err := s.called(call(MethodObserve, a)); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.world, nil
}

// Decide follows the script.
func (s *Scripted) Decide(a Attempt, w World, now time.Time) Decision {
	_ = s.called(call(MethodDecide, a))
	if s.Script == nil {
		return Decision{State: a.State, Verdict: customrun.Verdict{Phase: customrun.Running}}
	}
	return s.Script(a, w, now)
}

// Act notes the effect.
func (s *Scripted) Act(_ context.Context, a Attempt, d Decision) error {
	c := call(MethodAct, a)
	c.Do = d.Do
	if s.OnAct != nil {
		s.OnAct(a, d)
	}
	return s.called(c)
}

// Release notes that it was called.
func (s *Scripted) Release(_ context.Context, a Attempt) error {
	return s.called(call(MethodRelease, a))
}

func call(method string, a Attempt) Call {
	return Call{Method: method, Attempt: a.Number, Ending: a.Ending, State: a.State}
}

func (s *Scripted) called(c Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, c)
	err := s.fail[c.Method]
	delete(s.fail, c.Method)
	return err
}

func contains(list []string, s string) bool {
	for _, e := range list {
		if e == s {
			return true
		}
	}
	return false
}
