package v1alpha1

import "context"

// SetDefaults fills what the API server's schema fills, so that an embedded spec
// means the same as a stored one.
func (a *Approval) SetDefaults(ctx context.Context) {
	a.Spec.SetDefaults(ctx)
}

// SetDefaults fills what the author left out.
func (s *ApprovalSpec) SetDefaults(_ context.Context) {
	if s.OnReject == "" {
		s.OnReject = OutcomeFail
	}
	if s.OnTimeout == "" {
		s.OnTimeout = OutcomeFail
	}
	for i := range s.Rules {
		if s.Rules[i].Required == 0 {
			s.Rules[i].Required = 1
		}
	}
}
