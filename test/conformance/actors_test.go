package conformance

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	tektonclient "github.com/tektoncd/pipeline/pkg/client/clientset/versioned"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	corbelclient "github.com/corbel-dev/corbel/pkg/client/clientset/versioned"
)

// actor is somebody who talks to the API server.
type actor struct {
	name   string
	kube   kubernetes.Interface
	corbel corbelclient.Interface
	tekton tektonclient.Interface
}

func newActor(t *testing.T, name string, cfg *rest.Config) actor {
	t.Helper()
	a := actor{name: name}
	var errs [3]error
	a.kube, errs[0] = kubernetes.NewForConfig(cfg)
	a.corbel, errs[1] = corbelclient.NewForConfig(cfg)
	a.tekton, errs[2] = tektonclient.NewForConfig(cfg)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return a
}

var (
	actorsLock sync.Mutex
	actors     = map[string]actor{}
)

// admin may do everything that RBAC can grant.
func admin(t *testing.T) actor {
	t.Helper()
	return known(t, "admin", world.RESTConfig)
}

// user has the rights that RBAC gives, and no more.
func user(t *testing.T, name string) actor {
	t.Helper()
	return known(t, name, func() (*rest.Config, error) { return world.UserConfig(name) })
}

func known(t *testing.T, name string, config func() (*rest.Config, error)) actor {
	t.Helper()
	actorsLock.Lock()
	defer actorsLock.Unlock()
	if a, ok := actors[name]; ok {
		return a
	}
	cfg, err := config()
	if err != nil {
		t.Fatal(err)
	}
	actors[name] = newActor(t, name, cfg)
	return actors[name]
}

// deciders hold the verbs in every story's namespace.
var deciders = []string{"alice", "bob", "carol"}

var stories atomic.Int64

// noInternalError: what is the user's to mend is in the condition, and what passes by
// is not worth an event.
func (s *story) noInternalError() {
	s.Helper()
	list, err := s.admin.kube.CoreV1().Events(s.namespace).List(context.WithoutCancel(s.Context()), metav1.ListOptions{FieldSelector: "reason=InternalError"})
	if err != nil {
		s.Error(err)
		return
	}
	for _, e := range list.Items {
		if ofCorbel(e) {
			s.Errorf("InternalError about %s: %s", e.InvolvedObject.Name, e.Message)
		}
	}
}

// newNamespace makes a namespace where the deciders may decide.
func newNamespace(t *testing.T) string {
	t.Helper()
	client, name := admin(t).kube, fmt.Sprintf("story-%d-%d", os.Getpid(), stories.Add(1))
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if _, err := client.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if os.Getenv(keepVariable) != "1" && !t.Failed() {
			_ = client.CoreV1().Namespaces().Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{})
		}
	})
	for _, role := range []string{"corbel-approver", "corbel-resumer"} {
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
		}
		for _, d := range deciders {
			binding.Subjects = append(binding.Subjects, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: d})
		}
		if _, err := client.RbacV1().RoleBindings(name).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	return name
}
