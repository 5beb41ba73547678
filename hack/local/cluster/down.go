package cluster

import (
	"context"
	"fmt"
	"os"

	"github.com/corbel-dev/corbel/hack/local/cgroup"
	"github.com/corbel-dev/corbel/hack/local/image"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/node"
	"github.com/corbel-dev/corbel/hack/local/proc"
	"github.com/corbel-dev/corbel/hack/local/progress"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// Down removes a cluster from any state, also one that was made only in part or by a
// program that crashed. What is not there is no error.
func Down(ctx context.Context, cfg Config) error {
	c, err := find(state.Default(), cfg.Name)
	if c == nil {
		return err
	}
	// A record that cannot be read is no reason to stop: all follows from the name.
	c.log = progress.New(cfg.Log, cfg.Name)
	return c.Down(ctx)
}

// Down ends all of the cluster's programs and pods and removes what it made.
func (c *Cluster) Down(ctx context.Context) error {
	unlock, err := state.Lock(ctx, c.root.Path("locks", kind+"-"+c.name()))
	if err != nil {
		return err
	}
	defer unlock()
	steps := []struct {
		what string
		do   func(context.Context) error
	}{
		{"programs ended", c.endPrograms},
		{"pods ended", c.endPods},
		{"mounts and cgroups removed", c.removeNodeTraces},
		{"network removed", c.leave},
		{"files removed", c.removeFiles},
	}
	for _, s := range steps {
		if err := c.log.Step(s.what, func() error { return s.do(ctx) }); err != nil {
			return fmt.Errorf("cluster %s: %w", c.name(), err)
		}
	}
	return nil
}

// endPrograms kills instead of asking: nothing of the cluster's is to be kept.
func (c *Cluster) endPrograms(context.Context) error {
	return proc.KillAll(func() []int { return proc.Marked(c.path()) })
}

// endPods comes after the programs, which would start pods again.
func (c *Cluster) endPods(context.Context) error {
	return proc.KillAll(cgroup.Of(c.name()).Processes)
}

func (c *Cluster) removeNodeTraces(ctx context.Context) error {
	if err := node.Sweep(c.path()); err != nil {
		return err
	}
	return cgroup.Of(c.name()).Remove(ctx)
}

func (c *Cluster) leave(ctx context.Context) error {
	unlock, err := state.Lock(ctx, c.root.Path("locks", "wan"))
	if err != nil {
		return err
	}
	defer unlock()
	wan, err := netns.OpenWan(c.root)
	if err != nil {
		return err
	}
	// A namespace for which no address was reserved is another's.
	if address, ours := wan.Of(kind + "/" + c.name()); ours {
		if err := wan.Plan(c.name(), address).Remove(ctx); err != nil {
			return err
		}
	}
	if err := wan.Release(ctx, kind+"/"+c.name()); err != nil {
		return err
	}
	if wan.Empty() {
		return image.Stop(ctx, c.root)
	}
	return nil
}

func (c *Cluster) removeFiles(context.Context) error {
	mounted, err := node.Mounted(c.path())
	if err != nil {
		return err
	}
	if mounted {
		return fmt.Errorf("something is still mounted under %s", c.path())
	}
	if err := os.RemoveAll(c.path()); err != nil {
		return fmt.Errorf("remove files: %w", err)
	}
	return nil
}
