// Package fault holds the classes of errors that a custom task can meet. The
// kernel decides by class alone what follows, so that no kind has to.
// It knows nothing of Kubernetes.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// UserError is the user's to mend: a wrong spec, or a wrong object that it names.
// The run fails at once and is not tried again.
type UserError struct {
	Reason string
	Err    error
}

// LostError says that the work outside is gone for good: its machine died, its
// cluster was removed. The attempt failed; another one may follow.
type LostError struct {
	Reason string
	Err    error
}

// BusyError says that there is nothing to do but to wait: no host is free, a
// cluster is not connected. It is a state and no failure.
type BusyError struct {
	Reason string
	After  time.Duration
	Err    error
}

func (e *UserError) Error() string { return e.Err.Error() }
func (e *LostError) Error() string { return e.Err.Error() }
func (e *BusyError) Error() string { return e.Err.Error() }

// Unwrap gives what the format wrapped with %w.
func (e *UserError) Unwrap() error { return e.Err }

// Unwrap gives what the format wrapped with %w.
func (e *LostError) Unwrap() error { return e.Err }

// Unwrap gives what the format wrapped with %w.
func (e *BusyError) Unwrap() error { return e.Err }

// User makes a UserError. The reason is CamelCase and stable; the message names
// the field and the mend.
func User(reason, format string, args ...any) error {
	return &UserError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Lost makes a LostError.
func Lost(reason, format string, args ...any) error {
	return &LostError{Reason: reason, Err: fmt.Errorf(format, args...)}
}

// Busy makes a BusyError; after is when to look again.
func Busy(after time.Duration, reason, format string, args ...any) error {
	return &BusyError{Reason: reason, After: after, Err: fmt.Errorf(format, args...)}
}

// AsUser finds a UserError in a chain.
func AsUser(err error) (*UserError, bool) { return as[*UserError](err) }

// AsLost finds a LostError in a chain.
func AsLost(err error) (*LostError, bool) { return as[*LostError](err) }

// AsBusy finds a BusyError in a chain.
func AsBusy(err error) (*BusyError, bool) { return as[*BusyError](err) }

func as[T error](err error) (T, bool) {
	var e T
	ok := errors.As(err, &e)
	return e, ok
}
