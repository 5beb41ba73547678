package redact

import (
	"bytes"
	"io"
	"slices"
	"strings"
)

const (
	mask = '*'
	// minLine is the shortest line of a value that is masked by itself.
	minLine = 8
)

// Writer masks what it passes on. Close writes what is still held back.
type Writer struct {
	to     io.Writer
	values [][]byte
	// held are the last bytes, which may be the begin of a value; hidden marks those
	// of them that belong to one already.
	held   []byte
	hidden []bool
	err    error
}

// NewWriter masks the values on the way to w. Empty values are ignored.
func NewWriter(w io.Writer, values []string) *Writer {
	r := &Writer{to: w}
	for _, value := range values {
		r.add(value)
		if !strings.ContainsAny(value, "\r\n") {
			continue
		}
		for line := range strings.FieldsFuncSeq(value, func(c rune) bool { return c == '\r' || c == '\n' }) {
			if len(line) >= minLine {
				r.add(line)
			}
		}
	}
	return r
}

func (r *Writer) add(value string) {
	if value == "" || slices.ContainsFunc(r.values, func(v []byte) bool { return string(v) == value }) {
		return
	}
	r.values = append(r.values, []byte(value))
}

// Write masks p. It may keep the end of p back until more is known.
func (r *Writer) Write(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if len(r.values) == 0 {
		_, r.err = r.to.Write(p)
		return len(p), r.err
	}
	old := len(r.held)
	r.held = append(r.held, p...)
	r.hidden = append(r.hidden, make([]bool, len(p))...)
	for _, value := range r.values {
		r.hide(value, max(0, old-len(value)+1))
	}
	r.pass(len(r.held) - r.open())
	return len(p), r.err
}

// hide marks all occurrences that begin at from or later, overlapping ones too.
func (r *Writer) hide(value []byte, from int) {
	for {
		at := bytes.Index(r.held[from:], value)
		if at < 0 {
			return
		}
		for i := range value {
			r.hidden[from+at+i] = true
		}
		from += at + 1
	}
}

// open is how many bytes at the end may be the begin of a value.
func (r *Writer) open() int {
	longest := 0
	for _, value := range r.values {
		for n := min(len(value)-1, len(r.held)); n > longest; n-- {
			if bytes.HasSuffix(r.held, value[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// pass writes the first n bytes that are held.
func (r *Writer) pass(n int) {
	if n == 0 || r.err != nil {
		return
	}
	for i, hidden := range r.hidden[:n] {
		if hidden {
			r.held[i] = mask
		}
	}
	_, r.err = r.to.Write(r.held[:n])
	r.held = append(r.held[:0], r.held[n:]...)
	r.hidden = append(r.hidden[:0], r.hidden[n:]...)
}

// Close passes on the rest. It does not close what it writes to.
func (r *Writer) Close() error {
	r.pass(len(r.held))
	return r.err
}
