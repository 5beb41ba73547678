package arch

import (
	"go/ast"
	"go/build/constraint"
	"go/token"
	"slices"
)

var (
	clockNames = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
	skipNames  = []string{"Skip", "SkipNow", "Skipf"}
	testNames  = []string{"t", "b", "f", "tb"}
	platforms  = []string{"linux", "darwin", "unix", "windows", "amd64", "arm64"}
)

func callRules() []Rule {
	return []Rule{
		{
			Name:  "6: only cmd, hack, tests and files named clock.go ask package time for the time",
			Mend:  "take now as a value, or a clock.PassiveClock in the constructor",
			check: perFile(clockUse),
		},
		{
			Name:  "host keys: nothing but tests turns host-key checks off",
			Mend:  "pin the host key",
			check: perFile(hostKeyUse),
		},
		{
			Name:  "tests: no test is skipped, at run time or by a build tag",
			Mend:  "make what the test needs, or move the test to test/e2e where it is there",
			check: perFile(skippedTest),
		},
	}
}

func clockUse(f *file, report report) {
	if f.in("cmd", "hack") || f.isTesting() || f.base() == "clock.go" {
		return
	}
	f.uses("time", func(name string, at token.Pos) {
		if slices.Contains(clockNames, name) {
			report(at, "time.%s", name)
		}
	})
}

func hostKeyUse(f *file, report report) {
	if f.isTesting() {
		return
	}
	f.uses(sshPath, func(name string, at token.Pos) {
		if name == "InsecureIgnoreHostKey" {
			report(at, "ssh.%s", name)
		}
	})
}

// uses finds all that the file names of an imported package.
func (f *file) uses(importPath string, found func(name string, at token.Pos)) {
	i := slices.IndexFunc(f.imports, func(in imported) bool { return in.path == importPath })
	if i < 0 {
		return
	}
	f.selectors(func(x, name string, at token.Pos) {
		if x == f.imports[i].name {
			found(name, at)
		}
	})
}

// selectors finds all x.name.
func (f *file) selectors(found func(x, name string, at token.Pos)) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok {
				found(x.Name, sel.Sel.Name, sel.Pos())
			}
		}
		return true
	})
}

func skippedTest(f *file, report report) {
	if !f.isTesting() {
		return
	}
	f.selectors(func(x, name string, at token.Pos) {
		if slices.Contains(testNames, x) && slices.Contains(skipNames, name) {
			report(at, "%s.%s", x, name)
		}
	})
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if tag, found := hiddenBy(c); found && c.Pos() < f.ast.Package {
				report(c.Pos(), "the build tag %s hides the file", tag)
			}
		}
	}
}

// hiddenBy is the tag of a build constraint that is no platform.
func hiddenBy(c *ast.Comment) (string, bool) {
	if !constraint.IsGoBuild(c.Text) {
		return "", false
	}
	expr, err := constraint.Parse(c.Text)
	if err != nil {
		return c.Text, true
	}
	hidden := ""
	expr.Eval(func(tag string) bool {
		if !slices.Contains(platforms, tag) {
			hidden = tag
		}
		return true
	})
	return hidden, hidden != ""
}
