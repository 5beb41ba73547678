//go:build unix

package supervisor

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
)

// lookEvery bounds how late a cancel, a timeout or the orphan deadline is noticed.
const lookEvery = 100 * time.Millisecond

// stop is why a build must not go on.
type stop struct {
	reason  runner.Reason
	message string
	grace   time.Duration
}

// watch looks after the build beside its steps.
type watch struct {
	*supervisor
	beat    time.Time
	leased  time.Time // the lease's own time, as last seen
	renewed time.Time // when that was first seen
}

func (s *supervisor) newWatch() *watch {
	return &watch{supervisor: s, beat: s.started, renewed: s.started}
}

// run looks until the build is over. A context that ends is the host going down.
func (w *watch) run(ctx context.Context, over <-chan struct{}) {
	ticker := w.clock.NewTicker(lookEvery)
	defer ticker.Stop()
	down := ctx.Done()
	for {
		select {
		case <-over:
			return
		case <-down:
			down = nil
			w.say(stop{reason: runner.ReasonHostShutdown, grace: time.Duration(w.spec.Grace), message: "the host ends the supervisor"})
		case <-ticker.C():
			w.look()
		}
	}
}

// say leaves the reason for the step that runs, or for the next one. The first counts.
func (w *watch) say(why stop) {
	select {
	case w.stops <- why:
	default:
	}
}

// look beats, and says stop if there is a reason to. Only the first reason counts.
func (w *watch) look() {
	now := w.clock.Now()
	if now.Sub(w.beat) >= builddir.BeatEvery {
		w.beat = now
		_ = w.dir.Beat() // What cannot beat is seen as stalled.
	}
	if why, found := w.reason(now); found {
		w.say(why)
	}
}

func (w *watch) reason(now time.Time) (stop, bool) {
	grace := time.Duration(w.spec.Grace)
	if c, err := w.dir.CancelRequested(); err == nil && c != nil {
		if c.Grace != nil {
			grace = time.Duration(*c.Grace)
		}
		return stop{reason: c.Reason, grace: grace, message: "asked to stop"}, true
	}
	if limit := time.Duration(w.spec.Timeout); limit > 0 && now.Sub(w.started) > limit {
		return stop{reason: runner.ReasonTimedOut, grace: grace, message: fmt.Sprintf("took longer than %s", limit)}, true
	}
	if limit := time.Duration(w.spec.Orphan); limit > 0 && w.unwanted(now) > limit {
		return stop{reason: runner.ReasonOrphaned, grace: grace, message: fmt.Sprintf("nobody asked for the build for %s", limit)}, true
	}
	return stop{}, false
}

// unwanted is since the lease was last touched. The longer one of the wall clock's and the
// steady clock's view counts: to stop too early is safe, to stop too late is not.
func (w *watch) unwanted(now time.Time) time.Duration {
	if info, err := os.Stat(w.dir.Lease()); err == nil && !info.ModTime().Equal(w.leased) {
		w.leased, w.renewed = info.ModTime(), now
	}
	return max(now.Sub(w.renewed), now.Round(0).Sub(w.renewed.Round(0)))
}
