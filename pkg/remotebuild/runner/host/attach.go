package host

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner/builddir"
)

const (
	chunkBytes = 64 << 10
	// A quiet log is looked at less and less often, down to slowestPoll.
	fastestPoll = 5 * time.Millisecond
	slowestPoll = 200 * time.Millisecond
	slowdown    = 3
	speedBase   = 2
	// judgeEvery is how often a quiet build is looked at as a whole.
	judgeEvery = 500 * time.Millisecond
)

// attachment streams one build to one caller.
type attachment struct {
	*call
	dir    builddir.Dir
	out    *bufio.Writer
	alive  chan struct{}
	fenced chan error
	judged time.Time
}

// attach streams logs from a byte on, until the build is over. Each line on stdin renews
// the lease, so that a dead connection renews nothing; the end of stdin ends the stream.
func (c *call) attach(ctx context.Context) error {
	a := &attachment{
		call: c, out: bufio.NewWriterSize(c.Stdout, chunkBytes+runner.MaxFrame/2),
		alive: make(chan struct{}, 1), fenced: make(chan error, 1),
	}
	if _, err := a.out.WriteString("\n" + runner.Marker + "\n"); err != nil {
		return err
	}
	steps, err := a.prepare()
	if err == nil {
		reading, stop := context.WithCancel(ctx)
		defer stop()
		go a.renewals(stop)
		err = a.follow(reading, steps)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		if sent := runner.WriteFrame(a.out, runner.FrameLost, runner.AsRefusal(named(err))); sent != nil {
			return sent
		}
	}
	return a.out.Flush()
}

// prepare finds the build and the steps to stream, and renews the lease once.
func (a *attachment) prepare() ([]runner.Step, error) {
	dir, err := a.open(a.id, a.epoch, false)
	if err != nil {
		return nil, err
	}
	a.dir = dir
	if err := dir.Renew(); err != nil {
		return nil, err
	}
	spec, err := dir.Spec()
	if err != nil {
		return nil, err
	}
	at := 0
	if a.step != "" {
		at = slices.IndexFunc(spec.Steps, func(s runner.Step) bool { return s.Name == a.step })
	}
	if at < 0 {
		return nil, runner.Refuse(runner.ReasonNoSuchStep, "build %s has no step %q", a.id, a.step)
	}
	return spec.Steps[at:], nil
}

// renewals takes the caller's word that it is there.
func (a *attachment) renewals(stop func()) {
	defer stop()
	in := bufio.NewReader(a.Stdin)
	for {
		if _, err := in.ReadSlice('\n'); err != nil {
			return
		}
		err := a.dir.Fence(a.epoch)
		if err == nil {
			err = a.dir.Renew()
		}
		if err != nil {
			a.fenced <- err
			return
		}
		select {
		case a.alive <- struct{}{}:
		default:
		}
	}
}

func (a *attachment) follow(ctx context.Context, steps []runner.Step) error {
	offset := a.offset
	for _, step := range steps {
		over, err := a.stream(ctx, step.Name, offset)
		if err != nil {
			return err
		}
		if over {
			break
		}
		offset = 0
	}
	return a.finish(ctx)
}

// stream sends one step's log. It is true when the build was lost before the step's end.
func (a *attachment) stream(ctx context.Context, step string, offset int64) (bool, error) {
	if err := runner.WriteFrame(a.out, runner.FrameStep, runner.StepOpen{Step: step, Offset: offset}); err != nil {
		return false, err
	}
	log := &tail{path: a.dir.Log(step), offset: offset, buf: make([]byte, chunkBytes)}
	defer log.close()
	if size := log.size(); offset < 0 || offset > size {
		return false, runner.Refuse(runner.ReasonBadOffset, "the log of step %q has %d bytes, not %d", step, size, offset)
	}
	lost := false
	for {
		// The result is read before the log: what is written before it is then there.
		end, err := a.dir.StepResult(step)
		if err == nil {
			err = a.drain(ctx, log)
		}
		switch {
		case err != nil:
			return false, err
		case end != nil:
			return false, runner.WriteFrame(a.out, runner.FrameStepEnd, end)
		case lost:
			return true, nil
		}
		if lost, err = a.over(); err == nil && !lost {
			err = a.wait(ctx, log.slower())
		}
		if err != nil {
			return false, err
		}
	}
}

// drain passes on all that is new.
func (a *attachment) drain(ctx context.Context, log *tail) error {
	for {
		at := log.offset
		chunk, err := log.next()
		if err != nil || len(chunk) == 0 {
			return err
		}
		if err := runner.WriteData(a.out, at, chunk); err != nil {
			return err
		}
		if err := a.wait(ctx, 0); err != nil {
			return err
		}
	}
}

// over is true when nothing will be written any more. It looks now and then.
func (a *attachment) over() (bool, error) {
	now := a.Clock.Now()
	if now.Sub(a.judged) < judgeEvery {
		return false, nil
	}
	a.judged = now
	view, err := a.dir.Look(now)
	return view.Status.Phase == runner.PhaseFinished || view.Status.Phase == runner.PhaseLost, err
}

// wait passes time, and tells the caller that its renewals arrive. Data tells that too:
// with no time to pass it only looks whether to go on.
func (a *attachment) wait(ctx context.Context, d time.Duration) error {
	if err := a.out.Flush(); err != nil {
		return err
	}
	if d == 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-a.fenced:
			return err
		default:
			return nil
		}
	}
	timer := a.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err := <-a.fenced:
		return err
	case <-a.alive:
		return errors.Join(runner.WriteFrame(a.out, runner.FrameAlive, nil), a.out.Flush())
	case <-timer.C():
		return nil
	}
}

// finish sends how the build ended.
func (a *attachment) finish(ctx context.Context) error {
	for {
		view, err := a.dir.Look(a.Clock.Now())
		switch {
		case err != nil:
			return err
		case view.Status.Result != nil:
			return runner.WriteFrame(a.out, runner.FrameResult, view.Status.Result)
		case view.Status.Phase == runner.PhaseLost:
			return runner.Refuse(string(view.Status.Reason), "build %s is lost: %s", a.id, view.Status.Reason)
		}
		if err := a.wait(ctx, pollPause); err != nil {
			return err
		}
	}
}

// tail reads a file that grows, and that may not be there yet.
type tail struct {
	path   string
	file   *os.File
	offset int64
	buf    []byte
	pause  time.Duration
}

// slower is how long to wait before the next look: longer each time nothing was new.
func (t *tail) slower() time.Duration {
	t.pause = min(max(t.pause*slowdown/speedBase, fastestPoll), slowestPoll)
	return t.pause
}

func (t *tail) size() int64 {
	info, err := os.Stat(t.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// next gives the bytes that are there now. They are good until the next call.
func (t *tail) next() ([]byte, error) {
	if t.file == nil {
		f, err := os.Open(t.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		t.file = f
	}
	n, err := t.file.ReadAt(t.buf, t.offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if n > 0 {
		t.offset, t.pause = t.offset+int64(n), 0
	}
	return t.buf[:n], nil
}

func (t *tail) close() {
	if t.file != nil {
		_ = t.file.Close()
	}
}
