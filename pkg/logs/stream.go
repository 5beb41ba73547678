package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"k8s.io/utils/clock"
)

// Files of a stream.
const (
	fileData     = "data"
	fileArrivals = "arrivals"
	fileDone     = "done"
	filePlace    = "place"
)

// chunk is how much is moved at a time, and what a writer takes of memory.
const chunk = 32 << 10

// stream is one open stream. Writers hold the lock while they store a piece, not
// while they wait for one; readers of bytes need none, for what is committed never
// changes.
type stream struct {
	dir   string
	cap   int64
	clock clock.PassiveClock

	mu        sync.Mutex
	data      *os.File
	arrivals  *arrivals
	committed int64 // bytes stored
	accepted  int64 // bytes taken from the sender: committed, or more beyond the cap
	done      *Done
	grown     chan struct{} // closed when there is more to read
	users     int
}

// openStream opens or, if asked, makes the files of a stream.
func openStream(dir string, limit int64, c clock.PassiveClock) (*stream, error) {
	s := &stream{dir: dir, cap: limit, clock: c, grown: make(chan struct{})}
	var err error
	if s.done, err = readDone(filepath.Join(dir, fileDone)); err != nil {
		return nil, err
	}
	place, err := readPlace(filepath.Join(dir, filePlace))
	if err != nil {
		return nil, err
	}
	if place != nil {
		s.cap = place.Cap
	}
	if err := s.openFiles(); err != nil {
		return nil, err
	}
	s.accepted = min(s.committed, s.cap)
	if s.done != nil {
		s.accepted = s.done.Size
	}
	return s, nil
}

func (s *stream) openFiles() error {
	data, err := os.OpenFile(filepath.Join(s.dir, fileData), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	info, err := data.Stat()
	if err != nil {
		return closing(data, err)
	}
	s.data, s.committed = data, info.Size()
	// A crash may have cut the line that tells of the cap: it is written again.
	if over := s.committed - s.cap; over > 0 && over < int64(len(s.farewell())) {
		if err := data.Truncate(s.cap); err != nil {
			return closing(data, err)
		}
		s.committed = s.cap
	}
	if s.arrivals, err = openArrivals(filepath.Join(s.dir, fileArrivals), s.committed); err != nil {
		return closing(data, err)
	}
	return nil
}

// farewell is the last line of a stream that is longer than its cap.
func (s *stream) farewell() []byte {
	return fmt.Appendf(nil, "\n[log truncated: it is longer than %d bytes]\n", s.cap)
}

func (s *stream) close() {
	_ = s.data.Close()          // nothing is buffered
	_ = s.arrivals.file.Close() // nothing is buffered
}

// write takes the bytes of r, the first of which is at offset, and returns how
// many bytes the sender need not send again. Each piece is stored as it comes, so
// what came before a cut stays, and neither readers nor a sender that comes back
// wait for one that stalls.
func (s *stream) write(offset int64, r io.Reader) (int64, error) {
	committed, err := s.take(offset, nil)
	if err != nil {
		return committed, err
	}
	buf := make([]byte, chunk)
	for {
		n, cut := r.Read(buf)
		if n > 0 {
			if committed, err = s.take(offset, buf[:n]); err != nil {
				return committed, err
			}
			offset += int64(n)
		}
		if errors.Is(cut, io.EOF) {
			return committed, nil
		}
		if cut != nil {
			return committed, fmt.Errorf("the sender broke off: %w", cut)
		}
	}
}

// take stores one piece.
func (s *stream) take(offset int64, b []byte) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.truncated() && s.done == nil {
		s.accepted = max(s.accepted, offset) // what is dropped leaves no gap
	}
	if offset > s.accepted {
		return s.accepted, &RangeError{Committed: s.accepted, Why: fmt.Sprintf("bytes from %d on leave a gap", offset)}
	}
	err := s.merge(offset, b)
	return s.accepted, err
}

// merge checks what the store has already, and appends the rest.
func (s *stream) merge(offset int64, b []byte) error {
	if known := s.accepted - offset; known > 0 {
		known = min(known, int64(len(b)))
		if err := s.compare(offset, b[:known]); err != nil {
			return err
		}
		b = b[known:]
	}
	if len(b) == 0 {
		return nil
	}
	if s.done != nil {
		return &RangeError{Committed: s.accepted, Why: "the log is finished"}
	}
	return s.append(b)
}

// compare refuses bytes that differ from those that are stored.
func (s *stream) compare(offset int64, b []byte) error {
	b = b[:max(0, min(int64(len(b)), s.cap-offset, s.committed-offset))]
	have := make([]byte, len(b))
	if _, err := s.data.ReadAt(have, offset); err != nil {
		return fmt.Errorf("read what is stored: %w", err)
	}
	if !bytes.Equal(have, b) {
		return &RangeError{Committed: s.accepted, Why: fmt.Sprintf("bytes from %d on differ from what is stored", offset)}
	}
	return nil
}

// append stores bytes up to the cap, and drops the rest, with a line that says so.
func (s *stream) append(b []byte) error {
	keep := b[:max(0, min(int64(len(b)), s.cap-s.accepted))]
	if len(keep) > 0 {
		if err := s.store(keep); err != nil {
			return err
		}
		s.accepted += int64(len(keep))
	}
	if len(keep) < len(b) {
		if !s.truncated() {
			if err := s.store(s.farewell()); err != nil {
				return err
			}
		}
		s.accepted += int64(len(b) - len(keep))
	}
	return nil
}

// truncated tells that the stream is beyond its cap: the line that says so is stored.
func (s *stream) truncated() bool { return s.committed > s.cap }

// store commits bytes. When the disk is full, nothing of them is seen.
func (s *stream) store(b []byte) error {
	_, err := s.data.WriteAt(b, s.committed)
	if err == nil {
		err = s.arrivals.note(s.committed, s.clock.Now())
	}
	if err != nil {
		return full(errors.Join(err, s.data.Truncate(s.committed)))
	}
	s.committed += int64(len(b))
	s.wake()
	return nil
}

// full tells a full disk from other errors.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

func (s *stream) wake() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// sight is what a reader sees of a stream at one moment.
type sight struct {
	committed int64
	done      bool
	grown     <-chan struct{} // closes when there is more to see
}

func (s *stream) look() sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sight{committed: s.committed, done: s.done != nil, grown: s.grown}
}

// span tells when the bytes around an offset came.
func (s *stream) span(offset int64) (span, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrivals.span(offset, s.committed)
}

// since finds the first line that came at or after t.
func (s *stream) since(t time.Time) (int64, error) {
	s.mu.Lock()
	committed := s.committed
	at, err := s.arrivals.since(t, committed)
	s.mu.Unlock()
	if err != nil || at == 0 || at == committed {
		return at, err
	}
	return nextLine(s.data, at-1, committed)
}
