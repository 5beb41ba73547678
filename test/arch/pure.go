package arch

import (
	"path"
	"slices"
)

// pureFiles and pureFolders are names that promise: this only decides.
var (
	pureFiles   = []string{"plan.go", "policy.go", "lifecycle.go", "match.go", "ledger.go"}
	pureFolders = []string{"hostpool", "placement"}
)

// effects are the packages of the standard library that reach outside the process,
// that depend on chance, or that belong to code that does either.
var effects = []string{
	"context", "crypto/rand", "database", "embed", "io/fs", "io/ioutil", "log", "math/rand",
	"net", "os", "plugin", "runtime", "syscall", "testing",
}

// harmless are packages below those that only compute.
var harmless = []string{"net/netip", "net/url", "net/mail", "net/textproto"}

// computing are the libraries that pure code may use.
var computing = []string{
	"github.com/google/cel-go",
	"github.com/robfig/cron",
	"github.com/tektoncd/pipeline/pkg/apis",
	"github.com/tektoncd/pipeline/pkg/substitution",
	"golang.org/x/exp",
	"golang.org/x/text",
	"k8s.io/api",
	"k8s.io/apimachinery",
	"k8s.io/utils/ptr",
	"k8s.io/utils/set",
	"knative.dev/pkg/apis",
	"knative.dev/pkg/kmeta",
	"sigs.k8s.io/yaml",
}

// vocabulary are the packages whose types a kind's decision is made of. A file may speak
// of them; a package that is pure as a whole may not, since they do more than compute.
var vocabulary = []string{modulePath + "/pkg/customrun", modulePath + "/pkg/gate", modulePath + "/pkg/gate/gatekind"}

func pureRules() []Rule {
	return []Rule{{
		Name: "5: hostpool, placement, plan.go, policy.go, lifecycle.go, match.go and ledger.go do no I/O",
		Mend: "take the facts as values and return the decision, or give a file that does not decide another name; " +
			"a library that only computes goes on the list in test/arch/pure.go",
		check: func(t *Tree, report report) {
			for _, f := range t.files {
				if !f.isPure() {
					continue
				}
				for _, in := range f.imports {
					if !t.computes(in.path) && !f.speaksOf(in.path) {
						report(in.pos, "%s imports %s", f.path, in.path)
					}
				}
			}
		},
	}}
}

func (f *file) isPure() bool {
	return f.in("pkg") && !f.isTest() && (slices.Contains(pureFiles, f.base()) || f.inPureFolder())
}

func (f *file) inPureFolder() bool { return slices.Contains(pureFolders, path.Base(f.dir())) }

func (f *file) speaksOf(importPath string) bool {
	return !f.inPureFolder() && slices.Contains(vocabulary, importPath)
}

// computes is true for a package that pure code may import.
func (t *Tree) computes(importPath string) bool {
	if dir, ok := ours(importPath); ok {
		return under(dir, "pkg/apis") || t.isPure(dir)
	}
	among := func(list []string) bool {
		return slices.ContainsFunc(list, func(p string) bool { return under(importPath, p) })
	}
	if isStandard(importPath) {
		return among(harmless) || !among(effects)
	}
	return among(computing)
}

// isPure is true for a package of ours that, file by file, could be pure code itself.
func (t *Tree) isPure(dir string) bool {
	if known, ok := t.pure[dir]; ok {
		return known
	}
	files := t.packages[dir]
	t.pure[dir] = len(files) > 0
	for _, f := range files {
		if f.isTest() {
			continue
		}
		if slices.ContainsFunc(f.imports, func(in imported) bool { return !t.computes(in.path) }) {
			t.pure[dir] = false
		}
	}
	return t.pure[dir]
}
