package logs

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
)

// chunk is how much is moved at a time.
const chunk = 256 << 10

// Done tells how a stream was finished.
type Done struct {
	// Size of what was sent, in bytes.
	Size int64 `json:"size"`
	// SHA256 of what was sent, in hexadecimal.
	SHA256 string `json:"sha256"`
	// Truncated tells that the stream was longer than its cap.
	Truncated bool `json:"truncated,omitempty"`
	// At is when it was finished.
	At time.Time `json:"at"`
}

// stream is one open stream. Writers hold the lock; readers of bytes need none,
// for what is committed never changes.
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

// openStream opens or, if asked, makes the folder of a stream.
func openStream(dir string, limit int64, c clock.PassiveClock) (*stream, error) {
	s := &stream{dir: dir, cap: limit, clock: c, grown: make(chan struct{})}
	data, err := os.OpenFile(filepath.Join(dir, fileData), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := data.Stat()
	if err != nil {
		return nil, closing(data, err)
	}
	s.data, s.committed = data, info.Size()
	if s.arrivals, err = openArrivals(filepath.Join(dir, fileArrivals), s.committed); err != nil {
		return nil, closing(data, err)
	}
	if s.done, err = readDone(filepath.Join(dir, fileDone)); err != nil {
		s.close()
		return nil, err
	}
	s.accepted = min(s.committed, s.cap)
	if s.done != nil {
		s.accepted = s.done.Size
	}
	return s, nil
}

func readDone(path string) (*Done, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the path is made of checked parts
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // not finished is an answer
	}
	if err != nil {
		return nil, err
	}
	d := new(Done)
	if err := json.Unmarshal(raw, d); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

func (s *stream) close() {
	_ = s.data.Close()          //nolint:errcheck // nothing is buffered
	_ = s.arrivals.file.Close() //nolint:errcheck // nothing is buffered
}

// write takes the bytes of r, the first of which is at offset, and returns how
// many bytes the sender need not send again. What came before a cut stays.
func (s *stream) write(offset int64, r io.Reader) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.truncated() {
		s.accepted = max(s.accepted, offset) // what is dropped leaves no gap
	}
	if offset > s.accepted {
		return s.accepted, &RangeError{Committed: s.accepted, Why: fmt.Sprintf("bytes from %d on leave a gap", offset)}
	}
	buf := make([]byte, chunk)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if err := s.take(offset, buf[:n]); err != nil {
				return s.accepted, err
			}
			offset += int64(n)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return s.accepted, nil
		}
		if err != nil {
			return s.accepted, fmt.Errorf("the sender broke off: %w", err)
		}
	}
}

// take checks what the store has already, and appends the rest.
func (s *stream) take(offset int64, b []byte) error {
	if known := s.accepted - offset; known > 0 {
		known = min(known, int64(len(b)))
		if err := s.compare(offset, b[:known]); err != nil {
			return err
		}
		b, offset = b[known:], offset+known
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
			if err := s.store(fmt.Appendf(nil, "\n[log truncated: it is longer than %d bytes]\n", s.cap)); err != nil {
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

// finish ends the stream if it holds what the sender says it does. To finish it
// again in the same way is success.
func (s *stream) finish(size int64, digest string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done != nil {
		if s.done.Size == size && s.done.SHA256 == digest {
			return nil
		}
		return &DigestError{Want: digest, Have: s.done.SHA256}
	}
	if s.truncated() {
		s.accepted = max(s.accepted, size)
	}
	if size != s.accepted {
		return &RangeError{Committed: s.accepted, Why: fmt.Sprintf("the log is said to end at %d", size)}
	}
	d := Done{Size: size, SHA256: digest, Truncated: s.truncated(), At: s.clock.Now().UTC()}
	if !d.Truncated {
		have, err := s.digest()
		if err != nil {
			return err
		}
		if have != digest {
			return &DigestError{Want: digest, Have: have}
		}
	}
	if err := s.seal(d); err != nil {
		return full(err)
	}
	s.done = &d
	s.wake()
	return nil
}

func (s *stream) digest() (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(s.data, 0, s.committed)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// seal forces the bytes to disk, and then the word that they are all there.
func (s *stream) seal(d Done) error {
	for _, f := range []*os.File{s.data, s.arrivals.file} {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(s.dir, fileDone), raw)
}

// writeFile replaces a file as a whole: after a crash it is there, or not at all.
func writeFile(path string, raw []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return os.Rename(f.Name(), path)
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

func (s *stream) timeOf(offset int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.arrivals.time(offset)
}

// since finds the first line that came at or after t.
func (s *stream) since(t time.Time) (int64, error) {
	s.mu.Lock()
	at, committed := s.arrivals.since(t, s.committed), s.committed
	s.mu.Unlock()
	if at == 0 || at == committed {
		return at, nil
	}
	return nextLine(s.data, at-1, committed)
}
