package arch

import (
	"go/ast"
	"go/token"
)

// function is a declared function, or a literal that stands outside of all of them.
type function struct {
	name string
	node ast.Node
}

// functions counts a literal to the function that it is written in.
func (f *file) functions() []function {
	var all []function
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			all = append(all, function{name: n.Name.Name, node: n})
			return false
		case *ast.FuncLit:
			all = append(all, function{name: "a function literal", node: n})
			return false
		}
		return true
	})
	return all
}

// complexity is McCabe's as gocyclo counts it: one, and one more for each if, for,
// case, select arm, && and ||.
func complexity(node ast.Node) int {
	n := 1
	ast.Inspect(node, func(node ast.Node) bool {
		if branches(node) {
			n++
		}
		return true
	})
	return n
}

func branches(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
		return true
	case *ast.CaseClause:
		return node.List != nil
	case *ast.CommClause:
		return node.Comm != nil
	case *ast.BinaryExpr:
		return node.Op == token.LAND || node.Op == token.LOR
	}
	return false
}
