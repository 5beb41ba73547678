package build

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// modulePath is this project's own module, whose programs change under us.
const modulePath = "github.com/corbel-dev/corbel"

// source is where a program is built from.
type source struct {
	module  string // folder of the go.mod, relative to the checkout
	pkg     string
	ldflags string
}

// kubernetesVersion must be stamped: knative reads it from the API server and ends
// itself when it is no version.
const kubernetesVersion = "v1.35.4"

const versionVar = "k8s.io/component-base/version."

var kubernetesFlags = fmt.Sprintf("-X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=1 -X %[1]sgitMinor=35 -X %[1]sgitTreeState=clean",
	versionVar, kubernetesVersion)

// tools are the programs that have a name of their own.
var tools = map[string]string{
	"etcd":                    "go.etcd.io/etcd/server/v3",
	"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
	"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
	"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
	"kube-proxy":              "k8s.io/kubernetes/cmd/kube-proxy",
	"kubelet":                 "k8s.io/kubernetes/cmd/kubelet",
	"kubectl":                 "k8s.io/kubernetes/cmd/kubectl",
	"ko":                      "github.com/google/ko",
	"tkn":                     "github.com/tektoncd/cli/cmd/tkn",
	"crane":                   "github.com/google/go-containerregistry/cmd/crane",
	"dnsd":                    modulePath + "/hack/local/dnsd",
	"registryd":               modulePath + "/hack/local/registryd",
}

// modules says which go.mod pins an import path, longest prefix first.
var modules = []struct{ prefix, folder string }{
	{"k8s.io/kubernetes/", "third_party/kubernetes"},
	{"go.etcd.io/etcd/", "third_party/kubernetes"},
	{"github.com/tektoncd/cli/", "third_party/tkn"},
	{"github.com/tektoncd/", "third_party/tekton"},
	{"github.com/google/ko", "third_party/ko"},
	{"github.com/google/go-containerregistry/", "third_party/ko"},
	{modulePath + "/", "."},
}

func sourceOf(importPath string) (source, error) {
	for _, m := range modules {
		if !strings.HasPrefix(importPath, m.prefix) {
			continue
		}
		s := source{module: m.folder, pkg: importPath, ldflags: "-s -w"}
		if m.folder == "third_party/kubernetes" {
			s.ldflags += " " + kubernetesFlags
		}
		return s, nil
	}
	return source{}, fmt.Errorf("no go.mod of ours pins %s", importPath)
}

// own is true for programs of this checkout, which have no version to be kept under.
func (s source) own() bool { return s.module == "." }

// file is the binary's name: the last element that is no version.
func (s source) file() string {
	base := path.Base(s.pkg)
	for name, pkg := range tools {
		if pkg == s.pkg {
			return name
		}
	}
	return base
}

// Checkout is the folder of this project that the working directory is in.
func Checkout() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find checkout: %w", err)
	}
	for {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod")) //nolint:gosec // looked for upwards
		if err == nil && strings.Contains("\n"+string(data), "\nmodule "+modulePath+"\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("not inside a checkout of %s", modulePath)
		}
		dir = filepath.Dir(dir)
	}
}
