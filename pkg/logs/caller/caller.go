package caller

import (
	"errors"
	"net/http"
	"time"
)

// ErrUnknown is a caller without credentials, or with credentials that do not hold.
var ErrUnknown = errors.New("no valid client certificate or token")

const (
	// keep is how long an answer of the API server counts.
	keep = 10 * time.Second
	// remembered answers, at most; the least used ones go first.
	remembered = 4096
)

// Caller is somebody who proved who they are.
type Caller struct {
	Name   string
	UID    string
	Groups []string
	Extra  map[string][]string
}

// Identifier proves who sent a request. Unknown callers are ErrUnknown; any other
// error is a failure to find out.
type Identifier interface {
	Identify(r *http.Request) (*Caller, error)
}

// Any asks one identifier after the other until one knows the caller.
type Any []Identifier

// Identify returns the first caller that is known.
func (a Any) Identify(r *http.Request) (*Caller, error) {
	for _, one := range a {
		c, err := one.Identify(r)
		if !errors.Is(err, ErrUnknown) {
			return c, err
		}
	}
	return nil, ErrUnknown
}
