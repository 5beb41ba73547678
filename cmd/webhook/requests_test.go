package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/client/clientset/versioned/fake"
	listers "github.com/corbel-dev/corbel/pkg/client/listers/corbel/v1alpha1"
)

func request(name string) *v1alpha1.ApprovalRequest {
	return &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, UID: "uid-0", ResourceVersion: "7",
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "controller"}},
			Labels:        map[string]string{"tekton.dev/pipelineRun": "release"},
		},
		Spec: v1alpha1.ApprovalRequestSpec{
			Gate:        v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"},
			Description: "Ship it?",
		},
		Status: v1alpha1.ApprovalRequestStatus{WaitingFor: "alice"},
	}
}

func TestARequestIsFound(t *testing.T) {
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	if err := indexer.Add(request("cached")); err != nil {
		t.Fatal(err)
	}
	client := fake.NewSimpleClientset(request("new"))
	r := &requests{cached: listers.NewApprovalRequestLister(indexer), live: client.CorbelV1alpha1()}
	for name, test := range map[string]struct {
		namespace, name string
		found           bool
		calls           int
	}{
		"in the cache, without a call":  {"shop", "cached", true, 0},
		"at the API server when new":    {"shop", "new", true, 1},
		"nowhere":                       {"shop", "gone", false, 1},
		"not in somebody's namespace":   {"other", "cached", false, 1},
		"not by a name that is no name": {"shop", "", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			client.ClearActions()
			got := r.find(t.Context(), test.namespace, test.name)
			if (got != nil) != test.found {
				t.Errorf("got %v, want found=%v", got, test.found)
			}
			if calls := len(client.Actions()); calls != test.calls {
				t.Errorf("%d calls, want %d", calls, test.calls)
			}
		})
	}
}

func TestTheCacheKeepsWhatADecisionIsFilledFrom(t *testing.T) {
	got, err := strip(request("sign-off"))
	if err != nil {
		t.Fatal(err)
	}
	want := &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "sign-off", UID: "uid-0", ResourceVersion: "7"},
		Spec:       v1alpha1.ApprovalRequestSpec{Gate: v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	tombstone := cache.DeletedFinalStateUnknown{Key: "shop/sign-off"}
	if got, err := strip(tombstone); err != nil || got != any(tombstone) {
		t.Errorf("a tombstone became %v, %v", got, err)
	}
}
