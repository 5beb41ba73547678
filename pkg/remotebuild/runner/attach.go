package runner

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/corbel-dev/corbel/pkg/fault"
)

const (
	// DefaultRenewEvery is how often an attached client renews.
	DefaultRenewEvery = 10 * time.Second
	// silentAfter is how many unanswered renewals cut a stream.
	silentAfter = 3
	// maxPreamble bounds what login scripts may print before the stream.
	maxPreamble = 64 << 10
	streamBytes = 64 << 10
)

// AttachRequest says what to follow from where.
type AttachRequest struct {
	ID    string
	Epoch int64
	// Step is the one to begin with, empty for the first; the following ones follow.
	Step   string
	Offset int64
	// RenewEvery is DefaultRenewEvery when zero. It must be well below Spec.Orphan.
	RenewEvery time.Duration
}

// Sink takes what a build prints. An error ends the attachment, and not the build.
type Sink interface {
	// Data gets bytes of a step's log, each byte once, in order, without gaps. It must
	// not keep p.
	Data(step string, offset int64, p []byte) error
	// End comes after the step's last byte.
	End(StepResult) error
}

// Attach follows the build to its end, renewing its lease meanwhile. A cut stream is a
// fault.Busy with ReasonStreamCut: attach again from the last offset. A lost build is a
// fault.Lost.
func (c Client) Attach(ctx context.Context, r AttachRequest, sink Sink) (*Result, error) {
	if r.RenewEvery <= 0 {
		r.RenewEvery = DefaultRenewEvery
	}
	stream, err := c.Transport.Stream(ctx, c.attachLine(r))
	if err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan struct{}, 1)
	go c.keepAlive(ctx, stream, r.RenewEvery, heard)
	f := &follower{in: bufio.NewReaderSize(&hearing{stream, heard}, streamBytes), sink: sink}
	result, err := f.follow()
	if cut := ctx.Err(); cut != nil && err != nil {
		return nil, cut
	}
	return result, err
}

// hearing notes that something arrived.
type hearing struct {
	io.Reader
	heard chan<- struct{}
}

func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	select {
	case h.heard <- struct{}{}:
	default:
	}
	return n, err
}

// keepAlive renews until ctx ends, and closes the stream then or when nothing comes back.
func (c Client) keepAlive(ctx context.Context, stream io.WriteCloser, every time.Duration, heard <-chan struct{}) {
	defer func() { _ = stream.Close() }()
	ticker := c.Clock.NewTicker(every)
	defer ticker.Stop()
	// A write into a dead connection may hang; only this goroutine's child hangs with it.
	renew := make(chan struct{}, 1)
	defer close(renew)
	go func() {
		for range renew {
			_, _ = stream.Write([]byte("\n"))
		}
	}()
	for silent := 0; silent <= silentAfter; {
		select {
		case <-ctx.Done():
			return
		case <-heard:
			silent = 0
		case <-ticker.C():
			silent++
			select {
			case renew <- struct{}{}:
			default:
			}
		}
	}
}

// follower reads one stream.
type follower struct {
	in   *bufio.Reader
	sink Sink
	open StepOpen
}

func (f *follower) follow() (*Result, error) {
	if err := f.skipPreamble(); err != nil {
		return nil, err
	}
	for {
		frame, err := ReadFrame(f.in)
		if err != nil {
			return nil, cut(err)
		}
		result, err := f.take(frame)
		if err != nil || result != nil {
			return result, err
		}
	}
}

func cut(err error) error {
	return fault.Busy(retryAfter, ReasonStreamCut, "the stream ended before the build: %w", err)
}

// skipPreamble passes over what login scripts print.
func (f *follower) skipPreamble() error {
	want := []byte(Marker + "\n")
	var seen []byte
	for skipped := 0; skipped < maxPreamble; {
		line, err := f.in.ReadSlice('\n')
		if bytes.Equal(line, want) {
			return nil
		}
		skipped += len(line)
		seen = append(seen[:0], line...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return fault.Busy(retryAfter, ReasonStreamCut, "%w: %w: %q", ErrNoReply, err, last(seen))
		}
	}
	return fault.Busy(retryAfter, ReasonHelperBroken, "%w: the login prints more than %d bytes", ErrNoReply, maxPreamble)
}

// take handles one frame. A result is the end.
func (f *follower) take(frame Frame) (*Result, error) {
	switch frame.Type {
	case FrameAlive:
		return nil, nil
	case FrameStep:
		return nil, decode(frame, &f.open)
	case FrameData:
		return nil, f.data(frame)
	case FrameStepEnd:
		var r StepResult
		if err := decode(frame, &r); err != nil {
			return nil, err
		}
		return nil, f.sink.End(r)
	case FrameResult:
		r := &Result{}
		if err := decode(frame, r); err != nil {
			return nil, err
		}
		return r, nil
	case FrameLost:
		return nil, lost(frame)
	default:
		return nil, fmt.Errorf("attach: a frame of unknown type %q", frame.Type)
	}
}

func (f *follower) data(frame Frame) error {
	offset, p, err := frame.Data()
	if err != nil {
		return err
	}
	if offset != f.open.Offset {
		return fmt.Errorf("attach: step %s goes on at %d, not at %d", f.open.Step, offset, f.open.Offset)
	}
	if err := f.sink.Data(f.open.Step, offset, p); err != nil {
		return err
	}
	f.open.Offset += int64(len(p))
	return nil
}

func decode(frame Frame, value any) error {
	if err := json.Unmarshal(frame.Payload, value); err != nil {
		return fmt.Errorf("attach: decode frame %q: %w", frame.Type, err)
	}
	return nil
}

// lost makes a fault of a build that is gone, and keeps other refusals.
func lost(frame Frame) error {
	r := &RefusalError{}
	if err := decode(frame, r); err != nil {
		return err
	}
	switch Reason(r.Reason) {
	case ReasonNeverStarted, ReasonSupervisorLost, ReasonHostRebooted:
		return fault.Lost(r.Reason, "%w", r)
	default:
		return r
	}
}
