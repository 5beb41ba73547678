package cli

import (
	"bytes"
	"context"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	kubefake "k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/client/clientset/versioned/fake"
	"github.com/corbel-dev/corbel/pkg/gate"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// world is a cluster in memory, and the one who looks at it.
type world struct {
	corbel *fake.Clientset
	kube   *kubefake.Clientset
	user   authenticationv1.UserInfo
	// denied are "verb resource/name" that the user does not hold.
	denied map[string]bool
	// asked counts what the user's verbs were asked for.
	asked map[string]int
	ctx   context.Context //nolint:containedctx // of the test
}

func newWorld(t *testing.T, user string, groups []string, objects ...runtime.Object) *world {
	t.Helper()
	w := &world{
		corbel: fake.NewSimpleClientset(objects...), kube: kubefake.NewClientset(),
		user:   authenticationv1.UserInfo{Username: user, Groups: groups},
		denied: map[string]bool{}, asked: map[string]int{}, ctx: t.Context(),
	}
	w.kube.PrependReactor("create", "selfsubjectreviews", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, &authenticationv1.SelfSubjectReview{Status: authenticationv1.SelfSubjectReviewStatus{UserInfo: w.user}}, nil
	})
	w.kube.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttesting.Action) (bool, runtime.Object, error) {
		review := a.(clienttesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview)
		r := review.Spec.ResourceAttributes
		key := r.Verb + " " + r.Resource + "." + r.Group + "/" + r.Namespace + "/" + r.Name
		w.asked[key]++
		review.Status.Allowed = !w.denied[key]
		return true, review, nil
	})
	return w
}

// controller makes the world count every decision at once, by the real rules.
func (w *world) controller(t *testing.T) {
	t.Helper()
	w.corbel.PrependReactor("create", "approvaldecisions", func(a clienttesting.Action) (bool, runtime.Object, error) {
		d := a.(clienttesting.CreateAction).GetObject().(*v1alpha1.ApprovalDecision).DeepCopy()
		d.UID, d.CreationTimestamp = types.UID("uid-"+d.Name), metav1.NewTime(noon)
		resource := v1alpha1.SchemeGroupVersion.WithResource("approvaldecisions")
		if err := w.corbel.Tracker().Create(resource, d, d.Namespace); err != nil {
			return true, nil, err
		}
		w.count(t, d)
		return true, d, nil
	})
}

func (w *world) count(t *testing.T, d *v1alpha1.ApprovalDecision) {
	t.Helper()
	resource := v1alpha1.SchemeGroupVersion.WithResource("approvalrequests")
	o, err := w.corbel.Tracker().Get(resource, d.Namespace, d.Spec.Request.Name)
	if err != nil {
		t.Error(err)
		return
	}
	r := o.(*v1alpha1.ApprovalRequest).DeepCopy()
	r.Status = gate.Count(r, []*v1alpha1.ApprovalDecision{d})
	if err := w.corbel.Tracker().Update(resource, r, r.Namespace); err != nil {
		t.Error(err)
	}
}

// result is what a person sees of one command.
type result struct {
	Out, Err string
	Code     int
}

func (w *world) run(args ...string) result {
	var out, errs bytes.Buffer
	root := NewRoot(Options{
		Clock:   clocktesting.NewFakeClock(noon),
		Version: "v1.2.3",
		Connect: func(t Target) (*Connection, error) {
			namespace := "ci"
			if t.Namespace != "" {
				namespace = t.Namespace
			}
			return &Connection{
				Namespace: namespace, Corbel: w.corbel.CorbelV1alpha1(),
				Authentication: w.kube.AuthenticationV1(), Authorization: w.kube.AuthorizationV1(), Core: w.kube.CoreV1(),
			}, nil
		},
	})
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	code := Execute(w.ctx, root)
	return result{out.String(), errs.String(), code}
}

func at(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(d)) }

type change = func(*v1alpha1.ApprovalRequest)

// request waits for two of group release and for carol or group security.
func request(name string, changes ...change) *v1alpha1.ApprovalRequest {
	deadline := at(time.Hour)
	r := &v1alpha1.ApprovalRequest{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: "ci", UID: types.UID("uid-" + name), CreationTimestamp: at(-5 * time.Minute), ResourceVersion: "1",
		},
		Spec: v1alpha1.ApprovalRequestSpec{
			Gate: v1alpha1.GateReference{Kind: v1alpha1.ApprovalKind, Name: "production"},
			Subject: v1alpha1.RequestSubject{
				CustomRun: "release-42-" + name, UID: "run-1", Attempt: 1, PipelineRun: "release-42", PipelineTask: name,
			},
			Description: "Release 1.2 to production",
			Rules: []v1alpha1.ApprovalRule{
				{Name: "release", Groups: []string{"release"}, Required: 2},
				{Name: "security", Users: []string{"carol"}, Groups: []string{"security"}, Required: 1},
			},
			Deadline: &deadline,
		},
	}
	r.Status = gate.Count(r, nil)
	for _, f := range changes {
		f(r)
	}
	return r
}

func pause(r *v1alpha1.ApprovalRequest) {
	r.Spec.Gate = v1alpha1.GateReference{Kind: v1alpha1.PauseKind, Name: "soak"}
	r.Spec.Rules, r.Spec.Deadline = nil, nil
	r.Status = gate.Count(r, nil)
}

// oneRule needs one approval of group release.
func oneRule(r *v1alpha1.ApprovalRequest) {
	r.Spec.Rules = r.Spec.Rules[:1]
	r.Spec.Rules[0].Required = 1
	r.Status = gate.Count(r, nil)
}

func in(namespace string) change {
	return func(r *v1alpha1.ApprovalRequest) { r.Namespace = namespace; r.UID += types.UID(namespace) }
}

func older(r *v1alpha1.ApprovalRequest) { r.CreationTimestamp = at(-time.Hour) }

// decided enters a decision by the real rules.
func decided(user, group string, kind v1alpha1.DecisionKind) change {
	return func(r *v1alpha1.ApprovalRequest) {
		r.Status = gate.Count(r, []*v1alpha1.ApprovalDecision{{
			ObjectMeta: metav1.ObjectMeta{Name: r.Name + "-" + user, UID: types.UID("by-" + user), CreationTimestamp: at(-time.Minute)},
			Spec: v1alpha1.ApprovalDecisionSpec{
				Request: v1alpha1.RequestReference{Name: r.Name, UID: r.UID}, Gate: r.Spec.Gate, Decision: kind,
				Comment: "as agreed", Decider: v1alpha1.Decider{Username: user, Groups: []string{group}},
			},
		}})
	}
}
