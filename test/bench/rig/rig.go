package rig

import (
	"context"
	"errors"
	"fmt"
	"io"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/test/bench/audit"
)

const (
	// SystemNamespace is where the controller lives.
	SystemNamespace = "corbel-system"
	// Controller is whom the API server knows the controller as.
	Controller = "system:serviceaccount:" + SystemNamespace + ":corbel-controller"
	// Tekton is whom the API server knows the pipeline controller as.
	Tekton = "system:serviceaccount:tekton-pipelines:tekton-pipelines-controller"
	// Deciders is the group of all who decide.
	Deciders = "bench-deciders"
)

// Config says what to bring up.
type Config struct {
	Cluster string
	// Replicas of controller and webhook; zero means what config/ says.
	Replicas int
	Log      io.Writer
}

// Rig is a cluster that is ready to be measured.
type Rig struct {
	Cluster *cluster.Cluster
	Audit   *audit.Log
	Admin   *Clients
	log     io.Writer
	load    *meter
	made    int // namespaces
}

// Up makes the cluster, or finds it, and installs this checkout.
func Up(ctx context.Context, cfg Config) (*Rig, error) {
	c, err := cluster.Up(ctx, cluster.Config{
		Name: cfg.Cluster, Mode: cluster.ControlPlane, WithTekton: true, AuditLog: true, Log: cfg.Log,
	})
	if err != nil {
		return nil, err
	}
	if err := c.InstallCorbel(ctx, cluster.CorbelOptions{Replicas: cfg.Replicas}); err != nil {
		return nil, err
	}
	admin, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	r := &Rig{Cluster: c, log: cfg.Log, load: newMeter(c)}
	if r.Admin, err = newClients(admin); err != nil {
		return nil, err
	}
	if r.Audit, err = audit.Open(c.AuditLogPath()); err != nil {
		return nil, err
	}
	if err := errors.Join(r.enableProfiling(ctx), r.admitDeciders(ctx)); err != nil {
		return nil, err
	}
	if err := r.waitServing(ctx); err != nil {
		return nil, err
	}
	return r, r.waitLeading(ctx)
}

// Say tells the person at the terminal what goes on.
func (r *Rig) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(r.log, "bench: "+format+"\n", args...)
}

// enableProfiling serves pprof, by which the heap is read; it is off by default.
func (r *Rig) enableProfiling(ctx context.Context) error {
	patch := []byte(`{"data":{"runtime-profiling":"enabled"}}`)
	_, err := r.Admin.Kube.CoreV1().ConfigMaps(SystemNamespace).
		Patch(ctx, "config-observability", types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("enable profiling: %w", err)
	}
	return nil
}

// admitDeciders gives the group the role that config/ has for people.
func (r *Rig) admitDeciders(ctx context.Context) error {
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: Deciders},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: Deciders}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "corbel-approver"},
	}
	_, err := r.Admin.Kube.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("admit deciders: %w", err)
	}
	return nil
}
