package tekton

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/corbel-dev/corbel/hack/local/build"
	"github.com/corbel-dev/corbel/hack/local/manifest"
)

// Namespace is where Tekton's own programs are.
const Namespace = "tekton-pipelines"

// Release is one of Tekton's projects at its pinned version.
type Release struct {
	Name    string
	module  string
	version string
	// Webhook is the mutating webhook configuration that is filled in when the
	// project's webhook is up.
	Webhook string
	// Probe is an object that the webhook lets pass, to see whether it answers.
	Probe manifest.Object
	// Late is a Deployment that writes into custom objects when it starts, and so must
	// come after them.
	Late string
}

// Pipelines has the controller, webhook, events controller and resolvers.
func Pipelines() Release {
	return Release{
		Name: "Tekton Pipelines", module: "github.com/tektoncd/pipeline", version: "v1.15.0",
		Webhook: "webhook.pipeline.tekton.dev",
		Probe: probe("tekton.dev/v1", "Task", map[string]any{
			"steps": []any{map[string]any{"name": "probe", "image": "probe", "command": []any{"true"}}},
		}),
	}
}

// Triggers has the controller, webhook and core interceptors.
func Triggers() Release {
	return Release{
		Name: "Tekton Triggers", module: "github.com/tektoncd/triggers", version: "v0.37.0",
		Webhook: "webhook.triggers.tekton.dev",
		Late:    "tekton-triggers-core-interceptors",
		Probe: probe("triggers.tekton.dev/v1beta1", "TriggerBinding", map[string]any{
			"params": []any{map[string]any{"name": "probe", "value": "probe"}},
		}),
	}
}

func probe(apiVersion, kind string, spec map[string]any) manifest.Object {
	o := &manifest.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetName("corbel-local-probe")
	o.SetNamespace("default")
	return o
}

// Objects are the release's objects, images still as ko references.
func (r Release) Objects(ctx context.Context) ([]manifest.Object, error) {
	dir, err := build.Module(ctx, r.module)
	if err != nil {
		return nil, err
	}
	objects, err := manifest.Read(filepath.Join(dir, "config"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Name, err)
	}
	// Nothing here measures load, so an autoscaler would only complain.
	_, objects = manifest.Split(objects, "HorizontalPodAutoscaler")
	return objects, manifest.Strings(objects, r.stamp)
}

// stamp writes the version where a release has it.
func (r Release) stamp(s string) (string, error) {
	if s == "devel" {
		return r.version, nil
	}
	return s, nil
}
