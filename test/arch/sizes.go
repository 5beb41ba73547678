package arch

import (
	"go/ast"
	"go/token"
	"slices"
)

const (
	maxFile         = 400
	maxTestFile     = 600
	maxMain         = 120
	maxFunction     = 60
	maxTestFunction = 120
	maxComplexity   = 12
	maxParams       = 5
	maxResults      = 2
	maxMethods      = 5
	maxFiles        = 12
)

func sizeRules() []Rule {
	return []Rule{
		{
			Name:  "size: a file has at most 400 lines, a test file 600",
			Mend:  "split it by noun, one exported noun a file",
			check: perFile(longFile),
		},
		{
			Name:  "size: a main has at most 120 lines",
			Mend:  "flags, context, one line a controller; the rest goes to pkg",
			check: perFile(longMain),
		},
		{
			Name:  "size: a function has at most 60 lines, in a test file 120",
			Mend:  "name the steps and make them functions",
			check: perFile(longFunction),
		},
		{
			Name:  "size: a function's cyclomatic complexity is at most 12",
			Mend:  "split it by decision, or put the cases in a table",
			check: perFile(complexFunction),
		},
		{
			Name:  "size: a function takes at most 5 parameters and returns at most 2 values and an error",
			Mend:  "make a struct of what belongs together",
			check: perFile(wideFunction),
		},
		{
			Name:  "size: an interface has at most 5 methods",
			Mend:  "declare only what this consumer calls",
			check: perFile(wideInterface),
		},
		{
			Name:  "size: a package has at most 12 files that are not tests (apis and hack aside)",
			Mend:  "split it by verb",
			check: bigPackage,
		},
	}
}

func longFile(f *file, report report) {
	limit := maxFile
	if f.isTest() {
		limit = maxTestFile
	}
	if f.lines > limit {
		report(f.ast.Package, "%d lines", f.lines)
	}
}

func longMain(f *file, report report) {
	hasMain := slices.ContainsFunc(f.ast.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Recv == nil && fn.Name.Name == "main"
	})
	if f.in("cmd") && hasMain && f.lines > maxMain {
		report(f.ast.Package, "%d lines", f.lines)
	}
}

func longFunction(f *file, report report) {
	limit := maxFunction
	if f.isTest() {
		limit = maxTestFunction
	}
	for _, fn := range f.functions() {
		if n := f.line(fn.node.End()) - f.line(fn.node.Pos()) + 1; n > limit {
			report(fn.node.Pos(), "%s has %d lines", fn.name, n)
		}
	}
}

func complexFunction(f *file, report report) {
	for _, fn := range f.functions() {
		if n := complexity(fn.node); n > maxComplexity {
			report(fn.node.Pos(), "%s has complexity %d", fn.name, n)
		}
	}
}

func wideFunction(f *file, report report) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			wide(n.Name, n.Type, report)
		case *ast.InterfaceType:
			for _, m := range n.Methods.List {
				if sig, ok := m.Type.(*ast.FuncType); ok && len(m.Names) > 0 {
					wide(m.Names[0], sig, report)
				}
			}
		}
		return true
	})
}

func wide(name *ast.Ident, sig *ast.FuncType, report report) {
	if n := sig.Params.NumFields(); n > maxParams {
		report(name.Pos(), "%s takes %d parameters", name.Name, n)
	}
	values := sig.Results.NumFields()
	if values > 0 && isError(sig.Results.List[len(sig.Results.List)-1].Type) {
		values--
	}
	if values > maxResults {
		report(name.Pos(), "%s returns %d values beside the error", name.Name, values)
	}
}

func isError(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "error"
}

func wideInterface(f *file, report report) {
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if i, ok := n.(*ast.InterfaceType); ok {
			if methods := methodsOf(i); methods > maxMethods {
				report(i.Pos(), "an interface of %d methods", methods)
			}
		}
		return true
	})
}

// methodsOf counts an embedded interface as one, and a set of types as none.
func methodsOf(i *ast.InterfaceType) int {
	methods := 0
	for _, m := range i.Methods.List {
		switch m.Type.(type) {
		case *ast.FuncType, *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr, *ast.IndexListExpr:
			methods++
		}
	}
	return methods
}

func bigPackage(t *Tree, report report) {
	for dir, files := range t.packages {
		if under(dir, "pkg/apis") || under(dir, "hack") {
			continue
		}
		var at token.Pos
		count := 0
		for _, f := range files {
			if !f.isTest() {
				count, at = count+1, f.ast.Package
			}
		}
		if count > maxFiles {
			report(at, "%s has %d files", dir, count)
		}
	}
}
