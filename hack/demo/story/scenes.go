package story

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	patience = 3 * time.Minute
	// Manifests of the demo, from the top of the checkout.
	Manifests = "hack/demo/manifests/"
	// Comment of the one who approves.
	Comment = "tests are green, change 4711"
)

// Who takes part, with the groups that the cluster knows them to be in.
const (
	Approver       = "alice"
	ApproverGroup  = "release"
	Developer      = "mallory"
	DeveloperGroup = "developers"
)

// Install installs Corbel from this checkout, and waits until it runs.
func (s *Stage) Install(ctx context.Context) error {
	ko := s.Admin
	ko.terse = true // it tells of every layer of every image
	if _, err := ko.Run(ctx, "ko", "apply", "-f", "config/"); err != nil {
		return err
	}
	_, err := s.Admin.Run(ctx, "kubectl", "rollout", "status", "-n", "corbel-system", "--timeout", patience.String(),
		"deployment/corbel-controller", "deployment/corbel-webhook")
	return err
}

// Prepare makes the namespace with the gate, its approvers and the pipeline.
func (s *Stage) Prepare(ctx context.Context) error {
	_, err := s.Admin.Run(ctx, "kubectl", "apply", "-f", Manifests)
	return err
}

// Begin starts the pipeline and returns the name of the PipelineRun.
func (s *Stage) Begin(ctx context.Context) (string, error) {
	text, err := s.Admin.Run(ctx, "tkn", "pipeline", "start", "release", "-n", Namespace,
		"-p", "image="+s.Image, "--pipeline-timeout", "73h", "-o", "name")
	if err != nil {
		return "", err
	}
	_, name, ok := strings.Cut(strings.TrimSpace(text), "/")
	if !ok {
		name = strings.TrimSpace(text)
	}
	return name, nil
}

var errOver = errors.New("it is over")

// Await waits until the PipelineRun waits at the gate, and returns the name of the
// ApprovalRequest.
func (s *Stage) Await(ctx context.Context, run string) (string, error) {
	name := ""
	err := wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		var err error
		name, err = s.Admin.Ask(ctx, "kubectl", "get", "approvalrequests", "-n", Namespace,
			"-l", "tekton.dev/pipelineRun="+run, "-o", `jsonpath={.items[?(@.status.phase=="Pending")].metadata.name}`)
		if name != "" || err != nil {
			return name != "", err
		}
		over, err := s.Admin.Ask(ctx, "kubectl", "get", "pipelinerun", run, "-n", Namespace, "-o", "jsonpath={.status.completionTime}")
		if err == nil && over != "" {
			err = errOver
		}
		return false, err
	})
	if err != nil {
		return "", fmt.Errorf("PipelineRun %s does not come to its gate: %w", run, errors.Join(err, s.explain(ctx, run)))
	}
	return name, nil
}

// explain says how a PipelineRun stands, when it does not do what it should.
func (s *Stage) explain(ctx context.Context, run string) error {
	text, err := s.Admin.Ask(context.WithoutCancel(ctx), "tkn", "pipelinerun", "describe", run, "-n", Namespace)
	if err != nil {
		return err
	}
	if s.local == nil {
		text += "\nThe steps run in " + s.Image + "; " + imageVariable + " names another image."
	}
	return errors.New(text)
}

// LookAround shows a waiting gate as users see it, with and without the plugin.
func (s *Stage) LookAround(ctx context.Context, run, request string) error {
	alice, err := s.As(Approver, ApproverGroup) //nolint:contextcheck // waits for the lock of a file alone
	if err != nil {
		return err
	}
	for _, step := range []struct {
		who  Shell
		line []string
	}{
		{s.Admin, []string{"tkn", "pipelinerun", "list", "-n", Namespace}},
		{s.Admin, []string{"tkn", "pipelinerun", "describe", run, "-n", Namespace}},
		{s.Admin, []string{"kubectl", "get", "approvalrequests", "-n", Namespace}},
		{alice, []string{"tkn", "corbel", "approvals", "-n", Namespace}},
		{alice, []string{"tkn", "corbel", "explain", request, "-n", Namespace}},
	} {
		if _, err := step.who.Run(ctx, step.line[0], step.line[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// RefuseMallory shows that whoever may write pipelines cannot open the gate, neither
// in her own name nor in another's. It returns what the API server answered.
func (s *Stage) RefuseMallory(ctx context.Context, request string) (string, error) {
	mallory, err := s.As(Developer, DeveloperGroup) //nolint:contextcheck // as above
	if err != nil {
		return "", err
	}
	own, err := mallory.Refused(ctx, "tkn", "corbel", "approve", request, "-n", Namespace)
	if err != nil {
		return own, err
	}
	forged := fmt.Sprintf(`apiVersion: corbel.dev/v1alpha1
kind: ApprovalDecision
metadata: {generateName: forged-, namespace: %s}
spec:
  request: {name: %s}
  gate: {kind: Approval, name: production}
  decision: Approve
  decider: {username: %s, groups: [%s]}
`, Namespace, request, Approver, ApproverGroup)
	other, err := mallory.RefusedInput(ctx, forged, "kubectl", "create", "-f", "-")
	return own + other, err
}

// Approve decides as one who may.
func (s *Stage) Approve(ctx context.Context, request string) (string, error) {
	alice, err := s.As(Approver, ApproverGroup) //nolint:contextcheck // waits for the lock of a file alone
	if err != nil {
		return "", err
	}
	return alice.Run(ctx, "tkn", "corbel", "approve", request, "-n", Namespace, "-m", Comment)
}

// Finish follows the PipelineRun to its end, and returns its log.
func (s *Stage) Finish(ctx context.Context, run string) (string, error) {
	text, err := s.Admin.Run(ctx, "tkn", "pipelinerun", "logs", "-f", run, "-n", Namespace)
	if err != nil {
		return text, err
	}
	for _, line := range [][]string{
		{"kubectl", "get", "customruns,approvalrequests", "-n", Namespace, "-l", "tekton.dev/pipelineRun=" + run},
		{"tkn", "pipelinerun", "list", "-n", Namespace},
	} {
		if _, err := s.Admin.Run(ctx, line[0], line[1:]...); err != nil {
			return text, err
		}
	}
	return text, nil
}

// Clear takes away what the story made, but for Corbel and the cluster.
func (s *Stage) Clear(ctx context.Context) error {
	_, err := s.Admin.Run(ctx, "kubectl", "delete", "namespace", Namespace, "--ignore-not-found")
	return err
}
