package customrun

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/corbel-dev/corbel/pkg/fault"
)

// Params are the parameters of a run, all of which the kind knows.
type Params struct {
	values map[string]v1beta1.ParamValue
}

// ReadParams takes the parameters of a run, and refuses those that the kind does
// not know: Tekton does not check them.
func ReadParams(run *v1beta1.CustomRun, known ...string) (Params, error) {
	p := Params{values: map[string]v1beta1.ParamValue{}}
	for _, param := range run.Spec.Params {
		if !slices.Contains(known, param.Name) {
			return p, fault.User(ReasonInvalidParams, "params: %q is not known; remove it, or use one of: %s", param.Name, strings.Join(known, ", "))
		}
		if _, twice := p.values[param.Name]; twice {
			return p, fault.User(ReasonInvalidParams, "params: %q is given twice; remove one", param.Name)
		}
		p.values[param.Name] = param.Value
	}
	return p, nil
}

// Has tells whether a parameter was given.
func (p Params) Has(name string) bool {
	_, ok := p.values[name]
	return ok
}

// String reads a text; empty when it was not given.
func (p Params) String(name string) (string, error) {
	v, ok := p.values[name]
	if ok && v.Type != v1beta1.ParamTypeString && v.Type != "" {
		return "", fault.User(ReasonInvalidParams, "params: %q is of type %s; give a string", name, v.Type)
	}
	return v.StringVal, nil
}

// List reads an array. A string is a list of one, or a JSON array of strings.
func (p Params) List(name string) ([]string, error) {
	v := p.values[name]
	switch {
	case v.Type == v1beta1.ParamTypeArray:
		return v.ArrayVal, nil
	case v.Type == v1beta1.ParamTypeObject:
		return nil, fault.User(ReasonInvalidParams, "params: %q is an object; give an array of strings", name)
	case strings.TrimSpace(v.StringVal) == "":
		return nil, nil
	case strings.HasPrefix(strings.TrimSpace(v.StringVal), "["):
		var list []string
		if err := json.Unmarshal([]byte(v.StringVal), &list); err != nil {
			return nil, fault.User(ReasonInvalidParams, "params: %q begins like a JSON array but is none of strings (%w); give an array of strings", name, err)
		}
		return list, nil
	default:
		return []string{v.StringVal}, nil
	}
}

// Int32 reads a whole number; fallback when it was not given.
func (p Params) Int32(name string, fallback int32) (int32, error) {
	text, err := p.String(name)
	if err != nil || text == "" {
		return fallback, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0, fault.User(ReasonInvalidParams, "params: %q is %q; give a whole number", name, text)
	}
	return int32(n), nil
}

// Duration reads a duration from 0 to MaxTimeout; nil when it was not given.
func (p Params) Duration(name string) (*time.Duration, error) {
	text, err := p.String(name)
	if err != nil || text == "" {
		return nil, err
	}
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil {
		return nil, fault.User(ReasonInvalidParams, "params: %q is %q; give a duration such as 90m or 72h", name, text)
	}
	if err := CheckDuration("params: "+name, d); err != nil {
		return nil, err
	}
	return &d, nil
}

// Time reads an RFC 3339 time; nil when it was not given.
func (p Params) Time(name string) (*time.Time, error) {
	text, err := p.String(name)
	if err != nil || text == "" {
		return nil, err
	}
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
	if err != nil {
		return nil, fault.User(ReasonInvalidParams, "params: %q is %q; give an RFC 3339 time such as 2027-01-31T08:00:00Z", name, text)
	}
	return &at, nil
}

// CheckDuration refuses a duration that cannot be meant.
func CheckDuration(field string, d time.Duration) error {
	switch {
	case d < 0:
		return fault.User(ReasonInvalidTimeout, "%s is negative (%s); use a positive duration such as 72h, or 0 for none", field, d)
	case d > MaxTimeout:
		return fault.User(ReasonInvalidTimeout, "%s is over %s (%s); use less, or 0 for none", field, MaxTimeout, d)
	default:
		return nil
	}
}
