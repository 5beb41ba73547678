package builddir

import (
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

const (
	// StartWithin is how long a build may be without a supervisor after its mkdir.
	StartWithin = 30 * time.Second
	// BeatEvery is how often a supervisor touches hb.
	BeatEvery = 5 * time.Second
	// StallAfter is the age of hb from which a living supervisor counts as stalled.
	StallAfter = 60 * time.Second
)

// Evidence is what can be seen of a build on its host, by the host's clock.
type Evidence struct {
	HasResult     bool
	HasSupervisor bool
	// SameBoot and Alive are of the supervisor's record.
	SameBoot bool
	Alive    bool
	// Age is since the directory was made.
	Age time.Duration
	// Beat is since hb was touched.
	Beat time.Duration
}

// Judge tells running from finished from lost. Whatever cannot be seen to be dead
// counts as running.
func Judge(e Evidence) (runner.Phase, runner.Reason) {
	switch {
	case e.HasResult:
		return runner.PhaseFinished, ""
	case !e.HasSupervisor && e.Age < StartWithin:
		return runner.PhaseStarting, ""
	case !e.HasSupervisor:
		return runner.PhaseLost, runner.ReasonNeverStarted
	case !e.SameBoot:
		return runner.PhaseLost, runner.ReasonHostRebooted
	case !e.Alive:
		return runner.PhaseLost, runner.ReasonSupervisorLost
	default:
		return runner.PhaseRunning, ""
	}
}

// Stalled is true for a supervisor that lives and does not beat.
func (e Evidence) Stalled() bool {
	return !e.HasResult && e.HasSupervisor && e.SameBoot && e.Alive && e.Beat > StallAfter
}
