package cluster

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/corbel-dev/corbel/hack/local/cgroup"
	"github.com/corbel-dev/corbel/hack/local/debian"
	"github.com/corbel-dev/corbel/hack/local/image"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/node"
)

// startNode starts the node's programs and waits until the node takes pods.
func (c *Cluster) startNode(ctx context.Context) error {
	s, err := c.nodeSettings(ctx)
	if err != nil {
		return err
	}
	if err := s.Write(); err != nil {
		return err
	}
	if err := cgroup.Of(c.name()).Create(); err != nil {
		return err
	}
	if err := netns.Run(ctx, c.record.Link.Namespace, debian.Find("nft"), "-f", s.Masquerade()); err != nil {
		return err
	}
	for _, name := range []string{node.Containerd, node.Kubelet, node.Proxy, node.DNS} {
		path := debian.Find(name)
		if name != node.Containerd {
			if path, err = c.tool(ctx, name); err != nil {
				return err
			}
		}
		if _, err := c.Start(ctx, Program{Name: name, Path: path, Args: s.Args(name)}); err != nil {
			return err
		}
		// A kubelet that finds no runtime ends at once.
		if err := c.answering(ctx, node.Containerd, "unix", s.Socket()); err != nil {
			return err
		}
	}
	return c.waitNode(ctx)
}

func (c *Cluster) nodeSettings(ctx context.Context) (node.Settings, error) {
	r, err := image.Serve(ctx, c.root)
	if err != nil {
		return node.Settings{}, err
	}
	pause, err := r.Pause(ctx)
	if err != nil {
		return node.Settings{}, err
	}
	if c.record.StepImage, err = r.Busybox(ctx); err != nil {
		return node.Settings{}, err
	}
	if err := c.save(); err != nil {
		return node.Settings{}, err
	}
	cp := c.settings()
	return node.Settings{
		Name: c.name(), Address: c.Address(), Dir: c.path("node"), PodCIDR: c.record.PodCIDR,
		CgroupRoot: cgroup.Of(c.name()).Root(), PauseImage: pause,
		Registries: []string{r.Local, r.Wan}, RegistryServer: "http://" + r.Wan,
		CA: cp.CA(), Serving: cp.KubeletServing(),
		Kubeconfig: cp.NodeKubeconfig(), ProxyKubeconfig: cp.ProxyKubeconfig(),
	}, nil
}

func (c *Cluster) waitNode(ctx context.Context) error {
	cfg, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	return c.eventually(ctx, "node ready", func(ctx context.Context) error {
		for _, name := range []string{node.Containerd, node.Kubelet} {
			if p, ok := c.Process(name); !ok || !p.Running() {
				return permanent{fmt.Errorf("%s has ended, see %s", name, p.LogPath())}
			}
		}
		n, err := client.CoreV1().Nodes().Get(ctx, c.name(), metav1.GetOptions{})
		if err != nil {
			return err
		}
		for _, condition := range n.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue {
				return errors.New(condition.Message)
			}
			if condition.Type == corev1.NodeReady {
				return nil
			}
		}
		return errors.New("node has no conditions")
	})
}
