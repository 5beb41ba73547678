package logs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

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

func readDone(path string) (*Done, error) { return readJSON[Done](path) }

// readJSON reads a small file of a stream; nil where there is none.
func readJSON[T any](path string) (*T, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the path is made of checked parts
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil //nolint:nilnil // not there is an answer
	}
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// finish ends the stream if it holds what the sender says it does. To finish it
// again in the same way is success.
func (s *stream) finish(size int64, digest string) error {
	have, err := s.digest(size)
	if err != nil {
		return err
	}
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
	if !s.truncated() && have != digest {
		return &DigestError{Want: digest, Have: have}
	}
	d := Done{Size: size, SHA256: digest, Truncated: s.truncated(), At: s.clock.Now().UTC()}
	if err := s.seal(d); err != nil {
		return full(err)
	}
	s.done = &d
	s.wake()
	return nil
}

// digest is that of the first size bytes, or of what there is. It reads without
// the lock, for that takes a while and the bytes do not change.
func (s *stream) digest(size int64) (string, error) {
	seen := s.look()
	if seen.done || seen.committed != size {
		return "", nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(s.data, 0, size)); err != nil {
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
	if err := writeJSON(filepath.Join(s.dir, fileDone), d); err != nil {
		return err
	}
	return syncFolders(s.dir)
}

// syncFolders forces to disk that the files of a stream are there: the folder and
// those above it, up to that of the store.
func syncFolders(dir string) error {
	for range levels + 1 {
		f, err := os.Open(dir) //nolint:gosec // the path is made of checked parts
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			return err
		}
		dir = filepath.Dir(dir)
	}
	return nil
}

// writeJSON replaces a file as a whole: after a crash it is there, or not at all.
func writeJSON(path string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
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
