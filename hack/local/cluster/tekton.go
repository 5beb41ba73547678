package cluster

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/corbel-dev/corbel/hack/local/manifest"
	"github.com/corbel-dev/corbel/hack/local/tekton"
)

// InstallTekton installs Tekton Pipelines (controller, webhook, events controller,
// resolvers) and returns when its webhook answers. In ControlPlane mode its programs
// are processes.
func (c *Cluster) InstallTekton(ctx context.Context) error {
	return c.installRelease(ctx, tekton.Pipelines())
}

// InstallTriggers installs Tekton Triggers, after Pipelines. Event listeners are pods
// and need a node.
func (c *Cluster) InstallTriggers(ctx context.Context) error {
	return c.installRelease(ctx, tekton.Triggers())
}

func (c *Cluster) installRelease(ctx context.Context, r tekton.Release) error {
	objects, err := r.Objects(ctx)
	if err != nil {
		return err
	}
	objects, custom := splitCustom(objects)
	late, early := splitNamed(objects, r.Late)
	if err := c.install(ctx, early); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	if err := c.waitWebhook(ctx, r); err != nil {
		return err
	}
	if err := c.apply(ctx, custom); err != nil {
		return err
	}
	if err := c.install(ctx, late); err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	return c.waitServing(ctx, append(early, late...))
}

// splitNamed parts a Deployment and its Service, which has the same name, from the
// rest.
func splitNamed(objects []manifest.Object, name string) (named, rest []manifest.Object) {
	for _, o := range objects {
		if o.GetName() == name && (o.GetKind() == "Deployment" || o.GetKind() == "Service") {
			named = append(named, o)
		} else {
			rest = append(rest, o)
		}
	}
	return named, rest
}

func splitCustom(objects []manifest.Object) (rest, custom []manifest.Object) {
	custom, rest = manifest.Custom(objects)
	return rest, custom
}

// install applies objects; their Deployments become pods, or processes where there is
// no node.
func (c *Cluster) install(ctx context.Context, objects []manifest.Object) error {
	if c.Mode() == Node {
		if err := c.resolveImages(ctx, objects); err != nil {
			return err
		}
		return c.apply(ctx, objects)
	}
	deployments, rest := manifest.Split(objects, "Deployment")
	services := detach(rest)
	if err := c.apply(ctx, rest); err != nil {
		return err
	}
	return c.runAll(ctx, deployments, services)
}

func (c *Cluster) apply(ctx context.Context, objects []manifest.Object) error {
	cfg, err := c.RESTConfig()
	if err != nil {
		return err
	}
	applier, err := manifest.NewApplier(cfg)
	if err != nil {
		return err
	}
	return applier.Apply(ctx, objects)
}

// waitWebhook waits until an object passes the release's webhook. While the webhook
// has not filled in its own configuration, everything would pass without it.
func (c *Cluster) waitWebhook(ctx context.Context, r tekton.Release) error {
	cfg, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	objects, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	resource, _ := metaGuess(r.Probe)
	return c.eventually(ctx, r.Name+" webhook", func(ctx context.Context) error {
		hook, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().Get(ctx, r.Webhook, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if len(hook.Webhooks) == 0 || len(hook.Webhooks[0].ClientConfig.CABundle) == 0 || len(hook.Webhooks[0].Rules) == 0 {
			return errors.New("has not filled in its configuration")
		}
		_, err = objects.Resource(resource).Namespace(r.Probe.GetNamespace()).
			Create(ctx, r.Probe, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	})
}
