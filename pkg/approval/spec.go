package approval

import (
	"context"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/gate"
)

// Parameters of a run.
const (
	ParamApprovers   = "approvers"
	ParamRequired    = "numberOfApprovalsRequired"
	ParamDescription = "description"
	ParamTimeout     = "timeout"
)

// Spec is what a run asks for.
type Spec struct {
	// Definition names an Approval; then Terms holds the parameters only.
	Definition string
	// Terms come from the embedded definition and the parameters.
	Terms v1alpha1.ApprovalSpec
}

// Parse reads a run.
func Parse(run *v1beta1.CustomRun) (Spec, error) {
	spec := Spec{Definition: customrun.DefinitionName(run)}
	if err := customrun.RefuseWorkspaces(run, v1alpha1.ApprovalKind); err != nil {
		return spec, err
	}
	embedded, err := customrun.Embedded[v1alpha1.ApprovalSpec](run)
	if err != nil {
		return spec, err
	}
	if embedded != nil {
		spec.Terms = *embedded
	}
	if err := spec.readParams(run); err != nil {
		return spec, err
	}
	return spec, spec.check()
}

func (s *Spec) readParams(run *v1beta1.CustomRun) error {
	p, err := customrun.ReadParams(run, ParamApprovers, ParamRequired, ParamDescription, ParamTimeout)
	if err != nil {
		return err
	}
	if err := s.readRule(p); err != nil {
		return err
	}
	if p.Has(ParamDescription) {
		if s.Terms.Description, err = p.String(ParamDescription); err != nil {
			return err
		}
	}
	timeout, err := p.Duration(ParamTimeout)
	if err != nil {
		return err
	}
	if timeout != nil {
		s.Terms.Timeout = asDuration(*timeout)
	}
	return nil
}

// readRule makes the one rule that parameters can express.
func (s *Spec) readRule(p customrun.Params) error {
	if !p.Has(ParamApprovers) && !p.Has(ParamRequired) {
		return nil
	}
	if s.Definition != "" {
		return fault.User(customrun.ReasonInvalidParams, "params: the rules are those of Approval %q; remove %s and %s, or remove the name from taskRef", s.Definition, ParamApprovers, ParamRequired)
	}
	if len(s.Terms.Rules) > 0 {
		return fault.User(customrun.ReasonInvalidParams, "params: the embedded definition has rules; remove %s and %s, or the rules", ParamApprovers, ParamRequired)
	}
	approvers, err := p.List(ParamApprovers)
	if err != nil {
		return err
	}
	required, err := p.Int32(ParamRequired, 1)
	if err != nil {
		return err
	}
	if required < 1 || required > gate.MaxPlaces {
		return fault.User(customrun.ReasonInvalidParams, "params: %q is %d; give a number from 1 to %d", ParamRequired, required, gate.MaxPlaces)
	}
	rule, err := gate.RuleOf(approvers, required)
	if err != nil {
		return fault.User(customrun.ReasonInvalidParams, "params: %q: %w", ParamApprovers, err)
	}
	s.Terms.Rules = []v1alpha1.ApprovalRule{rule}
	return nil
}

// check refuses what the schema refuses in a definition of its own.
func (s *Spec) check() error {
	s.Terms.SetDefaults(context.Background())
	if err := s.Terms.Validate(context.Background()); err != nil {
		return fault.User(customrun.ReasonInvalidSpec, "%w", err)
	}
	if _, err := gate.Normalize(s.Terms.Rules); err != nil {
		return fault.User(customrun.ReasonInvalidSpec, "%w", err)
	}
	return nil
}

// terms joins a named definition with the run's parameters: the text may be the
// pipeline's own, and of two timeouts the shorter one holds.
func terms(spec Spec, definition *v1alpha1.Approval) v1alpha1.ApprovalSpec {
	if definition == nil {
		return spec.Terms
	}
	out := *definition.Spec.DeepCopy()
	if spec.Terms.Description != "" {
		out.Description = spec.Terms.Description
	}
	if t := spec.Terms.Timeout; t != nil && (out.Timeout == nil || shorter(t.Duration, out.Timeout.Duration)) {
		out.Timeout = t
	}
	return out
}

// shorter tells whether a bounds more than b; zero bounds nothing.
func shorter(a, b time.Duration) bool {
	return a != 0 && (b == 0 || a < b)
}
