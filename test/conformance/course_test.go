package conformance

import (
	"context"
	"encoding/json"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// courseTales are about one run from its start to its end.
var courseTales = map[string]tale{
	"start, condition and end of an approved run":      {[]int{8, 9, 10, 27}, wholeCourse},
	"a decision without what the webhook fills in":     {[]int{9}, shortDecision},
	"somebody without the verb":                        {[]int{9}, strangerDecides},
	"the status of a run with a hundred approvals":     {[]int{34}, manyApprovals},
	"nobody but the controller writes a run's outcome": {[]int{13}, statusGuarded},
}

func there(*v1beta1.CustomRun) bool { return true }

func wholeCourse(s *story) {
	versions := s.watchRuns()
	pr := s.start(oneGate)
	run, req := s.gate(pr, "gate")
	began := s.run(run, "there", there)
	if conditionOf(began) != "Unknown/Pending" || began.Status.StartTime.Time.Before(began.CreationTimestamp.Time) || began.Status.CompletionTime != nil {
		s.Errorf("it began as %+v", began.Status)
	}
	s.decide("alice", req, v1alpha1.DecisionApprove)
	ended := s.finishes(run, "True/Approved")
	if ended.Status.ObservedGeneration != ended.Generation {
		s.Errorf("observedGeneration is %d of %d", ended.Status.ObservedGeneration, ended.Generation)
	}
	s.ends(pr, "Succeeded")
	ended = s.run(run, "there", there)
	if ended.OwnerReferences[0].UID != pr.UID || len(ended.Finalizers) > 0 {
		s.Errorf("owners %+v, finalizers %v", ended.OwnerReferences, ended.Finalizers)
	}
	s.compareVersions(versions(run.UID), ended)
}

// compareVersions: the metadata stays, and the condition goes straight to its end.
func (s *story) compareVersions(all []v1beta1.CustomRun, ended *v1beta1.CustomRun) {
	s.Helper()
	bare := func(m metav1.ObjectMeta) metav1.ObjectMeta {
		m.ResourceVersion, m.ManagedFields, m.Generation = "", nil, 0
		return m
	}
	if diff := cmp.Diff(bare(all[0].ObjectMeta), bare(ended.ObjectMeta)); diff != "" {
		s.Errorf("metadata from first to last (-want +got):\n%s", diff)
	}
	var course []string
	for _, v := range all {
		if len(v.Status.Conditions) > 0 && v.Status.Conditions[0].Type != "Succeeded" {
			s.Errorf("conditions: %+v", v.Status.Conditions)
		}
		if c := conditionOf(&v); len(course) == 0 || course[len(course)-1] != c {
			course = append(course, c)
		}
	}
	if diff := cmp.Diff([]string{"", "Unknown/Pending", "True/Approved"}, course); diff != "" {
		s.Errorf("course (-want +got):\n%s", diff)
	}
}

func shortDecision(s *story) {
	run, req := s.gate(s.start(oneGate), "gate")
	d := &v1alpha1.ApprovalDecision{ObjectMeta: metav1.ObjectMeta{GenerateName: "alice-"}}
	d.Spec.Request.Name, d.Spec.Decision = req.Name, v1alpha1.DecisionApprove
	d, err := user(s.T, "alice").corbel.CorbelV1alpha1().ApprovalDecisions(s.namespace).Create(s.Context(), d, metav1.CreateOptions{})
	s.must(err)
	if d.Spec.Request.UID != req.UID || d.Spec.Decider.Username != "alice" {
		s.Errorf("filled in: %+v", d.Spec)
	}
	s.finishes(run, "True/Approved")
}

func strangerDecides(s *story) {
	run, req := s.gate(s.start(oneGate), "gate")
	if _, err := s.tryDecide("mallory", req, v1alpha1.DecisionApprove); !apierrors.IsForbidden(err) {
		s.Errorf("mallory decided: %v", err)
	}
	s.decide("bob", req, v1alpha1.DecisionApprove) // holds the verb, and no rule names him
	s.barrier()
	if now := s.run(run, "there", there); now.Status.CompletionTime != nil {
		s.Errorf("bob ended it: %s", conditionOf(now))
	}
	s.decide("alice", req, v1alpha1.DecisionApprove)
	run = s.finishes(run, "True/Approved")
	if got := result(run, "approvers"); got != `["alice"]` {
		s.Errorf("approvers: %s", got)
	}
}

// manyApprovals: a decision of alice's counts once, whatever she says, and all of it
// stays out of the run.
func manyApprovals(s *story) {
	run, req := s.gate(s.start(`
pipelineSpec:
  tasks:
  - name: gate
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice, bob]}, {name: numberOfApprovalsRequired, value: "2"}]
`), "gate")
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if _, err := s.tryDecide("alice", req, v1alpha1.DecisionApprove); err != nil {
				s.Error(err)
			}
		})
	}
	group.Wait()
	s.decide("bob", req, v1alpha1.DecisionApprove)
	run = s.finishes(run, "True/Approved")
	raw, err := json.Marshal(run.Status)
	s.must(err)
	if len(raw) > 8<<10 {
		s.Errorf("the status has %d bytes", len(raw))
	}
}

func statusGuarded(s *story) {
	run, _ := s.gate(s.start(oneGate), "gate")
	done := []byte(`{"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Approved","lastTransitionTime":"2031-03-03T09:00:00Z"}]}}`)
	_, err := s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Patch(s.Context(), run.Name, types.MergePatchType, done, metav1.PatchOptions{}, "status")
	if err == nil || !strings.Contains(err.Error(), "corbel-controller") {
		s.Errorf("want it refused, got %v", err)
	}
}

// watchRuns collects each version of each run of the story.
func (s *story) watchRuns() func(uid types.UID) []v1beta1.CustomRun {
	s.Helper()
	ctx, cancel := context.WithCancel(s.Context())
	s.Cleanup(cancel)
	watch, err := s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Watch(ctx, metav1.ListOptions{})
	s.must(err)
	var mu sync.Mutex
	all := map[types.UID][]v1beta1.CustomRun{}
	go func() {
		for e := range watch.ResultChan() {
			if run, ok := e.Object.(*v1beta1.CustomRun); ok {
				mu.Lock()
				all[run.UID] = append(all[run.UID], *run)
				mu.Unlock()
			}
		}
	}()
	return func(uid types.UID) []v1beta1.CustomRun {
		mu.Lock()
		defer mu.Unlock()
		return append([]v1beta1.CustomRun(nil), all[uid]...)
	}
}

// gone waits until a run is no more.
func (s *story) gone(run *v1beta1.CustomRun) {
	s.Helper()
	eventually(s, "CustomRun "+run.Name+" gone", func(ctx context.Context) (bool, error) {
		_, err := s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).Get(ctx, run.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	}, func(gone bool) bool { return gone })
}

// must is for calls in the middle of a sentence.
func must[T interface{}](value T, err error) func(s *story) T {
	return func(s *story) T {
		s.Helper()
		s.must(err)
		return value
	}
}
