package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"k8s.io/utils/clock"
)

// Options of a store.
type Options struct {
	// MaxStream bounds one stream, in bytes; what comes beyond is dropped, and the
	// log says so. Zero is 1 GiB.
	MaxStream int64
	// Clock; nil is the real one.
	Clock clock.PassiveClock
}

// Store keeps streams below one folder. One process owns the folder.
type Store struct {
	root string
	opts Options

	mu     sync.Mutex
	open   map[Name]*stream
	places *places
}

// NewStore opens the store in a folder, and makes the folder where there is none.
func NewStore(root string, opts Options) (*Store, error) {
	if opts.MaxStream <= 0 {
		opts.MaxStream = 1 << 30
	}
	if opts.Clock == nil {
		opts.Clock = clock.RealClock{}
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("make the store: %w", err)
	}
	s := &Store{root: root, opts: opts, open: map[Name]*stream{}, places: newPlaces()}
	if err := s.loadPlaces(context.Background()); err != nil {
		return nil, fmt.Errorf("find out where the logs are: %w", err)
	}
	return s, nil
}

// Write stores the bytes of r, the first of which has the given offset in the
// stream, and returns how many bytes of the stream need not be sent again. Bytes
// that are stored already are compared. A RangeError says where to go on.
func (s *Store) Write(name Name, offset int64, r io.Reader) (int64, error) {
	if offset < 0 {
		return 0, &RangeError{Why: "the offset is negative"}
	}
	st, err := s.use(name, true)
	if err != nil {
		return 0, err
	}
	defer s.leave(name, st)
	return st.write(offset, r)
}

// Committed tells how many bytes of a stream need not be sent again; none of one
// that was never written.
func (s *Store) Committed(name Name) (int64, error) {
	st, err := s.use(name, false)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer s.leave(name, st)
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.accepted, nil
}

// Finish ends a stream of the given size and digest (SHA-256, in hexadecimal) and
// forces it to disk.
func (s *Store) Finish(name Name, size int64, digest string) error {
	st, err := s.use(name, size == 0)
	if err != nil {
		return err
	}
	defer s.leave(name, st)
	return st.finish(size, digest)
}

// Done tells how a stream was finished; nil while it was not.
func (s *Store) Done(name Name) (*Done, error) {
	st, err := s.use(name, false)
	if err != nil {
		return nil, err
	}
	defer s.leave(name, st)
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.done, nil
}

// Read copies a stream, or the part that opts ask for, to w. With Follow it goes on
// until the stream is finished or ctx ends.
func (s *Store) Read(ctx context.Context, name Name, opts ReadOptions, w io.Writer) error {
	st, err := s.use(name, false)
	if err != nil {
		return err
	}
	defer s.leave(name, st)
	return newReader(st, opts, w).run(ctx)
}

// use opens a stream; leave lets go of it. The files stay open while somebody uses
// them.
func (s *Store) use(name Name, create bool) (*stream, error) {
	if err := name.Check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.open[name]; ok {
		st.users++
		return st, nil
	}
	dir := name.path(s.root)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if !create {
			return nil, fmt.Errorf("%w: %s", ErrNotFound, name)
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, full(err)
		}
	}
	st, err := openStream(dir, s.opts.MaxStream, s.opts.Clock)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, full(err))
	}
	st.users = 1
	s.open[name] = st
	return st, nil
}

func (s *Store) leave(name Name, st *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.users--; st.users == 0 {
		delete(s.open, name)
		st.close()
	}
}
