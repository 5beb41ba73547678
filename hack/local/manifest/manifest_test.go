package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/hack/local/manifest"
)

const program = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: webhook, namespace: system}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: webhook}}
    spec:
      serviceAccountName: hooks
      containers:
      - name: webhook
        image: ko://example.com/cmd/webhook
        command: [/sbin/tini, --, /ko-app/webhook, --first]
        args: [--image, "ko://example.com/cmd/step"]
        env:
        - {name: WEBHOOK_PORT, value: "8443"}
        - {name: SYSTEM_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
        - {name: SSL_CERT_FILE, value: /etc/certs}
        - {name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}
---
apiVersion: v1
kind: Namespace
metadata: {name: system}
---
# nothing
---
apiVersion: example.com/v1
kind: Interceptor
metadata: {name: custom}
`

func parse(t *testing.T) []manifest.Object {
	t.Helper()
	objects, err := manifest.Parse([]byte(program))
	if err != nil {
		t.Fatal(err)
	}
	manifest.Sort(objects)
	return objects
}

func kinds(objects []manifest.Object) []string {
	var all []string
	for _, o := range objects {
		all = append(all, o.GetKind())
	}
	return all
}

func TestObjectsAreInAnOrderThatCanBeApplied(t *testing.T) {
	if diff := cmp.Diff([]string{"Namespace", "Deployment", "Interceptor"}, kinds(parse(t))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCustomObjectsComeAfterTheirWebhook(t *testing.T) {
	custom, rest := manifest.Custom(parse(t))
	if diff := cmp.Diff([]string{"Interceptor"}, kinds(custom)); diff != "" {
		t.Errorf("custom (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Namespace", "Deployment"}, kinds(rest)); diff != "" {
		t.Errorf("rest (-want +got)\n%s", diff)
	}
}

func TestImagesAreReplacedWhereverTheyAre(t *testing.T) {
	objects := parse(t)
	err := manifest.Strings(objects, func(s string) (string, error) {
		if s == "ko://example.com/cmd/step" {
			return "registry/step@sha256:1", nil
		}
		return s, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := manifest.WorkloadOf(objects[1])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"--first", "--image", "registry/step@sha256:1"}, w.Args); diff != "" {
		t.Errorf("args (-want +got)\n%s", diff)
	}
}

func TestWorkloadIsReadFromItsDeployment(t *testing.T) {
	got, err := manifest.WorkloadOf(parse(t)[1])
	if err != nil {
		t.Fatal(err)
	}
	want := manifest.Workload{
		Name: "webhook", Namespace: "system", ServiceAccount: "hooks", Replicas: 2,
		ImportPath: "example.com/cmd/webhook",
		Args:       []string{"--first", "--image", "ko://example.com/cmd/step"},
		Env:        []string{"WEBHOOK_PORT=8443", "SYSTEM_NAMESPACE=system"},
		Labels:     map[string]string{"app": "webhook"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !got.Has("WEBHOOK_PORT") || got.Has("WEBHOOK") {
		t.Error("Has goes by the whole name of a variable")
	}
}
