package others

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/test/bench/rig"
)

const (
	pollers     = "bench-pollers"
	decisionKey = "decision"
)

// Poller is the gate that a pipeline can have without any controller: a step that asks
// for a ConfigMap again and again until somebody has decided.
type Poller struct {
	User string

	kubectl    string
	kubeconfig string
	home       string
	namespace  string
}

// Home is where pollers live.
type Home struct {
	Namespace string
	Dir       string
}

// Polls is what a poller has used.
type Polls struct {
	N        int
	CPU      time.Duration
	Resident int64 // the most that one call took, in bytes
}

// Pollers makes n of them, each with a user and a home of its own, as pods have. The
// homes are under dir.
func Pollers(ctx context.Context, r *rig.Rig, home Home, n int) ([]*Poller, error) {
	kubectl, err := r.Cluster.Binary("kubectl") //nolint:contextcheck // a build is not to be cut short
	if err != nil {
		return nil, err
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: pollers},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: pollers}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
	}
	_, err = r.Admin.Kube.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("admit pollers: %w", err)
	}
	all := make([]*Poller, n)
	for i := range all {
		p := &Poller{User: fmt.Sprintf("poller-%03d", i+1), kubectl: kubectl, namespace: home.Namespace}
		p.kubeconfig, err = r.Cluster.UserKubeconfig(p.User, pollers) //nolint:contextcheck // it writes a file
		if err != nil {
			return nil, err
		}
		if p.home, err = os.MkdirTemp(home.Dir, p.User); err != nil {
			return nil, fmt.Errorf("home: %w", err)
		}
		all[i] = p
	}
	return all, nil
}

// OpenConfigMap makes a ConfigMap that nobody has decided.
func OpenConfigMap(ctx context.Context, c *rig.Clients, namespace, name string) error {
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{decisionKey: ""}}
	_, err := c.Kube.CoreV1().ConfigMaps(namespace).Create(ctx, cm, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	return nil
}

// DecideConfigMap writes the decision.
func DecideConfigMap(ctx context.Context, c *rig.Clients, namespace, name string) error {
	patch := fmt.Appendf(nil, `{"data":{%q:"approved"}}`, decisionKey)
	_, err := c.Kube.CoreV1().ConfigMaps(namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("decide %s: %w", name, err)
	}
	return nil
}

// Wait polls until the ConfigMap is decided.
func (p *Poller) Wait(ctx context.Context, name string, every time.Duration) (Polls, error) {
	var polls Polls
	for {
		decided, err := p.poll(ctx, name, &polls)
		if err != nil || decided {
			return polls, err
		}
		if err := rig.Sleep(ctx, every); err != nil {
			return polls, err
		}
	}
}

func (p *Poller) poll(ctx context.Context, name string, polls *Polls) (bool, error) {
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(ctx, p.kubectl, "get", "configmap", name, //nolint:gosec // built from its pinned source
		"--namespace="+p.namespace, "--output=jsonpath={.data."+decisionKey+"}")
	cmd.Env = []string{"HOME=" + p.home, "KUBECONFIG=" + p.kubeconfig}
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return false, fmt.Errorf("poll %s: %w: %s", name, err, complaints.String())
	}
	polls.N++
	polls.CPU += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		polls.Resident = max(polls.Resident, usage.Maxrss<<10)
	}
	return strings.TrimSpace(out.String()) != "", nil
}
