//go:build unix

package supervisor

import (
	"io"
	"os"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/process"
)

const (
	// exitWithin is how long the end of a killed process may take to arrive.
	exitWithin = 5 * time.Second
	gracePause = 20 * time.Millisecond
)

// outcome is how the main process of a step ended, and who ended it.
type outcome struct {
	exit process.Exit
	stop *stop // nil when it ended by itself
}

// run runs one step to its end, and ends what it leaves.
func (s *supervisor) run(step runner.Step) runner.StepResult {
	r := runner.StepResult{Name: step.Name, Started: s.clock.Now(), Code: lostCode}
	before := s.group.Usage()
	log, err := s.openLog(step.Name)
	if err != nil {
		r.Reason, r.Message, r.Ended = runner.ReasonLogFailed, err.Error(), s.clock.Now()
		return r
	}
	exit, output, err := s.launch(step)
	if err != nil {
		r.Reason, r.Message = runner.ReasonStartFailed, err.Error()
	} else {
		go log.follow(output)
		o := s.await(step, exit, log.failed)
		r.Stragglers, r.Left = s.group.Kill()
		s.drain(log, output, r.Left)
		s.judge(&r, o, before)
	}
	r.LogSize, err = log.close()
	if err != nil && r.Reason == runner.ReasonSucceeded {
		r.Reason, r.Message, r.Code = runner.ReasonLogFailed, err.Error(), lostCode
	}
	r.Ended = s.clock.Now()
	return r
}

// launch starts the main process. What it and its children print comes out of the file.
func (s *supervisor) launch(step runner.Step) (<-chan process.Exit, *os.File, error) {
	command, err := s.command(step)
	if err != nil {
		return nil, nil, err
	}
	output, input, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	command.Output = input
	exit, err := s.group.Start(command)
	_ = input.Close()
	if err != nil {
		_ = output.Close()
		return nil, nil, err
	}
	return exit, output, nil
}

// await waits for the main process, and ends it when it must not go on.
func (s *supervisor) await(step runner.Step, exit <-chan process.Exit, logFailed <-chan error) outcome {
	var late <-chan time.Time
	if step.Timeout > 0 {
		timer := s.clock.NewTimer(time.Duration(step.Timeout))
		defer timer.Stop()
		late = timer.C()
	}
	select {
	case e := <-exit:
		return outcome{exit: e}
	case stop := <-s.stops:
		s.stopped = &stop
		return s.end(exit, stop)
	case <-late:
		return s.end(exit, stop{
			reason: runner.ReasonTimedOut, grace: time.Duration(s.spec.Grace),
			message: "the step took longer than " + time.Duration(step.Timeout).String(),
		})
	case err := <-logFailed:
		return s.end(exit, stop{reason: runner.ReasonLogFailed, message: err.Error()})
	}
}

// end asks, waits for the grace, and kills.
func (s *supervisor) end(exit <-chan process.Exit, why stop) outcome {
	o := outcome{stop: &why, exit: process.Exit{Code: lostCode}}
	ended := false
	if why.grace > 0 {
		s.group.Terminate()
		for deadline := s.clock.Now().Add(why.grace); s.clock.Now().Before(deadline); s.clock.Sleep(gracePause) {
			select {
			case o.exit = <-exit:
				ended = true
			default:
			}
			if ended && s.group.Left() == 0 {
				return o
			}
		}
	}
	s.group.Kill()
	if ended {
		return o
	}
	timer := s.clock.NewTimer(exitWithin)
	defer timer.Stop()
	select {
	case o.exit = <-exit:
	case <-timer.C():
	}
	return o
}

// drain waits for the last byte. All who could write are dead, unless some were left.
func (s *supervisor) drain(log *logFile, output io.Closer, left int) {
	if left > 0 {
		timer := s.clock.NewTimer(exitWithin)
		defer timer.Stop()
		select {
		case <-log.done:
		case <-timer.C():
		}
		_ = output.Close()
	}
	<-log.done
	_ = output.Close()
}

// judge fills in how the step ended.
func (s *supervisor) judge(r *runner.StepResult, o outcome, before process.Usage) {
	r.Code, r.Signal = o.exit.Code, o.exit.Signal
	r.UserTime, r.SystemTime = runner.Duration(o.exit.User), runner.Duration(o.exit.System)
	r.PeakRSS = o.exit.Peak
	s.peak = max(s.peak, o.exit.Peak)
	r.OOM = s.group.Usage().OOMKills > before.OOMKills && r.Code != 0
	switch {
	case o.stop != nil:
		r.Reason, r.Message = o.stop.reason, o.stop.message
	case r.Code == 0:
		r.Reason = runner.ReasonSucceeded
	default:
		r.Reason = runner.ReasonFailed
	}
	if r.OOM && r.Message == "" {
		r.Message = "the kernel ended a process of the step: it was out of memory"
	}
}
