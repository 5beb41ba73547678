package rig

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/hack/local/cluster"
)

const controllerName = "corbel-controller"

// Controllers are the replicas of the controller.
func (r *Rig) Controllers() ([]*cluster.Process, error) {
	var all []*cluster.Process
	for _, p := range r.Cluster.Processes() {
		if p.Name == controllerName || strings.HasPrefix(p.Name, controllerName+"-") {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the cluster runs no controller")
	}
	return all, nil
}

// KillControllers ends all replicas as a crash would and starts them again at once.
func (r *Rig) KillControllers() error {
	all, err := r.Controllers()
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := p.Kill(); err != nil {
			return err
		}
	}
	for _, p := range all {
		if _, err := p.Restart(); err != nil {
			return err
		}
	}
	return nil
}

// RenewControllers ends all replicas in order and starts them again, so that nothing
// of what they did before is in their memory.
func (r *Rig) RenewControllers(ctx context.Context) error {
	all, err := r.Controllers()
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := p.Stop(ctx); err != nil {
			return err
		}
	}
	for _, p := range all {
		if _, err := p.Restart(); err != nil {
			return err
		}
	}
	if err := r.waitServing(ctx); err != nil {
		return err
	}
	return r.waitLeading(ctx)
}

// waitServing waits until every replica has started: pprof answers last.
func (r *Rig) waitServing(ctx context.Context) error {
	all, err := r.Controllers()
	if err != nil {
		return err
	}
	for _, p := range all {
		err := Until(ctx, p.Name+" serves", func(ctx context.Context) (bool, error) {
			if !p.Running() {
				return false, fmt.Errorf("it has ended, see %s", p.LogPath())
			}
			body, err := r.pprof(ctx, p, "cmdline")
			if err != nil {
				return false, nil //nolint:nilerr // it is still starting
			}
			return true, body.Close()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// waitLeading waits until every part of the work has a leader that runs.
func (r *Rig) waitLeading(ctx context.Context) error {
	leases := r.Admin.Kube.CoordinationV1().Leases(SystemNamespace)
	begin := time.Now()
	return Until(ctx, "the controllers lead", func(ctx context.Context) (bool, error) {
		found, err := leases.List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		ours := 0
		for _, l := range found.Items {
			if !strings.HasPrefix(l.Name, controllerName+".") {
				continue
			}
			ours++
			if !held(l, begin) {
				return false, nil
			}
		}
		return ours > 0, nil
	})
}

// held is true for a lease that somebody has renewed since.
func held(l coordinationv1.Lease, since time.Time) bool {
	return l.Spec.HolderIdentity != nil && *l.Spec.HolderIdentity != "" &&
		l.Spec.RenewTime != nil && l.Spec.RenewTime.After(since)
}

// Settled waits until the controllers have asked for nothing, leader election and
// watches aside, for some seconds.
func (r *Rig) Settled(ctx context.Context) error {
	const quiet = 3 * time.Second
	deadline := time.Now().Add(Patience)
	for time.Now().Before(deadline) {
		if err := r.Audit.Skip(); err != nil {
			return err
		}
		if err := Sleep(ctx, quiet); err != nil {
			return err
		}
		events, err := r.Audit.Read()
		if err != nil {
			return err
		}
		if !busy(events) {
			return nil
		}
	}
	return fmt.Errorf("the controllers were busy for %s", Patience)
}

// Sleep waits, unless the run is interrupted.
func Sleep(ctx context.Context, d time.Duration) error { return sleepUntil(ctx, time.Now().Add(d)) }
