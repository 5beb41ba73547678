package rig

import (
	"context"
	"fmt"
	"time"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// How long runs may wait: longer than any measurement.
const (
	runTimeout = 24 * time.Hour
	noTimeout  = 0
)

// Tasks of a pipeline with a gate.
const (
	GateTask = "gate"
	NextTask = "next"
)

// Work is gates to be opened.
type Work struct {
	Namespace string
	Prefix    string
	N         int
	// Required approvals, of anybody in the group Deciders.
	Required int
	// Of is the kind of the gate's definition; the zero value is Corbel's own.
	Of Ref
}

// Ref says whose custom task it is.
type Ref struct {
	APIVersion, Kind string
	// Approvers is the list of that name.
	Approvers []string
}

// Ours is the kind Approval.
func Ours() Ref {
	return Ref{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.ApprovalKind, Approvers: []string{"group:" + Deciders}}
}

// Names of the runs.
func (w Work) Names() []string {
	names := make([]string, w.N)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%04d", w.Prefix, i)
	}
	return names
}

// OpenRuns creates CustomRuns as fast as the clients can, each client taking the next.
func OpenRuns(ctx context.Context, by []*Clients, w Work) ([]string, error) {
	return w.Names(), each(ctx, by, w.Names(), func(ctx context.Context, c *Clients, name string) error {
		run := &v1beta1.CustomRun{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace},
			Spec: v1beta1.CustomRunSpec{
				CustomRef: &v1beta1.TaskRef{APIVersion: w.Of.APIVersion, Kind: v1beta1.TaskKind(w.Of.Kind)},
				Params:    v1beta1.Params{list("approvers", w.Of.Approvers), text("numberOfApprovalsRequired", w.Required)},
				Timeout:   &metav1.Duration{Duration: runTimeout},
			},
		}
		_, err := c.Tekton.TektonV1beta1().CustomRuns(w.Namespace).Create(ctx, run, metav1.CreateOptions{})
		return err
	})
}

// OpenPipelines creates PipelineRuns of two custom tasks: the gate, and a Pause of a
// second. It returns the names of the gates' CustomRuns.
func OpenPipelines(ctx context.Context, by []*Clients, w Work) ([]string, error) {
	err := each(ctx, by, w.Names(), func(ctx context.Context, c *Clients, name string) error {
		run := &pipelinev1.PipelineRun{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace},
			Spec: pipelinev1.PipelineRunSpec{
				Timeouts:     &pipelinev1.TimeoutFields{Pipeline: &metav1.Duration{Duration: noTimeout}},
				PipelineSpec: &pipelinev1.PipelineSpec{Tasks: w.tasks()},
			},
		}
		_, err := c.Tekton.TektonV1().PipelineRuns(w.Namespace).Create(ctx, run, metav1.CreateOptions{})
		return err
	})
	names := w.Names()
	for i := range names {
		names[i] += "-" + GateTask
	}
	return names, err
}

func (w Work) tasks() []pipelinev1.PipelineTask {
	return []pipelinev1.PipelineTask{
		{
			Name:    GateTask,
			TaskRef: &pipelinev1.TaskRef{APIVersion: w.Of.APIVersion, Kind: pipelinev1.TaskKind(w.Of.Kind)},
			Params: pipelinev1.Params{
				{Name: "approvers", Value: pipelinev1.ParamValue{Type: pipelinev1.ParamTypeArray, ArrayVal: w.Of.Approvers}},
				{Name: "numberOfApprovalsRequired", Value: *pipelinev1.NewStructuredValues(fmt.Sprint(w.Required))},
			},
			Timeout: &metav1.Duration{Duration: runTimeout},
		},
		{
			Name:     NextTask,
			RunAfter: []string{GateTask},
			TaskRef:  &pipelinev1.TaskRef{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.PauseKind},
			Params:   pipelinev1.Params{{Name: "duration", Value: *pipelinev1.NewStructuredValues("1s")}},
		},
	}
}

// NextRun is the name of the run that follows a gate's.
func NextRun(gateRun string) string {
	return gateRun[:len(gateRun)-len(GateTask)] + NextTask
}

func list(name string, values []string) v1beta1.Param {
	return v1beta1.Param{Name: name, Value: v1beta1.ParamValue{Type: v1beta1.ParamTypeArray, ArrayVal: values}}
}

func text(name string, value int) v1beta1.Param {
	return v1beta1.Param{Name: name, Value: *v1beta1.NewStructuredValues(fmt.Sprint(value))}
}

// each hands names to clients, one to each at a time.
func each(ctx context.Context, by []*Clients, names []string, do func(context.Context, *Clients, string) error) error {
	queue := make(chan string, len(names))
	for _, n := range names {
		queue <- n
	}
	close(queue)
	group, ctx := errgroup.WithContext(ctx)
	for _, c := range by {
		group.Go(func() error {
			for name := range queue {
				if err := do(ctx, c, name); err != nil {
					return fmt.Errorf("open %s: %w", name, err)
				}
			}
			return nil
		})
	}
	return group.Wait()
}
