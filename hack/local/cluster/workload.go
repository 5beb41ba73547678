package cluster

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/corbel-dev/corbel/hack/local/manifest"
)

// service is a Service whose selector was taken off, because its endpoints are
// processes.
type service struct {
	namespace, name string
	selector        labels.Set
	ports           []int32
}

// detach takes the selectors off the Services among objects.
func detach(objects []manifest.Object) []service {
	services, _ := manifest.Split(objects, "Service")
	var all []service
	for _, o := range services {
		selector, found, _ := unstructured.NestedStringMap(o.Object, "spec", "selector")
		if !found {
			continue
		}
		unstructured.RemoveNestedField(o.Object, "spec", "selector")
		s := service{namespace: o.GetNamespace(), name: o.GetName(), selector: selector}
		ports, _, _ := unstructured.NestedSlice(o.Object, "spec", "ports")
		for _, p := range ports {
			if port, ok := p.(map[string]any); ok {
				n, _ := port["port"].(int64)
				s.ports = append(s.ports, int32(n)) //nolint:gosec // a port
			}
		}
		all = append(all, s)
	}
	return all
}

// runAll runs the programs of Deployments as processes and points their Services at
// them.
func (c *Cluster) runAll(ctx context.Context, deployments []manifest.Object, services []service) error {
	for _, d := range deployments {
		w, err := manifest.WorkloadOf(d)
		if err != nil {
			return err
		}
		if err := c.runWorkload(ctx, w, services); err != nil {
			return fmt.Errorf("run %s: %w", w.Name, err)
		}
	}
	return nil
}

func (c *Cluster) runWorkload(ctx context.Context, w manifest.Workload, services []service) error {
	path, err := c.program(ctx, w.ImportPath)
	if err != nil {
		return err
	}
	identity, err := c.serviceAccountKubeconfig(ctx, w.Namespace, w.ServiceAccount)
	if err != nil {
		return err
	}
	args := make([]string, len(w.Args))
	for i, a := range w.Args {
		// No pod is made from these, but they must be there.
		args[i] = strings.TrimPrefix(a, manifest.KoScheme)
	}
	for replica := range w.Replicas {
		name := replicaName(w.Name, replica)
		ports, err := c.ports(name)
		if err != nil {
			return err
		}
		// Later ones win: what differs from replica to replica comes last.
		env := slices.Concat(w.Env, []string{"KUBECONFIG=" + identity, "POD_NAME=" + name, "POD_NAMESPACE=" + w.Namespace}, ports.env())
		if err := c.replace(ctx, Program{Name: name, Path: path, Args: args, Env: env}); err != nil {
			return err
		}
		if err := c.exposeAll(ctx, w, services, ports); err != nil {
			return err
		}
	}
	return nil
}

// replicaName is a process's name: the first is called as its Deployment.
func replicaName(workload string, replica int) string {
	if replica == 0 {
		return workload
	}
	return workload + "-" + strconv.Itoa(replica)
}

func (c *Cluster) exposeAll(ctx context.Context, w manifest.Workload, services []service, ports portRange) error {
	for _, s := range services {
		if s.namespace != w.Namespace || !s.selector.AsSelector().Matches(labels.Set(w.Labels)) {
			continue
		}
		for _, p := range s.ports {
			if err := c.ExposeProcess(ctx, s.namespace, s.name, p, ports.of(p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// ServiceAccountKubeconfig is the path of a file whose user is a service account, with
// no more rights than its roles give.
func (c *Cluster) ServiceAccountKubeconfig(namespace, name string) (string, error) {
	return c.serviceAccountKubeconfig(context.Background(), namespace, name)
}

func (c *Cluster) serviceAccountKubeconfig(ctx context.Context, namespace, name string) (string, error) {
	return c.userKubeconfig(ctx, "system:serviceaccount:"+namespace+":"+name,
		"system:serviceaccounts", "system:serviceaccounts:"+namespace)
}

// portRange is a process's own ports: in a pod all would have the same.
type portRange int32

const (
	firstPort     = 20000
	portsEach     = 10
	probesPort    = 0
	profilingPort = 1
	metricsPort   = 2
	webhookPort   = 3
)

// ports gives a process its range, the same each time.
func (c *Cluster) ports(process string) (portRange, error) {
	if c.record.Slots == nil {
		c.record.Slots = map[string]int{}
	}
	slot, ok := c.record.Slots[process]
	if !ok {
		slot = len(c.record.Slots)
		c.record.Slots[process] = slot
		if err := c.save(); err != nil {
			return 0, err
		}
	}
	return portRange(firstPort + portsEach*slot), nil //nolint:gosec // some dozens
}

func (r portRange) env() []string {
	at := func(name string, offset portRange) string { return fmt.Sprintf("%s=%d", name, r+offset) }
	return []string{
		at("PROBES_PORT", probesPort), at("PROFILING_PORT", profilingPort),
		at("METRICS_PROMETHEUS_PORT", metricsPort), at("WEBHOOK_PORT", webhookPort),
	}
}

// of is the port that stands for a Service's.
func (r portRange) of(servicePort int32) int32 {
	switch servicePort {
	case 8080:
		return int32(r + probesPort)
	case 8008:
		return int32(r + profilingPort)
	case 9090, 9000:
		return int32(r + metricsPort)
	case 443:
		return int32(r + webhookPort)
	}
	return servicePort
}

// metaGuess is the resource of a kind with a regular plural.
func metaGuess(o manifest.Object) (schema.GroupVersionResource, schema.GroupVersionResource) {
	return meta.UnsafeGuessKindToResource(o.GroupVersionKind())
}
