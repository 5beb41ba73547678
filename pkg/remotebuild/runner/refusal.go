package runner

import (
	"errors"
	"fmt"
)

// Reasons why a command is refused. They are stable.
const (
	ReasonInvalidSpec    = "InvalidSpec"
	ReasonInvalidRequest = "InvalidRequest"
	ReasonSecretInSpec   = "SecretInSpec"
	ReasonStaleEpoch     = "StaleEpoch"
	ReasonNotFound       = "NotFound"
	ReasonRemoved        = "Removed"
	ReasonStillRunning   = "StillRunning"
	ReasonNoSuchStep     = "NoSuchStep"
	ReasonBadOffset      = "BadOffset"
	ReasonUnsupported    = "Unsupported"
	ReasonInternal       = "HostError"
	ReasonDiskFull       = "DiskFull"
)

// RefusalError is the helper's no. Its reason is stable, its message for people.
type RefusalError struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func (r *RefusalError) Error() string { return r.Message }

// Refuse makes a RefusalError.
func Refuse(reason, format string, args ...any) error { return refuse(reason, format, args...) }

func refuse(reason, format string, args ...any) error {
	return &RefusalError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// RefusalReason is the reason of the RefusalError in the chain, or "".
func RefusalReason(err error) string {
	if r, ok := errors.AsType[*RefusalError](err); ok {
		return r.Reason
	}
	return ""
}
