package customruntest

import (
	"fmt"
	"testing"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/corbel-dev/corbel/pkg/customrun"
)

// Make shapes a run.
type Make func(run *v1beta1.CustomRun)

// Effect is something that a kind made outside of its run.
type Effect struct {
	Name    string
	Run     types.UID
	Attempt int
	Open    bool // it still goes on
}

// Outside is the world of one test: the kind, and what happens around it.
type Outside[Spec, World, State any] struct {
	Kind customrun.Kind[Spec, World, State]
	// Succeed is the event that ends a waiting run well.
	Succeed func(run *v1beta1.CustomRun)
	// Fail is the event that ends it badly; nil for a kind that only time fails.
	Fail func(run *v1beta1.CustomRun)
	// Flood is as much as one run can be made to hear before it ends well.
	Flood func(run *v1beta1.CustomRun)
	// Effects are all there ever were.
	Effects func() []Effect
}

// Harness is what a kind brings to the contract.
type Harness[Spec, World, State any] struct {
	// KindName is the kind's name in references.
	KindName string
	// Open makes the kind over a new world.
	Open func(clock clock.PassiveClock) Outside[Spec, World, State]
	// Waits shapes a run that waits for Succeed, an hour at most.
	Waits Make
	// Shapes are all the ways to say it: each waits, and succeeds.
	Shapes map[string]Make
	// Missing names a definition that does not exist.
	Missing Make
	// Broken are runs that fail at once, by the sentence that says why.
	Broken map[string]Make
	// Params are the parameters that the kind knows.
	Params []string
	// Results of a run that succeeded, and those of them that are lists.
	Results, Lists []string
}

// Contract runs the points of Tekton's contract against a kind, one subtest each.
func Contract[Spec, World, State any](t *testing.T, h Harness[Spec, World, State]) {
	t.Helper()
	c := contract[Spec, World, State]{h}
	checks := map[int]func(t point){
		1: c.ignoresOthers, 2: c.takesShapes, 3: c.failsMissing, 4: c.treatsEmptyAlike, 5: c.failsBroken,
		6: c.survivesParams, 7: c.refusesWorkspaces, 8: c.starts, 9: c.ends, 10: c.keepsConditionFirst,
		11: c.cancelsBeforeStart, 12: c.cancelsRunning, 13: c.keepsFinished, 14: c.ignoresEdits, 15: c.timesOut,
		16: c.timesOutOverRestart, 17: c.retries, 18: c.stopsRetrying, 19: c.shapesResults, 20: c.givesResults,
		21: c.keepsApart, 22: c.worksInFinally, 23: c.failsAsFailed, 24: c.worksAlone, 25: c.startsAfresh,
		26: c.followsOwner, 27: c.keepsMetadata, 28: c.repeatsNothing, 29: c.readsOldState, 30: c.actsAsLeader,
		31: c.takesServiceAccount, 32: c.sendsNoInternalError, 33: c.keepsSequence, 34: c.staysSmall,
	}
	for _, p := range Points {
		t.Run(p.Name(), func(t *testing.T) {
			switch check := checks[p.Number]; {
			case check != nil:
				check(point{t})
			case p.OnlyReal != "":
				t.Logf("shown in test/conformance only: %s", p.OnlyReal)
			default:
				t.Error("nothing shows this point")
			}
		})
	}
}

// point is the subtest of one point: no helper of another test.
type point struct{ *testing.T }

type contract[Spec, World, State any] struct {
	Harness[Spec, World, State]
}

// scene is a stage with a kind and its world.
type scene[Spec, World, State any] struct {
	*Stage[Spec, World, State]
	out Outside[Spec, World, State]
}

func (c contract[Spec, World, State]) scene() scene[Spec, World, State] {
	at := clocktesting.NewFakePassiveClock(Epoch)
	out := c.Open(at)
	stage := NewStage(out.Kind)
	stage.Clock = at
	stage.Restart(out.Kind)
	return scene[Spec, World, State]{Stage: stage, out: out}
}

func (c contract[Spec, World, State]) run(changes ...func(run *v1beta1.CustomRun)) *v1beta1.CustomRun {
	all := append([]func(*v1beta1.CustomRun){c.Waits}, changes...)
	return NewRun(c.KindName, "gate", all...)
}

// waiting starts a run that waits.
func (c contract[Spec, World, State]) waiting(t testing.TB, changes ...func(run *v1beta1.CustomRun)) (scene[Spec, World, State], *v1beta1.CustomRun) {
	t.Helper()
	s := c.scene()
	run := s.Start(t, c.run(changes...))
	if !Waits(run) {
		t.Fatalf("the run does not wait: %s: %s", Condition(run), Message(run))
	}
	return s, run
}

func (s scene[Spec, World, State]) succeed(t testing.TB, run *v1beta1.CustomRun) *v1beta1.CustomRun {
	t.Helper()
	s.out.Succeed(run)
	run = s.Settle(t, run)
	if c := Condition(run); run.Status.CompletionTime == nil || c[:4] != "True" {
		t.Fatalf("the run has not succeeded: %s: %s", c, Message(run))
	}
	return run
}

// fail ends a run badly: by its event or, where the kind has none, by time.
func (s scene[Spec, World, State]) fail(t testing.TB, run *v1beta1.CustomRun) *v1beta1.CustomRun {
	t.Helper()
	if s.out.Fail != nil {
		s.out.Fail(run)
	} else {
		s.Advance(time.Hour)
	}
	run = s.Settle(t, run)
	wantFailed(t, run)
	return run
}

func wantFailed(t testing.TB, run *v1beta1.CustomRun) {
	t.Helper()
	c := Condition(run)
	if run.Status.CompletionTime == nil || len(c) < 7 || c[:6] != "False/" {
		t.Fatalf("the run has not failed with a reason: %q: %s", c, Message(run))
	}
	if Message(run) == "" {
		t.Errorf("%s says nothing", c)
	}
}

func wantCondition(t testing.TB, run *v1beta1.CustomRun, want string) {
	t.Helper()
	if got := Condition(run); got != want {
		t.Fatalf("condition: want %s, got %s: %s", want, got, Message(run))
	}
}

// wantOpen checks how many effects there are, and how many still go on.
func (s scene[Spec, World, State]) wantEffects(t testing.TB, all, open int) {
	t.Helper()
	effects := s.out.Effects()
	names, running := map[string]bool{}, 0
	for _, e := range effects {
		names[e.Name] = true
		if e.Open {
			running++
		}
	}
	if len(effects) != all || len(names) != all || running != open {
		t.Fatalf("want %d effects with names of their own, %d of them open, got %s", all, open, fmt.Sprintf("%+v", effects))
	}
}

func timeout(d time.Duration) Make {
	return func(run *v1beta1.CustomRun) { run.Spec.Timeout = duration(d) }
}

func retries(n int) Make { return func(run *v1beta1.CustomRun) { run.Spec.Retries = n } }

// Point is one point of Tekton's contract for custom tasks.
type Point struct {
	Number int
	Says   string
	// OnlyReal says why a fake cannot show it: then only the suite in
	// test/conformance does.
	OnlyReal string
}

// Name is the point's subtest.
func (p Point) Name() string { return fmt.Sprintf("%02d %s", p.Number, p.Says) }

// Points are all of them.
var Points = []Point{
	{Number: 1, Says: "ignores runs of other kinds, also on leader promotion"},
	{Number: 2, Says: "takes a definition by name, embedded, or parameters alone"},
	{Number: 3, Says: "fails a run whose definition does not exist"},
	{Number: 4, Says: "treats an absent, null and empty embedded definition alike"},
	{Number: 5, Says: "fails unknown, missing, duplicate and ill-typed parameters"},
	{Number: 6, Says: "takes or refuses array and object parameters, and never panics"},
	{Number: 7, Says: "refuses workspaces that it has no use for"},
	{Number: 8, Says: "starts a run with startTime, not before its creation, and Unknown"},
	{Number: 9, Says: "ends a run with completionTime, True or False"},
	{Number: 10, Says: "keeps Succeeded as the first condition"},
	{Number: 11, Says: "cancels a run before its start without any effect"},
	{Number: 12, Says: "stops the work of a cancelled run, then says so in its words"},
	{Number: 13, Says: "never changes a finished run"},
	{Number: 14, Says: "ignores edits of the spec after the start"},
	{Number: 15, Says: "times an attempt out: its own timeout, an hour where unset, never where 0"},
	{Number: 16, Says: "times out over a restart, waiting for the time that remains"},
	{Number: 17, Says: "retries: Unknown in between, one retriesStatus for each, startTime anew"},
	{Number: 18, Says: "does not retry a cancelled run"},
	{Number: 19, Says: "gives results with unique names, and lists only where it says so"},
	{Number: 20, Says: "gives every result that a pipeline may refer to"},
	{Number: 21, Says: "keeps the runs of a matrix apart"},
	{Number: 22, Says: "works in finally and ends at once when cancelled"},
	{Number: 23, Says: "does not call a failure cancelled"},
	{Number: 24, Says: "works without a PipelineRun"},
	{Number: 25, Says: "starts afresh when a run was deleted and made again"},
	{Number: 26, Says: "stops when the PipelineRun is done or gone"},
	{Number: 27, Says: "leaves owner references, labels and annotations alone"},
	{Number: 28, Says: "does nothing twice, and nothing over a stale copy"},
	{Number: 29, Says: "reads its saved state after an upgrade"},
	{Number: 30, Says: "acts as leader only"},
	{Number: 31, Says: "works with any serviceAccountName"},
	{Number: 32, Says: "says terminal errors in the condition and sends no InternalError event for them"},
	{Number: 33, Says: "goes through the conditions of one CloudEvents sequence"},
	{Number: 34, Says: "keeps the status small"},
}
