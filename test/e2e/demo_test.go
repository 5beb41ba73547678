package e2e

import (
	"strings"
	"testing"

	"github.com/corbel-dev/corbel/hack/demo/story"
)

// TestDemo plays the demo, and looks at what it shows.
func TestDemo(t *testing.T) {
	s := prepared(t)
	run, request := waiting(t, s)

	var shown strings.Builder
	must(t, s.Showing(&shown).LookAround(t.Context(), run, request))
	contains(t, "what people see meanwhile", shown.String(),
		run, "Running", "1 more from group release", "Approval/production", "Pending", "0/1",
		"Who decides needs the verb approve on approvals.corbel.dev/production in namespace shop.",
		"You (alice) can decide for rule release-team")

	refusals, err := s.RefuseMallory(t.Context(), request)
	must(t, err)
	contains(t, "what mallory is told", refusals,
		"mallory does not hold the verb approve on approvals.corbel.dev/production in namespace shop",
		"spec.decider.username: is alice but you are mallory")

	verdict, err := s.Approve(t.Context(), request)
	must(t, err)
	contains(t, "what alice is told", verdict, "counted for rule release-team (1/1); the gate is open")

	log, err := s.Finish(t.Context(), run)
	must(t, err)
	contains(t, "the log of the pipeline", log,
		"[build : compile] compiling shop", "publishing shop-1.4.2",
		"decision:  approved", "approvers: alice", "comments:  alice: "+story.Comment)
	succeeded(t, s, story.Namespace, run)

	stored, err := s.Admin.Run(t.Context(), "kubectl", "get", "approvaldecisions", "-n", story.Namespace,
		"-l", "corbel.dev/request="+request, "-o", "jsonpath={.items[*].spec.decider.username}")
	must(t, err)
	if stored != "alice" {
		t.Errorf("the decisions about %s are by %q, want those of alice alone", request, stored)
	}
}

// succeeded wants a PipelineRun that is over and went well.
func succeeded(t *testing.T, s *story.Stage, namespace, run string) {
	t.Helper()
	_, err := s.Admin.Run(t.Context(), "kubectl", "wait", "-n", namespace, "pipelinerun/"+run, "--for=condition=Succeeded", "--timeout=2m")
	must(t, err)
}

func contains(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s: it does not say %q:\n%s", what, word, text)
		}
	}
}
