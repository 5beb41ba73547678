package customruntest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	faketekton "github.com/tektoncd/pipeline/pkg/client/clientset/versioned/fake"
	fakeclient "github.com/tektoncd/pipeline/pkg/client/injection/client/fake"
	_ "github.com/tektoncd/pipeline/pkg/client/injection/informers/pipeline/v1/pipelinerun/fake"    // for the injection
	_ "github.com/tektoncd/pipeline/pkg/client/injection/informers/pipeline/v1beta1/customrun/fake" // for the injection
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/record"
	"k8s.io/utils/clock"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/reconciler"
	reconcilertesting "knative.dev/pkg/reconciler/testing"

	"github.com/corbel-dev/corbel/pkg/customrun"
)

// wired is a kind behind the generated reconciler, over Tekton's fake clients.
type wired struct {
	ctx      context.Context //nolint:containedctx // of one test
	client   *faketekton.Clientset
	impl     *controller.Impl
	recorder *record.FakeRecorder
}

type reconcilerOf[Spec, World, State any] struct {
	*customrun.Kernel[Spec, World, State]
}

// wire builds the controller as a program does.
func (c contract[Spec, World, State]) wire(t testing.TB) wired {
	t.Helper()
	ctx, cancel, informers := reconcilertesting.SetupFakeContextWithCancel(t)
	out := c.Open(clock.RealClock{})
	kernel, err := customrun.New(ctx, c.KindName, out.Kind)
	if err != nil {
		t.Fatal(err)
	}
	impl, err := customrun.NewController(ctx, c.KindName, &reconcilerOf[Spec, World, State]{kernel})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := reconcilertesting.RunAndSyncInformers(ctx, informers...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); stop() })
	recorder, ok := controller.GetEventRecorder(ctx).(*record.FakeRecorder)
	if !ok {
		t.Fatal("the recorder is no fake")
	}
	return wired{ctx: ctx, client: fakeclient.Get(ctx), impl: impl, recorder: recorder}
}

// create stores runs and waits until the cache has them.
func (w wired) create(t testing.TB, runs ...*v1beta1.CustomRun) {
	t.Helper()
	for _, run := range runs {
		if _, err := w.client.TektonV1beta1().CustomRuns(run.Namespace).Create(w.ctx, run, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

func (w wired) get(t testing.TB, run *v1beta1.CustomRun) *v1beta1.CustomRun {
	t.Helper()
	got, err := w.client.TektonV1beta1().CustomRuns(run.Namespace).Get(w.ctx, run.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// lead lets the controller work until the condition of a run is there.
func (w wired) lead(t testing.TB, run *v1beta1.CustomRun, reached func(run *v1beta1.CustomRun) bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.impl.RunContext(ctx, 2) }()
	err := wait.PollUntilContextTimeout(ctx, 5*time.Millisecond, wait.ForeverTestTimeout, true, func(context.Context) (bool, error) {
		return reached(w.get(t, run)), nil
	})
	cancel()
	if stopped := <-done; err != nil || stopped != nil {
		t.Fatalf("%s did not get there: %v, %v: %+v", run.Name, err, stopped, w.get(t, run).Status)
	}
}

// writes names the objects that were written, by verb.
func (w wired) writes() []string {
	var out []string
	for _, a := range w.client.Actions() {
		switch a := a.(type) {
		case clienttesting.PatchAction:
			out = append(out, "patch "+a.GetName())
		case clienttesting.UpdateAction:
			if m, ok := a.GetObject().(metav1.Object); ok && a.GetVerb() == "update" {
				out = append(out, "update "+m.GetName())
			}
		}
	}
	return out
}

// events are all that were sent.
func (w wired) events() []string {
	var out []string
	for {
		select {
		case e := <-w.recorder.Events:
			out = append(out, e)
		default:
			return out
		}
	}
}

func begun(run *v1beta1.CustomRun) bool { return run.Status.StartTime != nil }

func (c contract[Spec, World, State]) ignoresOthers(t point) {
	w := c.wire(t)
	named := func(name string) Make { return func(run *v1beta1.CustomRun) { run.Name = name } }
	version := func(v string) Make { return func(run *v1beta1.CustomRun) { run.Spec.CustomRef.APIVersion = v } }
	embedded := func(run *v1beta1.CustomRun) {
		run.Spec.CustomRef = nil
		run.Spec.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{TypeMeta: runtime.TypeMeta{APIVersion: "example.com/v1", Kind: "Wait"}}
	}
	ours := c.run(named("z-ours"))
	w.create(t,
		NewRun("Wait", "other-kind"),
		NewRun(c.KindName, "other-group", version("example.com/v1alpha1")),
		NewRun(c.KindName, "other-version", version("corbel.dev/v9")),
		NewRun("Wait", "other-embedded", embedded),
		NewRun("Wait", "no-reference", func(run *v1beta1.CustomRun) { run.Spec.CustomRef = nil }),
		ours,
	)
	w.lead(t, ours, begun)
	for _, write := range w.writes() {
		if !strings.HasSuffix(write, " z-ours") {
			t.Errorf("a run of others was written: %s", write)
		}
	}
	for _, e := range w.events() {
		if strings.Contains(e, "InternalError") {
			t.Errorf("event: %s", e)
		}
	}
	leader, ok := w.impl.Reconciler.(reconciler.LeaderAware)
	if !ok {
		t.Fatal("the reconciler knows no leader")
	}
	var promoted []string
	if err := leader.Promote(reconciler.UniversalBucket(), func(_ reconciler.Bucket, key types.NamespacedName) {
		promoted = append(promoted, key.Name)
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"z-ours"}, promoted); diff != "" {
		t.Errorf("enqueued on promotion (-want +got):\n%s", diff)
	}
}

func (c contract[Spec, World, State]) keepsMetadata(t point) {
	w := c.wire(t)
	run := c.run(Owned, Cancelled, func(run *v1beta1.CustomRun) {
		run.Annotations = map[string]string{"example.com/note": "kept"}
		run.OwnerReferences = append(run.OwnerReferences, metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: "more", UID: "u"})
	})
	want := run.ObjectMeta
	w.create(t, run)
	w.lead(t, run, func(run *v1beta1.CustomRun) bool { return run.Status.CompletionTime != nil })
	if diff := cmp.Diff(want, w.get(t, run).ObjectMeta); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func (c contract[Spec, World, State]) actsAsLeader(t point) {
	w := c.wire(t)
	run := c.run()
	w.create(t, run)
	err := w.impl.Reconciler.Reconcile(w.ctx, Namespace+"/"+run.Name)
	if !controller.IsSkipKey(err) {
		t.Errorf("want the key skipped, got %v", err)
	}
	if writes := w.writes(); writes != nil {
		t.Errorf("one that does not lead wrote: %v", writes)
	}
	t.Log("two programs at a time: test/conformance")
}

func (c contract[Spec, World, State]) sendsNoInternalError(t point) {
	for name, shape := range c.Broken {
		t.Run(name, func(t *testing.T) {
			w := c.wire(t)
			// The store's conflict, which is nobody's fault.
			conflicts := 2
			w.client.PrependReactor("update", "customruns", func(clienttesting.Action) (bool, runtime.Object, error) {
				conflicts--
				return conflicts >= 0, nil, apierrors.NewConflict(customRuns, "gate", context.DeadlineExceeded)
			})
			run := NewRun(c.KindName, "gate", shape)
			w.create(t, run)
			w.lead(t, run, func(run *v1beta1.CustomRun) bool { return run.Status.CompletionTime != nil })
			events := w.events()
			if slices.ContainsFunc(events, func(e string) bool { return strings.Contains(e, "InternalError") }) || len(events) == 0 {
				t.Errorf("events: %q", events)
			}
		})
	}
}
