package gate

import (
	"slices"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
)

// Eligible tells whether somebody may fill a rule. A rule that names nobody
// admits everybody whom admission let decide.
func Eligible(rule v1alpha1.ApprovalRule, username string, groups []string) bool {
	if len(rule.Users) == 0 && len(rule.Groups) == 0 {
		return true
	}
	if slices.Contains(rule.Users, username) {
		return true
	}
	return slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(rule.Groups, g) })
}

// eligibleRules names the rules that somebody may fill.
func eligibleRules(rules []v1alpha1.ApprovalRule, d v1alpha1.Decider) []string {
	var names []string
	for _, rule := range rules {
		if Eligible(rule, d.Username, d.Groups) {
			names = append(names, rule.Name)
		}
	}
	return names
}

// matching assigns approvals to places in rules, so that as many places as
// possible are filled: who could fill several rules is moved when somebody comes
// who can fill only one of them.
type matching struct {
	free    map[string]int32 // places left, by rule
	entries []v1alpha1.LedgerEntry
}

func newMatching(rules []v1alpha1.ApprovalRule, entries []v1alpha1.LedgerEntry) *matching {
	m := &matching{free: map[string]int32{}, entries: entries}
	for _, rule := range rules {
		m.free[rule.Name] = rule.Required
	}
	for _, e := range entries {
		if e.Rule != "" {
			m.free[e.Rule]--
		}
	}
	return m
}

// add finds a place for the entry at index i, moving others where that helps.
// When it finds none, none will ever come free, for places are never added.
func (m *matching) add(i int) bool {
	return m.place(i, map[string]bool{})
}

func (m *matching) place(i int, tried map[string]bool) bool {
	for _, rule := range m.entries[i].Eligible {
		if tried[rule] {
			continue
		}
		tried[rule] = true
		if m.free[rule] > 0 {
			m.free[rule]--
			m.entries[i].Rule = rule
			return true
		}
		for j := range m.entries {
			if j != i && m.entries[j].Rule == rule && m.place(j, tried) {
				m.entries[i].Rule = rule
				return true
			}
		}
	}
	return false
}

// full tells whether every place is filled.
func (m *matching) full() bool {
	for _, n := range m.free {
		if n > 0 {
			return false
		}
	}
	return true
}
