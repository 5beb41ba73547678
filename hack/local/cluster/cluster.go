package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/corbel-dev/corbel/hack/local/controlplane"
	"github.com/corbel-dev/corbel/hack/local/netns"
	"github.com/corbel-dev/corbel/hack/local/proc"
	"github.com/corbel-dev/corbel/hack/local/progress"
	"github.com/corbel-dev/corbel/hack/local/state"
)

const kind = "clusters"

// Cluster is one cluster, running or not.
type Cluster struct {
	root   state.Root
	record record
	log    *progress.Log
}

// record is what a later program needs to know of a cluster.
type record struct {
	Config    Config         `json:"config"`
	Link      netns.Link     `json:"link"`
	PodCIDR   string         `json:"podCIDR"`
	StepImage string         `json:"stepImage"`
	Slots     map[string]int `json:"slots"` // port ranges by process
}

// ErrNotFound says that no cluster of that name was made here.
var ErrNotFound = errors.New("no such cluster")

// Open finds a cluster that is running.
func Open(name string) (*Cluster, error) {
	c, err := find(state.Default(), name)
	if err != nil {
		return nil, err
	}
	if p, ok := c.Process(controlplane.APIServer); !ok || !p.Running() {
		return nil, fmt.Errorf("cluster %s is not running", name)
	}
	return c, nil
}

// find reads a cluster's record, running or not.
func find(root state.Root, name string) (*Cluster, error) {
	if err := state.CheckName(name); err != nil {
		return nil, err
	}
	c := &Cluster{root: root, log: progress.New(nil, name)}
	c.record.Config.Name = name
	err := state.Load(c.path("cluster.json"), &c.record)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%w: %s", ErrNotFound, name)
	}
	return c, err
}

// List finds all clusters that were made, whole or not.
func List() ([]*Cluster, error) {
	root := state.Default()
	names, err := root.Names(kind)
	if err != nil {
		return nil, err
	}
	var all []*Cluster
	for _, n := range names {
		c, err := find(root, n)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func (c *Cluster) path(elem ...string) string {
	return c.root.Path(append([]string{kind, c.name()}, elem...)...)
}

func (c *Cluster) name() string { return c.record.Config.Name }

func (c *Cluster) save() error { return state.Save(c.path("cluster.json"), c.record) }

func (c *Cluster) settings() controlplane.Settings {
	return controlplane.Settings{
		Name:    c.name(),
		Address: c.record.Link.Address,
		PodCIDR: c.record.PodCIDR,
		Dir:     c.path(),
		Audit:   c.record.Config.AuditLog,
	}
}

// Name is what Up was given.
func (c *Cluster) Name() string { return c.name() }

// Mode is what Up was given.
func (c *Cluster) Mode() Mode { return c.record.Config.Mode }

// Address is the cluster's own address, which this machine, other clusters and hosts
// reach it by.
func (c *Cluster) Address() string { return c.record.Link.Address.String() }

// Server is the URL of its API server, the same from everywhere.
func (c *Cluster) Server() string { return c.settings().Server() }

// Kubeconfig is the path of its administrator's file.
func (c *Cluster) Kubeconfig() string { return c.settings().AdminKubeconfig() }

// AuditLogPath is where the API server logs requests, when it was asked to.
func (c *Cluster) AuditLogPath() string { return c.settings().AuditLog() }

// RESTConfig is its administrator's.
func (c *Cluster) RESTConfig() (*rest.Config, error) { return restConfig(c.Kubeconfig()) }

func restConfig(path string) (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, fmt.Errorf("client configuration: %w", err)
	}
	cfg.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	// The clients' own throttle would hide how quick the server is.
	cfg.QPS, cfg.Burst = 500, 1000
	return cfg, nil
}

// UserKubeconfig is the path of a file for any user, by a client certificate.
func (c *Cluster) UserKubeconfig(user string, groups ...string) (string, error) {
	return c.userKubeconfig(context.Background(), user, groups...)
}

func (c *Cluster) userKubeconfig(ctx context.Context, user string, groups ...string) (string, error) {
	unlock, err := state.Lock(ctx, c.path("users.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	return c.settings().User(user, groups...)
}

// UserConfig is the client configuration of any user.
func (c *Cluster) UserConfig(user string, groups ...string) (*rest.Config, error) {
	path, err := c.UserKubeconfig(user, groups...)
	if err != nil {
		return nil, err
	}
	return restConfig(path)
}

// Processes are its programs, running or not.
func (c *Cluster) Processes() []*Process {
	all, err := proc.Load(c.path("proc"))
	if err != nil {
		c.log.Say("%v", err)
	}
	return all
}

// Process is the program of that name.
func (c *Cluster) Process(name string) (*Process, bool) {
	return proc.Find(c.path("proc"), name)
}
