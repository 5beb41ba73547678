package logs

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// placed says where people look for a stream: it is kept beside its bytes.
type placed struct {
	// Namespace of the pod.
	Namespace string `json:"namespace"`
	// Cap of the stream, which does not change with the options of the store.
	Cap int64 `json:"cap"`
	// At is when the stream was placed: of two, people see the later.
	At time.Time `json:"at"`
}

func readPlace(path string) (*placed, error) { return readJSON[placed](path) }

var namespaces = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Place makes a stream, if there is none, and records in which namespace people
// look for its pod; it cannot move afterwards. A pod's container belongs to one
// source: a PlaceError refuses another one. Of the runs of one source that use the
// same pod and container, the last that was placed is found.
func (s *Store) Place(name Name, namespace string) error {
	if !namespaces.MatchString(namespace) {
		return fmt.Errorf("%w: namespace %q: use lower-case letters, digits and dashes, 63 at most", ErrName, namespace)
	}
	if err := name.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if have, ok := s.places.where[name]; ok {
		if have != namespace {
			return &PlaceError{Name: name, Namespace: namespace, Why: "it is in namespace " + have}
		}
		return nil
	}
	where := address{namespace, name.Pod, name.Container}
	if there := s.places.find(where); there != nil && there.name.Source != name.Source {
		return &PlaceError{Name: name, Namespace: namespace, Why: "another source has that pod"}
	}
	p := placed{Namespace: namespace, Cap: s.opts.MaxStream, At: s.opts.Clock.Now().UTC()}
	if err := s.record(name, p); err != nil {
		return full(err)
	}
	s.places.add(name, p)
	return nil
}

// record writes down a place. A stream that is open already keeps its cap.
func (s *Store) record(name Name, p placed) error {
	dir := name.path(s.root)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	data, err := os.OpenFile(filepath.Join(dir, fileData), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the path is made of checked parts
	if err != nil {
		return err
	}
	if err := data.Close(); err != nil {
		return err
	}
	return writeJSON(filepath.Join(dir, filePlace), p)
}

// Placed tells in which namespace a stream is; ErrNotFound of one that is in none.
func (s *Store) Placed(name Name) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if namespace, ok := s.places.where[name]; ok {
		return namespace, nil
	}
	return "", fmt.Errorf("%w: %s", ErrNotFound, name)
}

// Find tells the stream of a pod's container.
func (s *Store) Find(_ context.Context, namespace, pod, container string) (Name, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if there := s.places.find(address{namespace, pod, container}); there != nil {
		return there.name, nil
	}
	return Name{}, fmt.Errorf("%w: container %q of pod %q in namespace %q", ErrNotFound, container, pod, namespace)
}

// address is how people call a stream.
type address struct{ namespace, pod, container string }

// resident is a stream at an address.
type resident struct {
	name Name
	at   time.Time
}

// places is the index from addresses to streams. It is made anew from the files
// when a store is opened.
type places struct {
	where map[Name]string
	at    map[address][]resident // the last placed comes last
}

func newPlaces() *places {
	return &places{where: map[Name]string{}, at: map[address][]resident{}}
}

func (p *places) add(name Name, it placed) {
	where := address{it.Namespace, name.Pod, name.Container}
	all := append(p.at[where], resident{name, it.At})
	slices.SortStableFunc(all, func(a, b resident) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name.Run, b.name.Run))
	})
	p.at[where], p.where[name] = all, it.Namespace
}

func (p *places) drop(name Name) {
	where := address{p.where[name], name.Pod, name.Container}
	delete(p.where, name)
	left := slices.DeleteFunc(p.at[where], func(r resident) bool { return r.name == name })
	if p.at[where] = left; len(left) == 0 {
		delete(p.at, where)
	}
}

func (p *places) find(where address) *resident {
	all := p.at[where]
	if len(all) == 0 {
		return nil
	}
	return &all[len(all)-1]
}

// loadPlaces reads the places of all streams on disk. A stream whose place cannot
// be read is found again when its sender next places it.
func (s *Store) loadPlaces(ctx context.Context) error {
	all, err := s.list(ctx)
	if err != nil {
		return err
	}
	for _, h := range all {
		if p, err := readPlace(filepath.Join(h.name.path(s.root), filePlace)); err == nil && p != nil {
			s.places.add(h.name, *p)
		}
	}
	return nil
}
