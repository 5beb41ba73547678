package gate

import (
	"fmt"
	"strings"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// Prefixes of the short form of an approver.
const (
	prefixGroup = "group:"
	prefixUser  = "user:"
)

// RuleOf makes the rule of a list in short form: "alice", "user:alice",
// "group:release". A group's name may hold further colons, and spaces.
func RuleOf(approvers []string, required int32) (v1alpha1.ApprovalRule, error) {
	rule := v1alpha1.ApprovalRule{Name: "approvers", Required: required}
	for _, a := range approvers {
		entry := strings.TrimSpace(a)
		group, isGroup := strings.CutPrefix(entry, prefixGroup)
		user := strings.TrimPrefix(entry, prefixUser)
		switch {
		case isGroup && group != "":
			rule.Groups = appendNew(rule.Groups, group)
		case !isGroup && user != "":
			rule.Users = appendNew(rule.Users, user)
		default:
			return rule, fmt.Errorf("entry %q names nobody; write a user name, user:NAME or group:NAME", a)
		}
	}
	return rule, nil
}

// MaxPlaces bounds the approvals that all rules of a gate require together.
const MaxPlaces = 100

// Normalize fills in what may be left out of rules, and refuses what no schema can
// see: names that are used twice, and more places than a ledger has room for.
func Normalize(rules []v1alpha1.ApprovalRule) ([]v1alpha1.ApprovalRule, error) {
	if len(rules) == 0 {
		return []v1alpha1.ApprovalRule{{Name: "rule-1", Required: 1}}, nil
	}
	out := make([]v1alpha1.ApprovalRule, len(rules))
	seen := map[string]bool{}
	places := int32(0)
	for i, rule := range rules {
		out[i] = *rule.DeepCopy()
		if out[i].Name == "" {
			out[i].Name = fmt.Sprintf("rule-%d", i+1)
		}
		if out[i].Required == 0 {
			out[i].Required = 1
		}
		if seen[out[i].Name] {
			return nil, fmt.Errorf("rules[%d].name: %q is used twice; give each rule its own name", i, out[i].Name)
		}
		seen[out[i].Name] = true
		places += out[i].Required
	}
	if places > MaxPlaces {
		return nil, fmt.Errorf("rules: they require %d approvals together, at most %d are allowed", places, MaxPlaces)
	}
	return out, nil
}

func appendNew(list []string, entry string) []string {
	for _, e := range list {
		if e == entry {
			return list
		}
	}
	return append(list, entry)
}
