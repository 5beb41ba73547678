package admission_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tektonclient "github.com/tektoncd/pipeline/pkg/client/clientset/versioned"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	corbelclient "github.com/corbel-dev/corbel/pkg/client/clientset/versioned"
)

// actor is somebody who talks to the API server, with no more rights than RBAC gives.
type actor struct {
	kube    kubernetes.Interface
	corbel  corbelclient.Interface
	tekton  tektonclient.Interface
	objects dynamic.Interface
}

func newActor(t *testing.T, cfg *rest.Config) actor {
	t.Helper()
	var a actor
	var errs [4]error
	a.kube, errs[0] = kubernetes.NewForConfig(cfg)
	a.corbel, errs[1] = corbelclient.NewForConfig(cfg)
	a.tekton, errs[2] = tektonclient.NewForConfig(cfg)
	a.objects, errs[3] = dynamic.NewForConfig(cfg)
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// user acts with a client certificate that says who it is.
func user(t *testing.T, name string, groups ...string) actor {
	t.Helper()
	cfg, err := world.UserConfig(name, groups...)
	if err != nil {
		t.Fatal(err)
	}
	return newActor(t, cfg)
}

// admin may do everything that RBAC can grant.
func admin(t *testing.T) actor {
	t.Helper()
	cfg, err := world.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	return newActor(t, cfg)
}

func anonymous(t *testing.T) actor {
	t.Helper()
	cfg, err := world.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	return newActor(t, rest.AnonymousClientConfig(cfg))
}

func serviceAccount(t *testing.T, namespace, name string) actor {
	t.Helper()
	return user(t, "system:serviceaccount:"+namespace+":"+name, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
}

// controller acts as Corbel's own controller.
func controller(t *testing.T) actor {
	t.Helper()
	return serviceAccount(t, systemNamespace, "corbel-controller")
}

var namespaces atomic.Int64

// namespace makes a namespace for one test.
func namespace(t *testing.T) string {
	t.Helper()
	client := admin(t).kube.CoreV1().Namespaces()
	name := fmt.Sprintf("attack-%d-%d", time.Now().Unix()%1_000_000, namespaces.Add(1))
	if _, err := client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := client.Delete(context.WithoutCancel(t.Context()), name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			t.Error(err)
		}
	})
	return name
}

// allow grants a "verb resource" of corbel.dev, on all objects when no name is given.
func allow(t *testing.T, namespace, user, what string, names ...string) {
	t.Helper()
	verb, resource, _ := strings.Cut(what, " ")
	grant(t, namespace, user, rbacv1.PolicyRule{APIGroups: []string{"corbel.dev"}, Resources: []string{resource}, Verbs: []string{verb}, ResourceNames: names})
}

var grants atomic.Int64

func grant(t *testing.T, namespace, user string, rules ...rbacv1.PolicyRule) {
	t.Helper()
	client := admin(t).kube.RbacV1()
	name := fmt.Sprintf("grant-%d", grants.Add(1))
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
	if _, err := client.Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	bind(t, namespace, user, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name})
}

// bindRole gives one of the ClusterRoles of config/ in a namespace.
func bindRole(t *testing.T, namespace, user, clusterRole string) {
	t.Helper()
	bind(t, namespace, user, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: clusterRole})
}

func bind(t *testing.T, namespace, user string, role rbacv1.RoleRef) {
	t.Helper()
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("grant-%d", grants.Add(1))},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		RoleRef:    role,
	}
	if _, err := admin(t).kube.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	settle(t, namespace, user)
}

// settle waits until the API server acts by all grants made so far. It hears of
// Roles and of RoleBindings in the order in which they were made, so it is enough
// to wait for one more of each.
func settle(t *testing.T, namespace, user string) {
	t.Helper()
	client := admin(t).kube
	meta := metav1.ObjectMeta{Name: fmt.Sprintf("settle-%d", grants.Add(1))}
	role := &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{"test.corbel.dev"}, Resources: []string{"marks"}, ResourceNames: []string{meta.Name}, Verbs: []string{"see"},
	}}}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: meta,
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: meta.Name},
	}
	if _, err := client.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	err := eventually(t.Context(), func(ctx context.Context) error {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user,
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: namespace, Group: "test.corbel.dev", Resource: "marks", Name: meta.Name, Verb: "see",
			},
		}}
		review, err := client.AuthorizationV1().SubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err == nil && !review.Status.Allowed {
			err = errNotYet
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var errNotYet = errors.New("not yet")

// refused wants an admission error that says all of the words.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("it was let in; want a refusal that says %q", words)
	}
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		t.Fatalf("the error is of class %s, want Forbidden or Invalid: %v", apierrors.ReasonForError(err), err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the refusal does not say %q: %v", word, err)
		}
	}
}

func accepted(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("it was refused: %v", err)
	}
}
