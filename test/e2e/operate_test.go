package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/corbel-dev/corbel/hack/demo/story"
	"github.com/corbel-dev/corbel/hack/local/build"
)

// TestUpgrade installs again under a waiting gate, and kills the controller's pods:
// whoever comes next decides, once.
func TestUpgrade(t *testing.T) {
	s := prepared(t)
	run, request := waiting(t, s)

	must(t, s.Install(t.Context()))
	_, err := s.Admin.Run(t.Context(), "kubectl", "delete", "pod", "-n", "corbel-system",
		"-l", "app.kubernetes.io/name=corbel-controller", "--grace-period=0", "--force")
	must(t, err)

	_, err = alice(t, s).Run(t.Context(), "tkn", "corbel", "approve", request, "-n", story.Namespace, "--timeout", "2m")
	must(t, err)
	_, err = s.Finish(t.Context(), run)
	must(t, err)
	succeeded(t, s, story.Namespace, run)
	ledger, err := s.Admin.Run(t.Context(), "kubectl", "get", "approvalrequest", request, "-n", story.Namespace,
		"-o", "jsonpath={.status.phase} {.status.decisions[*].reason}")
	must(t, err)
	if ledger != "Approved Counted" {
		t.Errorf("the ledger holds %q, want one decision that counts", ledger)
	}
}

// TestWithoutTheWebhook decides while nothing of the webhook runs: it only fills in
// what people leave out, and the plugin leaves out nothing.
func TestWithoutTheWebhook(t *testing.T) {
	s := prepared(t)
	run, request := waiting(t, s)
	installed = false // should this test stop halfway, the next one installs again
	scale(t, s, "0")
	gone(t, s)

	short := "apiVersion: corbel.dev/v1alpha1\nkind: ApprovalDecision\nmetadata: {generateName: alice-}\n" +
		"spec:\n  request: {name: " + request + "}\n  decision: Approve\n"
	refusal, err := alice(t, s).RefusedInput(t.Context(), short, "kubectl", "create", "-n", story.Namespace, "-f", "-")
	must(t, err)
	contains(t, "what is told of a decision that is not filled in", refusal, "spec.decider: Required value", "spec.gate: Required value")

	_, err = s.RefuseMallory(t.Context(), request)
	must(t, err)
	_, err = s.Approve(t.Context(), request)
	must(t, err)
	_, err = s.Finish(t.Context(), run)
	must(t, err)
	succeeded(t, s, story.Namespace, run)
	scale(t, s, "2")
	installed = true
}

// scale sets how many replicas of the webhook there are.
func scale(t *testing.T, s *story.Stage, replicas string) {
	t.Helper()
	_, err := s.Admin.Run(t.Context(), "kubectl", "scale", "deployment/corbel-webhook", "-n", "corbel-system", "--replicas", replicas)
	must(t, err)
}

// gone waits until no pod of the webhook is left.
func gone(t *testing.T, s *story.Stage) {
	t.Helper()
	_, err := s.Admin.Run(t.Context(), "kubectl", "wait", "pod", "-n", "corbel-system", "-l", "app.kubernetes.io/name=corbel-webhook",
		"--for=delete", "--timeout=1m")
	must(t, err)
}

// ours are the kinds of which an installation has objects.
const ours = "namespaces,deployments,services,configmaps,secrets,serviceaccounts,poddisruptionbudgets," +
	"roles,rolebindings,clusterroles,clusterrolebindings," +
	"mutatingwebhookconfigurations,validatingadmissionpolicies,validatingadmissionpolicybindings"

// TestUninstall takes Corbel away but for its kinds, puts it back, and then takes all
// of it away.
func TestUninstall(t *testing.T) {
	s := prepared(t)
	run, request := waiting(t, s)

	args := []string{"delete", "--timeout=2m"}
	for _, file := range manifests(t) {
		if !strings.Contains(file, "300-crd-") {
			args = append(args, "-f", file)
		}
	}
	installed = false
	_, err := s.Admin.Run(t.Context(), "kubectl", args...)
	must(t, err)
	nothingLeft(t, s, ours)
	phase, err := s.Admin.Run(t.Context(), "kubectl", "get", "approvalrequest", request, "-n", story.Namespace, "-o", "jsonpath={.status.phase}")
	must(t, err)
	if phase != "Pending" {
		t.Errorf("the request is %q without Corbel, want Pending", phase)
	}

	// What waited goes on waiting, and is decided by those who come after.
	s = stage(t)
	_, err = alice(t, s).Run(t.Context(), "tkn", "corbel", "approve", request, "-n", story.Namespace, "--timeout", "2m")
	must(t, err)
	_, err = s.Finish(t.Context(), run)
	must(t, err)
	succeeded(t, s, story.Namespace, run)

	installed = false
	_, err = s.Admin.Run(t.Context(), "ko", "delete", "-f", "config/", "--timeout=2m")
	must(t, err)
	nothingLeft(t, s, ours+",customresourcedefinitions")
	result, err := s.Admin.Run(t.Context(), "kubectl", "get", "customruns", "-n", story.Namespace,
		"-l", "tekton.dev/pipelineRun="+run, "-o", `jsonpath={.items[0].status.results[?(@.name=="decision")].value}`)
	must(t, err)
	if result != "approved" {
		t.Errorf("the run's result is %q after Corbel is gone, want approved", result)
	}
}

func manifests(t *testing.T) []string {
	t.Helper()
	checkout, err := build.Checkout()
	must(t, err)
	files, err := filepath.Glob(filepath.Join(checkout, "config", "*.yaml"))
	must(t, err)
	return files
}

func nothingLeft(t *testing.T, s *story.Stage, kinds string) {
	t.Helper()
	left, err := s.Admin.Run(t.Context(), "kubectl", "get", kinds, "-A", "-l", "app.kubernetes.io/part-of=corbel", "-o", "name")
	must(t, err)
	if left = strings.TrimSpace(left); left != "" {
		t.Errorf("this is left behind:\n%s", left)
	}
}
