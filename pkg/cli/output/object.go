package output

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// Format is what the flag -o asks for.
type Format string

// Formats of the flag -o. Text, the default, is for people.
const (
	Text Format = ""
	Wide Format = "wide"
	Name Format = "name"
	JSON Format = "json"
	YAML Format = "yaml"
)

// Check refuses a format that is not among the allowed ones. Text always is.
func (f Format) Check(allowed ...Format) error {
	if f == Text || slices.Contains(allowed, f) {
		return nil
	}
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	return fmt.Errorf("-o %s is not known; use one of: %s", f, strings.Join(words, ", "))
}

// ForPeople tells whether the format is a text that people read.
func (f Format) ForPeople() bool { return f == Text || f == Wide }

// Object is a typed object of the API.
type Object interface {
	runtime.Object
	metav1.Object
}

// Kind is what the client leaves out of a typed object that it decoded.
type Kind struct {
	schema.GroupVersionKind
	// Singular is the resource in the singular, as -o name shows it.
	Singular string
}

// Complete gives a typed object its kind and drops what nobody reads.
func (k Kind) Complete(o Object) {
	o.GetObjectKind().SetGroupVersionKind(k.GroupVersionKind)
	o.SetManagedFields(nil)
}

// Write writes one object as name, JSON or YAML. YAML documents are parted by "---".
func (k Kind) Write(w io.Writer, f Format, o Object) error {
	if f == Name {
		_, err := fmt.Fprintf(w, "%s.%s/%s\n", k.Singular, k.Group, o.GetName())
		return err
	}
	k.Complete(o)
	return Encode(w, f, o)
}

// Encode writes anything as JSON or YAML.
func Encode(w io.Writer, f Format, o any) error {
	if f == YAML {
		text, err := yaml.Marshal(o)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "---\n%s", text)
		return err
	}
	text, err := json.MarshalIndent(o, "", "    ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}
