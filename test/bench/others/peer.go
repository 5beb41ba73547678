package others

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/util/retry"

	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/hack/local/manifest"
	"github.com/corbel-dev/corbel/test/bench/rig"
)

const (
	peerName = "manual-approval-gate-controller"
	// PeerController is whom the API server knows the peer's controller as.
	PeerController = "system:serviceaccount:tekton-pipelines:" + peerName
)

var approvalTasks = schema.GroupVersionResource{Group: "openshift-pipelines.org", Version: "v1alpha1", Resource: "approvaltasks"}

// Peer is the kind ApprovalTask, to be approved by one user.
func Peer(approver string) rig.Ref {
	return rig.Ref{APIVersion: "openshift-pipelines.org/v1alpha1", Kind: "ApprovalTask", Approvers: []string{approver}}
}

// PeerRun is the peer's controller while it runs.
type PeerRun struct {
	// Version is the checkout's commit.
	Version string
	process *cluster.Process
}

// Stop ends it.
func (p *PeerRun) Stop(ctx context.Context) error {
	return errors.Join(p.process.Stop(ctx), p.process.Forget())
}

// StartPeer builds the peer's controller from a checkout into a folder, and runs it at
// its own settings. Its webhook is left out: it judges who writes, and takes no part
// in what is measured.
func StartPeer(ctx context.Context, r *rig.Rig, checkout, dir string) (*PeerRun, error) {
	binary := filepath.Join(dir, peerName)
	if _, err := output(ctx, checkout, "go", "build", "-o", binary, "./cmd/controller"); err != nil {
		return nil, err
	}
	version, err := output(ctx, checkout, "git", "log", "-1", "--format=%h of %cs")
	if err != nil {
		version = "unknown"
	}
	objects, err := manifest.ReadFolder(filepath.Join(checkout, "config", "kubernetes"))
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	_, objects = manifest.Split(objects, "Service", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
	deployments, objects := manifest.Split(objects, "Deployment")
	cfg, err := r.Cluster.RESTConfig()
	if err != nil {
		return nil, err
	}
	applier, err := manifest.NewApplier(cfg)
	if err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	if err := applier.Apply(ctx, objects); err != nil {
		return nil, fmt.Errorf("peer: %w", err)
	}
	for _, d := range deployments {
		if d.GetName() == peerName {
			p, err := startProcess(ctx, r, d, binary)
			return &PeerRun{Version: version, process: p}, err
		}
	}
	return nil, fmt.Errorf("peer: %s has no Deployment %s", checkout, peerName)
}

func startProcess(ctx context.Context, r *rig.Rig, deployment manifest.Object, binary string) (*cluster.Process, error) {
	w, err := manifest.WorkloadOf(deployment)
	if err != nil {
		return nil, err
	}
	identity, err := r.Cluster.ServiceAccountKubeconfig(w.Namespace, w.ServiceAccount) //nolint:contextcheck // it writes a file
	if err != nil {
		return nil, err
	}
	env := append([]string{"KUBECONFIG=" + identity, "POD_NAME=" + w.Name}, w.Env...)
	env = append(env, "PROBES_PORT=21900", "PROFILING_PORT=21901", "METRICS_PROMETHEUS_PORT=21902")
	return r.Cluster.Start(ctx, cluster.Program{Name: w.Name, Path: binary, Args: w.Args, Env: env})
}

func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	out, err := cmd.Output()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return "", fmt.Errorf("%s in %s: %w\n%s", program, dir, err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}

// PeerOpened waits until every run has its ApprovalTask.
func PeerOpened(ctx context.Context, r *rig.Rig, namespace string, n int) error {
	tasks := r.Admin.Metadata.Resource(approvalTasks).Namespace(namespace)
	return rig.Until(ctx, "all ApprovalTasks are there", func(ctx context.Context) (bool, error) {
		found, err := tasks.List(ctx, metav1.ListOptions{Limit: 1})
		if err != nil {
			return false, err
		}
		have := len(found.Items)
		if rest := found.GetRemainingItemCount(); rest != nil {
			have += int(*rest)
		}
		return have >= n, rig.Sleep(ctx, 100*time.Millisecond)
	})
}

// PeerApprove approves an ApprovalTask as its command-line tool does: read, fill in,
// write; again when somebody else has written meanwhile.
func PeerApprove(ctx context.Context, c *rig.Clients, namespace, name string) error {
	tasks := c.Objects.Resource(approvalTasks).Namespace(namespace)
	err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		task, err := tasks.Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if err := approveAs(task, c.User); err != nil {
			return err
		}
		_, err = tasks.Update(ctx, task, metav1.UpdateOptions{})
		return err
	})
	if err != nil {
		return fmt.Errorf("approve %s: %w", name, err)
	}
	return nil
}

func approveAs(task *unstructured.Unstructured, user string) error {
	approvers, _, err := unstructured.NestedSlice(task.Object, "spec", "approvers")
	if err != nil {
		return err
	}
	for _, a := range approvers {
		if approver, ok := a.(map[string]any); ok && approver["name"] == user {
			approver["input"] = "approve"
		}
	}
	return unstructured.SetNestedSlice(task.Object, approvers, "spec", "approvers")
}
