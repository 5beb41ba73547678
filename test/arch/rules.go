package arch

import (
	"fmt"
	"go/token"
	"slices"
	"strings"
)

// Rule is one thing that holds in the whole tree.
type Rule struct {
	Name  string // a sentence
	Mend  string // what to do about a violation
	check func(t *Tree, report report)
}

// report takes a violation found at a place.
type report func(at token.Pos, what string, args ...any)

// Rules are all the rules.
func Rules() []Rule {
	return slices.Concat(importRules(), pureRules(), callRules(), sizeRules(), nameRules())
}

// Check says where the tree breaks the rule.
func (r Rule) Check(t *Tree) []string {
	var found []string
	r.check(t, func(at token.Pos, what string, args ...any) {
		found = append(found, fmt.Sprintf("%s: %s\n\trule: %s\n\tmend: %s",
			place(t.fset.Position(at)), fmt.Sprintf(what, args...), r.Name, r.Mend))
	})
	slices.Sort(found)
	return found
}

func place(p token.Position) string {
	return fmt.Sprintf("%s:%d", strings.TrimPrefix(p.Filename, "./"), p.Line)
}

// perFile makes a check of one that looks at one file at a time.
func perFile(check func(f *file, report report)) func(*Tree, report) {
	return func(t *Tree, report report) {
		for _, f := range t.files {
			check(f, report)
		}
	}
}
