package pause

import (
	"context"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/fault"
)

// Parameters of a run.
const (
	ParamDuration    = "duration"
	ParamUntil       = "until"
	ParamDescription = "description"
	ParamTimeout     = "timeout"
)

// Spec is what a run asks for.
type Spec struct {
	// Definition names a Pause; then Terms holds the parameters only.
	Definition string
	// Terms come from the embedded definition and the parameters.
	Terms v1alpha1.PauseSpec
}

// Parse reads a run.
func Parse(run *v1beta1.CustomRun) (Spec, error) {
	spec := Spec{Definition: customrun.DefinitionName(run)}
	if err := customrun.RefuseWorkspaces(run, v1alpha1.PauseKind); err != nil {
		return spec, err
	}
	embedded, err := customrun.Embedded[v1alpha1.PauseSpec](run)
	if err != nil {
		return spec, err
	}
	if embedded != nil {
		spec.Terms = *embedded
	}
	if err := spec.readParams(run); err != nil {
		return spec, err
	}
	return spec, check(spec.Terms)
}

func (s *Spec) readParams(run *v1beta1.CustomRun) error {
	p, err := customrun.ReadParams(run, ParamDuration, ParamUntil, ParamDescription, ParamTimeout)
	if err != nil {
		return err
	}
	if p.Has(ParamDescription) {
		if s.Terms.Description, err = p.String(ParamDescription); err != nil {
			return err
		}
	}
	duration, err := p.Duration(ParamDuration)
	if err != nil {
		return err
	}
	until, err := p.Time(ParamUntil)
	if err != nil {
		return err
	}
	timeout, err := p.Duration(ParamTimeout)
	if err != nil {
		return err
	}
	s.Terms.Duration = orElse(duration, s.Terms.Duration)
	s.Terms.Timeout = orElse(timeout, s.Terms.Timeout)
	if until != nil {
		s.Terms.Until = &metav1.Time{Time: *until}
	}
	return nil
}

func orElse(d *time.Duration, other *metav1.Duration) *metav1.Duration {
	if d == nil {
		return other
	}
	return &metav1.Duration{Duration: *d}
}

// check refuses what the schema refuses in a definition of its own.
func check(t v1alpha1.PauseSpec) error {
	if err := t.Validate(context.Background()); err != nil {
		return fault.User(customrun.ReasonInvalidSpec, "%w", err)
	}
	return nil
}

// terms joins a named definition with the run's parameters, which come first.
func terms(spec Spec, definition *v1alpha1.Pause) v1alpha1.PauseSpec {
	if definition == nil {
		return spec.Terms
	}
	out := *definition.Spec.DeepCopy()
	if spec.Terms.Description != "" {
		out.Description = spec.Terms.Description
	}
	if spec.Terms.Duration != nil || spec.Terms.Until != nil {
		out.Duration, out.Until = spec.Terms.Duration, spec.Terms.Until
	}
	if spec.Terms.Timeout != nil {
		out.Timeout = spec.Terms.Timeout
	}
	return out
}
