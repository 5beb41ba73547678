package customrun

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"knative.dev/pkg/controller"
)

// pass is one pass over one run.
type pass[Spec, State any] struct {
	run     *v1beta1.CustomRun // the working copy; only its status is written
	stored  *v1beta1.CustomRun // as the API server is known to have it
	record  record
	attempt Attempt[Spec, State]
	now     time.Time
	again   time.Time

	end        Ending
	endMessage string

	fresh bool // this pass starts the run
}

func (k *Kernel[Spec, World, State]) newPass(run *v1beta1.CustomRun) (*pass[Spec, State], error) {
	p := &pass[Spec, State]{run: run, stored: run.DeepCopy(), now: k.Clock.Now()}
	var err error
	if p.record, err = readRecord(&run.Status); err != nil {
		return nil, err
	}
	if run.Status.StartTime == nil || p.record.Spec == nil {
		p.fresh = true
		start := startTime(run, p.now)
		begin(&run.Status, start, v1beta1.CustomRunReasonStarted.String(), "")
		p.record = record{Spec: freeze(run.Spec), FirstStart: &run.Status.StartTime.Time}
		if err := writeRecord(&run.Status, p.record); err != nil {
			return nil, err
		}
	}
	p.attempt = Attempt[Spec, State]{
		Run:     asStarted(run, p.record.Spec),
		UID:     run.UID,
		Number:  run.GetRetryCount() + 1,
		Started: run.Status.StartTime.Time,
	}
	p.attempt.Deadline = p.attempt.Bound(p.record.Timeout)
	return p, nil
}

// judge finds out whether the run has to end.
func (k *Kernel[Spec, World, State]) judge(ctx context.Context, p *pass[Spec, State]) error {
	owner, err := k.Owners.State(ctx, p.run)
	if err != nil {
		return fmt.Errorf("look for the PipelineRun: %w", err)
	}
	p.end, p.endMessage = ending(p.attempt.Run, owner, p.attempt.Deadline, p.now)
	p.attempt.Ending = p.end
	return nil
}

// keep puts a decision's state into the record.
func (p *pass[Spec, State]) keep(state State, timeout *time.Duration) error {
	raw, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("write the state: %w", err)
	}
	p.record.State = raw
	if timeout != nil {
		p.record.Timeout = timeout
		p.attempt.Deadline = p.attempt.Bound(timeout)
	}
	return writeRecord(&p.run.Status, p.record)
}

// show puts a running verdict into the condition.
func (p *pass[Spec, State]) show(v Verdict) {
	if v.Reason == "" {
		v.Reason = v1beta1.CustomRunReasonRunning.String()
	}
	setCondition(&p.run.Status, corev1.ConditionUnknown, v.Reason, v.Message, p.now)
}

// dirty tells whether the status differs from what is stored.
func (p *pass[Spec, State]) dirty() bool {
	return !equality.Semantic.DeepEqual(p.stored.Status, p.run.Status)
}

func (p *pass[Spec, State]) saved(stored *v1beta1.CustomRun) {
	p.run.ResourceVersion = stored.ResourceVersion
	p.stored = p.run.DeepCopy()
}

// requeue asks for the next pass: at the deadline, or when the kind wants to look
// again, whatever comes first. A watch brings everything else.
func (p *pass[Spec, State]) requeue(out outcome) error {
	switch out {
	case outcomeRetry:
		return controller.NewRequeueAfter(0)
	case outcomeSucceeded, outcomeFailed:
		return nil
	case outcomeRunning:
	}
	next := p.again
	if due := p.attempt.Deadline; p.end == EndingNone && !due.IsZero() && (next.IsZero() || due.Before(next)) {
		next = due
	}
	if next.IsZero() {
		return nil
	}
	return controller.NewRequeueAfter(max(next.Sub(p.now), time.Millisecond))
}
