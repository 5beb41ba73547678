package logs

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Retention says what may go.
type Retention struct {
	// MaxAge of a finished stream, since it was finished; zero keeps all.
	MaxAge time.Duration
	// MaxAbandoned is the age of an unfinished stream, since it last grew; zero
	// keeps all.
	MaxAbandoned time.Duration
	// MaxTotal bytes of all streams; the oldest finished ones go first. Zero is no
	// bound.
	MaxTotal int64
}

// held is one stream on disk.
type held struct {
	name Name
	size int64
	at   time.Time // finished, or last grown
	done bool
}

// Sweep removes what retention lets go of, and returns how many streams that were.
// Streams in use stay.
func (s *Store) Sweep(ctx context.Context, r Retention) (int, error) {
	all, err := s.list(ctx)
	if err != nil {
		return 0, err
	}
	removed := 0
	var errs []error
	for _, h := range expired(all, r, s.opts.Clock.Now()) {
		ok, err := s.remove(h)
		errs = append(errs, err)
		if ok {
			removed++
		}
	}
	return removed, errors.Join(errs...)
}

// expired picks what goes: by age, then by size from the oldest on.
func expired(all []held, r Retention, now time.Time) []held {
	slices.SortFunc(all, func(a, b held) int { return a.at.Compare(b.at) })
	var gone []held
	var total int64
	for _, h := range all {
		total += h.size
	}
	for _, h := range all {
		age := now.Sub(h.at)
		old := h.done && r.MaxAge > 0 && age > r.MaxAge
		abandoned := !h.done && r.MaxAbandoned > 0 && age > r.MaxAbandoned
		crowded := h.done && r.MaxTotal > 0 && total > r.MaxTotal
		if old || abandoned || crowded {
			gone = append(gone, h)
			total -= h.size
		}
	}
	return gone
}

// list finds every stream on disk.
func (s *Store) list(ctx context.Context) ([]held, error) {
	var out []held
	err := filepath.WalkDir(s.root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if d.IsDir() || d.Name() != fileData {
			return ctx.Err()
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it went while we looked
		}
		dir := filepath.Dir(path)
		h := held{name: nameOf(dir), size: info.Size(), at: info.ModTime()}
		if done, err := readDone(filepath.Join(dir, fileDone)); err == nil && done != nil {
			h.done, h.at = true, done.At
		}
		out = append(out, h)
		return nil
	})
	return out, err
}

func nameOf(dir string) Name {
	rest, container := filepath.Split(filepath.Clean(dir))
	rest, pod := filepath.Split(filepath.Clean(rest))
	rest, run := filepath.Split(filepath.Clean(rest))
	source := filepath.Base(filepath.Clean(rest))
	return Name{Source: source, Run: run, Pod: pod, Container: container}
}

// remove deletes a stream that nobody uses, and the folders that it leaves empty.
// One that has grown since it was listed stays.
func (s *Store) remove(h held) (bool, error) {
	if err := h.name.Check(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, used := s.open[h.name]; used {
		return false, nil
	}
	dir := h.name.path(s.root)
	if info, err := os.Stat(filepath.Join(dir, fileData)); err == nil && info.Size() != h.size {
		return false, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return false, err
	}
	s.places.drop(h.name)
	for range levels - 1 {
		dir = filepath.Dir(dir)
		if os.Remove(dir) != nil { // not empty
			break
		}
	}
	return true, nil
}
