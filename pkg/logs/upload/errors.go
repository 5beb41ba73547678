package upload

import (
	"fmt"
	"net/http"
)

// RefusedError is an answer of the service that trying again does not change.
type RefusedError struct {
	// Code of the answer; zero when the answer was right and does not fit the source.
	Code int
	Why  string
}

func (e *RefusedError) Error() string {
	if e.Code == 0 {
		return "the log service does not fit the source: " + e.Why
	}
	return fmt.Sprintf("the log service refused it: %d %s: %s", e.Code, http.StatusText(e.Code), e.Why)
}

// passing is a failure that may pass.
type passing struct{ err error }

func (e *passing) Error() string { return e.err.Error() }

func (e *passing) Unwrap() error { return e.err }

// judge tells a failure that may pass from one that stays.
func judge(code int, why string) error {
	refused := &RefusedError{Code: code, Why: why}
	switch {
	case code >= http.StatusInternalServerError,
		code == http.StatusUnauthorized, // a credential that is being renewed
		code == http.StatusRequestTimeout,
		code == http.StatusTooManyRequests:
		return &passing{refused}
	default:
		return refused
	}
}
