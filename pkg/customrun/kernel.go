package customrun

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"

	"github.com/corbel-dev/corbel/pkg/fault"
	"github.com/corbel-dev/corbel/pkg/observe"
)

// afterConflict is how long to wait when the cache was behind: the watch brings
// what is new, and this only bounds the wait.
const afterConflict = 50 * time.Millisecond

// errGone says that the run was deleted under the pass: nothing is left to do.
var errGone = errors.New("the run is gone")

// errTooLarge says that a status was not written, and never can be.
var errTooLarge = errors.New("the run is too large")

// Statuses stores the status of runs.
type Statuses interface {
	// UpdateStatus writes run.Status if run.ResourceVersion is still the newest, and
	// returns the stored run.
	UpdateStatus(ctx context.Context, run *v1beta1.CustomRun) (*v1beta1.CustomRun, error)
}

// Owners knows PipelineRuns.
type Owners interface {
	// State tells what became of the PipelineRun that controls the run.
	State(ctx context.Context, run *v1beta1.CustomRun) (OwnerState, error)
}

// Kernel brings runs of one kind forward, one pass at a time.
type Kernel[Spec, World, State any] struct {
	Kind     Kind[Spec, World, State]
	Statuses Statuses
	Owners   Owners
	Clock    clock.PassiveClock
	Announce Announcer
}

// ReconcileKind makes one pass over a run: start, parse, observe, decide, save,
// act, save. Every pass that acts has written the run's status first with the
// version that it read, so a pass over a stale copy fails before it does anything.
func (k *Kernel[Spec, World, State]) ReconcileKind(ctx context.Context, run *v1beta1.CustomRun) reconciler.Event {
	if run.Status.CompletionTime != nil || run.DeletionTimestamp != nil {
		return nil
	}
	p, err := k.newPass(run)
	if err != nil {
		return err
	}
	err = k.run(ctx, p)
	if errors.Is(err, errTooLarge) {
		err = k.giveUp(ctx, p)
	}
	switch {
	case errors.Is(err, errGone):
		return nil
	case apierrors.IsConflict(err):
		return controller.NewRequeueAfter(afterConflict)
	default:
		return err
	}
}

// run makes the pass, and turns the class of an error into what follows.
func (k *Kernel[Spec, World, State]) run(ctx context.Context, p *pass[Spec, State]) error {
	verdict, err := k.step(ctx, p)
	if err == nil {
		return k.close(ctx, p, verdict)
	}
	if e, ok := fault.AsUser(err); ok {
		return k.close(ctx, p, Verdict{Phase: Refused, Reason: e.Reason, Message: e.Error()})
	}
	if e, ok := fault.AsLost(err); ok {
		return k.close(ctx, p, Verdict{Phase: Failed, Reason: e.Reason, Message: e.Error()})
	}
	if e, ok := fault.AsBusy(err); ok {
		p.again = p.now.Add(max(e.After, time.Second))
		return k.close(ctx, p, Verdict{Phase: Running, Reason: e.Reason, Message: e.Error()})
	}
	if p.fresh && !apierrors.IsConflict(err) && !errors.Is(err, errGone) && !errors.Is(err, errTooLarge) {
		// The run has started even if its first pass fails: its clock must tick.
		if saveErr := k.save(ctx, p); saveErr != nil {
			return saveErr
		}
	}
	return err
}

// step is the pass proper: judge, parse, observe, decide, save, act.
func (k *Kernel[Spec, World, State]) step(ctx context.Context, p *pass[Spec, State]) (Verdict, error) {
	if err := k.judge(ctx, p); err != nil {
		return Verdict{}, err
	}
	if p.end == EndingCancelled && p.fresh {
		return Verdict{Phase: Stopped}, nil
	}
	if err := k.prepare(p); err != nil {
		return Verdict{}, err
	}
	world, err := k.Kind.Observe(ctx, p.attempt)
	if err != nil {
		return Verdict{}, fmt.Errorf("observe: %w", err)
	}
	d := k.Kind.Decide(p.attempt, world, p.now)
	p.again = d.Again
	if err := p.keep(d.State, d.Timeout); err != nil {
		return Verdict{}, err
	}
	if d.Do == "" {
		return d.Verdict, nil
	}
	if d.Verdict.Phase == Running {
		p.show(d.Verdict)
	}
	if err := k.write(ctx, p); err != nil {
		return Verdict{}, err
	}
	logging.FromContext(ctx).Infow("acting", observe.LogRun, p.run.Namespace+"/"+p.run.Name, observe.LogAttempt, p.attempt.Number, observe.LogEffect, d.Do)
	p.attempt.State = d.State
	if err := k.Kind.Act(ctx, p.attempt, d); err != nil {
		return Verdict{}, fmt.Errorf("%s: %w", d.Do, err)
	}
	return d.Verdict, nil
}

// prepare checks and parses what the user asked for.
func (k *Kernel[Spec, World, State]) prepare(p *pass[Spec, State]) error {
	if err := checkTimeout(p.attempt.Run); err != nil {
		return err
	}
	spec, err := k.Kind.Parse(p.attempt.Run)
	if err != nil {
		return err
	}
	p.attempt.Spec = spec
	if len(p.record.State) == 0 {
		return nil
	}
	if err := json.Unmarshal(p.record.State, &p.attempt.State); err != nil {
		return fmt.Errorf("read the saved state: %w", err)
	}
	return nil
}

// close settles a verdict, saves what it changed and announces it.
func (k *Kernel[Spec, World, State]) close(ctx context.Context, p *pass[Spec, State], v Verdict) error {
	out, settled := settle(p.attempt.Run, p.end, p.endMessage, v)
	switch out {
	case outcomeRunning:
		p.show(settled)
	case outcomeRetry:
		if err := retry(&p.run.Status, p.record, settled, p.now); err != nil {
			return err
		}
	case outcomeSucceeded, outcomeFailed:
		finish(&p.run.Status, out == outcomeSucceeded, settled, p.now)
	}
	if err := k.save(ctx, p); err != nil {
		return err
	}
	if out != outcomeRunning {
		k.Announce.Ended(ctx, p.run, p.record.FirstStart, settled, p.now)
	}
	return p.requeue(out)
}

// save writes the status when it differs from what is stored.
func (k *Kernel[Spec, World, State]) save(ctx context.Context, p *pass[Spec, State]) error {
	if !p.dirty() {
		return nil
	}
	return k.write(ctx, p)
}

// write stores the status with the version that the pass read. Before an effect
// it is called even if nothing changed: it is the fence, and fails over a stale
// copy. The API server stores nothing anew where nothing differs.
func (k *Kernel[Spec, World, State]) write(ctx context.Context, p *pass[Spec, State]) error {
	p.run.Status.ObservedGeneration = p.run.Generation
	if !fits(p.run) {
		return errTooLarge
	}
	before := condition(&p.stored.Status)
	stored, err := k.Statuses.UpdateStatus(ctx, p.run)
	if apierrors.IsNotFound(err) {
		return errGone
	}
	if err != nil {
		return fmt.Errorf("save the status: %w", err)
	}
	p.saved(stored)
	k.Announce.Changed(ctx, p.run, before, condition(&p.run.Status))
	return nil
}

// giveUp ends a run whose status etcd would not take. What the run held in it was
// never saved, so that nothing outside follows from it.
func (k *Kernel[Spec, World, State]) giveUp(ctx context.Context, p *pass[Spec, State]) error {
	p.run.Status.RetriesStatus = nil
	p.run.Status.ExtraFields.Raw = nil
	v := Verdict{Phase: Refused, Reason: ReasonRunTooLarge, Message: "the run and its status do not fit into etcd; give it smaller parameters, a smaller definition or fewer retries"}
	finish(&p.run.Status, false, v, p.now)
	if err := k.write(ctx, p); err != nil {
		return err
	}
	k.Announce.Ended(ctx, p.run, p.record.FirstStart, v, p.now)
	return nil
}

// Finalize releases what a deleted run still holds outside. A kind with a
// Release calls it from its FinalizeKind; the run stays until it returns nil.
func (k *Kernel[Spec, World, State]) Finalize(ctx context.Context, run *v1beta1.CustomRun, r Releaser[Spec, State]) reconciler.Event {
	if run.Status.CompletionTime != nil || run.Status.StartTime == nil {
		return nil
	}
	p, err := k.newPass(run)
	if err != nil {
		return err
	}
	p.attempt.Ending = EndingCancelled
	if err := k.prepare(p); err != nil {
		if _, ok := fault.AsUser(err); ok {
			return nil // never got beyond its spec, so it holds nothing
		}
		return err
	}
	err = r.Release(ctx, p.attempt)
	if busy, ok := fault.AsBusy(err); ok {
		return controller.NewRequeueAfter(max(busy.After, time.Second))
	}
	return err
}
