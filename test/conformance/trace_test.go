package conformance

import (
	"context"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// traceTales are about what a run leaves behind for those who watch.
var traceTales = map[string]tale{
	"CloudEvents of an approved run":        {[]int{33}, cloudEventsOfSuccess},
	"CloudEvents of a rejected run":         {[]int{33}, cloudEventsOfFailure},
	"CloudEvents of a run with retries":     {[]int{33, 17}, cloudEventsOfRetries},
	"Kubernetes events of an approved run":  {[]int{32}, eventsOfSuccess},
	"Kubernetes events of a run in error":   {[]int{32}, eventsOfError},
	"Kubernetes events of a run with tries": {[]int{32}, eventsOfRetries},
}

// sent waits for the CloudEvents about the run of a task until the last of them is there,
// and leaves out "started": it is sent only to one who looks before we have begun.
func (s *story) sent(task, last string) []string {
	s.Helper()
	run := s.runsIn(task)
	got := eventually(s, "CloudEvents", func(context.Context) ([]string, error) { return events.about(run), nil },
		func(types []string) bool { return len(types) > 0 && types[len(types)-1] == last })
	if got[0] == "started.v1" {
		got = got[1:]
	}
	return got
}

func cloudEventsOfSuccess(s *story) {
	pr := s.start(oneGate)
	_, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
	if diff := cmp.Diff([]string{"running.v1", "successful.v1"}, s.sent("gate", "successful.v1")); diff != "" {
		s.Errorf("CloudEvents (-want +got):\n%s", diff)
	}
}

func cloudEventsOfFailure(s *story) {
	pr := s.start(oneGate)
	_, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionReject)
	s.ends(pr, "Failed")
	if diff := cmp.Diff([]string{"running.v1", "failed.v1"}, s.sent("gate", "failed.v1")); diff != "" {
		s.Errorf("CloudEvents (-want +got):\n%s", diff)
	}
}

func cloudEventsOfRetries(s *story) {
	pr := s.start(twoRetries)
	s.decide("alice", s.request(s.runOf(pr, "gate"), 2), v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
	if diff := cmp.Diff([]string{"running.v1", "successful.v1"}, s.sent("gate", "successful.v1")); diff != "" {
		s.Errorf("CloudEvents (-want +got):\n%s", diff)
	}
}

// heard are the Kubernetes events about the run of a task as "Normal Approved", in
// order, once the last of them is there. Each is sent once.
func (s *story) heard(task, last string) []string {
	s.Helper()
	uid := s.runsIn(task)
	return eventually(s, "events", func(ctx context.Context) ([]string, error) {
		list, err := s.admin.kube.CoreV1().Events(s.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.uid=" + string(uid)})
		if err != nil {
			return nil, err
		}
		found := map[string]bool{}
		var out []string
		for _, e := range list.Items {
			if !ofCorbel(e) {
				continue
			}
			if e.Count > 1 || found[e.Reason] && e.Reason != "Pending" {
				s.Errorf("%s was sent again: %s", e.Reason, e.Message)
			}
			if !found[e.Reason] {
				out = append(out, e.Type+" "+e.Reason)
			}
			found[e.Reason] = true
		}
		return out, nil
	}, func(all []string) bool {
		for _, e := range all {
			if e == last {
				return true
			}
		}
		return false
	})
}

// ofCorbel tells our events from Tekton's, which notes each CloudEvent that it sent.
func ofCorbel(e corev1.Event) bool { return strings.HasPrefix(e.Source.Component, "corbel-") }

func eventsOfSuccess(s *story) {
	pr := s.start(oneGate)
	_, req := s.gate(pr, "gate")
	s.decide("alice", req, v1alpha1.DecisionApprove)
	s.ends(pr, "Succeeded")
	s.same([]string{"Normal Approved", "Normal Pending"}, s.heard("gate", "Normal Approved"))
}

func eventsOfError(s *story) {
	s.finishes(s.startRun("gate", approvalRef+"params: [{name: aprovers, value: [alice]}]"), "False/InvalidParams")
	s.same([]string{"Warning InvalidParams"}, s.heard("", "Warning InvalidParams"))
}

func eventsOfRetries(s *story) {
	pr := s.start(`
pipelineSpec:
  tasks:
  - name: gate
    retries: 1
    timeout: 2s
    taskRef: {apiVersion: corbel.dev/v1alpha1, kind: Approval}
    params: [{name: approvers, value: [alice]}]
`)
	s.ends(pr, "Failed")
	s.same([]string{"Normal Pending", "Normal Retrying", "Warning CustomRunTimedOut"}, s.heard("gate", "Warning CustomRunTimedOut"))
}

func (s *story) same(want, got []string) {
	s.Helper()
	got = slices.Sorted(slices.Values(got))
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("(-want +got):\n%s", diff)
	}
}

// runsIn is the UID of the story's one run of a task.
func (s *story) runsIn(task string) types.UID {
	s.Helper()
	options := metav1.ListOptions{}
	if task != "" {
		options.LabelSelector = "tekton.dev/pipelineTask=" + task
	}
	list, err := s.admin.tekton.TektonV1beta1().CustomRuns(s.namespace).List(s.Context(), options)
	s.must(err)
	if len(list.Items) != 1 {
		s.Fatalf("%d runs of %s", len(list.Items), task)
	}
	return list.Items[0].UID
}
