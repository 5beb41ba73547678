package logs

import (
	"errors"
	"fmt"
)

var (
	// ErrName is a name that is none.
	ErrName = errors.New("invalid name")
	// ErrNotFound is a stream that was never written.
	ErrNotFound = errors.New("no such log")
	// ErrFull is a disk without room. What was committed stands.
	ErrFull = errors.New("no room left for logs")
)

// RangeError refuses bytes that do not continue the stream: they leave a gap,
// differ from what is stored, or come after its end. Committed is where to go on.
type RangeError struct {
	Committed int64
	Why       string
}

func (e *RangeError) Error() string {
	return fmt.Sprintf("%s; %d bytes are committed", e.Why, e.Committed)
}

// DigestError refuses to finish a stream whose bytes are not those of the sender.
type DigestError struct {
	Want, Have string
}

func (e *DigestError) Error() string {
	return fmt.Sprintf("the digest is %s, not %s", e.Have, e.Want)
}

// PlaceError refuses a namespace for a stream.
type PlaceError struct {
	Name      Name
	Namespace string
	Why       string
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("the log %s cannot be in namespace %s: %s", e.Name, e.Namespace, e.Why)
}
