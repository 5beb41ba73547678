package admission_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// create stores an object whose spec is written as a person writes it.
func create(t *testing.T, who actor, namespace, kind, spec string) (*unstructured.Unstructured, error) {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte("spec: "+spec), &object.Object); err != nil {
		t.Fatal(err)
	}
	object.SetAPIVersion(v1alpha1.APIVersion)
	object.SetKind(kind)
	object.SetGenerateName("test-")
	resource := schema.GroupVersionResource{Group: "corbel.dev", Version: "v1alpha1", Resource: strings.ToLower(kind) + "s"}
	return who.objects.Resource(resource).Namespace(namespace).Create(t.Context(), object, metav1.CreateOptions{})
}

func TestADefinitionThatCannotWorkIsRefused(t *testing.T) {
	ns := namespace(t)
	bindRole(t, ns, "eve", "edit")
	eve := user(t, "eve")
	long := strings.Repeat("x", 5000)
	for name, test := range map[string]struct {
		kind, spec string
		words      []string
	}{
		"more people required than there are":   {"Approval", `{rules: [{users: [alice, bob], required: 3}]}`, []string{"spec.rules[0]", "nobody could ever fill this rule; lower required or add users"}},
		"nobody required":                       {"Approval", `{rules: [{users: [alice], required: 0}]}`, []string{"spec.rules[0].required", "greater than or equal to 1"}},
		"a crowd required":                      {"Approval", `{rules: [{required: 101}]}`, []string{"spec.rules[0].required", "less than or equal to 100"}},
		"a user listed twice":                   {"Approval", `{rules: [{users: [alice, alice]}]}`, []string{"spec.rules[0].users[1]", "Duplicate value"}},
		"a user without a name":                 {"Approval", `{rules: [{users: [""]}]}`, []string{"spec.rules[0].users[0]", "at least 1 chars"}},
		"too many rules":                        {"Approval", `{rules: [{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]}`, []string{"spec.rules", "at most 16"}},
		"a negative timeout":                    {"Approval", `{timeout: -1h}`, []string{"spec.timeout", "timeout is negative; use a positive duration such as 72h, or 0s for no bound"}},
		"a timeout of more than a year":         {"Approval", `{timeout: 8785h}`, []string{"spec.timeout", "timeout is over 8784h (366 days); use less, or 0s for no bound"}},
		"a timeout that is no duration":         {"Approval", `{timeout: "3 days"}`, []string{"spec.timeout"}},
		"a timeout that is a number":            {"Approval", `{timeout: 3600}`, []string{"spec.timeout", "string"}},
		"a timeout that never ends":             {"Approval", `{timeout: "9999999999999999999h"}`, []string{"spec.timeout"}},
		"an outcome that does not exist":        {"Approval", `{onReject: Skip}`, []string{"spec.onReject", `"Fail", "Continue"`}},
		"a description like a book":             {"Approval", `{description: ` + long + `}`, []string{"spec.description", "4096"}},
		"a Pause for a duration and until":      {"Pause", `{duration: 1h, until: "2030-01-01T00:00:00Z"}`, []string{"spec", "duration and until exclude each other; remove one"}},
		"a Pause of no duration":                {"Pause", `{duration: 0s}`, []string{"spec.duration", "duration must be positive, such as 30m"}},
		"a Pause of a negative duration":        {"Pause", `{duration: -5m}`, []string{"spec.duration", "duration must be positive, such as 30m"}},
		"a Pause of more than a year":           {"Pause", `{duration: 9000h}`, []string{"spec.duration", "duration is over 8784h (366 days); use less"}},
		"a Pause until no time":                 {"Pause", `{until: tomorrow}`, []string{"spec.until", "date-time"}},
		"a Pause whose timeout is negative":     {"Pause", `{timeout: -1s}`, []string{"spec.timeout", "timeout is negative"}},
		"a Pause with a timeout of over a year": {"Pause", `{timeout: 100000h}`, []string{"spec.timeout", "timeout is over 8784h (366 days)"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := create(t, eve, ns, test.kind, test.spec)
			refused(t, err, test.words...)
		})
	}
}

func TestADefinitionThatWorksIsLetIn(t *testing.T) {
	ns := namespace(t)
	bindRole(t, ns, "eve", "edit")
	eve := user(t, "eve")
	for name, test := range map[string]struct{ kind, spec string }{
		"an Approval that says nothing":               {"Approval", `{}`},
		"groups that may be larger than required":     {"Approval", `{rules: [{users: [alice], groups: ["oidc:devs", "Domain Admins"], required: 3}]}`},
		"a rule for whoever holds the verb":           {"Approval", `{rules: [{required: 2}]}`},
		"an Approval without bound":                   {"Approval", `{timeout: 0s}`},
		"an Approval for 366 days":                    {"Approval", `{timeout: 8784h}`},
		"an Approval for a day and a half in minutes": {"Approval", `{timeout: 2160m30s}`},
		"an Approval that continues":                  {"Approval", `{onReject: Continue, onTimeout: Continue}`},
		"a Pause that says nothing":                   {"Pause", `{}`},
		"a Pause for half an hour":                    {"Pause", `{duration: 30m, timeout: 1h}`},
		"a Pause until a past moment":                 {"Pause", `{until: "2020-01-01T00:00:00Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := create(t, eve, ns, test.kind, test.spec)
			accepted(t, err)
		})
	}
}
