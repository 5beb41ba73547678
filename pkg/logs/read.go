package logs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"time"
)

// ReadOptions are those of the kubelet.
type ReadOptions struct {
	// Follow waits for more until the stream is finished.
	Follow bool
	// TailLines shows the last lines only; nil shows all.
	TailLines *int64
	// Since shows lines that came at or after it; zero shows all.
	Since time.Time
	// Timestamps puts the time of arrival before each line (RFC 3339, nanoseconds).
	Timestamps bool
	// LimitBytes bounds what is shown; nil is no bound.
	LimitBytes *int64
}

// readBuffer is the memory that one reader takes. A reader that stops takes no more
// than that: what it has not read is in the file.
const readBuffer = 32 << 10

// errLimit ends a read whose LimitBytes are used up.
var errLimit = errors.New("limit reached")

type reader struct {
	stream *stream
	opts   ReadOptions
	out    io.Writer
	at     int64
	inLine bool // the line at hand has its timestamp already
	came   span // when the bytes at hand came
}

func newReader(s *stream, opts ReadOptions, w io.Writer) *reader {
	if opts.LimitBytes != nil {
		w = &limited{w: w, left: *opts.LimitBytes}
	}
	return &reader{stream: s, opts: opts, out: w}
}

func (r *reader) run(ctx context.Context) error {
	if err := r.seek(); err != nil {
		return err
	}
	buf := make([]byte, readBuffer)
	for {
		seen := r.stream.look()
		err := r.copy(ctx, buf, seen.committed)
		if errors.Is(err, errLimit) {
			return nil
		}
		if err != nil {
			return err
		}
		if seen.done || !r.opts.Follow {
			return nil
		}
		flush(r.out)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-seen.grown:
		}
	}
}

// seek finds the first byte to show.
func (r *reader) seek() error {
	end := r.stream.look().committed
	if r.opts.TailLines != nil {
		at, err := lastLines(r.stream.data, *r.opts.TailLines, end)
		if err != nil {
			return err
		}
		r.at = at
	}
	if !r.opts.Since.IsZero() {
		at, err := r.stream.since(r.opts.Since)
		if err != nil {
			return err
		}
		r.at = max(r.at, at)
	}
	return nil
}

// copy shows what lies before end.
func (r *reader) copy(ctx context.Context, buf []byte, end int64) error {
	for r.at < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.stream.data.ReadAt(buf[:min(int64(len(buf)), end-r.at)], r.at)
		if n == 0 {
			return err
		}
		if err := r.show(buf[:n]); err != nil {
			return err
		}
		r.at += int64(n)
	}
	return nil
}

func (r *reader) show(b []byte) error {
	if !r.opts.Timestamps {
		_, err := r.out.Write(b)
		return err
	}
	for offset := r.at; len(b) > 0; {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line = b[:i+1]
		}
		if !r.inLine {
			if err := r.stamp(offset); err != nil {
				return err
			}
		}
		if _, err := r.out.Write(line); err != nil {
			return err
		}
		r.inLine = line[len(line)-1] != '\n'
		b, offset = b[len(line):], offset+int64(len(line))
	}
	return nil
}

// stamp shows when the line at offset came.
func (r *reader) stamp(offset int64) error {
	if offset < r.came.from || offset >= r.came.to {
		came, err := r.stream.span(offset)
		if err != nil {
			return err
		}
		r.came = came
	}
	_, err := io.WriteString(r.out, r.came.at.Format(rfc3339Nano)+" ")
	return err
}

// rfc3339Nano is the kubelet's form, which keeps trailing zeros.
const rfc3339Nano = "2006-01-02T15:04:05.000000000Z07:00"

// limited passes on so many bytes.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(b []byte) (int, error) {
	if int64(len(b)) < l.left {
		n, err := l.w.Write(b)
		l.left -= int64(n)
		return n, err
	}
	n, err := l.w.Write(b[:l.left])
	l.left = 0
	if err == nil {
		err = errLimit
	}
	return n, err
}

func (l *limited) Flush() { flush(l.w) }

// flush pushes out what a writer holds back.
func flush(w io.Writer) {
	switch f := w.(type) {
	case interface{ Flush() }:
		f.Flush()
	case *bufio.Writer:
		_ = f.Flush() // the next write tells
	}
}
