package conformance

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// patience is more than it takes Tekton's own controllers to find a new leader.
const patience = 2 * time.Minute

// story is one test in a namespace of its own.
type story struct {
	*testing.T
	admin     actor
	namespace string
	// upset is set where the API server itself fails: then errors are told as such.
	upset bool
}

// begin opens a story that shows some points of the contract.
func begin(t *testing.T, points ...int) *story {
	t.Helper()
	shows(t, points...)
	s := &story{T: t, admin: admin(t), namespace: newNamespace(t)}
	t.Cleanup(func() {
		if !s.upset {
			s.noInternalError()
		}
	})
	return s
}

// eventually waits until what is read passes, and says how it stood when it never did.
func eventually[T any](s *story, what string, read func(ctx context.Context) (T, error), passes func(T) bool) T {
	s.Helper()
	var last T
	var lastErr error
	err := wait.PollUntilContextTimeout(s.Context(), 150*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		last, lastErr = read(ctx)
		return lastErr == nil && passes(last), nil
	})
	if err != nil {
		raw, _ := yaml.Marshal(last)
		s.Fatalf("%s: %v (%v)\n%s", what, err, lastErr, raw)
	}
	return last
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// start makes a PipelineRun of a spec in YAML.
func (s *story) start(spec string) *pipelinev1.PipelineRun { return s.startNamed("release", spec) }

func (s *story) startNamed(name, spec string) *pipelinev1.PipelineRun {
	s.Helper()
	pr := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Name: name}}
	s.must(yaml.UnmarshalStrict([]byte(spec), &pr.Spec))
	pr, err := s.admin.tekton.TektonV1().PipelineRuns(s.namespace).Create(s.Context(), pr, metav1.CreateOptions{})
	s.must(err)
	return pr
}

// startRun makes a CustomRun that belongs to no PipelineRun.
func (s *story) startRun(name, spec string) *v1beta1.CustomRun {
	s.Helper()
	run, err := s.tryRun(name, spec)
	s.must(err)
	return run
}

// tryRun sends what is written, as kubectl does: the types would add to it.
func (s *story) tryRun(name, spec string) (*v1beta1.CustomRun, error) {
	s.Helper()
	object := map[string]any{"apiVersion": "tekton.dev/v1beta1", "kind": "CustomRun", "metadata": map[string]any{"name": name}}
	inner := map[string]any{}
	s.must(yaml.Unmarshal([]byte(spec), &inner))
	object["spec"] = inner
	raw, err := json.Marshal(object)
	s.must(err)
	run := &v1beta1.CustomRun{}
	return run, s.admin.tekton.TektonV1beta1().RESTClient().Post().Namespace(s.namespace).Resource("customruns").Body(raw).
		SetHeader("Content-Type", "application/json").Do(s.Context()).Into(run)
}

func (s *story) define(name, spec string) {
	s.Helper()
	a := &v1alpha1.Approval{ObjectMeta: metav1.ObjectMeta{Name: name}}
	s.must(yaml.UnmarshalStrict([]byte(spec), &a.Spec))
	_, err := s.admin.corbel.CorbelV1alpha1().Approvals(s.namespace).Create(s.Context(), a, metav1.CreateOptions{})
	s.must(err)
}

func (s *story) pipelineRun(pr *pipelinev1.PipelineRun, what string, passes func(*pipelinev1.PipelineRun) bool) *pipelinev1.PipelineRun {
	s.Helper()
	return eventually(s, "PipelineRun "+what, func(ctx context.Context) (*pipelinev1.PipelineRun, error) {
		return s.admin.tekton.TektonV1().PipelineRuns(s.namespace).Get(ctx, pr.Name, metav1.GetOptions{})
	}, passes)
}

// ends waits for the end of a PipelineRun with a reason.
func (s *story) ends(pr *pipelinev1.PipelineRun, reason string) *pipelinev1.PipelineRun {
	s.Helper()
	pr = s.pipelineRun(pr, "done", func(pr *pipelinev1.PipelineRun) bool { return pr.IsDone() })
	if got := pr.Status.GetCondition(apis.ConditionSucceeded); got.GetReason() != reason {
		raw, _ := yaml.Marshal(pr.Status)
		s.Errorf("PipelineRun: want %s, got %s: %s\n%s", reason, got.GetReason(), got.GetMessage(), raw)
	}
	return pr
}

func (s *story) run(run *v1beta1.CustomRun, what string, passes func(*v1beta1.CustomRun) bool) *v1beta1.CustomRun {
	s.Helper()
	return eventually(s, "CustomRun "+run.Name+" "+what, func(ctx context.Context) (*v1beta1.CustomRun, error) {
		return s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Get(ctx, run.Name, metav1.GetOptions{})
	}, passes)
}

// finishes waits for the end of a run as "False/Rejected", with both times set.
func (s *story) finishes(run *v1beta1.CustomRun, condition string) *v1beta1.CustomRun {
	s.Helper()
	run = s.run(run, "finished", func(r *v1beta1.CustomRun) bool { return r.UID == run.UID && r.Status.CompletionTime != nil })
	if got := conditionOf(run); got != condition {
		raw, _ := yaml.Marshal(run.Status)
		s.Errorf("%s: want %s, got %s\n%s", run.Name, condition, got, raw)
	}
	if run.Status.StartTime == nil || run.Status.Conditions[0].Type != apis.ConditionSucceeded || run.Status.CompletionTime.Before(run.Status.StartTime) {
		s.Errorf("%s: from %s to %s, conditions %v", run.Name, run.Status.StartTime, run.Status.CompletionTime, run.Status.Conditions)
	}
	return run
}

func conditionOf(run *v1beta1.CustomRun) string {
	c := run.Status.GetCondition(apis.ConditionSucceeded)
	if c == nil {
		return ""
	}
	return string(c.Status) + "/" + c.Reason
}

// runsOf are the runs of a pipeline task, as soon as there are n.
func (s *story) runsOf(pr *pipelinev1.PipelineRun, task string, n int) []v1beta1.CustomRun {
	s.Helper()
	selector := "tekton.dev/pipelineRun=" + pr.Name + ",tekton.dev/pipelineTask=" + task
	list := eventually(s, "runs of "+task, func(ctx context.Context) (*v1beta1.CustomRunList, error) {
		return s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	}, func(l *v1beta1.CustomRunList) bool { return len(l.Items) >= n })
	return list.Items
}

// runOf is the one run of a pipeline task.
func (s *story) runOf(pr *pipelinev1.PipelineRun, task string) *v1beta1.CustomRun {
	s.Helper()
	return &s.runsOf(pr, task, 1)[0]
}

// gate waits until the run of a task waits at its gate, and returns both.
func (s *story) gate(pr *pipelinev1.PipelineRun, task string) (*v1beta1.CustomRun, *v1alpha1.ApprovalRequest) {
	s.Helper()
	req := s.request(s.runOf(pr, task), 1)
	return s.runOf(pr, task), req
}

// request waits for the request of an attempt.
func (s *story) request(run *v1beta1.CustomRun, attempt int32) *v1alpha1.ApprovalRequest {
	s.Helper()
	var found *v1alpha1.ApprovalRequest
	eventually(s, "request of "+run.Name, s.requests, func(all []v1alpha1.ApprovalRequest) bool {
		for i := range all {
			if subject := all[i].Spec.Subject; subject.UID == run.UID && subject.Attempt == attempt {
				found = &all[i]
				return true
			}
		}
		return false
	})
	return found
}

func (s *story) requests(ctx context.Context) ([]v1alpha1.ApprovalRequest, error) {
	list, err := s.admin.corbel.CorbelV1alpha1().ApprovalRequests(s.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// closes waits until a request is over in a phase.
func (s *story) closes(req *v1alpha1.ApprovalRequest, phase v1alpha1.RequestPhase) *v1alpha1.ApprovalRequest {
	s.Helper()
	return eventually(s, "request "+req.Name+" "+string(phase), func(ctx context.Context) (*v1alpha1.ApprovalRequest, error) {
		return s.admin.corbel.CorbelV1alpha1().ApprovalRequests(s.namespace).Get(ctx, req.Name, metav1.GetOptions{})
	}, func(r *v1alpha1.ApprovalRequest) bool { return r.Status.Phase == phase })
}

// decide creates a decision as somebody; what admission fills in is written out.
func (s *story) decide(who string, req *v1alpha1.ApprovalRequest, what v1alpha1.DecisionKind) *v1alpha1.ApprovalDecision {
	s.Helper()
	d, err := s.tryDecide(who, req, what)
	s.must(err)
	return d
}

func (s *story) tryDecide(who string, req *v1alpha1.ApprovalRequest, what v1alpha1.DecisionKind) (*v1alpha1.ApprovalDecision, error) {
	s.Helper()
	d := &v1alpha1.ApprovalDecision{ObjectMeta: metav1.ObjectMeta{GenerateName: who + "-"}}
	d.Spec = v1alpha1.ApprovalDecisionSpec{
		Request:  v1alpha1.RequestReference{Name: req.Name, UID: req.UID},
		Gate:     req.Spec.Gate,
		Decision: what,
		Comment:  what2comment[what],
		Decider:  v1alpha1.Decider{Username: who},
	}
	return user(s.T, who).corbel.CorbelV1alpha1().ApprovalDecisions(req.Namespace).Create(s.Context(), d, metav1.CreateOptions{})
}

var what2comment = map[v1alpha1.DecisionKind]string{
	v1alpha1.DecisionApprove: "ship it", v1alpha1.DecisionReject: "not today", v1alpha1.DecisionResume: "go on",
}

// patch merges JSON into a PipelineRun or a CustomRun.
func (s *story) patchPipelineRun(pr *pipelinev1.PipelineRun, patch string) {
	s.Helper()
	_, err := s.admin.tekton.TektonV1().PipelineRuns(s.namespace).Patch(s.Context(), pr.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	s.must(err)
}

func (s *story) patchRun(run *v1beta1.CustomRun, patch string) error {
	_, err := s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Patch(s.Context(), run.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

func (s *story) status(run *v1beta1.CustomRun) string {
	s.Helper()
	now, err := s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Get(s.Context(), run.Name, metav1.GetOptions{})
	s.must(err)
	raw, err := json.Marshal(now.Status)
	s.must(err)
	return string(raw)
}

// skipped tells whether Tekton never ran a task.
func skipped(pr *pipelinev1.PipelineRun, task string) bool {
	for _, t := range pr.Status.SkippedTasks {
		if t.Name == task {
			return true
		}
	}
	return false
}

func result(run *v1beta1.CustomRun, name string) string {
	for _, r := range run.Status.Results {
		if r.Name == name {
			return r.Value
		}
	}
	return ""
}
