package v1alpha1

import (
	"fmt"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
)

// maxWait is the longest duration that a definition may ask for: 366 days.
const maxWait = 8784 * time.Hour

func validateDescription(description string) *apis.FieldError {
	if utf8.RuneCountInString(description) <= maxDescription {
		return nil
	}
	return tooLong(maxDescription, "description")
}

func validateOutcome(outcome GateOutcome) *apis.FieldError {
	switch outcome {
	case OutcomeFail, OutcomeContinue:
		return nil
	default:
		return &apis.FieldError{
			Message: fmt.Sprintf("%q is not known; use Fail or Continue", outcome),
			Paths:   []string{apis.CurrentField},
		}
	}
}

func validateTimeout(timeout *metav1.Duration) *apis.FieldError {
	switch {
	case timeout == nil:
		return nil
	case timeout.Duration < 0:
		return &apis.FieldError{
			Message: "timeout is negative; use a positive duration such as 72h, or 0s for no bound",
			Paths:   []string{apis.CurrentField},
		}
	case timeout.Duration > maxWait:
		return &apis.FieldError{
			Message: "timeout is over 8784h (366 days); use less, or 0s for no bound",
			Paths:   []string{apis.CurrentField},
		}
	}
	return nil
}

func tooMany(have, most int, field string) *apis.FieldError {
	return &apis.FieldError{
		Message: fmt.Sprintf("%d entries; at most %d are allowed", have, most),
		Paths:   []string{field},
	}
}

func tooLong(most int, field string) *apis.FieldError {
	return &apis.FieldError{
		Message: fmt.Sprintf("longer than %d characters; shorten it", most),
		Paths:   []string{field},
	}
}
