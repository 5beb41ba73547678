package gate

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

func TestEligible(t *testing.T) {
	for name, tc := range map[string]struct {
		rule   v1alpha1.ApprovalRule
		user   string
		groups []string
		want   bool
	}{
		"a rule that names nobody admits everybody":            {user: "zoe", want: true},
		"a user who is named":                                  {rule: v1alpha1.ApprovalRule{Users: []string{"ana"}}, user: "ana", want: true},
		"a user who is not named":                              {rule: v1alpha1.ApprovalRule{Users: []string{"ana"}}, user: "bob"},
		"a member of a group whose name holds colon and space": {rule: v1alpha1.ApprovalRule{Groups: []string{"oidc:Domain Admins"}}, user: "bob", groups: []string{"x", "oidc:Domain Admins"}, want: true},
		"a user of the same name as a group":                   {rule: v1alpha1.ApprovalRule{Groups: []string{"ops"}}, user: "ops"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Eligible(tc.rule, tc.user, tc.groups); got != tc.want {
				t.Errorf("Eligible() = %v, want %v", got, tc.want)
			}
		})
	}
}

// TestMatching enters people in an order that a greedy assignment gets wrong.
func TestMatching(t *testing.T) {
	rules := []v1alpha1.ApprovalRule{{Name: "release", Required: 1}, {Name: "security", Required: 1}, {Name: "legal", Required: 1}}
	for name, tc := range map[string]struct {
		eligible [][]string
		want     []string // the rule of each, empty for no place
		full     bool
	}{
		"one who can fill two rules makes room for one who can fill only the first": {
			eligible: [][]string{{"release", "security"}, {"release"}},
			want:     []string{"security", "release"},
		},
		"three move in a chain": {
			eligible: [][]string{{"release", "security"}, {"security", "legal"}, {"release"}},
			want:     []string{"security", "legal", "release"},
			full:     true,
		},
		"one too many for a rule finds no place": {
			eligible: [][]string{{"release"}, {"release"}},
			want:     []string{"release", ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			entries := make([]v1alpha1.LedgerEntry, 0, len(tc.eligible))
			var full bool
			for _, eligible := range tc.eligible {
				entries = append(entries, v1alpha1.LedgerEntry{Eligible: eligible})
				m := newMatching(rules, entries)
				m.add(len(entries) - 1)
				full = m.full()
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Rule)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
			if full != tc.full {
				t.Errorf("full = %v, want %v", full, tc.full)
			}
		})
	}
}
