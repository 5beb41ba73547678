package manifest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Workload is how a Deployment's program wants to be run.
type Workload struct {
	Name           string
	Namespace      string
	ServiceAccount string
	Replicas       int
	ImportPath     string // of the program, empty when the image is not ours to build
	Args           []string
	Env            []string
	Labels         map[string]string // of its pods
}

// Has is true when the program is told about an environment variable.
func (w Workload) Has(variable string) bool {
	return slices.ContainsFunc(w.Env, func(e string) bool { return strings.HasPrefix(e, variable+"=") })
}

// WorkloadOf reads a Deployment whose first container is the program.
func WorkloadOf(o Object) (Workload, error) {
	var d appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d); err != nil {
		return Workload{}, fmt.Errorf("deployment %s: %w", o.GetName(), err)
	}
	if len(d.Spec.Template.Spec.Containers) == 0 {
		return Workload{}, fmt.Errorf("deployment %s has no container", d.Name)
	}
	c := d.Spec.Template.Spec.Containers[0]
	w := Workload{
		Name:           d.Name,
		Namespace:      d.Namespace,
		ServiceAccount: d.Spec.Template.Spec.ServiceAccountName,
		Replicas:       1,
		Args:           append(ownArgs(c), c.Args...),
		Labels:         d.Spec.Template.Labels,
	}
	if d.Spec.Replicas != nil {
		w.Replicas = int(*d.Spec.Replicas)
	}
	w.ImportPath = strings.TrimPrefix(c.Image, KoScheme)
	if w.ImportPath == c.Image {
		w.ImportPath = ""
	}
	for _, e := range c.Env {
		if value, ok := valueOf(e, d); ok {
			w.Env = append(w.Env, e.Name+"="+value)
		}
	}
	return w, nil
}

// ownArgs are the program's arguments that a command holds, after the program.
func ownArgs(c corev1.Container) []string {
	for i, word := range c.Command {
		if path.Dir(word) == "/ko-app" {
			return append([]string(nil), c.Command[i+1:]...)
		}
	}
	return nil
}

// valueOf leaves out what only a pod has, and files of images and mounts.
func valueOf(e corev1.EnvVar, d appsv1.Deployment) (string, bool) {
	if e.Name == "SSL_CERT_FILE" || e.Name == "SSL_CERT_DIR" {
		return "", false
	}
	if e.ValueFrom == nil {
		return e.Value, true
	}
	if e.ValueFrom.FieldRef == nil {
		return "", false
	}
	switch e.ValueFrom.FieldRef.FieldPath {
	case "metadata.namespace":
		return d.Namespace, true
	case "metadata.name":
		return d.Name, true
	case "spec.serviceAccountName":
		return d.Spec.Template.Spec.ServiceAccountName, true
	}
	return "", false
}
