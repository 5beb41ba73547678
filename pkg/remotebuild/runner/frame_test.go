package runner_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"k8s.io/utils/clock"

	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/remotebuild/runner"
)

// TestReply: the answer is found behind what a login prints, and refusals stay refusals.
func TestReply(t *testing.T) {
	var out bytes.Buffer
	out.WriteString("Welcome!\nno newline at the end")
	if err := runner.WriteReply(&out, runner.VersionReply{Protocol: 7}, nil); err != nil {
		t.Fatal(err)
	}
	var v runner.VersionReply
	if err := runner.ReadReply(out.Bytes(), &v); err != nil || v.Protocol != 7 {
		t.Errorf("%+v %v", v, err)
	}
	out.Reset()
	if err := runner.WriteReply(&out, nil, runner.Refuse(runner.ReasonNotFound, "no build")); err != nil {
		t.Fatal(err)
	}
	if err := runner.ReadReply(out.Bytes(), &v); runner.RefusalReason(err) != runner.ReasonNotFound || err.Error() != "no build" {
		t.Errorf("refusal: %v", err)
	}
	for _, text := range []string{"", "bash: not found", "\n" + runner.Marker + "{cut"} {
		if err := runner.ReadReply([]byte(text), &v); err == nil || runner.RefusalReason(err) != "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// canned is a transport whose streams hold what the test wrote.
type canned struct{ stream []byte }

func (c canned) Run(context.Context, string, io.Reader) ([]byte, int, error) { return c.stream, 0, nil }

func (c canned) Stream(context.Context, string) (io.ReadWriteCloser, error) {
	return struct {
		io.Reader
		io.Writer
		io.Closer
	}{bytes.NewReader(c.stream), io.Discard, io.NopCloser(nil)}, nil
}

// kept is a sink.
type kept struct{ text strings.Builder }

func (k *kept) Data(_ string, _ int64, p []byte) error { k.text.Write(p); return nil }
func (k *kept) End(runner.StepResult) error            { return nil }

// part writes a piece of a stream.
type part func(io.Writer) error

func frame(kind runner.FrameType, value any) part {
	return func(w io.Writer) error { return runner.WriteFrame(w, kind, value) }
}

func data(at int64, text string) part {
	return func(w io.Writer) error { return runner.WriteData(w, at, []byte(text)) }
}

func raw(text string) part {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

func stream(t *testing.T, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("motd\n\n" + runner.Marker + "\n")
	for _, p := range parts {
		if err := p(&b); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func attach(t *testing.T, stream []byte) (*runner.Result, string, error) {
	t.Helper()
	k := &kept{}
	c := runner.Client{Transport: canned{stream}, Helper: "h", Clock: clock.RealClock{}}
	r, err := c.Attach(t.Context(), runner.AttachRequest{ID: "x-1", Epoch: 1}, k)
	return r, k.text.String(), err
}

var (
	open   = frame(runner.FrameStep, runner.StepOpen{Step: "a", Offset: 3})
	result = frame(runner.FrameResult, runner.Result{Reason: runner.ReasonSucceeded})
)

// TestAttachStream: a whole stream gives the result; one that is cut anywhere gives what
// came, and says that it was cut.
func TestAttachStream(t *testing.T) {
	whole := stream(t, open, data(3, "xy"), frame(runner.FrameAlive, nil), data(5, "z"),
		frame(runner.FrameStepEnd, runner.StepResult{Name: "a"}), result)
	if r, text, err := attach(t, whole); err != nil || r.Reason != runner.ReasonSucceeded || text != "xyz" {
		t.Errorf("whole: %+v %q %v", r, text, err)
	}
	for n := range len(whole) - 1 {
		r, text, err := attach(t, whole[:n])
		if e, ok := fault.AsBusy(err); !ok || e.Reason != runner.ReasonStreamCut {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if r != nil || !strings.HasPrefix("xyz", text) {
			t.Fatalf("cut at %d: %+v %q", n, r, text)
		}
	}
}

// TestAttachStreamBroken: what no helper would send is an error.
func TestAttachStreamBroken(t *testing.T) {
	for name, broken := range map[string][]byte{
		"gap":          stream(t, open, data(4, "x"), result),
		"unknown":      stream(t, frame('?', nil), result),
		"not json":     stream(t, raw("R\x00\x00\x00\x01x")),
		"huge":         stream(t, raw("D\xff\xff\xff\xff")),
		"login floods": bytes.Repeat([]byte("no marker\n"), 20_000),
	} {
		if r, _, err := attach(t, broken); err == nil || r != nil {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
}

// FuzzFrame: no input makes the reader panic or take more than a frame.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("D\x00\x00\x00\x09\x00\x00\x00\x00\x00\x00\x00\x01x"))
	f.Add([]byte("A\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bufio.NewReader(bytes.NewReader(b))
		for {
			frame, err := runner.ReadFrame(in)
			if err != nil {
				return
			}
			if _, p, err := frame.Data(); err == nil && len(p) > runner.MaxFrame {
				t.Error("too large")
			}
		}
	})
}

// TestStatusLost: only a lost build is a fault.
func TestStatusLost(t *testing.T) {
	if err := (runner.Status{Phase: runner.PhaseRunning}).Lost(); err != nil {
		t.Error(err)
	}
	err := runner.Status{Phase: runner.PhaseLost, Reason: runner.ReasonHostRebooted}.Lost()
	if e, ok := errors.AsType[*fault.LostError](err); !ok || e.Reason != "HostRebooted" {
		t.Errorf("%v", err)
	}
}
