package kubelet

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/corbel-dev/corbel/pkg/logs"
)

// refusal is an answer that is no log.
type refusal struct {
	code int
	text string
}

func (e *refusal) Error() string { return e.text }

var (
	undecodable = &refusal{http.StatusBadRequest, `{"message": "Unable to decode query."}`}
	invalid     = &refusal{http.StatusUnprocessableEntity, `{"message": "Invalid request."}`}
)

// decode reads a query as the kubelet does, with the same conversions: the first of
// several values counts, tail is an old name of tailLines, and a flag is true unless
// it is 0 or false.
func decode(query url.Values) (*corev1.PodLogOptions, error) {
	if tail := query.Get("tail"); tail == "all" {
		query.Del("tailLines")
	} else if tail != "" {
		query.Set("tailLines", tail)
	}
	o := new(corev1.PodLogOptions)
	for _, field := range []struct {
		key string
		set func(in *[]string) error
	}{
		{"follow", func(in *[]string) error { return runtime.Convert_Slice_string_To_bool(in, &o.Follow, nil) }},
		{"previous", func(in *[]string) error { return runtime.Convert_Slice_string_To_bool(in, &o.Previous, nil) }},
		{"sinceSeconds", func(in *[]string) error {
			return runtime.Convert_Slice_string_To_Pointer_int64(in, &o.SinceSeconds, nil)
		}},
		{"sinceTime", func(in *[]string) error {
			return metav1.Convert_Slice_string_To_Pointer_v1_Time(in, &o.SinceTime, nil)
		}},
		{"timestamps", func(in *[]string) error { return runtime.Convert_Slice_string_To_bool(in, &o.Timestamps, nil) }},
		{"tailLines", func(in *[]string) error {
			return runtime.Convert_Slice_string_To_Pointer_int64(in, &o.TailLines, nil)
		}},
		{"limitBytes", func(in *[]string) error {
			return runtime.Convert_Slice_string_To_Pointer_int64(in, &o.LimitBytes, nil)
		}},
		{"stream", func(in *[]string) error { o.Stream = &(*in)[0]; return nil }},
	} {
		if values := query[field.key]; len(values) > 0 {
			if err := field.set(&values); err != nil {
				return nil, undecodable
			}
		}
	}
	return o, nil
}

// validate judges options as the kubelet does.
func validate(o *corev1.PodLogOptions) error {
	switch {
	case o.TailLines != nil && *o.TailLines < 0,
		o.LimitBytes != nil && *o.LimitBytes < 1,
		o.SinceSeconds != nil && o.SinceTime != nil,
		o.SinceSeconds != nil && *o.SinceSeconds < 1:
		return invalid
	}
	return validateStream(o)
}

// validateStream refuses stdout and stderr by themselves: there is one log, of both.
func validateStream(o *corev1.PodLogOptions) error {
	if o.Stream == nil || *o.Stream == corev1.LogStreamAll {
		return nil
	}
	if (*o.Stream != corev1.LogStreamStdout && *o.Stream != corev1.LogStreamStderr) || o.TailLines != nil {
		return invalid
	}
	return &refusal{http.StatusBadRequest, fmt.Sprintf("unable to return the given log stream: %q: the log is of both", *o.Stream)}
}

// readOptions are what is asked of the store.
func readOptions(o *corev1.PodLogOptions, now time.Time) logs.ReadOptions {
	out := logs.ReadOptions{
		Follow: o.Follow, TailLines: o.TailLines, Timestamps: o.Timestamps, LimitBytes: o.LimitBytes,
	}
	if o.SinceSeconds != nil {
		out.Since = now.Add(-time.Duration(*o.SinceSeconds) * time.Second)
	}
	if o.SinceTime != nil {
		out.Since = o.SinceTime.Time
	}
	return out
}
