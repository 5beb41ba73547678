package upload

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/logs"
)

const (
	// piece is the most that one request carries.
	piece = 1 << 20
	// small is a request that is worth waiting for more before the next.
	small = 64 << 10
	// gather is how long that is.
	gather = 100 * time.Millisecond
	// patience with one request. What the service got of it stays.
	patience = time.Minute
)

// Uploader sends logs. It may send several at the same time, and takes a few
// buffers for each.
type Uploader struct {
	// Client proves who sends: by its certificate or by a token that it adds.
	Client *http.Client
	// URL of the log service, such as https://corbel-logs.corbel-system:10250.
	URL   string
	Clock clock.Clock
	// Random from 0 to 1 spreads what senders repeat; nil is math/rand.
	Random func() float64
	// Retrying is told of each failure that is tried again; nil tells nobody.
	Retrying func(name logs.Name, err error, after time.Duration)
}

// Target is where a log goes.
type Target struct {
	Name logs.Name
	// Namespace in which people look for the pod.
	Namespace string
}

// Upload sends what the source has and what is added to it, until it is finished
// and the service has confirmed the digest: only then it returns nil, and the
// source may go.
//
// What may pass (a cut connection, a service that restarts or is full, a credential
// that is being renewed) is tried again, ever more slowly, for as long as ctx
// lasts. A RefusedError is what trying again does not mend. When ctx ends, Upload
// returns its error; what was sent stays, and another Upload goes on from there. An
// error of the source is returned as it is.
func (u *Uploader) Upload(ctx context.Context, target Target, src Source) error {
	if err := target.Name.Check(); err != nil {
		return err
	}
	t := &transfer{Uploader: u, target: target, src: src, committed: unknown}
	pause, furthest := u.newBackoff(), t.committed
	for {
		err := t.step(ctx)
		if errors.Is(err, errComplete) {
			return nil
		}
		if err == nil {
			if t.committed > furthest {
				furthest = t.committed
				pause.reset()
			}
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		again := new(passing)
		if !errors.As(err, &again) {
			return fmt.Errorf("upload the log %s: %w", target.Name, err)
		}
		t.committed = unknown
		after := pause.next()
		if u.Retrying != nil {
			u.Retrying(target.Name, again.err, after)
		}
		if err := u.sleep(ctx, after); err != nil {
			return err
		}
	}
}

// unknown is what the service has before it was asked.
const unknown = -1

// errComplete ends an upload.
var errComplete = errors.New("the log is complete")

// transfer is one upload.
type transfer struct {
	*Uploader
	target    Target
	src       Source
	committed int64
	digest    string
}

// step does the next thing: ask, send, end or wait.
func (t *transfer) step(ctx context.Context) error {
	if t.committed == unknown {
		return t.ask(ctx)
	}
	state, err := t.src.State(ctx)
	if err != nil {
		return err
	}
	switch {
	case t.committed > state.Size:
		return &RefusedError{Why: fmt.Sprintf("it has %d bytes, the source only %d", t.committed, state.Size)}
	case t.committed < state.Size:
		return t.send(ctx, min(piece, state.Size-t.committed))
	case state.Finished:
		return t.end(ctx, state)
	default:
		return t.src.Wait(ctx, state)
	}
}

// end confirms the digest. It is made by reading the source again, and only once.
func (t *transfer) end(ctx context.Context, state State) error {
	if state.SHA256 != "" {
		t.digest = state.SHA256
	}
	if t.digest == "" {
		h := sha256.New()
		if _, err := io.Copy(h, &stoppable{ctx, io.NewSectionReader(t.src, 0, state.Size)}); err != nil {
			return err
		}
		t.digest = hex.EncodeToString(h.Sum(nil))
	}
	return t.finish(ctx, state.Size)
}

// stoppable reads until ctx ends.
type stoppable struct {
	ctx context.Context //nolint:containedctx // it lives for one copy
	r   io.Reader
}

func (s *stoppable) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(b)
}

// sleep waits by the clock of the uploader.
func (u *Uploader) sleep(ctx context.Context, d time.Duration) error {
	timer := u.Clock.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C():
		return nil
	}
}
