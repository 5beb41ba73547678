package v1alpha1

import (
	"context"
	"fmt"
	"unicode/utf8"

	"knative.dev/pkg/apis"
)

// Bounds that the schema sets too; an embedded spec does not pass the schema.
const (
	maxDescription  = 4096
	maxRules        = 16
	maxRuleName     = 63
	maxRuleSubjects = 100
	maxSubject      = 256
	maxRequired     = 100
)

// Validate says what is wrong with the definition and how to mend it.
func (a *Approval) Validate(ctx context.Context) *apis.FieldError {
	return a.Spec.Validate(ctx).ViaField("spec")
}

// Validate holds the same rules as the CRD's schema. Embedded specs are checked
// by nothing else.
func (s *ApprovalSpec) Validate(_ context.Context) *apis.FieldError {
	errs := validateDescription(s.Description)
	errs = errs.Also(validateOutcome(s.OnReject).ViaField("onReject"))
	errs = errs.Also(validateOutcome(s.OnTimeout).ViaField("onTimeout"))
	errs = errs.Also(validateTimeout(s.Timeout).ViaField("timeout"))
	if len(s.Rules) > maxRules {
		return errs.Also(tooMany(len(s.Rules), maxRules, "rules"))
	}
	for i := range s.Rules {
		errs = errs.Also(s.Rules[i].validate().ViaFieldIndex("rules", i))
	}
	return errs
}

func (r *ApprovalRule) validate() *apis.FieldError {
	errs := validateSubjects(r.Users).ViaField("users")
	errs = errs.Also(validateSubjects(r.Groups).ViaField("groups"))
	if utf8.RuneCountInString(r.Name) > maxRuleName {
		errs = errs.Also(tooLong(maxRuleName, "name"))
	}
	if r.Required < 1 || r.Required > maxRequired {
		errs = errs.Also(apis.ErrOutOfBoundsValue(r.Required, 1, maxRequired, "required"))
	}
	if len(r.Groups) == 0 && len(r.Users) > 0 && int(r.Required) > len(r.Users) {
		errs = errs.Also(&apis.FieldError{
			Message: fmt.Sprintf("required is %d but users are %d and there are no groups: nobody could ever fill this rule; lower required or add users", r.Required, len(r.Users)),
			Paths:   []string{"required"},
		})
	}
	return errs
}

func validateSubjects(subjects []string) *apis.FieldError {
	if len(subjects) > maxRuleSubjects {
		return tooMany(len(subjects), maxRuleSubjects, apis.CurrentField)
	}
	var errs *apis.FieldError
	seen := make(map[string]bool, len(subjects))
	for i, name := range subjects {
		switch {
		case name == "":
			errs = errs.Also((&apis.FieldError{Message: "the name is empty; remove it", Paths: []string{apis.CurrentField}}).ViaIndex(i))
		case utf8.RuneCountInString(name) > maxSubject:
			errs = errs.Also(tooLong(maxSubject, apis.CurrentField).ViaIndex(i))
		case seen[name]:
			errs = errs.Also((&apis.FieldError{Message: fmt.Sprintf("%q is listed twice; remove one", name), Paths: []string{apis.CurrentField}}).ViaIndex(i))
		}
		seen[name] = true
	}
	return errs
}
