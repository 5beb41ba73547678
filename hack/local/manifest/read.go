package manifest

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Unstructured is an object of any kind.
type Unstructured = unstructured.Unstructured

// Object is one object of a manifest.
type Object = *Unstructured

// Parse reads the objects of a YAML stream.
func Parse(data []byte) ([]Object, error) {
	dec := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	var all []Object
	for {
		o := &unstructured.Unstructured{}
		err := dec.Decode(o)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("parse manifest: %w", err)
		}
		if len(o.Object) > 0 {
			all = append(all, o)
		}
	}
}

// Read reads all manifests in a folder and in those under it, in the order to apply
// them.
func Read(root string) ([]Object, error) {
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	return readFiles(files)
}

// ReadFolder reads the manifests in a folder, and not those under it.
func ReadFolder(dir string) ([]Object, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	return readFiles(files)
}

func readFiles(files []string) ([]Object, error) {
	var all []Object
	for _, f := range files {
		data, err := os.ReadFile(f) //nolint:gosec // the caller's own folder
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		objects, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
		all = append(all, objects...)
	}
	Sort(all)
	return all, nil
}

// last is the rank of kinds that are not listed: objects of the custom kinds.
const last = 9

// ranks is the order of kinds: what others refer to comes first.
var ranks = map[string]int{
	"Namespace": 0, "CustomResourceDefinition": 0,
	"ServiceAccount": 1, "ClusterRole": 1, "Role": 1,
	"ClusterRoleBinding": 2, "RoleBinding": 2, "ConfigMap": 2, "Secret": 2, "Service": 2,
	"Deployment": 3, "StatefulSet": 3, "DaemonSet": 3, "HorizontalPodAutoscaler": 3, "PodDisruptionBudget": 3,
	"ValidatingWebhookConfiguration": 3, "MutatingWebhookConfiguration": 3,
	"ValidatingAdmissionPolicy": 3, "ValidatingAdmissionPolicyBinding": 4,
}

func rank(o Object) int {
	if r, ok := ranks[o.GetKind()]; ok {
		return r
	}
	return last
}

// Sort puts objects into an order that can be applied.
func Sort(objects []Object) {
	slices.SortStableFunc(objects, func(a, b Object) int { return cmp.Compare(rank(a), rank(b)) })
}

// Split parts objects of the kinds from the rest.
func Split(objects []Object, kinds ...string) (of, rest []Object) {
	for _, o := range objects {
		if slices.Contains(kinds, o.GetKind()) {
			of = append(of, o)
		} else {
			rest = append(rest, o)
		}
	}
	return of, rest
}

// Custom parts objects of custom kinds from the rest: they pass webhooks, which must
// be up first.
func Custom(objects []Object) (custom, rest []Object) {
	for _, o := range objects {
		if rank(o) == last {
			custom = append(custom, o)
		} else {
			rest = append(rest, o)
		}
	}
	return custom, rest
}

// Strings replaces every string value of the objects by what change makes of it.
func Strings(objects []Object, change func(string) (string, error)) error {
	for _, o := range objects {
		v, err := walk(o.Object, change)
		if err != nil {
			return fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
		}
		o.Object, _ = v.(map[string]any)
	}
	return nil
}

func walk(v any, change func(string) (string, error)) (any, error) {
	var err error
	switch t := v.(type) {
	case string:
		return change(t)
	case []any:
		for i := range t {
			if t[i], err = walk(t[i], change); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range t {
			if t[k], err = walk(t[k], change); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// KoScheme begins a reference to an image that is built from an import path.
const KoScheme = "ko://"
