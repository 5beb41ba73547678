package v1alpha1

import (
	"context"

	"knative.dev/pkg/apis"
)

// Validate says what is wrong with the definition and how to mend it.
func (p *Pause) Validate(ctx context.Context) *apis.FieldError {
	return p.Spec.Validate(ctx).ViaField("spec")
}

// Validate holds the same rules as the CRD's schema. Embedded specs are checked
// by nothing else.
func (s *PauseSpec) Validate(_ context.Context) *apis.FieldError {
	errs := validateDescription(s.Description)
	errs = errs.Also(validateTimeout(s.Timeout).ViaField("timeout"))
	if s.Duration != nil && s.Until != nil {
		errs = errs.Also(&apis.FieldError{
			Message: "duration and until exclude each other; remove one",
			Paths:   []string{"duration", "until"},
		})
	}
	if s.Duration != nil && s.Duration.Duration <= 0 {
		errs = errs.Also(&apis.FieldError{
			Message: "duration must be positive, such as 30m",
			Paths:   []string{"duration"},
		})
	}
	if s.Duration != nil && s.Duration.Duration > maxWait {
		errs = errs.Also(&apis.FieldError{
			Message: "duration is over 8784h (366 days); use less",
			Paths:   []string{"duration"},
		})
	}
	return errs
}
