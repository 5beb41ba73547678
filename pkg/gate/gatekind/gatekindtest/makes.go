package gatekindtest

import (
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/corbel-dev/corbel/pkg/apis/corbel/v1alpha1"
	"github.com/corbel-dev/corbel/pkg/customrun/customruntest"
)

// Ref names a definition.
func Ref(name string) customruntest.Make {
	return func(run *v1beta1.CustomRun) { run.Spec.CustomRef.Name = name }
}

// Param gives a list as a parameter.
func Param(name string, values ...string) customruntest.Make {
	return give(name, v1beta1.ParamValue{Type: v1beta1.ParamTypeArray, ArrayVal: values})
}

// Text gives a text as a parameter.
func Text(name, value string) customruntest.Make {
	return give(name, v1beta1.ParamValue{Type: v1beta1.ParamTypeString, StringVal: value})
}

func give(name string, value v1beta1.ParamValue) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		run.Spec.Params = append(run.Spec.Params, v1beta1.Param{Name: name, Value: value})
	}
}

// Embed embeds a definition, given as JSON.
func Embed(spec string) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		run.Spec.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{
			TypeMeta: runtime.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: string(run.Spec.CustomRef.Kind)},
			Spec:     runtime.RawExtension{Raw: []byte(spec)},
		}
		run.Spec.CustomRef = nil
	}
}

// All does one after the other.
func All(makes ...customruntest.Make) customruntest.Make {
	return func(run *v1beta1.CustomRun) {
		for _, m := range makes {
			m(run)
		}
	}
}
