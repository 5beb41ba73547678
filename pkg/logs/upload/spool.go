package upload

import (
	"context"
	"errors"
	"os"
	"sync"
)

// Spool is a source in a file. What writes to it waits for the disk only, never for
// the log service.
type Spool struct {
	file *os.File

	mu    sync.Mutex
	state State
	grown chan struct{} // closed when the state changes
}

// OpenSpool opens a spool, with the bytes it has from before, or makes one.
func OpenSpool(path string) (*Spool, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the caller says where
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Spool{file: file, state: State{Size: info.Size()}, grown: make(chan struct{})}, nil
}

var errFinished = errors.New("the log is finished")

// Write appends.
func (s *Spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Finished {
		return 0, errFinished
	}
	n, err := s.file.WriteAt(b, s.state.Size)
	s.state.Size += int64(n)
	s.wake()
	return n, err
}

// Finish says that there will be no more.
func (s *Spool) Finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.state.Finished {
		s.state.Finished = true
		s.wake()
	}
}

func (s *Spool) wake() {
	close(s.grown)
	s.grown = make(chan struct{})
}

// ReadAt reads what was written.
func (s *Spool) ReadAt(b []byte, offset int64) (int, error) { return s.file.ReadAt(b, offset) }

// State tells how much was written.
func (s *Spool) State(context.Context) (State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, nil
}

// Wait returns when more was written than was seen, or the end.
func (s *Spool) Wait(ctx context.Context, seen State) error {
	s.mu.Lock()
	now, grown := s.state, s.grown
	s.mu.Unlock()
	if now != seen {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-grown:
		return nil
	}
}

// Close lets go of the file, which stays.
func (s *Spool) Close() error { return s.file.Close() }
