package admission_test

import (
	"testing"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

const (
	outcomePolicy = "corbel-customrun-status"
	frozenPolicy  = "corbel-customrun-frozen"
	succeeded     = `{"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Approved","lastTransitionTime":"2026-01-01T00:00:00Z"}],"completionTime":"2026-01-01T00:00:00Z"}}`
)

func embeddedRun() v1beta1.CustomRunSpec {
	return v1beta1.CustomRunSpec{CustomSpec: &v1beta1.EmbeddedCustomRunSpec{
		TypeMeta: runtime.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.ApprovalKind},
		Spec:     runtime.RawExtension{Raw: []byte(`{"rules":[{"users":["alice","bob"],"required":2}]}`)},
	}}
}

func TestTheOutcomeOfARunIsTheControllers(t *testing.T) {
	ns := namespace(t)
	finish := func(who actor, run *v1beta1.CustomRun) error {
		_, err := who.tekton.TektonV1beta1().CustomRuns(ns).Patch(t.Context(), run.Name, types.MergePatchType, []byte(succeeded), metav1.PatchOptions{}, "status")
		return err
	}
	named := startRun(t, ns, runOf(v1alpha1.APIVersion, v1alpha1.ApprovalKind))
	embedded := startRun(t, ns, embeddedRun())
	later := startRun(t, ns, runOf("corbel.dev/v1", "RemoteBuild"))
	for what, run := range map[string]*v1beta1.CustomRun{"a run that names its gate": named, "a run that embeds its gate": embedded, "a run of a later version": later} {
		t.Run(what+" is finished by a cluster admin", func(t *testing.T) {
			refused(t, finish(admin(t), run), outcomePolicy, "status", "cancel it with spec.status: RunCancelled")
		})
		t.Run(what+" is finished by Tekton's controller", func(t *testing.T) {
			tekton := serviceAccount(t, "tekton-pipelines", "tekton-pipelines-controller")
			refused(t, finish(tekton, run), "customruns")
		})
	}
	t.Run("a run is finished by the controller", func(t *testing.T) {
		accepted(t, finish(controller(t), named))
	})
	t.Run("a run of another project is finished by whoever may", func(t *testing.T) {
		accepted(t, finish(admin(t), startRun(t, ns, runOf("wait.example.com/v1", "Wait"))))
	})
	t.Run("a run of a project whose name looks like ours is none of ours", func(t *testing.T) {
		accepted(t, finish(admin(t), startRun(t, ns, runOf("corbel.dev.example.com/v1", "Approval"))))
	})
}

func TestWhatARunWasStartedWithNeverChanges(t *testing.T) {
	ns := namespace(t)
	bindRole(t, ns, "eve", "edit")
	run := startRun(t, ns, runOf(v1alpha1.APIVersion, v1alpha1.ApprovalKind))
	embedded := startRun(t, ns, embeddedRun())
	patchAs := func(t *testing.T, who actor, name, patch string) error {
		t.Helper()
		_, err := who.tekton.TektonV1beta1().CustomRuns(ns).Patch(t.Context(), name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		return err
	}
	for _, test := range []struct{ what, field, patch string }{
		{"the quorum is lowered in its parameters", "spec.params", `{"spec":{"params":[{"name":"numberOfApprovalsRequired","value":"1"}]}}`},
		{"its parameters are removed", "spec.params", `{"spec":{"params":null}}`},
		{"another definition is named", "spec.customRef", `{"spec":{"customRef":{"name":"staging"}}}`},
		{"it is given to another controller", "spec.customRef", `{"spec":{"customRef":{"apiVersion":"wait.example.com/v1","kind":"Wait"}}}`},
		{"its time is extended", "spec.timeout", `{"spec":{"timeout":"999h"}}`},
		{"its retries are changed", "spec.retries", `{"spec":{"retries":7}}`},
		{"its ServiceAccount is changed", "spec.serviceAccountName", `{"spec":{"serviceAccountName":"root"}}`},
		{"a workspace is added", "spec.workspaces", `{"spec":{"workspaces":[{"name":"w","emptyDir":{}}]}}`},
	} {
		for who, a := range map[string]actor{"an editor": user(t, "eve"), "a cluster admin": admin(t), "Tekton's controller": serviceAccount(t, "tekton-pipelines", "tekton-pipelines-controller")} {
			t.Run(test.what+", by "+who, func(t *testing.T) {
				refused(t, patchAs(t, a, run.Name, test.patch), frozenPolicy, test.field, "cancel it with spec.status: RunCancelled")
			})
		}
	}
	t.Run("the embedded rules are changed", func(t *testing.T) {
		patch := `{"spec":{"customSpec":{"spec":{"rules":[{"users":["mallory"],"required":1}]}}}}`
		refused(t, patchAs(t, admin(t), embedded.Name, patch), frozenPolicy, "spec.customSpec")
	})
	t.Run("another project's run becomes one of ours", func(t *testing.T) {
		foreign := startRun(t, ns, runOf("wait.example.com/v1", "Wait"))
		patch := `{"spec":{"customRef":{"apiVersion":"corbel.dev/v1alpha1","kind":"Approval"}}}`
		refused(t, patchAs(t, admin(t), foreign.Name, patch), frozenPolicy, "spec.customRef")
	})
	t.Run("labels and annotations stay free", func(t *testing.T) {
		accepted(t, patchAs(t, user(t, "eve"), run.Name, `{"metadata":{"labels":{"team":"shop"},"annotations":{"note":"x"}}}`))
	})
	t.Run("it is cancelled with a message", func(t *testing.T) {
		accepted(t, patchAs(t, user(t, "eve"), run.Name, `{"spec":{"status":"RunCancelled","statusMessage":"not today"}}`))
	})
	t.Run("another project's run is edited as ever", func(t *testing.T) {
		foreign := startRun(t, ns, runOf("wait.example.com/v1", "Wait"))
		accepted(t, patchAs(t, user(t, "eve"), foreign.Name, `{"spec":{"params":[{"name":"a","value":"b"}],"timeout":"2h"}}`))
	})
}
