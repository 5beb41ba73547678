package admission_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/corbel-dev/corbel/hack/local/build"
	"github.com/corbel-dev/corbel/hack/local/cluster"
	"github.com/corbel-dev/corbel/hack/local/manifest"
	corbelclient "github.com/corbel-dev/corbel/pkg/client/clientset/versioned"
)

const (
	systemNamespace = "corbel-system"
	webhookService  = "corbel-webhook"
	webhookPort     = 28443
)

// install applies config/ and runs the webhook, but no controller.
func install(ctx context.Context) error {
	checkout, err := build.Checkout()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(checkout, "config", "*.yaml"))
	if err != nil {
		return err
	}
	var workloads []manifest.Object
	var objects []manifest.Object
	for _, file := range files {
		read, err := manifest.Read(file)
		if err != nil {
			return err
		}
		deployments, others := manifest.Split(read, "Deployment")
		workloads = append(workloads, deployments...)
		objects = append(objects, others...)
	}
	manifest.Sort(objects)
	cfg, err := world.RESTConfig()
	if err != nil {
		return err
	}
	applier, err := manifest.NewApplier(cfg)
	if err != nil {
		return err
	}
	if err := applier.Apply(ctx, objects); err != nil {
		return err
	}
	for _, object := range workloads {
		if object.GetName() != webhookService {
			continue
		}
		if err := startWebhook(ctx, object); err != nil {
			return fmt.Errorf("webhook: %w", err)
		}
	}
	return nil
}

// webhookProgram is how the webhook was started.
var webhookProgram cluster.Program

// startWebhook runs the webhook as a process that has its ServiceAccount's rights.
func startWebhook(ctx context.Context, deployment manifest.Object) error {
	w, err := manifest.WorkloadOf(deployment)
	if err != nil {
		return err
	}
	path, err := build.Program(ctx, w.ImportPath)
	if err != nil {
		return err
	}
	identity, err := world.ServiceAccountKubeconfig(w.Namespace, w.ServiceAccount)
	if err != nil {
		return err
	}
	if p, ok := world.Process(w.Name); ok {
		if err := p.Stop(ctx); err != nil {
			return err
		}
	}
	env := append([]string{"KUBECONFIG=" + identity}, w.Env...)
	env = append(env, fmt.Sprintf("WEBHOOK_PORT=%d", webhookPort), "PROBES_PORT=28080", "METRICS_PROMETHEUS_PORT=29090", "PROFILING_PORT=28008")
	webhookProgram = cluster.Program{Name: w.Name, Path: path, Args: w.Args, Env: env}
	if _, err := world.Start(ctx, webhookProgram); err != nil {
		return err
	}
	if err := world.ExposeProcess(ctx, systemNamespace, webhookService, 443, webhookPort); err != nil {
		return err
	}
	return waitInstalled(ctx)
}

// waitInstalled waits until the API server acts by all that was applied.
func waitInstalled(ctx context.Context) error {
	cfg, err := world.RESTConfig()
	if err != nil {
		return err
	}
	kube, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	corbel, err := corbelclient.NewForConfig(cfg)
	if err != nil {
		return err
	}
	dryRun := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
	return eventually(ctx, func(ctx context.Context) error {
		edit, err := kube.RbacV1().ClusterRoles().Get(ctx, "edit", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(edit.Rules, func(r rbacv1.PolicyRule) bool { return slices.Contains(r.APIGroups, "corbel.dev") }) {
			return errors.New("the role edit knows nothing of gates")
		}
		_, err = corbel.CorbelV1alpha1().ApprovalRequests("default").Create(ctx, newRequest("probe", approvalGate), dryRun)
		if err == nil || !strings.Contains(err.Error(), requestPolicy) {
			return fmt.Errorf("the policies are not in force: %w", err)
		}
		// The webhook fills the decider in; the gate it cannot know.
		probe := []byte(`{"apiVersion":"corbel.dev/v1alpha1","kind":"ApprovalDecision","metadata":{"name":"probe"},"spec":{"request":{"name":"probe"},"decision":"Approve"}}`)
		err = corbel.CorbelV1alpha1().RESTClient().Post().Namespace("default").Resource("approvaldecisions").
			Param("dryRun", metav1.DryRunAll).Body(probe).Do(ctx).Error()
		if err == nil || !strings.Contains(err.Error(), "spec.gate.kind") {
			return fmt.Errorf("the webhook does not answer: %w", err)
		}
		return nil
	})
}
