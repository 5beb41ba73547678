package rig

import (
	"errors"
	"fmt"
	"net"

	tektonclient "github.com/tektoncd/pipeline/pkg/client/clientset/versioned"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	corbelclient "github.com/corbel-dev/corbel/pkg/client/clientset/versioned"
)

// Clients are one user's.
type Clients struct {
	User     string
	Kube     kubernetes.Interface
	Corbel   corbelclient.Interface
	Tekton   tektonclient.Interface
	Objects  dynamic.Interface
	Metadata metadata.Interface
}

// newClients has no throttle, and connections of its own.
func newClients(cfg *rest.Config) (*Clients, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	// Clients with a dialer of their own share no connection with others.
	cfg.Dial = new(net.Dialer).DialContext
	c := &Clients{User: cfg.Username}
	var errs [5]error
	c.Kube, errs[0] = kubernetes.NewForConfig(cfg)
	c.Corbel, errs[1] = corbelclient.NewForConfig(cfg)
	c.Tekton, errs[2] = tektonclient.NewForConfig(cfg)
	c.Objects, errs[3] = dynamic.NewForConfig(cfg)
	c.Metadata, errs[4] = metadata.NewForConfig(cfg)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("clients: %w", err)
	}
	return c, nil
}

// Admins are clients of the administrator with connections of their own.
func (r *Rig) Admins(n int) ([]*Clients, error) {
	cfg, err := r.Cluster.RESTConfig()
	if err != nil {
		return nil, err
	}
	all := make([]*Clients, n)
	for i := range all {
		if all[i], err = newClients(cfg); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// People are users with a client certificate each, who may decide.
func (r *Rig) People(n int) ([]*Clients, error) {
	all := make([]*Clients, n)
	for i := range all {
		name := fmt.Sprintf("decider-%03d", i+1)
		cfg, err := r.Cluster.UserConfig(name, Deciders)
		if err != nil {
			return nil, err
		}
		if all[i], err = newClients(cfg); err != nil {
			return nil, err
		}
		all[i].User = name
	}
	return all, nil
}
