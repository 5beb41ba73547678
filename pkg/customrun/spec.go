package customrun

import (
	"bytes"
	"encoding/json"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// DefinitionName is the name in a run's reference; empty for a run that embeds
// its definition or has parameters alone.
func DefinitionName(run *v1beta1.CustomRun) string {
	if run.Spec.CustomRef == nil {
		return ""
	}
	return run.Spec.CustomRef.Name
}

// Embedded reads the definition that a run embeds; nil where it embeds none, or an
// empty one. Tekton passes it on without a check, so unknown fields are refused here.
func Embedded[T any](run *v1beta1.CustomRun) (*T, error) {
	if run.Spec.CustomSpec == nil {
		return nil, nil //nolint:nilnil // no embedded definition is an answer
	}
	raw := bytes.TrimSpace(run.Spec.CustomSpec.Spec.Raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil //nolint:nilnil // as above
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	spec := new(T)
	if err := decoder.Decode(spec); err != nil {
		return nil, fault.User(ReasonInvalidSpec, "taskSpec.spec: %w; correct the embedded definition", err)
	}
	return spec, nil
}

// RefuseWorkspaces fails a run that brings workspaces which its kind has no use for.
func RefuseWorkspaces(run *v1beta1.CustomRun, kindName string) error {
	if len(run.Spec.Workspaces) == 0 {
		return nil
	}
	return fault.User(v1beta1.CustomRunReasonWorkspaceNotSupported.String(),
		"workspaces: %s takes none, and %q is given; remove it from the pipeline task", kindName, run.Spec.Workspaces[0].Name)
}
