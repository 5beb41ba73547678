package gate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestRuleOf(t *testing.T) {
	got, err := RuleOf([]string{"ana", "user:group:x", "group:oidc:rel team", "ana"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := v1alpha1.ApprovalRule{Name: "approvers", Users: []string{"ana", "group:x"}, Groups: []string{"oidc:rel team"}, Required: 2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rule (-want +got):\n%s", diff)
	}
}

func TestRuleOfRefusesNobody(t *testing.T) {
	for _, entry := range []string{"", " ", "group:", "user:"} {
		if _, err := RuleOf([]string{entry}, 1); err == nil || !strings.Contains(err.Error(), "names nobody") {
			t.Errorf("RuleOf(%q) = %v", entry, err)
		}
	}
}

func TestNormalizeFillsIn(t *testing.T) {
	got, err := Normalize([]v1alpha1.ApprovalRule{{Users: []string{"ana"}}, {Name: "ops", Groups: []string{"ops"}, Required: 3}})
	if err != nil {
		t.Fatal(err)
	}
	want := []v1alpha1.ApprovalRule{{Name: "rule-1", Users: []string{"ana"}, Required: 1}, {Name: "ops", Groups: []string{"ops"}, Required: 3}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if got, err := Normalize(nil); err != nil || len(got) != 1 || got[0].Required != 1 {
		t.Errorf("no rules = %v, %v; want one that anybody fills", got, err)
	}
}

func TestNormalizeRefuses(t *testing.T) {
	for want, rules := range map[string][]v1alpha1.ApprovalRule{
		"rules[1].name: \"a\" is used twice":         {{Name: "a"}, {Name: "a"}},
		"rules: they require 120 approvals together": {{Name: "a", Required: 60}, {Name: "b", Required: 60}},
	} {
		if _, err := Normalize(rules); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
