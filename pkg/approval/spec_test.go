package approval

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/fault"
)

// run makes a run of the kind: by parameters alone, unless changed.
func run(change func(*v1beta1.CustomRunSpec)) *v1beta1.CustomRun {
	r := &v1beta1.CustomRun{}
	r.Name, r.Namespace, r.UID = "run", "ns", "uid"
	r.Spec.CustomRef = &v1beta1.TaskRef{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.ApprovalKind}
	if change != nil {
		change(&r.Spec)
	}
	return r
}

func param(name string, value ...string) v1beta1.Param {
	p := v1beta1.Param{Name: name, Value: v1beta1.ParamValue{Type: v1beta1.ParamTypeArray, ArrayVal: value}}
	if len(value) == 1 {
		p.Value = v1beta1.ParamValue{Type: v1beta1.ParamTypeString, StringVal: value[0]}
	}
	return p
}

func params(p ...v1beta1.Param) func(*v1beta1.CustomRunSpec) {
	return func(s *v1beta1.CustomRunSpec) { s.Params = p }
}

func embedded(raw string) func(*v1beta1.CustomRunSpec) {
	return func(s *v1beta1.CustomRunSpec) {
		s.CustomRef = nil
		s.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{Spec: runtime.RawExtension{Raw: []byte(raw)}}
	}
}

func named(name string, p ...v1beta1.Param) func(*v1beta1.CustomRunSpec) {
	return func(s *v1beta1.CustomRunSpec) { s.CustomRef.Name, s.Params = name, p }
}

func TestParse(t *testing.T) {
	oneOf := func(users ...string) []v1alpha1.ApprovalRule {
		return []v1alpha1.ApprovalRule{{Name: "approvers", Users: users, Required: 1}}
	}
	for name, tc := range map[string]struct {
		run  *v1beta1.CustomRun
		want Spec
	}{
		"nothing at all":             {run: run(nil)},
		"an embedded null":           {run: run(embedded("null"))},
		"an embedded empty object":   {run: run(embedded("{}"))},
		"an absent embedded spec":    {run: run(embedded(""))},
		"a name":                     {run: run(named("production")), want: Spec{Definition: "production"}},
		"approvers as an array":      {run: run(params(param(ParamApprovers, "ana", "bob"))), want: Spec{Terms: v1alpha1.ApprovalSpec{Rules: oneOf("ana", "bob")}}},
		"approvers as a string":      {run: run(params(param(ParamApprovers, "ana"))), want: Spec{Terms: v1alpha1.ApprovalSpec{Rules: oneOf("ana")}}},
		"approvers as a JSON string": {run: run(params(param(ParamApprovers, `["ana","bob"]`))), want: Spec{Terms: v1alpha1.ApprovalSpec{Rules: oneOf("ana", "bob")}}},
		"a number without approvers asks for holders of the verb": {
			run:  run(params(param(ParamRequired, "2"))),
			want: Spec{Terms: v1alpha1.ApprovalSpec{Rules: []v1alpha1.ApprovalRule{{Name: "approvers", Required: 2}}}},
		},
		"an embedded definition with a text of the pipeline's own": {
			run: run(func(s *v1beta1.CustomRunSpec) {
				embedded(`{"rules":[{"groups":["ops"]}],"onReject":"Continue","timeout":"2h"}`)(s)
				s.Params = []v1beta1.Param{param(ParamDescription, "go?"), param(ParamTimeout, "90m")}
			}),
			want: Spec{Terms: v1alpha1.ApprovalSpec{
				Description: "go?", Rules: []v1alpha1.ApprovalRule{{Groups: []string{"ops"}}},
				OnReject: v1alpha1.OutcomeContinue, Timeout: asDuration(90 * time.Minute),
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(tc.run)
			if err != nil {
				t.Fatal(err)
			}
			tc.want.Terms.SetDefaults(t.Context())
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

// TestParseRefuses: each message names the field and the mend.
func TestParseRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		run  *v1beta1.CustomRun
		want []string
	}{
		"an unknown parameter":         {run(params(param("approver", "ana"))), []string{`"approver" is not known`, "approvers, numberOfApprovalsRequired"}},
		"a parameter given twice":      {run(params(param(ParamTimeout, "1h"), param(ParamTimeout, "2h"))), []string{`"timeout" is given twice`}},
		"an array for a text":          {run(params(param(ParamDescription, "a", "b"))), []string{`"description" is of type array`, "give a string"}},
		"an object for a list":         {run(params(v1beta1.Param{Name: ParamApprovers, Value: v1beta1.ParamValue{Type: v1beta1.ParamTypeObject}})), []string{`"approvers" is an object`}},
		"a broken JSON list":           {run(params(param(ParamApprovers, `["ana"`))), []string{`"approvers"`, "give an array of strings"}},
		"a number in words":            {run(params(param(ParamRequired, "two"))), []string{`"numberOfApprovalsRequired" is "two"`, "whole number"}},
		"zero approvals":               {run(params(param(ParamRequired, "0"))), []string{"numberOfApprovalsRequired", "1 to 100"}},
		"more than there are":          {run(params(param(ParamApprovers, "ana"), param(ParamRequired, "2"))), []string{"required is 2 but users are 1", "lower required or add users", "rules[0].required"}},
		"a nameless group":             {run(params(param(ParamApprovers, "group:"))), []string{"approvers", "names nobody", "group:NAME"}},
		"a negative timeout":           {run(params(param(ParamTimeout, "-1h"))), []string{"timeout is negative (-1h0m0s)", "72h"}},
		"a huge timeout":               {run(params(param(ParamTimeout, "9000h"))), []string{"timeout is over 8784h0m0s", "use less"}},
		"a timeout without unit":       {run(params(param(ParamTimeout, "90"))), []string{`"timeout" is "90"`, "90m"}},
		"rules for a named definition": {run(named("production", param(ParamApprovers, "ana"))), []string{`Approval "production"`, "remove approvers"}},
		"rules for embedded rules": {run(func(s *v1beta1.CustomRunSpec) {
			embedded(`{"rules":[{}]}`)(s)
			s.Params = []v1beta1.Param{param(ParamApprovers, "ana")}
		}), []string{"the embedded definition has rules"}},
		"an unknown embedded field":   {run(embedded(`{"rule":[]}`)), []string{"taskSpec.spec", `unknown field "rule"`}},
		"an unknown outcome":          {run(embedded(`{"onReject":"Skip"}`)), []string{`"Skip" is not known`, "Fail or Continue", "onReject"}},
		"a negative embedded timeout": {run(embedded(`{"timeout":"-5m"}`)), []string{"timeout is negative"}},
		"a workspace":                 {run(func(s *v1beta1.CustomRunSpec) { s.Workspaces = []v1beta1.WorkspaceBinding{{Name: "src"}} }), []string{"workspaces", `"src"`, "remove it"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(tc.run)
			if _, ok := fault.AsUser(err); !ok {
				t.Fatalf("error %v is not the user's", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("message %q lacks %q", err, want)
				}
			}
		})
	}
}

func TestTermsTakeTheShorterTimeout(t *testing.T) {
	for name, tc := range map[string]struct{ definition, param, want string }{
		"the pipeline is shorter":     {"3h", "1h", "1h0m0s"},
		"the definition is shorter":   {"1h", "3h", "1h0m0s"},
		"the pipeline wants no bound": {"1h", "0s", "1h0m0s"},
		"the definition has no bound": {"0s", "1h", "1h0m0s"},
		"the definition leaves open":  {"", "1h", "1h0m0s"},
		"the pipeline leaves open":    {"1h", "", "1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			definition, spec := &v1alpha1.Approval{}, Spec{Definition: "production"}
			if d, err := time.ParseDuration(tc.definition); err == nil {
				definition.Spec.Timeout = asDuration(d)
			}
			if d, err := time.ParseDuration(tc.param); err == nil {
				spec.Terms.Timeout = asDuration(d)
			}
			if got := terms(spec, definition).Timeout.Duration.String(); got != tc.want {
				t.Errorf("timeout %s, want %s", got, tc.want)
			}
		})
	}
}
