// Package redact masks secret values in a stream of bytes. A mask is as long as
// what it hides, so that offsets hold on both sides.
package redact

import (
	"bytes"
	"cmp"
	"io"
	"slices"
)

// minSecret is the shortest value that is masked: shorter ones would mask words
// of the language, and tell by that what they are.
const minSecret = 4

// Writer masks values on their way to another writer. It holds back what may be
// the beginning of a value until the next write, or Close, tells.
type Writer struct {
	w       io.Writer
	secrets [][]byte
	held    []byte // as written, not masked yet
	hide    []bool // which bytes of held belong to a value
}

// NewWriter masks the given values, and each line of those that have several.
// Values under four bytes are not masked.
func NewWriter(w io.Writer, values ...string) *Writer {
	r := &Writer{w: w}
	for _, v := range values {
		r.add([]byte(v))
		for line := range bytes.Lines([]byte(v)) {
			r.add(bytes.TrimRight(line, "\r\n"))
		}
	}
	slices.SortFunc(r.secrets, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
	return r
}

func (r *Writer) add(secret []byte) {
	if len(secret) < minSecret || slices.ContainsFunc(r.secrets, func(s []byte) bool { return bytes.Equal(s, secret) }) {
		return
	}
	r.secrets = append(r.secrets, secret)
}

// Write masks b. It answers for all of b, also for what it holds back.
func (r *Writer) Write(b []byte) (int, error) {
	r.held = append(r.held, b...)
	r.hide = append(r.hide, make([]bool, len(b))...)
	r.find()
	if err := r.pass(len(r.held) - r.undecided()); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Close writes what was held back. It does not close the other writer.
func (r *Writer) Close() error { return r.pass(len(r.held)) }

// find marks every whole value, also where two overlap.
func (r *Writer) find() {
	for _, secret := range r.secrets {
		for at := 0; ; at++ {
			i := bytes.Index(r.held[at:], secret)
			if i < 0 {
				break
			}
			at += i
			for k := range secret {
				r.hide[at+k] = true
			}
		}
	}
}

// pass writes the first n bytes that are held, and lets go of them.
func (r *Writer) pass(n int) error {
	if n == 0 {
		return nil
	}
	out := slices.Clone(r.held[:n])
	for i := range out {
		if r.hide[i] {
			out[i] = '*'
		}
	}
	r.held = append(r.held[:0], r.held[n:]...)
	r.hide = append(r.hide[:0], r.hide[n:]...)
	_, err := r.w.Write(out)
	return err
}

// undecided is how many bytes at the end may begin a value.
func (r *Writer) undecided() int {
	longest := 0
	for _, secret := range r.secrets {
		for n := min(len(secret)-1, len(r.held)); n > longest; n-- {
			if bytes.HasSuffix(r.held, secret[:n]) {
				longest = n
				break
			}
		}
	}
	return longest
}
