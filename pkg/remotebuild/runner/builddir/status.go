package builddir

import (
	"errors"
	"os"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

// View is all that the files of a build say.
type View struct {
	Status     runner.Status
	Supervisor *Supervisor
}

// Look reads the state of the build. A build that never got a supervisor is closed by
// looking, so that one that comes late finds it over.
func (d Dir) Look(now time.Time) (View, error) {
	supervisor, err := d.Supervisor()
	if err != nil {
		return View{}, err
	}
	e := Evidence{
		HasSupervisor: supervisor != nil,
		Age:           d.sinceCreation(now),
		Beat:          d.age(beatFile, now),
	}
	if supervisor != nil {
		e.SameBoot, e.Alive = supervisor.SameBoot(), supervisor.Alive()
	}
	// The result is read last: a supervisor that ended in between has left one.
	result, err := d.Result()
	if err != nil {
		return View{}, err
	}
	e.HasResult = result != nil
	phase, reason := Judge(e)
	if reason == runner.ReasonNeverStarted {
		return d.neverStarted(now)
	}
	v := View{Supervisor: supervisor, Status: runner.Status{
		ID: d.ID, Phase: phase, Reason: reason, Stalled: e.Stalled(), Result: result, Dir: d.Path,
		Heartbeat: runner.Duration(e.Beat), Lease: runner.Duration(d.age(leaseFile, now)),
	}}
	if result != nil {
		v.Status.Phase, v.Status.Reason = ended(*result)
	}
	if supervisor != nil {
		v.Status.Containment, v.Status.Unenforced = supervisor.Containment, supervisor.Unenforced
	}
	return v, d.addSteps(&v.Status)
}

// ended keeps a build lost whose result was written by somebody else than its supervisor.
func ended(r runner.Result) (runner.Phase, runner.Reason) {
	switch r.Reason {
	case runner.ReasonNeverStarted, runner.ReasonSupervisorLost, runner.ReasonHostRebooted:
		return runner.PhaseLost, r.Reason
	default:
		return runner.PhaseFinished, r.Reason
	}
}

// neverStarted closes the build, unless a supervisor came at this very moment.
func (d Dir) neverStarted(now time.Time) (View, error) {
	err := d.Abandon(runner.Result{
		Reason: runner.ReasonNeverStarted, Code: -1, Ended: now,
		Message: "the build's directory was made, and no supervisor came",
	})
	if err != nil {
		return View{}, err
	}
	return d.Look(now)
}

func (d Dir) sinceCreation(now time.Time) time.Duration {
	info, err := os.Stat(d.File(lockFile))
	if err != nil {
		info, err = os.Stat(d.Path)
	}
	if err != nil {
		return 0
	}
	return now.Sub(info.ModTime())
}

func (d Dir) addSteps(s *runner.Status) error {
	spec, err := d.Spec()
	if err != nil {
		return err
	}
	epoch, err := d.Epoch()
	s.Epoch = epoch
	for _, step := range spec.Steps {
		result, stepErr := d.StepResult(step.Name)
		err = errors.Join(err, stepErr)
		row := runner.StepStatus{Name: step.Name, Result: result}
		if info, statErr := os.Stat(d.Log(step.Name)); statErr == nil {
			row.LogSize, s.Step = info.Size(), step.Name
		}
		s.Steps = append(s.Steps, row)
	}
	return err
}
