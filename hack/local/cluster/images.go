package cluster

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/corbel-dev/corbel/hack/local/image"
	"github.com/corbel-dev/corbel/hack/local/manifest"
)

// StepImage is the image for steps of tasks: a shell and the usual small tools.
func (c *Cluster) StepImage() string { return c.record.StepImage }

// shellImages are public images that Tekton's manifests name for running scripts.
const shellImages = "cgr.dev/chainguard/busybox@"

// resolveImages puts images of ours in the place of all that would be pulled.
func (c *Cluster) resolveImages(ctx context.Context, objects []manifest.Object) error {
	r, err := image.Serve(ctx, c.root)
	if err != nil {
		return err
	}
	for _, o := range objects {
		withoutTini(o)
	}
	return manifest.Strings(objects, func(s string) (string, error) {
		if strings.HasPrefix(s, shellImages) {
			return r.Busybox(ctx)
		}
		importPath, ok := strings.CutPrefix(s, manifest.KoScheme)
		if !ok {
			return s, nil
		}
		binary, err := c.program(ctx, importPath)
		if err != nil {
			return "", err
		}
		return r.Program(ctx, importPath, binary)
	})
}

// withoutTini runs a program without the init that our image of it does not have.
func withoutTini(o manifest.Object) {
	containers, found, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "containers")
	if !found {
		return
	}
	for _, c := range containers {
		container, _ := c.(map[string]any)
		command, _ := container["command"].([]any)
		if len(command) > 2 && command[0] == "/sbin/tini" {
			container["command"] = command[2:]
		}
	}
	_ = unstructured.SetNestedSlice(o.Object, containers, "spec", "template", "spec", "containers")
}
