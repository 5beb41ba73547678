package arch

import (
	"path"
	"slices"
	"strings"
)

// features are the packages that know nothing of each other.
var features = []string{"approval", "pause", "remotebuild", "dispatch", "federation", "catalog"}

const (
	controllerPath = "knative.dev/pkg/controller"
	sshPath        = "golang.org/x/crypto/ssh"
)

func importRules() []Rule {
	return []Rule{
		{
			Name:  "1: only reconcilers, pkg/cli, cmd, test and hack import the generated clients",
			Mend:  "declare a small interface where it is used, and let <feature>/reconciler fill it",
			check: imports(clientImport),
		},
		{
			Name:  "2: a feature never imports another feature",
			Mend:  "move what both need to gate, cluster, logs or customrun",
			check: imports(featureImport),
		},
		{
			Name:  "3: only customrun, reconcilers, pkg/program, cmd and test import " + controllerPath,
			Mend:  "return a value or a fault; the kernel or the reconciler makes a requeue of it",
			check: imports(controllerImport),
		},
		{
			Name:  "4: only sshconn, hack/local and tests import " + sshPath,
			Mend:  "add what is missing to pkg/remotebuild/sshconn, where the host-key policy is",
			check: imports(sshImport),
		},
		{
			Name:  "L0: fault and observe import the standard library only",
			Mend:  "move what needs more to the package that uses it",
			check: imports(floorImport),
		},
		{
			Name:  "L1: pkg/apis imports no other package of this project",
			Mend:  "keep types, defaults and validation in apis and move behaviour out, so that apis can become a module",
			check: imports(apisImport),
		},
		{
			Name:  "L4: the kernel imports no kind and nothing that a kind is made of",
			Mend:  "add what the kind needs to say to the Kind interface, as data",
			check: imports(kernelImport),
		},
		{
			Name:  "helpers: a ...test package is imported from tests, test/** and other ...test packages only",
			Mend:  "move what programs need out of the test package",
			check: imports(helperImport),
		},
	}
}

// imports makes a check of a predicate: may the file not import the path?
func imports(forbidden func(f *file, importPath string) bool) func(*Tree, report) {
	return perFile(func(f *file, report report) {
		for _, in := range f.imports {
			if forbidden(f, in.path) {
				report(in.pos, "%s imports %s", f.dir(), in.path)
			}
		}
	})
}

func clientImport(f *file, importPath string) bool {
	return under(importPath, modulePath+"/pkg/client") &&
		!f.isGlue() && !f.in("pkg/cli", "cmd", "test", "hack")
}

func featureImport(f *file, importPath string) bool {
	dir, ok := ours(importPath)
	from, to := feature(f.dir()), feature(dir)
	return ok && from != "" && to != "" && from != to
}

// feature is the feature that a folder belongs to, or "".
func feature(dir string) string {
	parts := strings.Split(dir, "/")
	if len(parts) > 1 && parts[0] == "pkg" && slices.Contains(features, parts[1]) {
		return parts[1]
	}
	return ""
}

func controllerImport(f *file, importPath string) bool {
	return importPath == controllerPath && !f.isGlue() && !f.in("pkg/customrun", "pkg/program", "cmd", "test")
}

func sshImport(f *file, importPath string) bool {
	return under(importPath, sshPath) &&
		!slices.Contains(strings.Split(f.dir(), "/"), "sshconn") && !f.in("hack/local") && !f.isTesting()
}

func floorImport(f *file, importPath string) bool {
	return f.in("pkg/fault", "pkg/observe") && !f.isTest() && !isStandard(importPath)
}

func apisImport(f *file, importPath string) bool {
	dir, ok := ours(importPath)
	return ok && f.in("pkg/apis") && !under(dir, "pkg/apis")
}

func kernelImport(f *file, importPath string) bool {
	dir, ok := ours(importPath)
	return ok && f.in("pkg/customrun") && (feature(dir) != "" || under(dir, "pkg/gate"))
}

func helperImport(f *file, importPath string) bool {
	dir, ok := ours(importPath)
	return ok && isHelper(dir) && !f.isTesting()
}

// isStandard is true for the standard library, whose paths have no host in front.
func isStandard(importPath string) bool {
	first, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(first, ".") && path.Clean(importPath) == importPath
}
