//go:build unix

package supervisor

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

// lostCode is the exit code of what has none.
const lostCode = -1

// supervisor is one build while it runs.
type supervisor struct {
	dir     builddir.Dir
	spec    runner.Spec
	group   *process.Group
	clock   clock.WithTicker
	started time.Time
	stops   chan stop
	stopped *stop // set once by the step that took it
	peak    int64
}

// Run supervises the build until it is over.
func Run(ctx context.Context, o Options) error {
	s, err := begin(o)
	if err != nil {
		_, _ = io.WriteString(o.Ready, err.Error())
		return errors.Join(err, o.Ready.Close())
	}
	defer s.group.Close()
	w := s.newWatch()
	w.look()
	if err := o.Ready.Close(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	over := make(chan struct{})
	defer close(over)
	go w.run(ctx, over)
	return s.dir.PutResult(s.steps())
}

// begin reads the build and claims it. A build that cannot begin gets a result.
func begin(o Options) (*supervisor, error) {
	s := &supervisor{dir: o.Dir, clock: o.Clock, started: o.Clock.Now(), stops: make(chan stop, 1)}
	err := s.read(o.Secrets)
	if err == nil {
		s.group = process.NewGroup(process.Config{
			ID: s.spec.ID, Cookie: s.spec.ID + "-" + rand.Text(), Limits: process.Limits(s.spec.Limits), Clock: o.Clock,
		})
		err = s.claim()
	}
	if err == nil {
		return s, nil
	}
	if s.group != nil {
		s.group.Close()
	}
	return nil, errors.Join(err, s.dir.Abandon(runner.Result{
		Reason: runner.ReasonStartFailed, Message: err.Error(), Code: lostCode, Started: s.started, Ended: o.Clock.Now(),
	}))
}

func (s *supervisor) read(secrets io.Reader) error {
	spec, err := s.dir.Spec()
	if err != nil {
		return err
	}
	s.spec = spec
	values := map[string]string{}
	if err := json.NewDecoder(io.LimitReader(secrets, runner.MaxSpecBytes)).Decode(&values); err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	for i := range s.spec.Secrets {
		s.spec.Secrets[i].Value = values[s.spec.Secrets[i].Name]
	}
	return nil
}

func (s *supervisor) claim() error {
	self, err := process.Self()
	if err != nil {
		return err
	}
	return s.dir.Claim(builddir.Supervisor{Identity: self, Record: s.group.Record()})
}

// steps runs all steps and says how the build ended.
func (s *supervisor) steps() runner.Result {
	result := runner.Result{Reason: runner.ReasonSucceeded, Started: s.started}
	for _, step := range s.spec.Steps {
		r := s.next(step, result.Reason != runner.ReasonSucceeded)
		result.Steps = append(result.Steps, r)
		if result.Reason == runner.ReasonSucceeded && r.Reason != runner.ReasonSucceeded {
			result.Reason, result.Step, result.Message = r.Reason, r.Name, r.Message
			result.Code, result.Signal, result.OOM = r.Code, r.Signal, r.OOM
		}
		if err := s.dir.PutStepResult(r); err != nil && result.Reason == runner.ReasonSucceeded {
			result.Reason, result.Step, result.Message = runner.ReasonLogFailed, r.Name, err.Error()
			result.Code = lostCode
		}
	}
	if s.stopped != nil {
		result.Reason, result.Message = s.stopped.reason, s.stopped.message
	}
	_, result.Left = s.group.Kill()
	result.PeakRSS = max(s.peak, s.group.Usage().Peak)
	result.Ended = s.clock.Now()
	return result
}

// next runs the step, or skips it.
func (s *supervisor) next(step runner.Step, failed bool) runner.StepResult {
	if s.stopped == nil {
		select {
		case stop := <-s.stops:
			s.stopped = &stop
		default:
		}
	}
	if s.stopped != nil || failed && !step.Always {
		reason := runner.ReasonSkipped
		if s.stopped != nil && !failed {
			reason = s.stopped.reason
		}
		return runner.StepResult{Name: step.Name, Reason: reason, Code: lostCode}
	}
	return s.run(step)
}
