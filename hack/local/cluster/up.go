package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/corbel-dev/corbel/hack/local/controlplane"
	"github.com/corbel-dev/corbel/hack/local/image"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/node"
	"github.com/corbel-dev/corbel/hack/local/progress"
	"github.com/corbel-dev/corbel/hack/local/state"
)

// Up makes the cluster, or finishes it, or finds it running. Cancelling ctx leaves what
// is there, for another Up or for Down.
func Up(ctx context.Context, cfg Config) (*Cluster, error) {
	if err := check(cfg); err != nil {
		return nil, err
	}
	root := state.Default()
	unlock, err := state.Lock(ctx, root.Path("locks", kind+"-"+cfg.Name))
	if err != nil {
		return nil, err
	}
	defer unlock()
	c, err := claim(ctx, root, cfg)
	if err != nil {
		return nil, fmt.Errorf("cluster %s: %w", cfg.Name, err)
	}
	steps := []struct {
		what   string
		wanted bool
		do     func(context.Context) error
	}{
		{"programs built", true, c.build},
		{"control plane ready", true, c.startControlPlane},
		{"node ready", cfg.Mode == Node, c.startNode},
		{"Tekton ready", cfg.WithTekton, c.InstallTekton},
	}
	for _, s := range steps {
		if !s.wanted {
			continue
		}
		if err := c.log.Step(s.what, func() error { return s.do(ctx) }); err != nil {
			return nil, fmt.Errorf("cluster %s: %w", cfg.Name, err)
		}
	}
	return c, nil
}

func check(cfg Config) error {
	if err := state.CheckName(cfg.Name); err != nil {
		return err
	}
	if cfg.Mode != ControlPlane && cfg.Mode != Node {
		return fmt.Errorf("mode %q: want %q or %q", cfg.Mode, ControlPlane, Node)
	}
	if os.Geteuid() != 0 {
		return errors.New("network namespaces and cgroups need root")
	}
	return nil
}

// claim records the cluster and gives it a network.
func claim(ctx context.Context, root state.Root, cfg Config) (*Cluster, error) {
	c, err := find(root, cfg.Name)
	switch known := !errors.Is(err, ErrNotFound); {
	case known && err != nil:
		return nil, err
	case known && c.Mode() != cfg.Mode:
		return nil, fmt.Errorf("is there already, as %s", c.Mode())
	case !known && netns.Foreign(cfg.Name):
		return nil, errors.New("a network namespace of that name exists and is not ours")
	}
	// A log that was asked for once is kept: what reads it may be another program.
	cfg.AuditLog = cfg.AuditLog || c.record.Config.AuditLog
	c.record.Config = cfg
	c.log = progress.New(cfg.Log, cfg.Name)
	if err := needPackages(ctx, cfg.Mode, c.log); err != nil {
		return nil, err
	}
	return c, c.connect(ctx)
}

// connect gives the cluster an address, records it, and makes its network.
func (c *Cluster) connect(ctx context.Context) error {
	unlock, err := state.Lock(ctx, c.root.Path("locks", "wan"))
	if err != nil {
		return err
	}
	defer unlock()
	wan, err := netns.OpenWan(c.root)
	if err != nil {
		return err
	}
	address, err := wan.Reserve(kind + "/" + c.name())
	if err != nil {
		return err
	}
	if err := wan.Ensure(ctx); err != nil {
		return err
	}
	c.record.Link = wan.Plan(c.name(), address)
	c.record.PodCIDR = fmt.Sprintf("10.244.%d.0/24", address.As4()[3])
	if c.record.StepImage == "" {
		// Without a node nothing pulls it, but the same pipelines can be made.
		c.record.StepImage = image.StepName(wan)
	}
	if err := c.save(); err != nil {
		return err
	}
	return wan.Join(ctx, c.record.Link)
}

// build makes what the mode needs, one after the other: the compiler uses all cores.
func (c *Cluster) build(ctx context.Context) error {
	names := c.servers()
	if c.Mode() == Node {
		names = append(names, node.Kubelet, node.Proxy, node.DNS)
	}
	for _, name := range names {
		if _, err := c.tool(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) servers() []string {
	servers := []string{controlplane.Etcd, controlplane.APIServer, controlplane.ControllerManager}
	if c.Mode() == Node {
		servers = append(servers, controlplane.Scheduler)
	}
	return servers
}

func (c *Cluster) startControlPlane(ctx context.Context) error {
	if err := c.settings().Prepare(); err != nil {
		return err
	}
	if err := c.startServer(ctx, controlplane.Etcd); err != nil {
		return err
	}
	// An API server that finds no etcd backs off, for up to a minute.
	if err := c.answering(ctx, controlplane.Etcd, "tcp", controlplane.EtcdAddress); err != nil {
		return err
	}
	if err := c.startServer(ctx, controlplane.APIServer); err != nil {
		return err
	}
	if err := c.waitReady(ctx); err != nil {
		return err
	}
	for _, name := range c.servers()[2:] {
		if err := c.startServer(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) startServer(ctx context.Context, name string) error {
	path, err := c.tool(ctx, name)
	if err != nil {
		return err
	}
	_, err = c.Start(ctx, Program{Name: name, Path: path, Args: c.settings().Args(name)})
	return err
}

// waitReady waits for the API server, and fails at once when it has ended.
func (c *Cluster) waitReady(ctx context.Context) error {
	cfg, err := c.RESTConfig()
	if err != nil {
		return err
	}
	cfg.Timeout = 5 * time.Second
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	return c.eventually(ctx, "API server ready", func(ctx context.Context) error {
		for _, name := range []string{controlplane.Etcd, controlplane.APIServer} {
			if p, ok := c.Process(name); !ok || !p.Running() {
				return permanent{fmt.Errorf("%s has ended, see %s", name, p.LogPath())}
			}
		}
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}
