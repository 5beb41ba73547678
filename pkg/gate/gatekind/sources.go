package gatekind

import (
	"context"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun"
	"github.com/corbel-dev/corbel/pkg/fault"
)

// Definitions knows the definitions of one kind.
type Definitions[T any] interface {
	// Get returns a definition, or nil where there is none.
	Get(ctx context.Context, namespace, name string) (*T, error)
}

// World is what the gate of a run looks like now.
type World[T any] struct {
	// Definition that the run names; nil when it names none, or the gate is open.
	Definition *T
	// Request of the attempt; nil when there is none.
	Request *v1alpha1.ApprovalRequest
}

// Sources is where a kind of gate reads its world, and what it acts on.
type Sources[T any] struct {
	// Kind is the kind's name: Approval or Pause.
	Kind        string
	Definitions Definitions[T]
	Requests    Requests
}

// Look reads the definition until the gate is open, and the request from then on.
// opened is the request's spec that the attempt has saved, nil until then.
func (s Sources[T]) Look(ctx context.Context, run *v1beta1.CustomRun, opened *v1alpha1.ApprovalRequestSpec) (World[T], error) {
	if opened != nil {
		request, err := s.Requests.Get(ctx, run.Namespace, Name(opened.Subject))
		return World[T]{Request: request}, err
	}
	name := customrun.DefinitionName(run)
	if name == "" {
		return World[T]{}, nil
	}
	definition, err := s.Definitions.Get(ctx, run.Namespace, name)
	if err != nil {
		return World[T]{}, err
	}
	if definition == nil {
		return World[T]{}, fault.User(customrun.ReasonNotFound, "taskRef.name: there is no %s %q in namespace %q; create it, or correct the name", s.Kind, name, run.Namespace)
	}
	return World[T]{Definition: definition}, nil
}
