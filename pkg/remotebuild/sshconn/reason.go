package sshconn

import (
	"errors"
	"fmt"
	"time"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// Reasons of the faults of this package. They are stable.
const (
	ReasonUnreachable      = "HostUnreachable"
	ReasonHandshakeTimeout = "HandshakeTimeout"
	ReasonHandshakeFailed  = "HandshakeFailed"
	ReasonHostKeyMismatch  = "HostKeyMismatch"
	ReasonAuthFailed       = "AuthFailed"
	ReasonBannerFlood      = "BannerFlood"
	ReasonNoShell          = "NoShell"
	ReasonConnectionLost   = "ConnectionLost"
	ReasonSessionsFull     = "SessionsFull"
	ReasonUploadFailed     = "UploadFailed"
)

const (
	// soon is for what may pass by itself.
	soon = 5 * time.Second
	// later is for what somebody has to mend first.
	later = time.Minute
)

// Error says what about a host does not work.
type Error struct {
	Reason string
	Host   string
	Err    error
}

func (e *Error) Error() string { return fmt.Sprintf("host %s: %s: %v", e.Host, e.Reason, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Reason is that of the Error in the chain, or "".
func Reason(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

// failed makes a fault of what does not work about a host. It is always Busy: whether a
// build is lost is not for its connection to say.
func failed(reason, host string, err error) error {
	after := soon
	switch reason {
	case ReasonHostKeyMismatch, ReasonAuthFailed, ReasonNoShell, ReasonBannerFlood:
		after = later
	}
	return fault.Busy(after, reason, "%w", &Error{Reason: reason, Host: host, Err: err})
}

// OutputTooLargeError says that a command printed more than may be kept.
type OutputTooLargeError struct{ Limit int }

func (e *OutputTooLargeError) Error() string {
	return fmt.Sprintf("the command printed more than %d bytes", e.Limit)
}
