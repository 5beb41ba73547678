package customrun

import (
	"errors"
	"testing"

	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	faketekton "github.com/tektoncd/pipeline/pkg/client/clientset/versioned/fake"
	listersv1 "github.com/tektoncd/pipeline/pkg/client/listers/pipeline/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"knative.dev/pkg/apis"
)

func pipelineRun(uid types.UID, done corev1.ConditionStatus) *pipelinev1.PipelineRun {
	pr := &pipelinev1.PipelineRun{ObjectMeta: metav1.ObjectMeta{Namespace: "team", Name: "release", UID: uid}}
	pr.Status.SetCondition(&apis.Condition{Type: apis.ConditionSucceeded, Status: done})
	return pr
}

func owned(kind string, controller bool) *v1beta1.CustomRun {
	return &v1beta1.CustomRun{ObjectMeta: metav1.ObjectMeta{
		Namespace: "team", Name: "gate",
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "tekton.dev/v1", Kind: kind, Name: "release", UID: "ours", Controller: &controller}},
	}}
}

// looks are PipelineRuns with some in the cache and some on the API server.
func looks(t *testing.T, cached, stored *pipelinev1.PipelineRun) (pipelineRuns, *faketekton.Clientset) {
	t.Helper()
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	if cached != nil {
		slim, err := slimPipelineRun(cached)
		if err != nil {
			t.Fatal(err)
		}
		if err := indexer.Add(slim); err != nil {
			t.Fatal(err)
		}
	}
	client := faketekton.NewSimpleClientset()
	if stored != nil {
		if err := client.Tracker().Add(stored); err != nil {
			t.Fatal(err)
		}
	}
	return pipelineRuns{lister: listersv1.NewPipelineRunLister(indexer), client: client}, client
}

func TestStateOfTheOwner(t *testing.T) {
	running, done := corev1.ConditionUnknown, corev1.ConditionTrue
	tests := map[string]struct {
		run            *v1beta1.CustomRun
		cached, stored *pipelinev1.PipelineRun
		want           OwnerState
		asked          int
	}{
		"a run of nobody":                           {&v1beta1.CustomRun{}, nil, nil, OwnerNone, 0},
		"a run that something else controls":        {owned("Promotion", true), nil, nil, OwnerNone, 0},
		"a run that a PipelineRun does not control": {owned(kindPipelineRun, false), nil, nil, OwnerNone, 0},
		"it runs, and the cache knows":              {owned(kindPipelineRun, true), pipelineRun("ours", running), nil, OwnerRunning, 0},
		"it is done, and the cache knows":           {owned(kindPipelineRun, true), pipelineRun("ours", done), nil, OwnerDone, 0},
		"it failed, and the cache knows":            {owned(kindPipelineRun, true), pipelineRun("ours", corev1.ConditionFalse), nil, OwnerDone, 0},
		"it is younger than the cache":              {owned(kindPipelineRun, true), nil, pipelineRun("ours", running), OwnerRunning, 1},
		"the cache has an older one of its name":    {owned(kindPipelineRun, true), pipelineRun("older", done), pipelineRun("ours", running), OwnerRunning, 1},
		"a younger one has its name":                {owned(kindPipelineRun, true), pipelineRun("younger", running), pipelineRun("younger", running), OwnerGone, 1},
		"it is gone":                                {owned(kindPipelineRun, true), nil, nil, OwnerGone, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			owners, client := looks(t, tc.cached, tc.stored)
			got, err := owners.State(t.Context(), tc.run)
			if err != nil || got != tc.want {
				t.Errorf("want %s, got %s, %v", tc.want, got, err)
			}
			if n := len(client.Actions()); n != tc.asked {
				t.Errorf("the API server was asked %d times", n)
			}
		})
	}
}

func TestNoAnswerIsNoOwnerState(t *testing.T) {
	owners, client := looks(t, nil, nil)
	client.PrependReactor("get", "pipelineruns", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, errors.New("connection refused")
	})
	if got, err := owners.State(t.Context(), owned(kindPipelineRun, true)); err == nil {
		t.Errorf("want an error, got %s", got)
	}
}
