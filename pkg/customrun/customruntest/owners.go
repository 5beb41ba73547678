package customruntest

import (
	"context"
	"sync"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/customrun"
)

// Owners answers for PipelineRuns, which all stand alike.
type Owners struct {
	mu    sync.Mutex
	state customrun.OwnerState
	fail  error
}

var _ customrun.Owners = (*Owners)(nil)

// Set says how the PipelineRuns stand from now on. At first, runs belong to none.
func (o *Owners) Set(state customrun.OwnerState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state = state
}

// FailNext lets the next question fail.
func (o *Owners) FailNext(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail = err
}

// State answers.
func (o *Owners) State(context.Context, *v1beta1.CustomRun) (customrun.OwnerState, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.fail; err != nil {
		o.fail = nil
		return "", err
	}
	if o.state == "" {
		return customrun.OwnerNone, nil
	}
	return o.state, nil
}
