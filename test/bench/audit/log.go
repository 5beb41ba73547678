package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Log reads an audit log piece by piece, over its rotations.
type Log struct {
	path   string
	file   *os.File
	reader *bufio.Reader
	half   []byte // of a line that was still being written
}

// Open begins at the end of the log.
func Open(path string) (*Log, error) {
	l := &Log{path: path}
	if err := l.turn(path); err != nil {
		return nil, err
	}
	return l, l.Skip()
}

// Close ends the reading.
func (l *Log) Close() error { return l.file.Close() }

// Skip leaves out what was logged until now.
func (l *Log) Skip() error {
	if err := l.turn(l.path); err != nil {
		return err
	}
	if _, err := l.file.Seek(0, io.SeekEnd); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	l.reader.Reset(l.file)
	l.half = nil
	return nil
}

// Read returns the requests that were answered since the last Read or Skip.
func (l *Log) Read() ([]Event, error) {
	var events []Event
	for {
		next, err := l.next()
		if err != nil {
			return nil, err
		}
		// Drained after the next file was seen, this one is complete.
		if err := l.drain(&events); err != nil {
			return nil, err
		}
		if next == "" {
			return events, nil
		}
		if err := l.turn(next); err != nil {
			return nil, err
		}
	}
}

func (l *Log) drain(events *[]Event) error {
	for {
		part, err := l.reader.ReadBytes('\n')
		l.half = append(l.half, part...)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		e, ok, err := parse(bytes.TrimSpace(l.half))
		l.half = l.half[:0]
		if err != nil {
			return err
		}
		if ok {
			*events = append(*events, e)
		}
	}
}

// turn goes on with another file, from its beginning.
func (l *Log) turn(path string) error {
	file, err := os.Open(path) //nolint:gosec // a log of a cluster of ours
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	if l.file != nil {
		_ = l.file.Close()
	}
	l.file, l.half = file, nil
	l.reader = bufio.NewReaderSize(file, 1<<20)
	return nil
}

// next is the file that follows the open one; empty when that is the newest.
func (l *Log) next() (string, error) {
	open, err := l.file.Stat()
	if err != nil {
		return "", fmt.Errorf("audit log: %w", err)
	}
	stem := strings.TrimSuffix(l.path, filepath.Ext(l.path))
	files, err := filepath.Glob(stem + "-*" + filepath.Ext(l.path))
	if err != nil {
		return "", fmt.Errorf("audit log: %w", err)
	}
	slices.Sort(files) // the names of rotated files are times
	files = append(files, l.path)
	for i, f := range files {
		info, err := os.Stat(f)
		if err != nil || !os.SameFile(open, info) {
			continue
		}
		if i == len(files)-1 {
			return "", nil
		}
		return files[i+1], nil
	}
	// Renamed between the listing and the look: the next call finds it.
	return "", nil
}
