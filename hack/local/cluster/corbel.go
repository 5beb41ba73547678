package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/corbel-dev/corbel/hack/local/build"
	"github.com/corbel-dev/corbel/hack/local/manifest"
)

// CorbelOptions change how this project's own programs are run.
type CorbelOptions struct {
	// Replicas of each program; zero means what the manifests say.
	Replicas int
	// ExtraArgs are added to the controller's.
	ExtraArgs []string
	// Folder of the manifests under config/; empty means config/ itself, the hub's.
	Folder string
}

const controllerName = "corbel-controller"

// InstallCorbel installs this checkout's config/: by ko into pods, or as processes
// where there is no node. A second call brings what has changed since. It returns when
// the webhooks have filled in their configurations and answer.
func (c *Cluster) InstallCorbel(ctx context.Context, o CorbelOptions) error {
	checkout, err := build.Checkout()
	if err != nil {
		return err
	}
	folder := filepath.Join(checkout, "config", o.Folder)
	read := manifest.ReadFolder
	if c.Mode() == Node {
		read = func(folder string) ([]manifest.Object, error) { return c.koResolve(ctx, checkout, folder) }
	}
	objects, err := read(folder)
	if err != nil {
		return fmt.Errorf("install Corbel: %w", err)
	}
	for _, d := range objects {
		if err := o.change(d); err != nil {
			return fmt.Errorf("install Corbel: %w", err)
		}
	}
	objects, custom := splitCustom(objects)
	if err := c.install(ctx, objects); err != nil {
		return fmt.Errorf("install Corbel: %w", err)
	}
	if err := c.waitServing(ctx, objects); err != nil {
		return fmt.Errorf("install Corbel: %w", err)
	}
	return c.apply(ctx, custom)
}

// change puts the options into a Deployment.
func (o CorbelOptions) change(d manifest.Object) error {
	if d.GetKind() != "Deployment" {
		return nil
	}
	if o.Replicas > 0 {
		if err := unstructured.SetNestedField(d.Object, int64(o.Replicas), "spec", "replicas"); err != nil {
			return err
		}
	}
	if d.GetName() != controllerName || len(o.ExtraArgs) == 0 {
		return nil
	}
	path := []string{"spec", "template", "spec", "containers"}
	containers, _, err := unstructured.NestedSlice(d.Object, path...)
	if err != nil || len(containers) == 0 {
		return fmt.Errorf("containers of %s: %w", d.GetName(), err)
	}
	first, _ := containers[0].(map[string]any)
	args, _ := first["args"].([]any)
	for _, a := range o.ExtraArgs {
		args = append(args, a)
	}
	first["args"] = args
	return unstructured.SetNestedSlice(d.Object, containers, path...)
}

// koResolve builds the images of a folder's manifests and reads the manifests with
// references to them.
func (c *Cluster) koResolve(ctx context.Context, checkout, folder string) ([]manifest.Object, error) {
	ko, err := c.tool(ctx, "ko")
	if err != nil {
		return nil, err
	}
	env, err := KoEnv(ctx)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, ko, "resolve", "--filename", folder) //nolint:gosec // built from its pinned source
	cmd.Dir, cmd.Stdout, cmd.Stderr = checkout, &stdout, &stderr
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("ko resolve: %w\n%s", err, stderr.String())
	}
	objects, err := manifest.Parse(stdout.Bytes())
	manifest.Sort(objects)
	return objects, err
}
