package customrun

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/fault"
)

func given(values ...v1beta1.ParamValue) Params {
	p := Params{values: map[string]v1beta1.ParamValue{}}
	for _, v := range values {
		p.values["p"] = v
	}
	return p
}

func text(s string) v1beta1.ParamValue {
	return v1beta1.ParamValue{Type: v1beta1.ParamTypeString, StringVal: s}
}

var (
	array  = v1beta1.ParamValue{Type: v1beta1.ParamTypeArray, ArrayVal: []string{"a", "b"}}
	object = v1beta1.ParamValue{Type: v1beta1.ParamTypeObject, ObjectVal: map[string]string{"a": "b"}}
)

func read[T any](value T, err error) (any, error) { return value, err }

func TestParamsAreRead(t *testing.T) {
	tests := map[string]struct {
		params Params
		read   func(p Params) (any, error)
		want   any
	}{
		"a text":                                {given(text("x")), func(p Params) (any, error) { return read(p.String("p")) }, "x"},
		"a text that is not given":              {given(), func(p Params) (any, error) { return read(p.String("p")) }, ""},
		"a text without a type":                 {given(v1beta1.ParamValue{StringVal: "x"}), func(p Params) (any, error) { return read(p.String("p")) }, "x"},
		"a list":                                {given(array), func(p Params) (any, error) { return read(p.List("p")) }, []string{"a", "b"}},
		"a list of one, as text":                {given(text("a")), func(p Params) (any, error) { return read(p.List("p")) }, []string{"a"}},
		"a list as JSON":                        {given(text(` ["a","b"]`)), func(p Params) (any, error) { return read(p.List("p")) }, []string{"a", "b"}},
		"a list that is blank":                  {given(text(" ")), func(p Params) (any, error) { return read(p.List("p")) }, []string(nil)},
		"a list that is not given":              {given(), func(p Params) (any, error) { return read(p.List("p")) }, []string(nil)},
		"a number":                              {given(text(" 7 ")), func(p Params) (any, error) { return read(p.Int32("p", 1)) }, int32(7)},
		"a number that is not given":            {given(), func(p Params) (any, error) { return read(p.Int32("p", 1)) }, int32(1)},
		"a duration":                            {given(text("90m")), func(p Params) (any, error) { return read(p.Duration("p")) }, new(90 * time.Minute)},
		"a duration of nothing, which is never": {given(text("0")), func(p Params) (any, error) { return read(p.Duration("p")) }, new(time.Duration)},
		"a duration that is not given":          {given(), func(p Params) (any, error) { return read(p.Duration("p")) }, (*time.Duration)(nil)},
		"a time":                                {given(text("2031-03-03T09:00:00Z")), func(p Params) (any, error) { return read(p.Time("p")) }, &nine},
		"a time that is not given":              {given(), func(p Params) (any, error) { return read(p.Time("p")) }, (*time.Time)(nil)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tc.read(tc.params)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParamsThatDoNotFitAreTheUsersFault(t *testing.T) {
	tests := map[string]struct {
		value v1beta1.ParamValue
		read  func(p Params) (any, error)
	}{
		"an array for a text":        {array, func(p Params) (any, error) { return read(p.String("p")) }},
		"an object for a text":       {object, func(p Params) (any, error) { return read(p.String("p")) }},
		"an object for a list":       {object, func(p Params) (any, error) { return read(p.List("p")) }},
		"a broken list":              {text("[a"), func(p Params) (any, error) { return read(p.List("p")) }},
		"a list of numbers":          {text("[1]"), func(p Params) (any, error) { return read(p.List("p")) }},
		"a word for a number":        {text("many"), func(p Params) (any, error) { return read(p.Int32("p", 1)) }},
		"a number that is too large": {text("4294967296"), func(p Params) (any, error) { return read(p.Int32("p", 1)) }},
		"an array for a number":      {array, func(p Params) (any, error) { return read(p.Int32("p", 1)) }},
		"a word for a duration":      {text("soon"), func(p Params) (any, error) { return read(p.Duration("p")) }},
		"a negative duration":        {text("-1s"), func(p Params) (any, error) { return read(p.Duration("p")) }},
		"a duration of ten years":    {text("87600h"), func(p Params) (any, error) { return read(p.Duration("p")) }},
		"an array for a duration":    {array, func(p Params) (any, error) { return read(p.Duration("p")) }},
		"a word for a time":          {text("tomorrow"), func(p Params) (any, error) { return read(p.Time("p")) }},
		"an array for a time":        {array, func(p Params) (any, error) { return read(p.Time("p")) }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := tc.read(given(tc.value))
			if _, ok := fault.AsUser(err); !ok {
				t.Errorf("want the user's fault, got %v, %v", got, err)
			}
		})
	}
}
