package v1alpha1

import "context"

// SetDefaults fills nothing: the zero value of a Pause has its own meaning.
func (*Pause) SetDefaults(context.Context) {}
