package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/corbel-dev/corbel/hack/local/manifest"
)

// waitServing waits for the Deployments and webhook configurations among objects.
func (c *Cluster) waitServing(ctx context.Context, objects []manifest.Object) error {
	cfg, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	hooks, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	configurations, rest := manifest.Split(objects, "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
	for _, o := range configurations {
		err := c.eventually(ctx, o.GetKind()+" "+o.GetName(), func(ctx context.Context) error { return filledIn(ctx, hooks, o) })
		if err != nil {
			return err
		}
	}
	deployments, _ := manifest.Split(rest, "Deployment")
	for _, d := range deployments {
		err := c.eventually(ctx, d.GetName()+" serving", func(ctx context.Context) error {
			if c.Mode() == ControlPlane {
				return c.listening(ctx, d)
			}
			live, err := client.AppsV1().Deployments(d.GetNamespace()).Get(ctx, d.GetName(), metav1.GetOptions{})
			if err != nil {
				return err
			}
			return rolledOut(live)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// filledIn is nil when the webhook has put its certificate into its configuration.
func filledIn(ctx context.Context, client dynamic.Interface, o manifest.Object) error {
	resource, _ := metaGuess(o)
	live, err := client.Resource(resource).Get(ctx, o.GetName(), metav1.GetOptions{})
	if err != nil {
		return err
	}
	hooks, _, _ := unstructured.NestedSlice(live.Object, "webhooks")
	for _, h := range hooks {
		hook, _ := h.(map[string]any)
		if bundle, _, _ := unstructured.NestedString(hook, "clientConfig", "caBundle"); bundle == "" {
			return errors.New("has no certificate yet")
		}
	}
	return nil
}

func rolledOut(d *appsv1.Deployment) error {
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	s := d.Status
	if s.ObservedGeneration < d.Generation || s.UpdatedReplicas < want || s.AvailableReplicas < want {
		return fmt.Errorf("%d of %d replicas are available", s.AvailableReplicas, want)
	}
	return nil
}

// listening is nil when a Deployment's processes run, and those with a webhook answer.
func (c *Cluster) listening(ctx context.Context, d manifest.Object) error {
	w, err := manifest.WorkloadOf(d)
	if err != nil {
		return permanent{err}
	}
	for replica := range w.Replicas {
		name := replicaName(w.Name, replica)
		p, ok := c.Process(name)
		if !ok || !p.Running() {
			return permanent{fmt.Errorf("%s has ended, see %s", name, p.LogPath())}
		}
		if !w.Has("WEBHOOK_PORT") {
			continue
		}
		ports, err := c.ports(name)
		if err != nil {
			return permanent{err}
		}
		address := net.JoinHostPort(c.Address(), strconv.Itoa(int(ports)+webhookPort))
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		_ = conn.Close()
	}
	return nil
}
