package arch

import (
	"fmt"
	"strings"
	"testing"
)

// sample is a source file that was never on a disk.
type sample struct {
	file string
	src  string
}

// importing is a file with one import.
func importing(file, importPath string) sample {
	return sample{file: file, src: "package p\n\nimport _ \"" + importPath + "\"\n"}
}

// body is a file with one function.
func body(file, imports, statements string) sample {
	return sample{file: file, src: "package p\n\n" + imports + "\n\nfunc f() {\n" + statements + "\n}\n"}
}

// folder is a package of n files.
func folder(dir string, n int) []sample {
	files := make([]sample, n)
	for i := range files {
		files[i] = sample{file: fmt.Sprintf("%s/a%d.go", dir, i), src: "package p\n"}
	}
	return files
}

func lines(n int) string { return strings.Repeat("\n", n) }

func many(statement string, n int) string { return strings.Repeat(statement+"\n", n) }

func plant(t *testing.T, samples ...sample) *Tree {
	t.Helper()
	tree := newTree()
	for _, s := range samples {
		if err := tree.add(s.file, []byte(s.src)); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

// brokenBy names the rule of each violation. Samples are spared the package comments.
func brokenBy(t *testing.T, samples ...sample) []string {
	t.Helper()
	tree := plant(t, samples...)
	var names []string
	for _, rule := range Rules() {
		if strings.HasPrefix(rule.Name, "comments: every") {
			continue
		}
		for range rule.Check(tree) {
			names = append(names, rule.Name)
		}
	}
	return names
}
