package cluster

import (
	"context"
	"fmt"

	"github.com/corbel-dev/corbel/hack/local/controlplane"
	"github.com/corbel-dev/corbel/hack/local/proc"
)

// Start runs a program in the cluster's network. It outlives this program; one that
// runs already under the name is left as it is.
func (c *Cluster) Start(_ context.Context, p Program) (*Process, error) {
	return proc.Start(c.path("proc"), c.spec(p))
}

func (c *Cluster) spec(p Program) proc.Spec {
	return proc.Spec{
		Name:      p.Name,
		Path:      p.Path,
		Args:      p.Args,
		Env:       append([]string{"KUBECONFIG=" + c.Kubeconfig()}, p.Env...),
		Namespace: c.record.Link.Namespace,
	}
}

// replace starts a program, after ending one of the name that was started differently,
// from an older build for one.
func (c *Cluster) replace(ctx context.Context, p Program) error {
	if old, ok := c.Process(p.Name); ok && old.Running() && !old.Spec().Equal(c.spec(p)) {
		if err := old.Stop(ctx); err != nil {
			return err
		}
	}
	_, err := c.Start(ctx, p)
	return err
}

// RestartAPIServer ends the API server as a crash would, starts it again and returns
// when it is ready. The scheduler and the controller manager are restarted with it:
// their caches do not survive a server that was replaced under them.
func (c *Cluster) RestartAPIServer(ctx context.Context) error {
	for _, name := range append([]string{controlplane.APIServer}, c.servers()[2:]...) {
		p, ok := c.Process(name)
		if !ok {
			return fmt.Errorf("cluster %s has no %s", c.name(), name)
		}
		if err := p.End(ctx); err != nil {
			return err
		}
		if _, err := p.Again(); err != nil {
			return err
		}
		if name != controlplane.APIServer {
			continue
		}
		if err := c.waitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Partition takes the cluster's cable out: nothing outside reaches it, and it reaches
// nothing outside.
func (c *Cluster) Partition(ctx context.Context) error { return c.record.Link.Cut(ctx) }

// Heal puts the cable back.
func (c *Cluster) Heal(ctx context.Context) error { return c.record.Link.Mend(ctx) }
