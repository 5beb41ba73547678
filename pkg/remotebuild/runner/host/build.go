package host

import (
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
)

// status says how the build is. It changes nothing but the epoch, when one is given.
func (c *call) status() (any, error) {
	var request runner.BuildRequest
	if err := c.read(&request); err != nil {
		return nil, err
	}
	dir, err := c.open(request.ID, request.Epoch, true)
	if err != nil {
		return nil, err
	}
	return c.look(dir)
}

// look also counts what a lost build left running.
func (c *call) look(dir builddir.Dir) (runner.Status, error) {
	view, err := dir.Look(c.Clock.Now())
	if err != nil {
		return runner.Status{}, err
	}
	if view.Status.Phase == runner.PhaseLost && view.Supervisor != nil {
		view.Status.Left = survivors(*view.Supervisor, c.Clock)
	}
	return view.Status, nil
}

// renew says that the build is still wanted.
func (c *call) renew() (any, error) {
	var request runner.BuildRequest
	if err := c.read(&request); err != nil {
		return nil, err
	}
	dir, err := c.open(request.ID, request.Epoch, false)
	if err != nil {
		return nil, err
	}
	if err := dir.Renew(); err != nil {
		return nil, err
	}
	return c.look(dir)
}

// cancel asks the supervisor to stop. Where there is none any more, it ends what is left.
func (c *call) cancel() (any, error) {
	var request runner.CancelRequest
	if err := c.read(&request); err != nil {
		return nil, err
	}
	switch request.Reason {
	case "":
		request.Reason = runner.ReasonCancelled
	case runner.ReasonCancelled, runner.ReasonTimedOut:
	default:
		return nil, runner.Refuse(runner.ReasonInvalidRequest, "reason %q is neither Cancelled nor TimedOut", request.Reason)
	}
	if request.Wait < 0 || request.Grace != nil && *request.Grace < 0 {
		return nil, runner.Refuse(runner.ReasonInvalidRequest, "wait and grace must not be negative")
	}
	dir, err := c.open(request.ID, request.Epoch, false)
	if err != nil {
		return nil, err
	}
	if err := dir.RequestCancel(builddir.Cancel{Grace: request.Grace, Reason: request.Reason}); err != nil {
		return nil, err
	}
	return c.settle(dir, time.Duration(request.Wait))
}

// settle waits for the end of the build, and brings it about when it is lost.
func (c *call) settle(dir builddir.Dir, wait time.Duration) (any, error) {
	deadline := c.Clock.Now().Add(wait)
	for {
		view, err := dir.Look(c.Clock.Now())
		if err != nil {
			return nil, err
		}
		switch view.Status.Phase {
		case runner.PhaseLost:
			return c.close(dir, view)
		case runner.PhaseFinished:
			return view.Status, nil
		case runner.PhaseStarting, runner.PhaseRunning:
		}
		if !c.Clock.Now().Before(deadline) {
			return view.Status, nil
		}
		c.Clock.Sleep(pollPause)
	}
}

// close ends the processes of a lost build and writes the result that it will never
// write itself. What could not be ended is counted again each time.
func (c *call) close(dir builddir.Dir, view builddir.View) (any, error) {
	left := 0
	if view.Supervisor != nil {
		left = reap(*view.Supervisor, c.Clock)
	}
	err := dir.PutResult(runner.Result{
		Reason: view.Status.Reason, Message: "the supervisor is gone", Code: failedToExit,
		Ended: c.Clock.Now(), Left: left,
	})
	if err != nil {
		return nil, err
	}
	return c.look(dir)
}

// remove takes away a build that is over.
func (c *call) remove() (any, error) {
	var request runner.BuildRequest
	if err := c.read(&request); err != nil {
		return nil, err
	}
	dir, err := c.open(request.ID, request.Epoch, false)
	if runner.RefusalReason(err) == runner.ReasonRemoved {
		return struct{}{}, nil
	}
	if err != nil {
		return nil, err
	}
	return struct{}{}, c.discard(dir)
}

func (c *call) discard(dir builddir.Dir) error {
	view, err := dir.Look(c.Clock.Now())
	if err != nil {
		return err
	}
	left := 0
	switch view.Status.Phase {
	case runner.PhaseStarting, runner.PhaseRunning:
		return runner.Refuse(runner.ReasonStillRunning, "build %s is %s: cancel it first", dir.ID, view.Status.Phase)
	case runner.PhaseLost:
		if view.Supervisor != nil {
			left = reap(*view.Supervisor, c.Clock)
		}
	case runner.PhaseFinished:
	}
	if left > 0 {
		return runner.Refuse(runner.ReasonStillRunning, "%d processes of build %s cannot be ended", left, dir.ID)
	}
	return c.root.Remove(dir)
}
