package arch

import (
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// vague are names that say nothing of what is inside.
var vague = []string{"util", "utils", "helper", "helpers", "common", "misc"}

// unfinished is split, so that it does not find itself.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX)\b`)

func nameRules() []Rule {
	return []Rule{
		{
			Name:  "names: no package or file is called util, helper, common or misc, and no file types.go outside pkg/apis",
			Mend:  "name it by what it holds",
			check: perFile(vagueName),
		},
		{
			Name:  "comments: every package says what it is for, and what it refuses to do, in one comment",
			Mend:  "add a doc.go that begins with \"Package <name>\" (a main may say what the program does)",
			check: packageComment,
		},
		{
			Name:  "comments: nothing is left to do",
			Mend:  "do it, or open an issue",
			check: perFile(unfinishedComment),
		},
	}
}

func vagueName(f *file, report report) {
	stem := strings.TrimSuffix(strings.TrimSuffix(f.base(), ".go"), "_test")
	words := slices.Concat(strings.Split(stem, "_"), strings.Split(f.dir(), "/"), []string{f.ast.Name.Name})
	for _, word := range words {
		if slices.Contains(vague, strings.TrimSuffix(word, "_test")) {
			report(f.ast.Package, "the name %q in %s", word, f.path)
			return
		}
	}
	if f.base() == "types.go" && !f.in("pkg/apis") {
		report(f.ast.Package, "the name %q", f.path)
	}
}

func packageComment(t *Tree, report report) {
	for dir, files := range t.packages {
		var at token.Pos
		comments := 0
		for _, f := range files {
			at = f.ast.Package
			if documents(f) {
				comments++
			}
		}
		if comments != 1 {
			report(at, "%s has %d package comments", dir, comments)
		}
	}
}

// documents is true when the file's comment is of its package. The external tests of a
// package need no comment of their own.
func documents(f *file) bool {
	if f.ast.Doc == nil {
		return false
	}
	text := strings.TrimSpace(f.ast.Doc.Text())
	name := strings.TrimSuffix(f.ast.Name.Name, "_test")
	if name == "main" {
		return text != ""
	}
	return strings.HasPrefix(text, "Package "+name+" ")
}

func unfinishedComment(f *file, report report) {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if word := unfinished.FindString(c.Text); word != "" {
				report(c.Pos(), "%s", word)
			}
		}
	}
}
