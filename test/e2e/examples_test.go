package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/corbel-dev/corbel/hack/demo/story"
	"github.com/corbel-dev/corbel/hack/local/build"
)

const (
	examples = "examples" // the namespace
	// image is what the examples say.
	image = "docker.io/library/busybox:1.37"
)

// verdict is what is done about the gates of a run.
type verdict struct {
	run   string   // the file with the PipelineRun
	gates int      // how many requests it opens
	args  []string // of tkn corbel, but for the request
	file  string   // or an ApprovalDecision to create
	tasks []string // the TaskRuns that have run at the end
}

// TestExamples runs every example of the docs to its end.
func TestExamples(t *testing.T) {
	s := inExamples(t)
	cases := map[string]verdict{
		"by name, decided with kubectl":       {run: "approval/run.yaml", gates: 1, file: "approval/decision.yaml", tasks: []string{"build", "publish"}},
		"embedded":                            {run: "approval/embedded.yaml", gates: 1, args: []string{"approve"}},
		"parameters alone":                    {run: "approval/parameters.yaml", gates: 1, args: []string{"approve"}},
		"a rejection on which tasks branch":   {run: "approval/continue.yaml", gates: 1, args: []string{"reject", "-m", "not today"}, tasks: []string{"stay"}},
		"a matrix of gates":                   {run: "approval/matrix.yaml", gates: 2, args: []string{"approve"}},
		"a pause by name, ended with kubectl": {run: "pause/run.yaml", gates: 1, file: "pause/decision.yaml", tasks: []string{"roll-out"}},
		"a pause until a moment":              {run: "pause/embedded.yaml", gates: 1, args: []string{"resume"}},
		"a pause for a while":                 {run: "pause/parameters.yaml"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.play(t, s.Showing(t.Output()))
		})
	}
}

// play starts a run, decides about its gates as alice and follows it to its end.
func (v verdict) play(t *testing.T, s *story.Stage) {
	t.Helper()
	run := create(t, s.Admin, s, v.run, nil)
	for _, request := range requests(t, s, run, v.gates) {
		if v.file != "" {
			create(t, alice(t, s), s, v.file, map[string]string{requestName(t, v.file): request})
			continue
		}
		_, err := alice(t, s).Run(t.Context(), "tkn", slices.Concat([]string{"corbel"}, v.args, []string{request, "-n", examples})...)
		must(t, err)
	}
	succeeded(t, s, examples, run)
	text, err := s.Admin.Run(t.Context(), "kubectl", "get", "taskruns", "-n", examples, "-l", "tekton.dev/pipelineRun="+run,
		"-o", `jsonpath={.items[*].metadata.labels.tekton\.dev/pipelineTask}`)
	must(t, err)
	tasks := strings.Fields(text)
	slices.Sort(tasks)
	if !slices.Equal(tasks, v.tasks) {
		t.Errorf("the tasks %q have run, want %q", tasks, v.tasks)
	}
}

// inExamples is the cluster with what the examples define.
func inExamples(t *testing.T) *story.Stage {
	t.Helper()
	s := stage(t)
	_, err := s.Admin.RunInput(t.Context(), "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+examples+"}\n", "kubectl", "apply", "-f", "-")
	must(t, err)
	for _, file := range exampleFiles(t) {
		if text := example(t, s, file); !strings.Contains(text, "generateName:") {
			_, err := s.Admin.RunInput(t.Context(), text, "kubectl", "apply", "-n", examples, "-f", "-")
			must(t, err)
		}
	}
	// Pauses without a definition: docs/pause.md.
	_, err = s.Admin.RunInput(t.Context(), `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: release-resumes}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: release}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: corbel-resumer}
`, "kubectl", "apply", "-n", examples, "-f", "-")
	must(t, err)
	return s
}

func exampleFiles(t *testing.T) []string {
	t.Helper()
	checkout, err := build.Checkout()
	must(t, err)
	folder := filepath.Join(checkout, "docs", "examples")
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.yaml"))
	must(t, err)
	if len(files) == 0 {
		t.Fatal("there are no examples")
	}
	for i := range files {
		files[i], err = filepath.Rel(folder, files[i])
		must(t, err)
	}
	return files
}

// example is the text of an example, with an image that the cluster has.
func example(t *testing.T, s *story.Stage, file string) string {
	t.Helper()
	checkout, err := build.Checkout()
	must(t, err)
	text, err := os.ReadFile(filepath.Join(checkout, "docs", "examples", file))
	must(t, err)
	return strings.ReplaceAll(string(text), image, s.Image)
}

// create makes the object of an example, with other names, and returns its own.
func create(t *testing.T, as story.Shell, s *story.Stage, file string, names map[string]string) string {
	t.Helper()
	text := example(t, s, file)
	for before, after := range names {
		text = strings.ReplaceAll(text, before, after)
	}
	out, err := as.RunInput(t.Context(), text, "kubectl", "create", "-n", examples, "-f", "-", "-o", "name")
	must(t, err)
	_, name, _ := strings.Cut(strings.TrimSpace(out), "/")
	return name
}

// requestName is the name that an example of a decision puts in the place of the
// request's.
func requestName(t *testing.T, file string) string {
	t.Helper()
	_, rest, _ := strings.Cut(example(t, theStage, file), "request: {name: ")
	name, _, ok := strings.Cut(rest, "}")
	if !ok {
		t.Fatalf("%s names no request", file)
	}
	return name
}

// requests waits until a run has opened its gates.
func requests(t *testing.T, s *story.Stage, run string, count int) []string {
	t.Helper()
	if count == 0 {
		return nil
	}
	var names []string
	err := wait.PollUntilContextTimeout(t.Context(), 500*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		text, err := s.Admin.Ask(ctx, "kubectl", "get", "approvalrequests", "-n", examples, "-l", "tekton.dev/pipelineRun="+run,
			"-o", `jsonpath={.items[?(@.status.phase=="Pending")].metadata.name}`)
		names = strings.Fields(text)
		return len(names) == count, err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("%s has %d open gates, want %d: %w", run, len(names), count, err))
	}
	return names
}
