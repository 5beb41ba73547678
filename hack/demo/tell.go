package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/corbel-dev/corbel/hack/demo/story"
)

// tell plays the story, with a heading for each scene.
func tell(ctx context.Context, stage *story.Stage, out io.Writer) error {
	var run, request string
	scenes := []struct {
		title string
		play  func() error
	}{
		{"Install Corbel from this checkout", func() error { return stage.Install(ctx) }},
		{"A namespace with a gate, its approvers, two tasks and a pipeline: build, sign-off, publish", func() error { return stage.Prepare(ctx) }},
		{"Start the pipeline; it builds, and waits at the gate", func() (err error) {
			if run, err = stage.Begin(ctx); err == nil {
				request, err = stage.Await(ctx, run)
			}
			return err
		}},
		{"What people see meanwhile", func() error { return stage.LookAround(ctx, run, request) }},
		{"Mallory writes pipelines here; the API server lets her decide neither as herself nor as alice", func() error {
			_, err := stage.RefuseMallory(ctx, request)
			return err
		}},
		{"Alice, of the group release, approves", func() error {
			_, err := stage.Approve(ctx, request)
			return err
		}},
		{"The pipeline goes on, and publish knows who approved", func() error {
			_, err := stage.Finish(ctx, run)
			return err
		}},
	}
	for _, scene := range scenes {
		began := time.Now()
		heading(out, scene.title)
		if err := scene.play(); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(out, "\n    (%s)\n", time.Since(began).Round(100*time.Millisecond))
	}
	return nil
}

// farewell says how to look around, and how to stop.
func farewell(stage *story.Stage, out io.Writer) {
	heading(out, "Look around")
	_, _ = fmt.Fprintf(out, `export KUBECONFIG=%s
export PATH=%s:$PATH
kubectl get approvalrequests,approvaldecisions -n %[3]s
tkn corbel approvals --all -n %[3]s
tkn pipeline start release -n %[3]s -p image=%[4]s --pipeline-timeout 73h

To stop: make demo-down
`, stage.Kubeconfig, stage.Path(), story.Namespace, stage.Image)
}
